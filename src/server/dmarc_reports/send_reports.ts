/** Sends the reports of days that are over: each once, to whoever the domain's record names and who agrees. */
import { randomUUID } from "node:crypto";
import { formatAddress } from "../../base/address.ts";
import {
  type BlobId,
  type LogEvent,
  logEvent,
  type MailEnvelope,
  type Program,
  type TraceId,
} from "../../contract/mod.ts";
import { concatBytes, latin1Bytes } from "../../base/bytes.ts";
import { type OrganizationMethod, reportDestinations, type ReportUri } from "../../mailauth/mod.ts";
import { RecordLookup } from "../../mailauth/dmarc/lookup.ts";
import { MessageIndexer } from "../../message/mod.ts";
import { routeNotice } from "../../mta/queue/mod.ts";
import type { SealedBlob, Storage } from "../../storage/storage.ts";
import type { Signer } from "../dkim/sign_message.ts";
import { type CountedDomain, DAY_MS, type DmarcCounts } from "./counts.ts";
import { type PackedReport, packReport, type Reporter, reportMessage } from "./report_message.ts";

export interface SenderParts {
  readonly counts: DmarcCounts;
  readonly storage: Storage;
  readonly signer: Pick<Signer, "sign">;
  readonly run: <R>(program: Program<R>) => Promise<R>;
  readonly now: () => number;
  readonly log: (event: LogEvent) => void;
  readonly hostname: string;
  readonly giveUpMs: number;
  readonly method: OrganizationMethod;
  /** `from` null: `noreply-dmarc@` and the nearest domain of ours above the host name. */
  readonly from: string | null;
  readonly organization: string | null;
  /** Whether our own domains are reported to. */
  readonly ownDomains: boolean;
  readonly stopped: () => boolean;
}

const TRIES = 5;
const FIRST_RETRY_MS = 3600_000;
/** A report on a day that is longer gone interests nobody. */
const OLDEST_DAYS = 4;
const TOGETHER = 100;

/** Sends what is due; never rejects. */
export async function sendReports(parts: SenderParts): Promise<void> {
  try {
    const due = parts.counts.due(parts.now()).slice(0, TOGETHER);
    if (due.length === 0) return;
    const own = (await parts.storage.perform("domain.list", {})).map(({ name }) => name);
    const reporter = reporterOf(parts, own);
    for (const counted of due) {
      if (parts.stopped()) return;
      await sendOne(counted, reporter, own, parts).catch((error) => failed(counted, String(error), parts));
    }
  } catch (error) {
    parts.log(logEvent("warn", "dmarcReport.failed", { error: String(error) }));
  }
}

function reporterOf({ from, organization, hostname }: SenderParts, own: readonly string[]): Reporter {
  const domain = withParents(hostname).find((name) => own.includes(name)) ?? hostname;
  const address = from ?? `noreply-dmarc@${domain}`;
  return { from: address, organization: organization ?? address.slice(address.lastIndexOf("@") + 1), hostname };
}

async function sendOne(
  counted: CountedDomain,
  reporter: Reporter,
  own: readonly string[],
  parts: SenderParts,
): Promise<void> {
  const { domain, day } = counted;
  const { counts, log, run } = parts;
  const drop = async (why: string) => {
    if (await counts.take(counted)) log(logEvent("info", "dmarcReport.dropped", { domain, why }));
  };
  if (day < Math.floor(parts.now() / DAY_MS) - OLDEST_DAYS) return await drop("too old");
  if (!parts.ownDomains && withParents(domain).some((name) => own.includes(name))) {
    return await drop("a domain of ours");
  }
  const answer = await run(new RecordLookup().record(domain));
  if (answer.kind === "tempfail") return await failed(counted, answer.reason, parts);
  if (answer.kind === "none") return await drop("its record is gone");
  const { accepted, later } = await run(reportDestinations(answer.record, domain, parts.method));
  if (later.length > 0 && counted.tries + 1 < TRIES) return await failed(counted, "the DNS does not answer", parts);
  const wanted = new Map(accepted.map((uri) => [formatAddress(uri.address!), uri]));
  for (const address of counted.done) wanted.delete(address);
  if (wanted.size === 0) return await drop("nobody wants it");
  const packed = await packReport(counted, reporter);
  if (!await counts.take(counted)) return;
  let problem: string | null = null;
  for (const [address, uri] of wanted) {
    try {
      await mail(address, uri, packed, reporter, parts);
      counted.done.push(address);
    } catch (error) {
      problem = String(error);
    }
  }
  if (problem !== null) await failed(counted, problem, parts);
}

