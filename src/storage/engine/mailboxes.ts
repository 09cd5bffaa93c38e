/** Mailboxes: list, open, what changed, create, delete, subscribe. */
import type {
  AnswerOf,
  Args,
  FlagChange,
  Mailbox,
  MailboxChanges,
  MailboxRole,
  Modseq,
  Uid,
  UidValidity,
} from "../../contract/mod.ts";
import { printFlags } from "./flags.ts";
import { mailboxIdOf, rowOf } from "./ids.ts";
import { accountOf, dropOrphan, nextModseq, removeMember } from "./member.ts";
import { canonicalPath, parentsOf, parsePath } from "./path.ts";
import type { AccountRow, MailboxRow, Transaction } from "./tables.ts";

const EVERYTHING = 4294967295;

export function printMailbox(tx: Transaction, row: MailboxRow): Mailbox {
  return {
    mailboxId: mailboxIdOf(row.id),
    path: row.path,
    role: row.role,
    subscribed: tx.isSubscribed(row.account, row.path),
    uidValidity: row.uidValidity as UidValidity,
    uidNext: row.uidNext as Uid,
    highestModseq: row.modseq as Modseq,
    messages: row.messages,
    unseen: row.unseen,
    size: row.size,
    deleted: row.deleted,
  };
}

export function list(tx: Transaction, args: Args<"mailbox.list">): AnswerOf<"mailbox.list"> {
  const account = accountOf(tx, args.accountId);
  const rows = Array.from(tx.mailboxes(account.id), (row) => printMailbox(tx, row));
  return rows.sort((a, b) => a.path < b.path ? -1 : 1);
}

export function get(tx: Transaction, args: Args<"mailbox.get">): AnswerOf<"mailbox.get"> {
  const row = tx.mailboxByPath(accountOf(tx, args.accountId).id, canonicalPath(args.path));
  return row && printMailbox(tx, row);
}

export function open(tx: Transaction, args: Args<"mailbox.open">): AnswerOf<"mailbox.open"> {
  const row = tx.mailboxByPath(accountOf(tx, args.accountId).id, canonicalPath(args.path));
  if (!row) return null;
  return {
    mailbox: printMailbox(tx, row),
    uids: tx.uids(row.id),
    firstUnseen: row.unseen === 0 ? null : tx.firstUnseen(row.id) as Uid | null,
    keywords: tx.keywordsIn(row.id),
  };
}

export function changes(tx: Transaction, args: Args<"mailbox.changes">): MailboxChanges {
  const account = accountOf(tx, args.accountId);
  const row = tx.mailbox(account.id, rowOf("m", args.mailboxId));
  const { mailboxId, since } = args;
  if (!row) return { mailboxId, modseq: account.modseq as Modseq, changed: [], vanished: [], deleted: true };
  const changed: FlagChange[] = [];
  let vanished: readonly number[] = [];
  if (since < row.modseq) {
    for (const member of tx.membersSince(row.id, since)) {
      changed.push({
        uid: member.uid as Uid,
        modseq: member.modseq as Modseq,
        flags: printFlags(member.flags, member.keywords),
      });
    }
    if (since > 0) vanished = since < row.floor ? absent(tx, row) : [...tx.tombstones(row.id, since)].sort(ascending);
  }
  return { mailboxId, modseq: row.modseq as Modseq, changed, vanished: vanished as Uid[], deleted: false };
}

/** RFC 7162 section 3.2.10.1: where tombstones are gone, every UID that is not there is named. */
function absent(tx: Transaction, row: MailboxRow): number[] {
  const gone: number[] = [];
  let next = 1;
  for (const uid of tx.uids(row.id)) {
    for (; next < uid; next++) gone.push(next);
    next = uid + 1;
  }
  for (; next < row.uidNext; next++) gone.push(next);
  return gone;
}

export function create(tx: Transaction, args: Args<"mailbox.create">): AnswerOf<"mailbox.create"> {
  const account = accountOf(tx, args.accountId);
  const parsed = parsePath(args.path);
  if ("refused" in parsed) return parsed;
  if (tx.mailboxByPath(account.id, parsed.path)) return { refused: "exists" };
  // RFC 8621 section 2: a role is unique in its account.
  if (args.role && tx.mailboxByRole(account.id, args.role)) return { refused: "exists" };
  return printMailbox(tx, makeMailbox(tx, account, parsed.path, args.role));
}

/** Makes a mailbox and the parents it lacks. `path` is canonical and free. */
export function makeMailbox(tx: Transaction, account: AccountRow, path: string, role: MailboxRole | null): MailboxRow {
  for (const parent of parentsOf(path)) {
    if (!tx.mailboxByPath(account.id, parent)) addRow(tx, account, parent, null);
  }
  return addRow(tx, account, path, role);
}

function addRow(tx: Transaction, account: AccountRow, path: string, role: MailboxRole | null): MailboxRow {
  const row: MailboxRow = {
    id: tx.next("mailbox"),
    account: account.id,
    path,
    role,
    uidValidity: tx.next("uidValidity"),
    uidNext: 1,
    modseq: nextModseq(tx, account),
    messages: 0,
    unseen: 0,
    size: 0,
    deleted: 0,
    floor: 0,
  };
  tx.addMailbox(row);
  tx.touch(account.id, null);
  return row;
}

export function remove(tx: Transaction, args: Args<"mailbox.delete">): AnswerOf<"mailbox.delete"> {
  const account = accountOf(tx, args.accountId);
  const row = tx.mailboxByPath(account.id, canonicalPath(args.path));
  if (!row) return { refused: "notFound" };
  if (row.path === "INBOX") return { refused: "isInbox" }; // RFC 9051 section 6.3.5
  for (const other of tx.mailboxes(account.id)) {
    if (other.path.startsWith(row.path + "/")) return { refused: "hasChildren" };
  }
  empty(tx, account, row);
  tx.removeMailbox(row);
  tx.touch(account.id, row.id);
  tx.touch(account.id, null);
  return { deleted: mailboxIdOf(row.id) };
}

/** Takes all emails out of a mailbox. */
export function empty(tx: Transaction, account: AccountRow, row: MailboxRow): void {
  const modseq = nextModseq(tx, account);
  for (const member of tx.members(row.id, 1, EVERYTHING, Infinity)) {
    removeMember(tx, row, member, modseq);
    dropOrphan(tx, account, member);
  }
}

export function subscribe(tx: Transaction, args: Args<"mailbox.subscribe">): AnswerOf<"mailbox.subscribe"> {
  const account = accountOf(tx, args.accountId);
  const parsed = parsePath(args.path);
  if ("refused" in parsed) return parsed;
  if (args.subscribed === tx.isSubscribed(account.id, parsed.path)) return { done: true };
  if (args.subscribed && !tx.mailboxByPath(account.id, parsed.path)) return { refused: "notFound" };
  tx.subscribe(account.id, parsed.path, args.subscribed);
  tx.touch(account.id, null);
  return { done: true };
}

export function subscriptions(tx: Transaction, args: Args<"mailbox.subscriptions">): readonly string[] {
  return tx.subscriptions(accountOf(tx, args.accountId).id);
}

export function deletedUids(tx: Transaction, args: Args<"mailbox.deletedUids">): readonly Uid[] {
  const row = tx.mailbox(accountOf(tx, args.accountId).id, rowOf("m", args.mailboxId));
  return row && row.deleted > 0 ? tx.deletedUids(row.id) as Uid[] : [];
}

function ascending(a: number, b: number): number {
  return a - b;
}
