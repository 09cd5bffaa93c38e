/** Reports to senders, from the decision to what `queue.settle` accepts: read the header, write, store, route. */
import { randomUUID } from "node:crypto";
import { concatBytes } from "../../base/bytes.ts";
import {
  type AcceptArgs,
  type BlobId,
  type JournalEntry,
  logEvent,
  type QueueJob,
  type TraceId,
} from "../../contract/mod.ts";
import { trueSender } from "../../mda/mod.ts";
import { decodeWords, MessageIndexer } from "../../message/mod.ts";
import { type Bounce, type BounceRequest, buildBounce, returnsWhole } from "../../mta/bounce.ts";
import { type Reported, routeNotice } from "../../mta/queue/mod.ts";
import type { SealedBlob, Storage } from "../../storage/storage.ts";
import { localFacts, type OutboundParts } from "./parts.ts";

const HEADER_LIMIT = 64 * 1024; // octets of header that a report returns
const PAGE = 128 * 1024;

export interface StoredReport {
  readonly notice: AcceptArgs | null;
  readonly journal: readonly JournalEntry[];
  /** Ends our hold on the report's octets: after `queue.settle`. */
  release(): void;
}

/** Writes and stores the report of one settlement; null: there is nobody to tell. */
export async function storeReport(
  job: QueueJob,
  reports: readonly Reported[],
  parts: OutboundParts,
): Promise<StoredReport | null> {
  if (reports.length === 0) return null;
  const id = randomUUID().replaceAll("-", "");
  const bounce = buildBounce(await bounceRequest(job, reports, id, parts));
  if (bounce === null) return null;
  const sealed = await store(await signed(bounce.bytes, job, parts), parts.storage);
  try {
    return await routed(job, bounce, sealed, `b${id}.1` as TraceId, parts);
  } catch (error) {
    sealed.release();
    throw error;
  }
}

async function routed(
  job: QueueJob,
  bounce: Bounce,
  sealed: SealedBlob,
  traceId: TraceId,
  parts: OutboundParts,
): Promise<StoredReport> {
  const facts = localFacts(parts);
  const { forwardPath: reversePath } = bounce.envelope.recipients[0]!;
  const about = `Report to <${reversePath}> about the message ${job.traceId}.`;
  const { blobId, size } = sealed;
  const notice = await parts.run(routeNotice({ traceId, envelope: bounce.envelope, blobId, size, about }, facts));
  const release = () => sealed.release();
  const entry = (event: string, detail: string) => [{ at: facts.now, event, recipient: reversePath, detail }];
  if (!("refused" in notice)) {
    return { notice, journal: entry("reported", `The sender is told by the report ${traceId}.`), release };
  }
  // RFC 5321 section 6.1: what cannot be returned is not returned to anybody else.
  const { code, enhanced, text } = notice.refused;
  parts.log(logEvent("info", "report.undeliverable", { traceId: job.traceId, code, enhanced }));
  const detail = `The sender cannot be told: ${code} ${enhanced} ${text}`;
  return { notice: null, journal: entry("refused", detail), release };
}

async function bounceRequest(
  job: QueueJob,
  reports: readonly Reported[],
  id: string,
  parts: OutboundParts,
): Promise<BounceRequest> {
  const { storage, hostname, clock } = parts;
  const index = await storage.perform("blob.index", { blobId: job.blobId });
  const whole = returnsWhole(job.sender, reports, job.size);
  const headerEnd = index?.root.bodyStart ?? 0;
  const end = whole ? job.size : Math.min(headerEnd, HEADER_LIMIT);
  const stored = await readRange(storage, job.blobId, end);
  const bytes = concatBytes([job.prefix, end < headerEnd ? wholeLines(stored) : stored]);
  const subject = index?.envelope.subject ?? null;
  return {
    hostname,
    id,
    sender: { ...job.sender, reversePath: await parts.run(trueSender(job.sender.reversePath)) },
    reports,
    original: {
      bytes,
      whole,
      messageId: index?.envelope.messageId ?? null,
      subject: subject === null ? null : decodeWords(subject),
    },
    arrivedAt: Math.min(...reports.map(({ row }) => row.queuedAt)),
    now: clock.wall(),
  };
}

async function readRange(storage: Storage, blobId: BlobId, end: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < end; at += PAGE) pieces.push(await storage.readBlob(blobId, at, Math.min(end, at + PAGE)));
  return concatBytes(pieces);
}

/** Up to the last line end: half a field is worse than none. */
function wholeLines(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.lastIndexOf(10) + 1);
}

/** A report that cannot be signed goes unsigned. */
async function signed(bytes: Uint8Array, job: QueueJob, parts: OutboundParts): Promise<Uint8Array> {
  try {
    return await parts.signReport(bytes);
  } catch (error) {
    parts.log(logEvent("warn", "report.unsigned", { traceId: job.traceId, error: String(error) }));
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
