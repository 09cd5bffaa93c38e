/** A report of ours on its way: signed, stored, and put in the queue or delivered here. */
import { concatBytes, latin1Bytes } from "../../base/bytes.ts";
import {
  type BlobId,
  type LogEvent,
  logEvent,
  type MailEnvelope,
  type Program,
  type Refusal,
  type TraceId,
} from "../../contract/mod.ts";
import { MessageIndexer } from "../../message/mod.ts";
import { routeNotice } from "../../mta/queue/mod.ts";
import { REPORT_LOCALS } from "../../mta/report_mail.ts";
import type { SealedBlob, Storage } from "../../storage/storage.ts";
import type { Signer } from "../dkim/sign_message.ts";
import type { Reporter } from "./report_message.ts";

export interface MailReportParts {
  readonly storage: Storage;
  readonly signer: Pick<Signer, "sign">;
  readonly run: <R>(program: Program<R>) => Promise<R>;
  readonly now: () => number;
  readonly log: (event: LogEvent) => void;
  readonly hostname: string;
  readonly giveUpMs: number;
}

/** Who reports, as the configuration has it. */
export interface ReporterNames {
  readonly hostname: string;
  /** Null: `noreply-dmarc@` and the nearest domain of ours above the host name. */
  readonly from: string | null;
  readonly organization: string | null;
}

/** `own`: domains of ours. */
export function reporterOf({ from, organization, hostname }: ReporterNames, own: readonly string[]): Reporter {
  const domain = withParents(hostname).find((name) => own.includes(name)) ?? hostname;
  const address = from ?? `${REPORT_LOCALS.sender}@${domain}`;
  return { from: address, organization: organization ?? address.slice(address.lastIndexOf("@") + 1), hostname };
}

/** A report as octets. */
export interface OutgoingReport {
  /** Letters and digits; names it in the log and the journal. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
  /** One sentence for its journal. */
  readonly about: string;
}

/** Rejects where the store fails, or has no room. */
export async function mailReport(
  { id, from, to, bytes, about }: OutgoingReport,
  parts: MailReportParts,
): Promise<{ readonly traceId: TraceId } | { readonly refused: Refusal }> {
  const { storage, now, run } = parts;
  const sealed = await store(await signed(bytes, from, parts), storage);
  try {
    const { blobId, size } = sealed;
    const traceId = `d${id}.1` as TraceId;
    const facts = { hostname: parts.hostname, localAddress: null, now: now(), giveUpMs: parts.giveUpMs };
    const notice = { traceId, envelope: envelopeOf(from, to, size), blobId, size, about };
    const args = await run(routeNotice(notice, facts));
    if ("refused" in args) return args;
    const answer = await storage.perform("mail.accept", args);
    if ("refused" in answer) throw new Error("no room");
    return { traceId };
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

async function signed(bytes: Uint8Array, from: string, { signer, now, log }: MailReportParts): Promise<Uint8Array> {
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
export function withParents(name: string): string[] {
  const labels = name.split(".");
  return labels.slice(0, Math.max(1, labels.length - 1)).map((_, index) => labels.slice(index).join("."));
}
