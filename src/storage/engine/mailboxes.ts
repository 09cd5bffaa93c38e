/** Mailboxes: list, open, what changed, create, delete, subscribe. */
import type {
  AnswerOf,
  Args,
  FlagChange,
  Mailbox,
  MailboxChanges,
  MailboxRefused,
  MailboxRole,
  Modseq,
  Uid,
  UidValidity,
} from "../../contract/mod.ts";
import { mailboxByName, mailboxFor, type Reached, reachedOfOthers, rightsOf, visibleByName } from "./access.ts";
import { printFlags, SHARED } from "./flags.ts";
import { accountIdOf, mailboxIdOf } from "./ids.ts";
import { accountOf, dropOrphan, nextModseq, removeMember, setFlags } from "./member.ts";
import { leaveName, uidValidityFloor } from "./archive.ts";
import { foreignName, locate, nameFor, nearestParent } from "./names.ts";
import { noteMailbox, noteNewMailbox, noteNoMailbox, noteRights } from "./objects.ts";
import { parentsOf, parsePath } from "./path.ts";
import { RIGHTS } from "./rights.ts";
import { forgetKey } from "./url_keys.ts";
import type { AccountRow, MailboxRow, MemberRow, Transaction } from "./tables.ts";

const EVERYTHING = 4294967295;

export function printMailbox(tx: Transaction, { asker, owner, mailbox: row, rights }: Reached): Mailbox {
  const path = nameFor(asker, owner, row.path);
  const seen = {
    mailboxId: mailboxIdOf(row.id),
    ownerId: accountIdOf(owner.id),
    rights,
    path,
    // RFC 6154: a special use is the owner's; another's Drafts is not where one's own drafts go.
    role: asker === owner ? row.role : null,
    subscribed: tx.isSubscribed(asker.id, path),
    uidValidity: row.uidValidity as UidValidity,
  };
  // RFC 4314 section 4: what STATUS tells needs "r".
  if (!rights.includes("r")) return { ...seen, ...UNTOLD };
  return {
    ...seen,
    uidNext: row.uidNext as Uid,
    highestModseq: row.modseq as Modseq,
    messages: row.messages,
    unseen: row.unseen,
    size: row.size,
    deleted: row.deleted,
  };
}

const UNTOLD = { uidNext: 1 as Uid, highestModseq: 1 as Modseq, messages: 0, unseen: 0, size: 0, deleted: 0 };

/** A mailbox of the owner's, for the owner. */
function own(account: AccountRow, mailbox: MailboxRow): Reached {
  return { asker: account, owner: account, mailbox, rights: RIGHTS };
}

export function list(tx: Transaction, args: Args<"mailbox.list">): AnswerOf<"mailbox.list"> {
  const account = accountOf(tx, args.accountId);
  const rows = Array.from(tx.mailboxes(account.id), (row) => printMailbox(tx, own(account, row)));
  for (const reached of reachedOfOthers(tx, account)) {
    if (reached.rights.includes("l")) rows.push(printMailbox(tx, reached));
  }
  return rows.sort((a, b) => a.path < b.path ? -1 : 1);
}

export function get(tx: Transaction, args: Args<"mailbox.get">): AnswerOf<"mailbox.get"> {
  const reached = visibleByName(tx, args.accountId, args.path);
  return reached && printMailbox(tx, reached);
}

export function open(tx: Transaction, args: Args<"mailbox.open">): AnswerOf<"mailbox.open"> {
  const reached = mailboxByName(tx, args.accountId, args.path, "r");
  if ("refused" in reached) return null;
  const { mailbox: row } = reached;
  const marks = tx.marks(row);
  return {
    mailbox: printMailbox(tx, reached),
    uids: marks.uids,
    firstUnseen: row.unseen === 0 ? null : marks.firstUnseen(),
    keywords: marks.keywords(),
  };
}

export function changes(tx: Transaction, args: Args<"mailbox.changes">): MailboxChanges {
  const reached = mailboxFor(tx, args.accountId, args.mailboxId, "r");
  const { mailboxId, since } = args;
  if ("refused" in reached) {
    const modseq = accountOf(tx, args.accountId).modseq as Modseq;
    return { mailboxId, modseq, changed: [], vanished: [], deleted: true };
  }
  const { asker, owner, mailbox: row, rights } = reached;
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
  const news = { mailboxId, modseq: row.modseq as Modseq, changed, vanished: vanished as Uid[], deleted: false };
  return owner === asker ? news : { ...news, rights };
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
  const asker = accountOf(tx, args.accountId);
  const free = freeName(tx, asker, args.path);
  if ("refused" in free) return free;
  const { owner, path, rights } = free;
  // RFC 8621 section 2: a role is unique in its account. Only an owner gives roles.
  if (args.role && owner !== asker) return { refused: "noPermission" };
  if (args.role && tx.mailboxByRole(owner.id, args.role)) return { refused: "exists" };
  return printMailbox(tx, { asker, owner, mailbox: makeMailbox(tx, owner, path, args.role), rights });
}

