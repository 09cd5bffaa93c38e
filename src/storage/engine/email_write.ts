/** COPY, MOVE and EXPUNGE: what comes into a mailbox and what goes. */
import type { AnswerOf, Args, Modseq, Uid, UidValidity } from "../../contract/mod.ts";
import { StorageError } from "../storage.ts";
import { mailboxByName, mailboxFor, type Reached } from "./access.ts";
import { membersIn, sortedRanges } from "./email_read.ts";
import { SHARED } from "./flags.ts";
import { accountOf, addEmail, addMember, dropOrphan, hasRoom, nextModseq, removeMember } from "./member.ts";
import { flagRights } from "./rights.ts";
import type { AccountRow, MailboxRow, MemberRow, Transaction } from "./tables.ts";
import { threadOf } from "./threads.ts";

export function copy(tx: Transaction, args: Args<"email.copy">): AnswerOf<"email.copy"> {
  const source = mailboxFor(tx, args.accountId, args.mailboxId, "r");
  if ("refused" in source) return source;
  const target = mailboxByName(tx, args.accountId, args.path, "i");
  if ("refused" in target) return target;
  const members = [...membersIn(tx, source.mailbox, args.ranges)];
  const twins = members.map((member) => needsTwin(source, target) || isIn(tx, member, target.mailbox));
  if (!roomForTwins(target.owner, members, twins)) return { refused: "overQuota" };
  const uidValidity = target.mailbox.uidValidity as UidValidity;
  if (members.length === 0) return { uidValidity, pairs: [] };
  const modseq = nextModseq(tx, target.owner);
  const pairs = members.map((member, i) => ({
    from: member.uid as Uid,
    to: twins[i] ? addTwin(tx, member, target, modseq, args.now) : share(tx, member, target.mailbox, modseq, args.now),
  }));
  return { uidValidity, pairs };
}

export function move(tx: Transaction, args: Args<"email.move">): AnswerOf<"email.move"> {
  const source = mailboxFor(tx, args.accountId, args.mailboxId, "r");
  if ("refused" in source) return source;
  // RFC 6851 section 4.5: as STORE of \Deleted and EXPUNGE after COPY.
  if (!source.rights.includes("t") || !source.rights.includes("e")) return { refused: "noPermission" };
  const target = mailboxByName(tx, args.accountId, args.path, "i");
  if ("refused" in target) return target;
  const same = source.mailbox === target.mailbox;
  const members = [...membersIn(tx, source.mailbox, args.ranges)];
  const twins = members.map((member) => needsTwin(source, target) || (!same && isIn(tx, member, target.mailbox)));
  if (!roomForTwins(target.owner, members, twins)) return { refused: "overQuota" };
  const uidValidity = target.mailbox.uidValidity as UidValidity;
  if (members.length === 0) return { uidValidity, pairs: [], modseq: source.mailbox.modseq as Modseq };
  const modseq = nextModseq(tx, source.owner);
  const arriving = target.owner === source.owner ? modseq : nextModseq(tx, target.owner);
  const pairs = members.map((member, i) => {
    removeMember(tx, source.mailbox, member, modseq);
    const email = { id: member.email, size: member.size };
    const to = twins[i]
      ? addTwin(tx, member, target, arriving, args.now)
      : addMember(tx, target.mailbox, email, modseq, member.flags, member.keywords, args.now);
    if (twins[i]) dropOrphan(tx, source.owner, member);
    return { from: member.uid as Uid, to };
  });
  return { uidValidity, pairs, modseq: source.mailbox.modseq as Modseq };
}

/** Whether what comes cannot be the same email: it is another's, or some of its flags may not be set there. */
function needsTwin(source: Reached, target: Reached): boolean {
  return source.owner !== target.owner || !flagRights(target.rights).all;
}

export function expunge(tx: Transaction, args: Args<"email.expunge">): AnswerOf<"email.expunge"> {
  const reached = mailboxFor(tx, args.accountId, args.mailboxId, "e");
  if ("refused" in reached) {
    const modseq = accountOf(tx, args.accountId).modseq as Modseq;
    return { vanished: [], modseq, ...(reached.refused === "noPermission" && { refused: "noPermission" }) };
  }
  const { owner: account, mailbox } = reached;
  if (!args.always && mailbox.deleted === 0) return { vanished: [], modseq: mailbox.modseq as Modseq };
  const limit = args.limit ?? Infinity;
  const wanted = args.ranges ?? [{ first: 1, last: 4294967295 }];
  // Only rows that are marked are looked at: in a large mailbox they are few.
  const ranges = args.always ? wanted : deletedRuns(tx, mailbox, wanted, limit);
  const vanished: Uid[] = [];
  let modseq = 0;
  for (const member of [...membersIn(tx, mailbox, ranges)].slice(0, limit)) {
    modseq ||= nextModseq(tx, account);
    removeMember(tx, mailbox, member, modseq);
    dropOrphan(tx, account, member);
    vanished.push(member.uid as Uid);
  }
  return { vanished, modseq: mailbox.modseq as Modseq };
}

/** The lowest `limit` UIDs of the ranges that bear \Deleted; neighbours are one. */
function deletedRuns(
  tx: Transaction,
  mailbox: MailboxRow,
  ranges: readonly { first: number; last: number }[],
  limit: number,
): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  let room = limit;
  for (const { first, last } of sortedRanges(ranges)) {
    const uids = tx.deletedUids(mailbox.id, first, last, room);
    for (const uid of uids) {
      const open = runs[runs.length - 1];
      if (open && open.last + 1 === uid) open.last = uid;
      else runs.push({ first: uid, last: uid });
    }
    room -= uids.length;
    if (room <= 0) break;
  }
  return runs;
}

function isIn(tx: Transaction, member: MemberRow, target: MailboxRow): boolean {
  if (member.mailbox === target.id) return true;
  return (member.flags & SHARED) !== 0 && tx.membersOf(member.email).some((other) => other.mailbox === target.id);
}

/** A new email on the same blob counts; a membership does not. */
function roomForTwins(account: AccountRow, members: readonly MemberRow[], there: readonly boolean[]): boolean {
  let bytes = 0;
  let count = 0;
  members.forEach((member, i) => {
    if (!there[i]) return;
    bytes += member.size;
    count++;
  });
  return count === 0 || hasRoom(account, bytes, count);
}

/** A new email with the same octets. RFC 9051 section 6.4.7: flags and internal date are preserved, as far as rights allow. */
function addTwin(
  tx: Transaction,
  member: MemberRow,
  target: Reached,
  modseq: number,
  now: number,
): Uid {
  const email = tx.email(member.email);
  if (!email) throw new StorageError("bug", "a membership without its email");
  const { owner, mailbox } = target;
  const id = tx.next("email");
  // Conversations are each account's own.
  const thread = email.account === owner.id ? email.thread : threadOf(tx, owner.id, tx.blobIndex(email.blobId), id);
  const twin = { ...email, id, account: owner.id, thread, created: modseq };
  addEmail(tx, owner, twin);
  const may = flagRights(target.rights);
  const keywords = may.keywords ? member.keywords : "";
  return addMember(tx, mailbox, twin, modseq, member.flags & may.bits & ~SHARED, keywords, now);
}

/** One more membership of the email. */
function share(tx: Transaction, member: MemberRow, target: MailboxRow, modseq: number, now: number): Uid {
  if (!(member.flags & SHARED)) {
    member.flags |= SHARED;
    tx.saveMember(member); // no client sees this bit: the modseq stays
  }
  return addMember(tx, target, { id: member.email, size: member.size }, modseq, member.flags, member.keywords, now);
}
