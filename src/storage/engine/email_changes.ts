/**
 * What happened to the emails of an account, in the order in which it did (RFC 8621 section 4.3). Nothing is written for
 * it but what IMAP needs too: memberships have the modseq of their last change, what left a mailbox has a tombstone,
 * and what left the last one a row of its own.
 */
import type { AnswerOf, Args, ChangesPoint, EmailChange, Modseq } from "../../contract/mod.ts";
import { type Looked, lookInto, visible } from "./email_objects.ts";
import { emailIdOf, rowOf, threadIdOf } from "./ids.ts";
import { floorOf, rightsFloorOf } from "./objects.ts";
import type { Transaction } from "./tables.ts";

/** Changes of one answer. */
const CHANGES = 1000;

export function changes(tx: Transaction, args: Args<"email.changes">): AnswerOf<"email.changes"> {
  const looked = lookInto(tx, args);
  const { owner } = looked;
  const { modseq: since } = args.since;
  if (since > owner.modseq || since < floorOf(tx, owner)) return { refused: "tooOld" };
  if (looked.asker !== owner && since > 0 && since < rightsFloorOf(tx, owner)) return { refused: "tooOld" };
  for (const { mailbox } of looked.mailboxes.values()) if (since < mailbox.floor) return { refused: "tooOld" };
  const limit = Math.max(1, Math.min(args.limit, CHANGES));
  const { last, threads, horizon } = gather(tx, looked, args.since, limit);
  const all = [...last].filter(([, modseq]) => modseq <= horizon)
    .sort(([a, left], [b, right]) => left - right || a - b);
  const page = all.slice(0, limit);
  const isCut = page.length < all.length;
  const end: ChangesPoint = { modseq: Math.min(horizon, owner.modseq) as Modseq, emailId: null };
  const at = page[page.length - 1];
  const hasMore = isCut || horizon < owner.modseq;
  const reached = isCut && at ? { modseq: at[1] as Modseq, emailId: emailIdOf(at[0]) } : end;
  const upTo = hasMore ? { ...reached, base: args.since.base ?? since } : reached;
  return {
    changes: describe(tx, looked, args.since, page.map(([email]) => email), threads),
    upTo,
    hasMore,
  };
}

interface Gathered {
  /** The modseq of the last change of each email that is known here. */
  readonly last: Map<number, number>;
  /** Of emails that are gone. */
  readonly threads: Map<number, number>;
  /** Up to here everything is gathered. */
  readonly horizon: number;
}

function gather(tx: Transaction, looked: Looked, since: ChangesPoint, limit: number): Gathered {
  const last = new Map<number, number>();
  const threads = new Map<number, number>();
  const within = since.emailId === null ? 0 : rowOf("e", since.emailId);
  // In the middle of a modseq: its other emails come again and are passed over.
  const from = since.emailId === null ? since.modseq : since.modseq - 1;
  let horizon = Infinity;
  const take = (rows: readonly { readonly modseq: number; readonly email: number }[]): void => {
    for (const { modseq, email } of rows) {
      if (modseq === since.modseq && email <= within) continue;
      if (modseq > (last.get(email) ?? 0)) last.set(email, modseq);
    }
    if (rows.length > limit) horizon = Math.min(horizon, rows[rows.length - 1]!.modseq);
  };
  const asked = limit + 1;
  for (const { mailbox } of looked.mailboxes.values()) {
    if (mailbox.modseq <= from) continue;
    take(tx.membersChanged(mailbox.id, from, asked));
    if (from > 0) take(tx.tombstonesChanged(mailbox.id, from, asked));
  }
  if (from > 0) {
    const isOwner = looked.asker === looked.owner;
    const gone = tx.destroyedSince(looked.owner.id, "email", from, isOwner ? asked : Infinity);
    for (const { id, thread } of gone) threads.set(id, thread);
    // RFC 8621 section 9.5: others learn of what was where they may read, which the tombstones there say.
    if (isOwner) take(gone.map(({ modseq, id }) => ({ modseq, email: id })));
  }
  return { last, threads, horizon };
}

function describe(
  tx: Transaction,
  looked: Looked,
  since: ChangesPoint,
  emails: readonly number[],
  threads: ReadonlyMap<number, number>,
): readonly EmailChange[] {
  const there = visible(tx, looked, emails, { envelope: false, structure: false });
  return emails.flatMap((email): EmailChange[] => {
    const row = there.get(email)?.[0];
    if (row) {
      // What came behind the base is new, even where another page passed the time when it came.
      const isNew = row.created > (since.base ?? since.modseq);
      return [{ emailId: emailIdOf(email), threadId: threadIdOf(row.thread), kind: isNew ? "created" : "updated" }];
    }
    // Hidden, out of the asker's sight, or gone. Of what is gone only the list of ends knows the thread.
    const thread = threads.get(email) ?? tx.email(email)?.thread;
    if (thread === undefined) return [];
    return [{ emailId: emailIdOf(email), threadId: threadIdOf(thread), kind: "destroyed" }];
  });
}
