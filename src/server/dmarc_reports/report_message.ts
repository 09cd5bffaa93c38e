/** An aggregate report as mail (RFC 9990 section 3.5). */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { utf8Bytes } from "../../base/bytes.ts";
import {
  type AggregateReport,
  aggregateReportNames,
  type PublishedPolicy,
  type ReportRow,
  writeAggregateReport,
} from "../../mailauth/mod.ts";
import { buildMessage, formatDate } from "../../message/mod.ts";
import { VERSION } from "../version.ts";
import { DAY_MS } from "../day_counts.ts";
import type { CountedDomain } from "./counts.ts";

/** Who reports. */
export interface Reporter {
  readonly organization: string;
  /** Address in From. */
  readonly from: string;
  readonly hostname: string;
}

/** A report, packed; it can be mailed to several. */
export interface PackedReport {
  readonly report: AggregateReport;
  /** gzip of the XML. */
  readonly packed: Uint8Array;
}

/** The report on what was counted. Its id is the same each time, so that whoever gets it twice can tell. */
export async function packReport(counted: CountedDomain, reporter: Reporter): Promise<PackedReport> {
  const { domain, day, leftOut } = counted;
  const begin = day * DAY_MS / 1000;
  const id = createHash("sha256").update(`${reporter.hostname} ${domain} ${day}`).digest("hex").slice(0, 32);
  const report: AggregateReport = {
    metadata: {
      orgName: reporter.organization,
      email: reporter.from,
      extraContact: null,
      reportId: id,
      begin,
      end: begin + DAY_MS / 1000 - 1,
      errors: leftOut === 0 ? [] : [`${leftOut} messages are not in this report: there were too many kinds`],
      generator: `Palomar ${VERSION}`,
    },
    policy: JSON.parse(counted.policy) as PublishedPolicy,
    rows: [...counted.rows].map(([row, count]): ReportRow => ({ ...JSON.parse(row) as ReportRow, count })),
  };
  const packed = await promisify(gzip)(utf8Bytes(writeAggregateReport(report)));
  return { report, packed: new Uint8Array(packed) };
}

/** The mail to one address. `boundary`: letters and digits that nobody can guess; `now` milliseconds since 1970. */
export function reportMessage(
  { report, packed }: PackedReport,
  reporter: Reporter,
  to: string,
  boundary: string,
  now: number,
): Uint8Array {
  const { from, organization } = reporter;
  const submitter = from.slice(from.lastIndexOf("@") + 1);
  const { fileName, subject } = aggregateReportNames(report, submitter);
  const date = new Date(report.metadata.begin * 1000).toISOString().slice(0, 10);
  const text = `This is a DMARC aggregate report on mail in the name of ${report.policy.domain}\n` +
    `that ${submitter} received on ${date} (UTC). It was made automatically.\n`;
  return buildMessage({
    headers: [
      ["From", `"${organization.replace(/["\\]/g, "")}" <${from}>`],
      ["To", to],
      ["Subject", subject],
      ["Date", formatDate(now)],
      ["Message-ID", `<${boundary}@${submitter}>`],
      ["Auto-Submitted", "auto-generated"], // RFC 3834: nobody is to answer
    ],
    body: {
      type: "multipart/mixed",
      parts: [
        { type: "text/plain", text },
        {
          type: "application/gzip",
          disposition: `attachment;\r\n filename="${fileName}"`,
          bytes: packed,
        },
      ],
    },
  }, boundary);
}
