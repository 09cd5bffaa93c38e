/** Future message release (RFC 4865): what a submitter wants to be sent later waits in the queue, here or to outside. */
import {
  ask,
  type EnvelopeRecipient,
  type EnvelopeSender,
  type JournalEntry,
  type Program,
  type QueueEntry,
  type Refusal,
} from "../contract/mod.ts";
import { utf8Bytes } from "../base/bytes.ts";
import { type RouteOptions, routeRecipient } from "../mda/mod.ts";
import type { SubmitPolicy } from "./policy.ts";

const TOO_LATE: Refusal = { code: 501, enhanced: "5.5.4", text: "The message may not be held for so long" };

/** Why a message may not wait as its sender asks, or null. */
export function* holdRefusal(sender: EnvelopeSender, policy: SubmitPolicy): Program<Refusal | null> {
  if (sender.hold === undefined) return null;
  const now = yield* ask("clock.now", {});
  return releaseTime(sender, now) - now > (policy.futureReleaseMs ?? 0) ? TOO_LATE : null;
}

/** When the message that is submitted at `now` is to go; `now` where nothing else was asked for. */
export function releaseTime({ hold }: EnvelopeSender, now: number): number {
  return hold === undefined ? now : Math.max(now, "for" in hold ? now + hold.for : hold.until);
}

/** What a message that waits is made of. */
export interface Held {
  readonly queued: readonly QueueEntry[];
  readonly journal: readonly JournalEntry[];
}

/**
 * Queue entries for all recipients, due at `releaseAt`. Those of our own are routed when their time has come: their
 * mailboxes may be others then.
 */
export function* holdMail(
  request: RouteOptions & {
    readonly recipients: readonly EnvelopeRecipient[];
    readonly fields: string;
    readonly now: number;
    readonly releaseAt: number;
    readonly giveUpMs: number;
  },
): Program<Held> {
  const { fields, now, releaseAt, giveUpMs } = request;
  const queued: QueueEntry[] = [];
  const journal: JournalEntry[] = [];
  const known = new Set<string>();
  for (const recipient of request.recipients) {
    const { routes } = yield* routeRecipient(recipient.forwardPath, request);
    const [only, more] = routes;
    const outside = only?.kind === "remote" && only.alias === null && more === undefined ? only : null;
    const forwardPath = outside?.address ?? recipient.forwardPath;
    if (known.has(forwardPath)) continue;
    known.add(forwardPath);
    queued.push({
      recipient: { ...recipient, forwardPath },
      domain: outside?.domain ?? null,
      prefix: utf8Bytes(fields),
      dueAt: releaseAt,
      expiresAt: releaseAt + giveUpMs,
    });
    const until = new Date(releaseAt).toISOString();
    const detail = `Waits in the queue until ${until}, as its sender asked.`;
    journal.push({ at: now, event: "queued", recipient: forwardPath, detail });
  }
  return { queued, journal };
}
