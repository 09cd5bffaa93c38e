/** One report on its way: to the mailboxes of its domain's `rua` through the queue, or to its URLs by POST. */
import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { formatAddress } from "../../base/address.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { type LogEvent, logEvent, type MailEnvelope, type Program, type TraceId } from "../../contract/mod.ts";
import {
  lookupTlsReport,
  TLS_REPORT_MEDIA_TYPE,
  type TlsPolicyCount,
  type TlsReport,
  tlsReportMessage,
  writeTlsReport,
} from "../../mailauth/tls_report/mod.ts";
import { buildMessage } from "../../message/build.ts";
import { formatDate } from "../../message/date.ts";
import { MessageIndexer } from "../../message/mod.ts";
import { type LocalFacts, routeNotice } from "../../mta/queue/mod.ts";
import type { SealedBlob, Storage } from "../../storage/storage.ts";
import type { OutwardRequest } from "./outward_request.ts";
import { DAY_MS } from "../day_counts.ts";
import { REPORT_TRACE } from "./tls_policies.ts";

export interface ReportParts {
  readonly storage: Storage;
  readonly hostname: string;
  readonly run: <R>(program: Program<R>) => Promise<R>;
  readonly log: (event: LogEvent) => void;
  readonly facts: () => LocalFacts;
  /** Puts a DKIM signature before a message of ours. */
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** Brings reports that go by POST. */
  readonly request: OutwardRequest;
}

/** What is to be reported to one domain about one day. */
export interface DomainCounts {
  readonly domain: string;
  /** Milliseconds since 1970, UTC. */
  readonly begin: number;
  readonly policies: readonly TlsPolicyCount[];
}

/** Of one `rua`. */
const MOST_ADDRESSES = 3;
const POST_MS = 60_000;

/** Tells a domain about its day, where it wants to hear. Rejects where DNS or store fail. */
export async function sendReport(counts: DomainCounts, parts: ReportParts): Promise<void> {
  const { domain, begin, policies } = counts;
  const wanted = await parts.run(lookupTlsReport(domain));
  if (wanted.kind === "tempfail") throw new Error(wanted.reason);
  if (wanted.kind === "none") return;
  const { hostname } = parts;
  const report: TlsReport = {
    organization: hostname,
    contact: `postmaster@${hostname}`,
    reportId: `${new Date(begin).toISOString().slice(0, 10)}.${randomUUID()}@${hostname}`,
    domain,
    begin,
    end: begin + DAY_MS - 1000, // RFC 3339 to the second: the last one of the day
    policies,
  };
  const octets = new Uint8Array(gzipSync(utf8Bytes(writeTlsReport(report))));
  for (const { scheme, address, uri, maxSize } of wanted.rua.slice(0, MOST_ADDRESSES)) {
    if (maxSize !== null && octets.length > maxSize) continue;
    if (scheme === "https") await post(uri, report, octets, parts);
    else if (address !== null) await mail(formatAddress(address), report, octets, parts);
  }
}

/** RFC 8460 section 5.4. Tried once: the next day brings the next report. */
async function post(uri: string, { domain }: TlsReport, body: Uint8Array, parts: ReportParts): Promise<void> {
  const headers = { "content-type": TLS_REPORT_MEDIA_TYPE };
  const init: RequestInit = { method: "POST", redirect: "manual", headers, signal: AbortSignal.timeout(POST_MS) };
  try {
    const response = await parts.request(uri, { ...init, body: body.slice() });
    await response.body?.cancel();
    const level = response.ok ? "info" : "warn";
    parts.log(logEvent(level, "tls.report.posted", { domain, uri, status: response.status }));
  } catch (error) {
    parts.log(logEvent("warn", "tls.report.notPosted", { domain, uri, error: String(error) }));
  }
}

async function mail(to: string, report: TlsReport, octets: Uint8Array, parts: ReportParts): Promise<void> {
  const { hostname, storage, log } = parts;
  const facts = parts.facts();
  const id = randomUUID().replaceAll("-", "");
  const bytes = await parts.sign(messageOf(to, report, octets, id, facts.now, hostname));
  const sealed = await seal(bytes, storage);
  try {
    const { blobId, size } = sealed;
    const traceId = `${REPORT_TRACE}${id}.1` as TraceId;
    const about = `TLS report to <${to}> about ${report.domain}.`;
    const envelope: MailEnvelope = {
      // Nobody is told where it cannot be delivered: no report about a report.
      sender: { reversePath: "", size, body: "7bit", smtputf8: false, requireTls: false, ret: null, envid: null },
      recipients: [{ forwardPath: to, notify: [], orcpt: null }],
    };
    const notice = await parts.run(routeNotice({ traceId, envelope, blobId, size, about }, facts));
    if ("refused" in notice) {
      log(logEvent("info", "tls.report.undeliverable", { domain: report.domain, to, text: notice.refused.text }));
      return;
    }
    await storage.perform("mail.accept", notice);
    log(logEvent("info", "tls.report.mailed", { traceId, domain: report.domain, to }));
  } finally {
    sealed.release();
  }
}

function messageOf(
  to: string,
  report: TlsReport,
  octets: Uint8Array,
  id: string,
  now: number,
  hostname: string,
): Uint8Array {
  const { fields, contentType, text, report: attached } = tlsReportMessage(report, hostname);
  const headers: [string, string][] = [
    ["From", `TLS reports <postmaster@${hostname}>`],
    ["To", to],
    ["Date", formatDate(now)],
    ["Message-ID", `<${id}@${hostname}>`],
    ...fields.map(({ name, value }): [string, string] => [name, value]),
  ];
  const parts = [
    { type: text.contentType, text: text.body },
    {
      type: attached.contentType,
      bytes: octets,
      disposition: `attachment; filename="${attached.fileName}"`,
    },
  ];
  return buildMessage({ headers, body: { type: contentType, parts } }, id);
}

async function seal(bytes: Uint8Array, storage: Storage): Promise<SealedBlob> {
  const indexer = new MessageIndexer();
  const writer = storage.createBlob();
  try {
    indexer.push(bytes);
    await writer.write(bytes);
    return await writer.seal(indexer.finish());
  } catch (error) {
    writer.abort();
    throw error;
  }
}
