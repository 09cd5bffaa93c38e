/** A job whose way out is a transport: its recipients in as few calls as that takes. */
import { utf8Bytes } from "../../../base/bytes.ts";
import { digest } from "../../../base/hash.ts";
import { logEvent, type QueueJob, type QueueRow } from "../../../contract/mod.ts";
import type { Attempted } from "../../../mta/queue/mod.ts";
import { ownPermanent, ownTemporary, type RecipientResult } from "../../../smtp/client/mod.ts";
import type { RelayConfig } from "../../config/config.ts";
import type { Attempt, Experience } from "../attempt.ts";
import type { OutboundParts } from "../parts.ts";
import { printable } from "./printable.ts";
import type { MailTransport, TransportAnswer, TransportMessage, TransportResult } from "./transport.ts";

const PAGE = 128 * 1024;
const RECIPIENTS = 50;
const LONGEST_NOT_BEFORE_MS = 24 * 3600_000;

/** RFC 8689 section 4.2.1: nobody on the other side promises what REQUIRETLS asks for. */
const NO_REQUIRETLS = ownPermanent(
  "5.7.30",
  "The sender requires TLS all the way, which is not to be had where mail goes out by another way than SMTP",
  550,
);
const STOPPING = ownTemporary("4.3.2", "The server stops");

export interface SentByTransport {
  readonly attempted: readonly Attempted[];
  readonly experience: Experience;
  /** Nothing is to be tried before this time, or 0. */
  readonly notBefore: number;
}

/** Never rejects: whatever a transport does wrong is temporary. */
export async function sendByTransport(
  attempt: Attempt,
  relay: Pick<RelayConfig, "host" | "protocol" | "tls">,
  transport: MailTransport,
  parts: OutboundParts,
): Promise<SentByTransport> {
  const { job, stop } = attempt;
  const name = relay.host;
  const results: (RecipientResult | null)[] = job.recipients.map(() => null);
  let experience: Experience = null;
  let notBefore = 0;
  const most = Math.max(1, Math.trunc(transport.recipients ?? RECIPIENTS));
  for (let at = 0; at < results.length && !job.sender.requireTls; at += most) {
    if (stop.signal.aborted || experience?.reached === false) break;
    const rows = job.recipients.slice(at, at + most);
    const { answer, trouble } = await called(transport, messageOf(job, rows, parts), attempt, parts);
    for (const i of rows.keys()) results[at + i] = resultOf(answer, i, rows.length, trouble === null);
    const wait = Math.min(Math.max(0, answer.retryAfterMs ?? 0), LONGEST_NOT_BEFORE_MS);
    if (wait > 0) notBefore = Math.max(notBefore, parts.clock.wall() + wait);
    const why = trouble ?? (answer.busy ? results[at]!.text : null);
    experience = why === null ? { reached: true } : { reached: false, why: `${name}: ${why}` };
  }
  const rest = job.sender.requireTls ? NO_REQUIRETLS : stop.signal.aborted ? STOPPING : results.find((one) => one);
  const attempted = job.recipients.map((row, i) => ({
    row,
    result: results[i] ?? rest ?? STOPPING,
    host: results[i]?.remote ? name : null,
    tls: relay.protocol === "custom" ? "a transport of its own" : relay.tls === "implicit" ? "TLS" : null,
    local: false,
    dsn: false,
  }));
  return { attempted, experience: stop.signal.aborted ? null : experience, notBefore };
}

interface Called {
  readonly answer: TransportAnswer;
  readonly trouble: string | null;
}

async function called(
  transport: MailTransport,
  message: TransportMessage,
  { job, cut }: Attempt,
  parts: OutboundParts,
): Promise<Called> {
  const { promise: given, resolve } = Promise.withResolvers<null>();
  const end = (): void => resolve(null);
  cut.signal.addEventListener("abort", end, { once: true });
  if (cut.signal.aborted) end();
  try {
    const sending = transport.send(message, cut.signal);
    sending.catch(() => {});
    const answer = await Promise.race([sending, given]); // whatever becomes of one that does not hear the signal
    if (answer !== null && answer.results.length > 0) return { answer, trouble: null };
    return failed(answer === null ? "the attempt was broken off" : "there is no result in the answer");
  } catch (error) {
    const text = wordsOf(error);
    parts.log(logEvent("info", "transport.failed", { traceId: job.traceId, error: text }));
    return failed(text);
  } finally {
    cut.signal.removeEventListener("abort", end);
  }
}

function failed(why: string): Called {
  // Our own finding: nobody can say whether the message was taken.
  return { answer: { results: [{ kind: "temporary", enhanced: "4.4.2", text: why }] }, trouble: why };
}

function wordsOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "there was no answer in time";
  const said = error instanceof Error ? (error.cause instanceof Error ? error.cause : error).message : String(error);
  return printable(said, 500) || "it failed without a word";
}

const CODES = { delivered: 250, temporary: 451, permanent: 554 } as const;

function resultOf(answer: TransportAnswer, index: number, of: number, remote: boolean): RecipientResult {
  const { results } = answer;
  const said: TransportResult = (results.length === of ? results[index] : results[0])!;
  const kind = said.kind in CODES ? said.kind : "temporary";
  const fits = said.code !== undefined && Math.trunc(said.code / 100) === Math.trunc(CODES[kind] / 100);
  const code = fits ? Math.trunc(said.code!) : CODES[kind];
  const [first] = String(code);
  const status = said.enhanced ?? "";
  const enhanced = status[0] === first && /^\d\.\d{1,3}\.\d{1,3}$/.test(status) ? status : `${first}.0.0`;
  return { kind, code, enhanced, text: printable(String(said.text), 500), remote };
}

function messageOf(job: QueueJob, rows: readonly QueueRow[], { storage }: OutboundParts): TransportMessage {
  const { blobId, prefix, size } = job;
  const names = rows.map(({ queueId }) => queueId).toSorted().join(" ");
  return {
    traceId: job.traceId,
    key: digest("sha256", utf8Bytes(`${job.traceId} ${names}`)).toHex().slice(0, 48),
    sender: job.sender,
    recipients: rows.map(({ recipient }) => recipient),
    size: prefix.length + size,
    async *octets() {
      if (prefix.length > 0) yield prefix.slice();
      for (let at = 0; at < size; at += PAGE) yield await storage.readBlob(blobId, at, Math.min(size, at + PAGE));
    },
  };
}