/** Again later, some times. */
async function failed(counted: CountedDomain, error: string, { counts, log, now }: SenderParts): Promise<void> {
  const { domain, tries } = counted;
  await counts.take(counted);
  log(logEvent("warn", "dmarcReport.failed", { domain, tries: tries + 1, error }));
  if (tries + 1 < TRIES) counts.putBack(counted, now() + FIRST_RETRY_MS * 2 ** tries);
  await counts.save();
}

async function mail(
  to: string,
  uri: ReportUri,
  packed: PackedReport,
  reporter: Reporter,
  parts: SenderParts,
): Promise<void> {
  const { domain } = packed.report.policy;
  const { log, storage, now, run } = parts;
  const id = randomUUID().replaceAll("-", "");
  const bytes = await signed(reportMessage(packed, reporter, to, id, now()), reporter, parts);
  // RFC 7489 section 6.2; RFC 9990 knows no such limit any more.
  if (uri.maxSize !== null && packed.packed.length > uri.maxSize) {
    return log(
      logEvent("info", "dmarcReport.tooLarge", { domain, to, size: packed.packed.length, limit: uri.maxSize }),
    );
  }
  const sealed = await store(bytes, storage);
  try {
    const { blobId, size } = sealed;
    const traceId = `d${id}.1` as TraceId;
    const envelope = envelopeOf(reporter.from, to, size);
    const about = `DMARC report to <${to}> about ${domain}.`;
    const facts = { hostname: parts.hostname, localAddress: null, now: now(), giveUpMs: parts.giveUpMs };
    const args = await run(routeNotice({ traceId, envelope, blobId, size, about }, facts));
    if ("refused" in args) return log(logEvent("info", "dmarcReport.refused", { domain, to, text: args.refused.text }));
    const answer = await storage.perform("mail.accept", args);
    if ("refused" in answer) throw new Error("no room");
    log(logEvent("info", "dmarcReport.sent", { domain, to, traceId, rows: packed.report.rows.length }));
  } finally {
    sealed.release();
  }
}

/** The sender aligns with From, so that SPF counts too; what comes of it is told to nobody (RFC 3461 NOTIFY=NEVER). */
function envelopeOf(from: string, to: string, size: number): MailEnvelope {
  return {
    sender: { reversePath: from, size, body: "7bit", smtputf8: false, requireTls: false, ret: null, envid: null },
    recipients: [{ forwardPath: to, notify: [], orcpt: null }],
  };
}

async function signed(bytes: Uint8Array, { from }: Reporter, { signer, now, log }: SenderParts): Promise<Uint8Array> {
  try {
    const domains = withParents(from.slice(from.lastIndexOf("@") + 1));
    const answer = await signer.sign({ domains, blobId: "" as BlobId, size: 0, prefix: bytes, now: now() });
    return "fields" in answer ? concatBytes([latin1Bytes(answer.fields), bytes]) : bytes;
  } catch (error) {
    log(logEvent("warn", "dmarcReport.unsigned", { error: String(error) }));
    return bytes;
  }
}

async function store(bytes: Uint8Array, storage: Storage): Promise<SealedBlob> {
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

/** `mail.example.org`, `example.org`: not the top-level domain. */
function withParents(name: string): string[] {
  const labels = name.split(".");
  return labels.slice(0, Math.max(1, labels.length - 1)).map((_, index) => labels.slice(index).join("."));
}
