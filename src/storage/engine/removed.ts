/**
 * Undelete, and the mailbox as it was. What is kept, and for how long: `kept.ts`.
 *
 * Rules:
 * - Every membership that goes leaves a row, with the mailbox, the UID and the flags it had.
 * - An email without a membership stays as long as a row names it. It counts in `keptBytes`, not in the usage; that is
 *   never more than the quota: the oldest make room.
 * - What comes back gets a new UID.
 */
import type { AnswerOf, Args, Uid } from "../../contract/mod.ts";
import { mailboxByName } from "./access.ts";
import { DELETED, SHARED } from "./flags.ts";
import { emailIdOf, removedIdOf, rowOf } from "./ids.ts";
import { makeMailbox } from "./mailboxes.ts";
import { accountOf, addMember, dropOrphan, hasRoom, nextModseq, removeMember } from "./member.ts";
import { canonicalPath, parsePath } from "./path.ts";
import type { AccountRow, MailboxRow, RemovedRow, Transaction } from "./tables.ts";
import { isSteady } from "./steady_clock.ts";

const LAST_UID = 4294967295;
const PAGE = 500;

export function list(tx: Transaction, args: Args<"removed.list">): AnswerOf<"removed.list"> {
  const account = accountOf(tx, args.accountId);
  const rows = pageOf(tx, account, args);
  const printed = rows.filter((row) => isOf(tx, account, row, args.path)).flatMap((row) => {
    const email = tx.email(row.email);
    if (!email) return [];
    const envelope = tx.blobIndex(email.blobId)?.envelope;
    const author = envelope?.from[0];
    return {
      removedId: removedIdOf(row.id),
      emailId: emailIdOf(row.email),
      path: pathOf(tx, account, row),
      uid: row.uid as Uid,
      removedAt: row.at,
      internalDate: email.internalDate,
      size: row.size,
      isElsewhere: tx.membersOf(row.email).length > 0,
      subject: envelope?.subject ?? null,
      author: author && "mailbox" in author ? `${author.mailbox}@${author.host}` : null,
    };
  });
  return { rows: printed, next: nextOf(rows, args.limit) };
}

export function restore(tx: Transaction, args: Args<"removed.restore">): AnswerOf<"removed.restore"> {
  const account = accountOf(tx, args.accountId);
  const into = args.into === null ? null : parsePath(args.into);
  if (into && "refused" in into) return into;
  const wanted = args.ids && new Set(args.ids.map((id) => rowOf("r", id)));
  const rows = pageOf(tx, account, args);
  const work = new Work(tx, account);
  for (const row of rows) {
    if (!isOf(tx, account, row, args.path) || (wanted && !wanted.has(row.id))) continue;
    if (tx.membersOf(row.email).length > 0) continue; // it was moved: it is not gone
    const path = into?.path ?? pathOf(tx, account, row);
    const target = tx.mailboxByPath(account.id, path) ?? makeMailbox(tx, account, path, null);
    if (!work.bringBack(row, target, args.now)) return { restored: work.restored, next: null, overQuota: true };
  }
  return { restored: work.restored, next: nextOf(rows, args.limit), overQuota: false };
}

export function rewind(tx: Transaction, args: Args<"mailbox.rewind">): AnswerOf<"mailbox.rewind"> {
  const reached = mailboxByName(tx, args.accountId, args.path, "r");
  if ("refused" in reached) return reached;
  const { owner: account, asker, mailbox } = reached;
  if (asker !== account) return { refused: "noPermission" };
  const rows = pageOf(tx, account, { ...args, since: args.to + 1 });
  const work = new Work(tx, account);
  for (const row of rows) {
    if (row.mailbox !== mailbox.id || row.saveDate > args.to) continue;
    if (!work.bringBack(row, mailbox, row.saveDate)) {
      return { restored: work.restored, removed: 0, next: null, overQuota: true };
    }
  }
  const next = nextOf(rows, args.limit);
  // Last, when everything that was there is back.
  const removed = args.exact && next === null ? takeOut(tx, account, mailbox, (at) => at > args.to, args.limit) : 0;
  const isMore = removed === args.limit;
  return { restored: work.restored, removed, next: isMore ? args.after ?? removedIdOf(0) : next, overQuota: false };
}

