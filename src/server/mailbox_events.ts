/** Which questions of a session are events of a mailbox (RFC 6785), and the run of its script after them. */
import type { AnswerOf, Args, BodyPart, LogEvent, Op } from "../contract/mod.ts";
import { logEvent } from "../contract/mod.ts";
import { type FilterPolicy, type MailboxEvent, mailboxEvent } from "../mda/mod.ts";
import type { Storage } from "../storage/storage.ts";
import type { Clock } from "./clock.ts";
import { type Perform, runProgram } from "./run_program.ts";
import { NO_FILTERS, type RunFilter } from "./typed_filters/mod.ts";

/** Questions that put messages into a mailbox, or change their flags. */
export type EventOp = "email.append" | "email.replace" | "email.copy" | "email.move" | "email.flags";

const EVENTS: ReadonlySet<Op> = new Set<Op>([
  "email.append",
  "email.replace",
  "email.copy",
  "email.move",
  "email.flags",
]);

export function isMailboxEvent(op: Op): op is EventOp {
  return EVENTS.has(op);
}

/** What of the session a run needs. */
export interface EventSession {
  /** Who is logged in. */
  readonly user: string;
  readonly make: (parts: readonly BodyPart[]) => Promise<AnswerOf<"body.make">>;
  readonly log: (event: LogEvent) => void;
}

/** Told of an event when it has happened. Never rejects. */
export type MailboxEvents = <K extends EventOp>(
  op: K,
  args: Args<K>,
  answer: AnswerOf<K>,
  session: EventSession,
) => Promise<void>;

/** What the events work with. */
export interface MailboxEventParts {
  readonly storage: Storage;
  readonly filter: FilterPolicy;
  readonly clock: Clock;
  readonly giveUpMs: number;
  readonly srs: boolean;
  readonly sign: (args: Args<"message.sign">) => Promise<AnswerOf<"message.sign">>;
  /** Left out: no filters in TypeScript run. */
  readonly runFilter?: RunFilter;
}

export function createMailboxEvents(parts: MailboxEventParts): MailboxEvents {
  const { storage, filter: policy, clock, giveUpMs, srs } = parts;
  return async (op, args, answer, { user, make, log }) => {
    const event = eventOf(op, args, answer, user, clock.wall());
    if (event === null) return;
    const perform = ((asked: string, its: never) => {
      if (asked === "body.make") return make((its as Args<"body.make">).parts);
      if (asked === "filter.run") return parts.runFilter?.(its) ?? NO_FILTERS;
      return asked === "message.sign" ? parts.sign(its) : storage.perform(asked as never, its);
    }) as Perform;
    try {
      const { leftOut } = await runProgram(mailboxEvent(event, { policy, giveUpMs, srs }), perform, log);
      if (leftOut > 0) log(logEvent("warn", "imapsieve.leftOut", { user, messages: leftOut }));
    } catch (error) {
      log(logEvent("warn", "imapsieve.failed", { user, error: String(error) }));
    }
  };
}

function eventOf<K extends EventOp>(
  op: K,
  args: Args<K>,
  answer: AnswerOf<K>,
  user: string,
  now: number,
): MailboxEvent | null {
  const { accountId } = args;
  const made = { accountId, user, now, changedFlags: [] };
  if (op === "email.flags") {
    const { mailboxId, flags } = args as Args<"email.flags">;
    const { changed } = answer as AnswerOf<"email.flags">;
    const uids = changed.map(({ uid }) => uid);
    return { ...made, cause: "FLAG", mailbox: { mailboxId }, uids, changedFlags: flags };
  }
  if ("refused" in (answer as object)) return null;
  if (op === "email.append") {
    const { uids } = answer as Extract<AnswerOf<"email.append">, { uids: unknown }>;
    return { ...made, cause: "APPEND", mailbox: { path: (args as Args<"email.append">).path }, uids };
  }
  // RFC 8508 section 3.5: replacing is appending to whoever looks on.
  if (op === "email.replace") {
    const { uid } = answer as Extract<AnswerOf<"email.replace">, { uid: unknown }>;
    return { ...made, cause: "APPEND", mailbox: { path: (args as Args<"email.replace">).path }, uids: [uid] };
  }
  const { pairs } = answer as Extract<AnswerOf<"email.copy">, { pairs: unknown }>;
  const { path } = args as Args<"email.copy">;
  return { ...made, cause: "COPY", mailbox: { path }, uids: pairs.map(({ to }) => to) };
}
