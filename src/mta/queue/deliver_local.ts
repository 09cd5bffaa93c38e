/** A row that waits for an account of ours: delivered again, with the trace fields that it was accepted with. */
import { equalsIgnoreCase, lowerAscii } from "../../base/ascii.ts";
import { utf8String } from "../../base/bytes.ts";
import type { AcceptArgs, BlobId, Program, QueueJob, QueueRow, Refusal } from "../../contract/mod.ts";
import {
  type FilterPolicy,
  type ForwardPolicy,
  planMail,
  quotaRefusal,
  readStoredHeader,
  type RouteOptions,
  routeRecipient,
  silentBecause,
} from "../../mda/mod.ts";
import { headerFields, unfold } from "../../message/header.ts";
import type { RecipientResult } from "../../smtp/client/mod.ts";

export interface LocalFacts extends RouteOptions {
  readonly now: number;
  /** For what is forwarded on: how long the queue tries, milliseconds. */
  readonly giveUpMs: number;
  /** Left out: the senders of what is forwarded are rewritten. */
  readonly forwarding?: ForwardPolicy;
  /** The filters of accounts. Left out: all mail goes to INBOX. */
  readonly filter?: FilterPolicy;
}

export interface LocalResult {
  readonly result: RecipientResult;
  /** What `queue.settle` has to accept; null where nothing is delivered. */
  readonly notice: AcceptArgs | null;
}

/** Routes the row anew and says what to write. Only where every account it leads to is full does it wait on. */
export function* deliverLocal(job: QueueJob, row: QueueRow, facts: LocalFacts): Program<LocalResult> {
  const { routes } = yield* routeRecipient(row.recipient.forwardPath, {
    ...facts,
    reversePath: job.sender.reversePath,
  });
  const full = routes.map((route) => route.kind === "account" ? quotaRefusal(route, row.size) : null);
  const first = full.find((refusal) => refusal !== null);
  const allFull = first !== undefined && full.every((refusal) => refusal !== null);
  if (allFull && !facts.filter) return { result: ownResult(first), notice: null };
  const { hold: _, ...sender } = job.sender; // its time has come
  const envelope = { sender, recipients: [row.recipient] };
  const fields = transitFields(job.prefix);
  const { blobId, traceId } = job;
  const plan = yield* planMail({
    envelope,
    size: row.size,
    fields,
    relay: false,
    hostname: facts.hostname,
    localAddress: facts.localAddress,
    // Filters of accounts here can send a message round without its ever passing `message.receive`, which counts hops.
    deliveredTo: facts.filter ? yield* passedBy(fields, blobId) : new Set(),
    now: facts.now,
    giveUpMs: facts.giveUpMs,
    ...(facts.forwarding && { forwarding: facts.forwarding }),
    ...(facts.filter && {
      filter: { policy: facts.filter, blobId, traceId, silent: silentBecause(fields, false), remoteAddress: null },
    }),
  });
  const refused = plan.results[0] ?? null;
  if (refused) return { result: ownResult(refused), notice: null };
  // A filter may want nothing stored, and then it matters little how full it is.
  if (allFull && plan.deliveries.length > 0) return { result: ownResult(first), notice: null };
  const text = plan.deliveries.length === 0 ? "Forwarded" : "Delivered";
  return {
    result: { kind: "delivered", code: 250, enhanced: "2.0.0", text, remote: false },
    notice: {
      traceId: job.traceId,
      sender,
      blobId: job.blobId,
      deliveries: plan.deliveries,
      queued: plan.queued.map((entry) => ({ ...entry, priority: row.priority })),
      journal: plan.journal,
      ...(plan.remember.length > 0 && { remember: plan.remember }),
      now: facts.now,
      overQuota: "defer",
    },
  };
}

/** Addresses that have passed it on, lower case: those in Delivered-To, here and on its way to us. */
function* passedBy(fields: string, blobId: BlobId): Program<ReadonlySet<string>> {
  const stored = yield* readStoredHeader(blobId);
  const all = [...headerFields(fields), ...stored === "tooLarge" ? [] : stored.fields];
  return new Set(all.filter(({ name }) => name === "delivered-to").map(({ raw }) => lowerAscii(unfold(raw))));
}

/**
 * The fields of a prefix without what one delivery adds: a delivery that found its account full was queued with its
 * Return-Path and Delivered-To, and gets new ones (RFC 5321 section 4.4: one Return-Path, at the top). A Delivered-To
 * alone says who passed it on, and stays.
 */
export function transitFields(prefix: Uint8Array): string {
  const text = utf8String(prefix);
  if (!begins(text, "Return-Path")) return text;
  const rest = withoutFirst(text);
  return begins(rest, "Delivered-To") ? withoutFirst(rest) : rest;
}

function begins(text: string, name: string): boolean {
  return equalsIgnoreCase(text.slice(0, name.length + 1), `${name}:`);
}

function withoutFirst(text: string): string {
  let end = text.indexOf("\n") + 1;
  while (end > 0 && (text[end] === " " || text[end] === "\t")) end = text.indexOf("\n", end) + 1;
  return end === 0 ? "" : text.slice(end);
}

function ownResult(refusal: Refusal): RecipientResult {
  const { code, enhanced, text, words } = refusal;
  const kind = code >= 500 ? "permanent" : "temporary";
  return { kind, code, enhanced, text, remote: false, ...(words && { words: words.text }) };
}