export function expire(tx: Transaction, args: Args<"email.expire">): AnswerOf<"email.expire"> {
  const account = accountOf(tx, args.accountId);
  const mailbox = tx.mailboxByPath(account.id, canonicalPath(args.path));
  if (!isSteady(tx)) return { removed: 0 };
  return { removed: mailbox ? takeOut(tx, account, mailbox, (at) => at < args.before, args.limit) : 0 };
}

/** Takes those out whose time of coming fits, at most `limit`. */
function takeOut(
  tx: Transaction,
  account: AccountRow,
  mailbox: MailboxRow,
  fits: (saveDate: number) => boolean,
  limit: number,
): number {
  let [modseq, removed] = [0, 0];
  for (let first = 1; removed < limit;) {
    const members = tx.members(mailbox.id, first, LAST_UID, PAGE);
    for (const member of members) {
      if (removed === limit || !fits(member.saveDate)) continue;
      modseq ||= nextModseq(tx, account);
      removeMember(tx, mailbox, member, modseq);
      dropOrphan(tx, account, member);
      removed++;
    }
    if (members.length < PAGE) break;
    first = members[members.length - 1]!.uid + 1;
  }
  return removed;
}

class Work {
  readonly #tx: Transaction;
  readonly #account: AccountRow;
  #modseq = 0;
  restored = 0;

  constructor(tx: Transaction, account: AccountRow) {
    this.#tx = tx;
    this.#account = account;
  }

  /** False: there is no room. The row has served: it goes. */
  bringBack(row: RemovedRow, target: MailboxRow, saveDate: number): boolean {
    const [tx, account] = [this.#tx, this.#account];
    const email = tx.email(row.email);
    if (!email) return tx.dropRemoved(row.id), true;
    const others = tx.membersOf(email.id);
    if (others.some(({ mailbox }) => mailbox === target.id)) return tx.dropRemoved(row.id), true;
    if (others.length === 0) {
      if (!hasRoom(account, email.size, 1)) return false;
      account.keptBytes -= email.size;
      account.usedBytes += email.size;
      account.usedMessages++;
    }
    this.#modseq ||= nextModseq(tx, account);
    if (others.length === 0) tx.reviveEmail(email.id, this.#modseq);
    for (const other of others) {
      if (other.flags & SHARED) continue;
      tx.saveMember({ ...other, flags: other.flags | SHARED }); // no client sees this bit
    }
    const { flags, keywords } = others[0] ?? row;
    const own = others.length === 0 ? flags : (flags & ~DELETED) | SHARED;
    addMember(tx, target, email, this.#modseq, own, keywords, saveDate);
    tx.dropRemoved(row.id);
    tx.saveAccount(account);
    this.restored++;
    return true;
  }
}

function pageOf(
  tx: Transaction,
  account: AccountRow,
  { since, after, limit }: { readonly since: number; readonly after: string | null; readonly limit: number },
): readonly RemovedRow[] {
  return tx.removedSince(account.id, since, after === null ? 0 : rowOf("r", after), limit);
}

function nextOf(rows: readonly RemovedRow[], limit: number): string | null {
  return rows.length < limit ? null : removedIdOf(rows[rows.length - 1]!.id);
}

function isOf(tx: Transaction, account: AccountRow, row: RemovedRow, path: string | null): boolean {
  return path === null || pathOf(tx, account, row) === canonicalPath(path);
}

/** As the mailbox is called now; where it is gone, as it was called. */
function pathOf(tx: Transaction, account: AccountRow, row: RemovedRow): string {
  return tx.mailbox(account.id, row.mailbox)?.path ?? row.path;
}
