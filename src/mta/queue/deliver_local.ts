/** A row that waits for an account of ours: delivered again, with the trace fields that it was accepted with. */
import { equalsIgnoreCase } from "../../base/ascii.ts";
import { utf8String } from "../../base/bytes.ts";
import type { AcceptArgs, Program, QueueJob, QueueRow, Refusal } from "../../contract/mod.ts";
import { type ForwardPolicy, planMail, quotaRefusal, type RouteOptions, routeRecipient } from "../../mda/mod.ts";
import type { RecipientResult } from "../../smtp/client/mod.ts";

export interface LocalFacts extends RouteOptions {
  readonly now: number;
  /** For what is forwarded on: how long the queue tries, milliseconds. */
  readonly giveUpMs: number;
  /** Left out: the senders of what is forwarded are rewritten. */
  readonly forwarding?: ForwardPolicy;
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
  if (first && full.every((refusal) => refusal !== null)) return { result: ownResult(first), notice: null };
  const { hold: _, ...sender } = job.sender; // its time has come
  const envelope = { sender, recipients: [row.recipient] };
  const plan = yield* planMail({
    envelope,
    size: row.size,
    fields: transitFields(job.prefix),
    relay: false,
    hostname: facts.hostname,
    localAddress: facts.localAddress,
    deliveredTo: new Set(), // a loop passes `message.receive`, which counts the hops
    now: facts.now,
    giveUpMs: facts.giveUpMs,
    ...(facts.forwarding && { forwarding: facts.forwarding }),
  });
  const refused = plan.results[0] ?? null;
  if (refused) return { result: ownResult(refused), notice: null };
  const text = plan.deliveries.length === 0 ? "Forwarded" : "Delivered";
  return {
    result: { kind: "delivered", code: 250, enhanced: "2.0.0", text, remote: false },
    notice: {
      traceId: job.traceId,
      sender,
      blobId: job.blobId,
      deliveries: plan.deliveries,
      queued: plan.queued,
      journal: plan.journal,
      now: facts.now,
      overQuota: "defer",
    },
  };
}

/**
 * The fields of a prefix without what one delivery adds: a delivery that found its account full was queued with its
 * Return-Path and Delivered-To, and gets new ones (RFC 5321 section 4.4: one Return-Path, at the top).
 */
export function transitFields(prefix: Uint8Array): string {
  let text = utf8String(prefix);
  for (const name of ["Return-Path", "Delivered-To"]) {
    if (equalsIgnoreCase(text.slice(0, name.length + 1), `${name}:`)) text = withoutFirst(text);
  }
  return text;
}

function withoutFirst(text: string): string {
  let end = text.indexOf("\n") + 1;
  while (end > 0 && (text[end] === " " || text[end] === "\t")) end = text.indexOf("\n", end) + 1;
  return end === 0 ? "" : text.slice(end);
}

function ownResult(refusal: Refusal): RecipientResult {
  const { code, enhanced, text } = refusal;
  return { kind: code >= 500 ? "permanent" : "temporary", code, enhanced, text, remote: false };
}
