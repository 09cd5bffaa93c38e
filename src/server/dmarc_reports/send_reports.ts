/** Sends the reports of days that are over: each once, to whoever the domain's record names and who agrees. */
import { randomUUID } from "node:crypto";
import { formatAddress } from "../../base/address.ts";
import { logEvent } from "../../contract/mod.ts";
import {
  type AggregateReport,
  type OrganizationMethod,
  reportDestinations,
  type ReportUri,
} from "../../mailauth/mod.ts";
import { isReportAddress } from "../../mta/report_mail.ts";
import { RecordLookup } from "../../mailauth/dmarc/lookup.ts";
import { DAY_MS } from "../day_counts.ts";
import type { CountedDomain, DmarcCounts } from "./counts.ts";
import { mailReport, type MailReportParts, type ReporterNames, reporterOf, withParents } from "./mail_report.ts";
import { type PackedReport, packReport, type Reporter, reportMessage } from "./report_message.ts";

export interface SenderParts extends MailReportParts, ReporterNames {
  readonly counts: DmarcCounts;
  readonly method: OrganizationMethod;
  /** Whether our own domains are reported to. */
  readonly ownDomains: boolean;
  readonly stopped: () => boolean;
  /** Sums up a report about a domain of ours, as those of others are. */
  readonly readOwn: (report: AggregateReport, reporter: string) => Promise<void>;
}

const TRIES = 5;
const FIRST_RETRY_MS = 3600_000;
/** A report on a day that is longer gone interests nobody. */
const OLDEST_DAYS = 4;
const TOGETHER = 100;

/** Sends what is due; never rejects. */
export async function sendReports(parts: SenderParts): Promise<void> {
  try {
    const due = (await parts.counts.due(parts.now())).slice(0, TOGETHER);
    if (due.length === 0) return;
    const own = (await parts.storage.perform("domain.list", {})).map(({ name }) => name);
    const reporter = reporterOf(parts, own);
    for (const counted of due) {
      if (parts.stopped()) return;
      await sendOne(counted, reporter, own, parts);
    }
  } catch (error) {
    parts.log(logEvent("warn", "dmarcReport.failed", { error: String(error) }));
  }
}

/** What is to become of a report. */
type Fate = { readonly to: ReadonlyMap<string, ReportUri> } | { readonly drop: string } | { readonly later: string };

async function sendOne(
  counted: CountedDomain,
  reporter: Reporter,
  own: readonly string[],
  parts: SenderParts,
): Promise<void> {
  const { domain } = counted;
  const { counts, log } = parts;
  const fate = await fateOf(counted, own, parts);
  // From here on it is ours: another node, or this one after a crash, does not send it again.
  if (!await counts.take(counted)) return;
  if ("drop" in fate) return log(logEvent("info", "dmarcReport.dropped", { domain, why: fate.drop }));
  if ("later" in fate) return await again(counted, fate.later, parts);
  const packed = await packReport(counted, reporter);
  const done = [...counted.done];
  let problem: string | null = null;
  for (const [address, uri] of fate.to) {
    try {
      const here = isReportAddress(address) && own.includes(uri.address!.domain);
      if (here) await parts.readOwn(packed.report, reporter.from.slice(reporter.from.lastIndexOf("@") + 1));
      await mail(address, uri, packed, reporter, parts);
      done.push(address);
    } catch (error) {
      problem = String(error);
    }
  }
  if (problem !== null) await again({ ...counted, done }, problem, parts);
}

async function fateOf(counted: CountedDomain, own: readonly string[], parts: SenderParts): Promise<Fate> {
  const { domain, day, done, tries } = counted;
  if (day < Math.floor(parts.now() / DAY_MS) - OLDEST_DAYS) return { drop: "too old" };
  if (!parts.ownDomains && withParents(domain).some((name) => own.includes(name))) return { drop: "a domain of ours" };
  const answer = await parts.run(new RecordLookup().record(domain));
  if (answer.kind === "tempfail") return { later: answer.reason };
  if (answer.kind === "none") return { drop: "its record is gone" };
  const { accepted, later } = await parts.run(reportDestinations(answer.record, domain, parts.method));
  if (later.length > 0 && tries + 1 < TRIES) return { later: "the DNS does not answer" };
  const to = new Map(accepted.map((uri) => [formatAddress(uri.address!), uri]));
  for (const address of done) to.delete(address);
  return to.size === 0 ? { drop: "nobody wants it" } : { to };
}

/** Again later, some times. */
async function again(counted: CountedDomain, error: string, { counts, log, now }: SenderParts): Promise<void> {
  const { domain, tries } = counted;
  log(logEvent("warn", "dmarcReport.failed", { domain, tries: tries + 1, error }));
  if (tries + 1 < TRIES) await counts.putBack(counted, now() + FIRST_RETRY_MS * 2 ** tries);
}

async function mail(
  to: string,
  uri: ReportUri,
  packed: PackedReport,
  reporter: Reporter,
  parts: SenderParts,
): Promise<void> {
  const { domain } = packed.report.policy;
  const { log, now } = parts;
  // RFC 7489 section 6.2; RFC 9990 knows no such limit any more.
  if (uri.maxSize !== null && packed.packed.length > uri.maxSize) {
    return log(
      logEvent("info", "dmarcReport.tooLarge", { domain, to, size: packed.packed.length, limit: uri.maxSize }),
    );
  }
  const id = randomUUID().replaceAll("-", "");
  const message = { id, to, from: reporter.from, bytes: reportMessage(packed, reporter, to, id, now()) };
  const answer = await mailReport({ ...message, about: `DMARC report to <${to}> about ${domain}.` }, parts);
  if ("refused" in answer) log(logEvent("info", "dmarcReport.refused", { domain, to, text: answer.refused.text }));
  else log(logEvent("info", "dmarcReport.sent", { domain, to, ...answer, rows: packed.report.rows.length }));
}
