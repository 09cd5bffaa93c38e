/** Reports as others send them, made for tests. */
import { deflateRawSync, gzipSync } from "node:zlib";
import { buildMessage, writeAggregateReport, writeTlsReport } from "../../../mod.ts";
import type { ReportRow } from "../../../mod.ts";
import { concatBytes, utf8Bytes } from "../../../src/base/bytes.ts";

/** The test server's clock begins at noon of the first of January. */
const BEGIN = Date.UTC(2025, 11, 31) / 1000;

export interface Made {
  readonly domain?: string;
  readonly id?: string;
  /** Seconds since 1970. */
  readonly begin?: number;
  readonly rows?: readonly Partial<ReportRow>[];
}

const ROW: ReportRow = {
  sourceIp: "198.51.100.7",
  count: 3,
  disposition: "none",
  dkim: "fail",
  spf: "fail",
  reasons: [],
  headerFrom: "example.test",
  envelopeFrom: "bounce.sender.test",
  envelopeTo: null,
  dkimResults: [{ domain: "mail.sender.test", selector: "s", result: "pass", humanResult: null }],
  spfResults: [{ domain: "bounce.sender.test", scope: "mfrom", result: "pass", humanResult: null }],
};

export function aggregateXml({ domain = "example.test", id = "r1", begin = BEGIN, rows = [{}] }: Made = {}): string {
  return writeAggregateReport({
    metadata: {
      orgName: "Reporter Inc.",
      email: "d@reporter.test",
      extraContact: null,
      reportId: id,
      begin,
      end: begin + 86_399,
      errors: [],
      generator: null,
    },
    policy: {
      domain,
      p: "none",
      sp: null,
      np: null,
      adkim: "r",
      aspf: "r",
      fo: null,
      testing: false,
      discovery: "treewalk",
      pct: null,
    },
    rows: rows.map((row) => ({ ...ROW, ...row })),
  });
}

export function tlsJson(domain = "example.test", id = "t1"): string {
  const begin = BEGIN * 1000;
  const failure = {
    type: "certificate-expired",
    sendingIp: "198.51.100.9",
    receivingHost: "mail.example.test",
    receivingHelo: null,
    receivingIp: null,
    reasonCode: "CERT_HAS_EXPIRED",
  } as const;
  const policy = { type: "sts", strings: ["version: STSv1"], domain, mxHosts: ["mail.example.test"] } as const;
  const head = { organization: "Reporter Inc.", contact: "t@reporter.test", reportId: id, domain };
  const policies = [{ policy, succeeded: 40, failed: 5, details: [{ failure, count: 3 }] }];
  return writeTlsReport({ ...head, begin, end: begin + 86_399_000, policies });
}

export const gzip = (text: string | Uint8Array): Uint8Array =>
  new Uint8Array(gzipSync(typeof text === "string" ? utf8Bytes(text) : text));

/** An archive of one file, behind a folder if there is to be one; `descriptor`: its sizes stand behind its data. */
export function zip(text: string | Uint8Array, { folder = false, descriptor = false, method = 8 } = {}): Uint8Array {
  const bytes = typeof text === "string" ? utf8Bytes(text) : text;
  const data = method === 8 ? new Uint8Array(deflateRawSync(bytes)) : bytes;
  const entry = (name: string, content: Uint8Array, flags: number, method: number) => {
    const header = new DataView(new ArrayBuffer(30));
    header.setUint32(0, 0x04034b50, true);
    header.setUint16(6, flags, true);
    header.setUint16(8, method, true);
    header.setUint32(18, flags === 0 ? content.length : 0, true);
    header.setUint16(26, name.length, true);
    return concatBytes([new Uint8Array(header.buffer), utf8Bytes(name), content]);
  };
  const end = utf8Bytes("PK\x01\x02 the directory, which nobody reads");
  return concatBytes([
    ...(folder ? [entry("reports/", new Uint8Array(), 0, 0)] : []),
    entry("report.xml", data, descriptor ? 8 : 0, method),
    end,
  ]);
}

/** The mail that brings it. */
export function reportMail(
  attachment: Uint8Array,
  {
    type = "application/gzip",
    name = "reporter.test!example.test!1!2.xml.gz",
    subject = "Report Domain: example.test Submitter: reporter.test Report-ID: <r1>",
    from = "noreply@reporter.test",
    headers = [],
  }: {
    type?: string;
    name?: string;
    subject?: string;
    from?: string;
    headers?: readonly (readonly [string, string])[];
  } = {},
): Uint8Array {
  return buildMessage({
    headers: [["From", from], ["To", "dmarc-reports@example.test"], ["Subject", subject], ...headers],
    body: {
      type: "multipart/mixed",
      parts: [
        { type: "text/plain", text: "A report.\n" },
        { type, disposition: `attachment; filename="${name}"`, bytes: attachment },
      ],
    },
  }, "boundary");
}

/** A report on one message, as RFC 6591 appendix B has them. */
export function failureMail(domain = "example.test"): string {
  return `From: ruf@reporter.test
To: dmarc-reports@example.test
Subject: FW: You have a new bill
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

It failed.
--b
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: Reporter/1.0
Version: 1
Auth-Failure: dmarc
Reported-Domain: ${domain}
Source-IP: 203.0.113.66
Delivery-Result: reject
Incidents: 2

--b
Content-Type: text/rfc822-headers

From: x@${domain}

--b--
`;
}