/**
 * A name that the account may give to a mailbox. RFC 4314 section 4: elsewhere than in one's own namespace that needs "k"
 * on the nearest mailbox above, whose rights the new one inherits.
 */
export function freeName(
  tx: Transaction,
  asker: AccountRow,
  name: string,
): { readonly owner: AccountRow; readonly path: string; readonly rights: string } | MailboxRefused {
  const foreign = foreignName(name);
  const parsed = parsePath(foreign === null ? name : foreign.path);
  if (foreign === null) {
    if ("refused" in parsed) return parsed;
    return tx.mailboxByPath(asker.id, parsed.path)
      ? { refused: "exists" }
      : { owner: asker, path: parsed.path, rights: RIGHTS };
  }
  if (visibleByName(tx, accountIdOf(asker.id), name)) return { refused: "exists" };
  const { owner, path } = locate(tx, asker, name);
  // Nothing is told of who is not there, or lets nobody in.
  const parent = owner && nearestParent(tx, owner, path);
  if (!owner || !parent || owner === asker) return { refused: "noPermission" };
  const rights = rightsOf(tx, asker, parent);
  if (!rights.includes("k")) return { refused: "noPermission" };
  if ("refused" in parsed) return parsed;
  if (tx.mailboxByPath(owner.id, parsed.path)) return { refused: "noPermission" };
  return { owner, path: parsed.path, rights };
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
    uidValidity: Math.max(tx.next("uidValidity"), uidValidityFloor(tx, account.id) + 1),
    uidNext: 1,
    modseq: nextModseq(tx, account),
    messages: 0,
    unseen: 0,
    size: 0,
    deleted: 0,
    floor: 0,
  };
  tx.addMailbox(row);
  noteNewMailbox(tx, row);
  inherit(tx, account, row);
  tx.touch(account.id, null);
  return row;
}

/** RFC 4314 section 4: a new mailbox SHOULD inherit the access control list of the one above. */
function inherit(tx: Transaction, account: AccountRow, row: MailboxRow): void {
  const parent = nearestParent(tx, account, row.path);
  if (!parent) return;
  for (const entry of tx.acl(parent.id)) tx.putAcl({ ...entry, mailbox: row.id });
}

export function remove(tx: Transaction, args: Args<"mailbox.delete">): AnswerOf<"mailbox.delete"> {
  const reached = mailboxByName(tx, args.accountId, args.path, "x");
  if ("refused" in reached) return reached;
  const { owner: account, mailbox: row } = reached;
  if (row.path === "INBOX") return { refused: "isInbox" }; // RFC 9051 section 6.3.5
  for (const other of tx.mailboxes(account.id)) {
    if (other.path.startsWith(row.path + "/")) return { refused: "hasChildren" };
  }
  empty(tx, account, row);
  noteNoMailbox(tx, account, row, account.modseq);
  // Tombstones go with their mailbox: others can no longer be told what was in it.
  if (tx.acl(row.id).length > 0) noteRights(tx, account, account.modseq);
  forgetKey(tx, row);
  leaveName(tx, row);
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
    if (member.flags & SHARED) noteElsewhere(tx, account, member, modseq);
  }
}

/** Its tombstone goes with the mailbox: that the email is in one less shows where it still is. */
function noteElsewhere(tx: Transaction, account: AccountRow, member: MemberRow, modseq: number): void {
  const other = tx.membersOf(member.email)[0];
  const mailbox = other && tx.mailbox(account.id, other.mailbox);
  if (mailbox) setFlags(tx, mailbox, other, modseq, other.flags, other.keywords);
}

export function subscribe(tx: Transaction, args: Args<"mailbox.subscribe">): AnswerOf<"mailbox.subscribe"> {
  const account = accountOf(tx, args.accountId);
  const parsed = parsePath(args.path);
  if ("refused" in parsed) return parsed;
  // A name of another's mailbox in its one spelling; one that is gone as it was given.
  const there = visibleByName(tx, args.accountId, parsed.path);
  const path = there ? nameFor(account, there.owner, there.mailbox.path) : parsed.path;
  if (args.subscribed === tx.isSubscribed(account.id, path)) return { done: true };
  if (args.subscribed && !there) return { refused: "notFound" };
  tx.subscribe(account.id, path, args.subscribed);
  if (there) {
    // Of another's mailbox it is a change too: its state is that of its owner.
    noteMailbox(tx, there.owner, there.mailbox, nextModseq(tx, there.owner));
    tx.touch(there.owner.id, null);
  }
  tx.touch(account.id, null);
  return { done: true };
}

export function subscriptions(tx: Transaction, args: Args<"mailbox.subscriptions">): readonly string[] {
  return tx.subscriptions(accountOf(tx, args.accountId).id);
}

export function deletedUids(tx: Transaction, args: Args<"mailbox.deletedUids">): readonly Uid[] {
  const reached = mailboxFor(tx, args.accountId, args.mailboxId, "r");
  if ("refused" in reached || reached.mailbox.deleted === 0) return [];
  return tx.deletedUids(reached.mailbox.id, 1, EVERYTHING, Infinity) as Uid[];
}

function ascending(a: number, b: number): number {
  return a - b;
}
