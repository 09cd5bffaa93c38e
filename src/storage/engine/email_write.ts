/** COPY, MOVE and EXPUNGE: what comes into a mailbox and what goes. */
import type { AnswerOf, Args, Modseq, Uid, UidValidity } from "../../contract/mod.ts";
import { StorageError } from "../storage.ts";
import { mailboxOf, membersIn } from "./email_read.ts";
import { DELETED, SHARED } from "./flags.ts";
import { accountOf, addEmail, addMember, dropOrphan, hasRoom, nextModseq, removeMember } from "./member.ts";
import { canonicalPath } from "./path.ts";
import type { AccountRow, MailboxRow, MemberRow, Transaction } from "./tables.ts";

export function copy(tx: Transaction, args: Args<"email.copy">): AnswerOf<"email.copy"> {
  const account = accountOf(tx, args.accountId);
  const source = mailboxOf(tx, args);
  const target = tx.mailboxByPath(account.id, canonicalPath(args.path));
  if (!source || !target) return { refused: "notFound" };
  const members = [...membersIn(tx, source, args.ranges)];
  const there = members.map((member) => isIn(tx, member, target));
  if (!roomForTwins(account, members, there)) return { refused: "overQuota" };
  const uidValidity = target.uidValidity as UidValidity;
  if (members.length === 0) return { uidValidity, pairs: [] };
  const modseq = nextModseq(tx, account);
  const pairs = members.map((member, i) => ({
    from: member.uid as Uid,
    to: there[i] ? addTwin(tx, account, member, target, modseq, args.now) : share(tx, member, target, modseq, args.now),
  }));
  return { uidValidity, pairs };
}

export function move(tx: Transaction, args: Args<"email.move">): AnswerOf<"email.move"> {
  const account = accountOf(tx, args.accountId);
  const source = mailboxOf(tx, args);
  const target = tx.mailboxByPath(account.id, canonicalPath(args.path));
  if (!source || !target) return { refused: "notFound" };
  const members = [...membersIn(tx, source, args.ranges)];
  const there = members.map((member) => source !== target && isIn(tx, member, target));
  if (!roomForTwins(account, members, there)) return { refused: "overQuota" };
  const uidValidity = target.uidValidity as UidValidity;
  if (members.length === 0) return { uidValidity, pairs: [], modseq: source.modseq as Modseq };
  const modseq = nextModseq(tx, account);
  const pairs = members.map((member, i) => {
    removeMember(tx, source, member, modseq);
    const email = { id: member.email, size: member.size };
    const to = there[i]
      ? addTwin(tx, account, member, target, modseq, args.now)
      : addMember(tx, target, email, modseq, member.flags, member.keywords, args.now);
    if (there[i]) dropOrphan(tx, account, member);
    return { from: member.uid as Uid, to };
  });
  return { uidValidity, pairs, modseq: source.modseq as Modseq };
}

export function expunge(tx: Transaction, args: Args<"email.expunge">): AnswerOf<"email.expunge"> {
  const account = accountOf(tx, args.accountId);
  const mailbox = mailboxOf(tx, args);
  if (!mailbox) return { vanished: [], modseq: account.modseq as Modseq };
  if (!args.always && mailbox.deleted === 0) return { vanished: [], modseq: mailbox.modseq as Modseq };
  const ranges = args.ranges ??
    (args.always
      ? [{ first: 1, last: 4294967295 }]
      : tx.deletedUids(mailbox.id).map((uid) => ({ first: uid, last: uid })));
  const vanished: Uid[] = [];
  let modseq = 0;
  for (const member of [...membersIn(tx, mailbox, ranges)]) {
    if (!args.always && !(member.flags & DELETED)) continue;
    modseq ||= nextModseq(tx, account);
    removeMember(tx, mailbox, member, modseq);
    dropOrphan(tx, account, member);
    vanished.push(member.uid as Uid);
  }
  return { vanished, modseq: mailbox.modseq as Modseq };
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

/** A new email with the same octets. RFC 9051 section 6.4.7: flags and internal date are preserved. */
function addTwin(
  tx: Transaction,
  account: AccountRow,
  member: MemberRow,
  target: MailboxRow,
  modseq: number,
  now: number,
): Uid {
  const email = tx.email(member.email);
  if (!email) throw new StorageError("bug", "a membership without its email");
  const twin = { ...email, id: tx.next("email") };
  addEmail(tx, account, twin);
  return addMember(tx, target, twin, modseq, member.flags & ~SHARED, member.keywords, now);
}

/** One more membership of the email. */
function share(tx: Transaction, member: MemberRow, target: MailboxRow, modseq: number, now: number): Uid {
  if (!(member.flags & SHARED)) {
    member.flags |= SHARED;
    tx.saveMember(member); // no client sees this bit: the modseq stays
  }
  return addMember(tx, target, { id: member.email, size: member.size }, modseq, member.flags, member.keywords, now);
}
