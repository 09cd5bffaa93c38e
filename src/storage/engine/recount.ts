/** Makes right what can be counted anew: for `palomar verify --repair`. In a sound store it finds nothing to do. */
import type { AnswerOf, Args } from "../../contract/mod.ts";
import { DELETED, EMAIL_BITS, SEEN, SHARED } from "./flags.ts";
import { mailboxIdOf, rowOf } from "./ids.ts";
import { makeMailbox } from "./mailboxes.ts";
import { addMember, nextModseq } from "./member.ts";
import type { AccountRow, MailboxRow, MemberRow, Transaction } from "./tables.ts";

const PAGE = 2000;
const LAST_UID = 4294967295;
/** Where emails go that no mailbox has. */
const RECOVERED = "Recovered";

interface Counted {
  readonly size: number;
  /** The flags of the email in the mailbox that was looked at first. */
  readonly flags: number;
  readonly keywords: string;
}

export function recount(tx: Transaction, args: Args<"store.recount">): AnswerOf<"store.recount"> {
  const account = tx.account(rowOf("a", args.accountId));
  if (!account) return { corrected: [] };
  const corrected: string[] = [];
  const seen = new Map<number, Counted>();
  if (!tx.mailboxByPath(account.id, "INBOX")) {
    makeMailbox(tx, account, "INBOX", "inbox");
    corrected.push("INBOX: made");
  }
  adopt(tx, account, args.orphans ?? [], corrected);
  for (const mailbox of [...tx.mailboxes(account.id)]) recountMailbox(tx, account, mailbox, seen, corrected);
  let bytes = 0;
  for (const { size } of seen.values()) bytes += size;
  if (account.usedBytes !== bytes || account.usedMessages !== seen.size) {
    corrected.push(
      `usage: ${account.usedMessages} messages of ${account.usedBytes} octets are ${seen.size} of ${bytes}`,
    );
    account.usedBytes = bytes;
    account.usedMessages = seen.size;
    tx.saveAccount(account);
  }
  const kept = keptBytes(tx, account);
  if (account.keptBytes !== kept) {
    corrected.push(`removed mail: ${account.keptBytes} octets are ${kept}`);
    account.keptBytes = kept;
    tx.saveAccount(account);
  }
  return { corrected };
}

function keptBytes(tx: Transaction, account: AccountRow): number {
  const sizes = new Map<number, number>();
  for (let after = 0;;) {
    const rows = tx.removedSince(account.id, 0, after, PAGE);
    for (const { email } of rows) {
      if (!sizes.has(email) && tx.membersOf(email).length === 0) sizes.set(email, tx.email(email)?.size ?? 0);
    }
    if (rows.length < PAGE) return [...sizes.values()].reduce((sum, size) => sum + size, 0);
    after = rows[rows.length - 1]!.id;
  }
}

function adopt(tx: Transaction, account: AccountRow, orphans: readonly string[], corrected: string[]): void {
  for (const emailId of orphans) {
    const email = tx.email(rowOf("e", emailId));
    if (email?.account !== account.id || tx.membersOf(email.id).length > 0) continue;
    const mailbox = tx.mailboxByPath(account.id, RECOVERED) ?? makeMailbox(tx, account, RECOVERED, null);
    addMember(tx, mailbox, email, nextModseq(tx, account), 0, "", email.internalDate);
    corrected.push(`${RECOVERED}: ${emailId} put there`);
  }
}

function recountMailbox(
  tx: Transaction,
  account: AccountRow,
  mailbox: MailboxRow,
  seen: Map<number, Counted>,
  corrected: string[],
): void {
  const counted = { messages: 0, unseen: 0, size: 0, deleted: 0 };
  let [lastUid, modseq, removed] = [0, 0, false];
  for (let first = 1;;) {
    const members = tx.members(mailbox.id, first, LAST_UID, PAGE);
    for (const member of members) {
      lastUid = member.uid;
      const sound = soundMember(tx, account, member, seen, corrected);
      if (sound === null) {
        tx.removeMember(member);
        corrected.push(`${mailbox.path}: UID ${member.uid} has no message and is taken out`);
        removed = true;
        continue;
      }
      modseq = Math.max(modseq, sound.modseq);
      counted.messages++;
      counted.size += sound.size;
      if (!(sound.flags & SEEN)) counted.unseen++;
      if (sound.flags & DELETED) counted.deleted++;
    }
    if (members.length < PAGE) break;
    first = lastUid + 1;
  }
  if (mailbox.modseq > account.modseq || modseq > account.modseq) {
    corrected.push(`modseq: ${account.modseq} is ${Math.max(mailbox.modseq, modseq)}`);
    account.modseq = Math.max(mailbox.modseq, modseq);
    tx.saveAccount(account);
  }
  for (const [name, value] of Object.entries(counted) as [keyof typeof counted, number][]) {
    if (mailbox[name] === value) continue;
    corrected.push(`${mailbox.path}: ${name} ${mailbox[name]} are ${value}`);
    mailbox[name] = value;
    removed = true;
  }
  const lastGone = tx.tombstones(mailbox.id, 0).reduce((most, uid) => Math.max(most, uid), 0);
  const uidNext = Math.max(mailbox.uidNext, lastUid + 1, lastGone + 1);
  if (uidNext !== mailbox.uidNext) {
    corrected.push(`${mailbox.path}: UIDNEXT ${mailbox.uidNext} is ${uidNext}`);
    mailbox.uidNext = uidNext;
    removed = true;
  }
  if (!removed && modseq <= mailbox.modseq && !contradicted(tx, mailbox)) return;
  // What clients were told may have been wrong: from before this floor they are told of all that is not there.
  mailbox.modseq = nextModseq(tx, account);
  mailbox.floor = mailbox.modseq;
  corrected.push(`${mailbox.path}: ${mailboxIdOf(mailbox.id)} is told anew`);
  tx.saveMailbox(mailbox);
  tx.touch(account.id, mailbox.id);
}

/** A tombstone of a message that is there. */
function contradicted(tx: Transaction, mailbox: MailboxRow): boolean {
  if (mailbox.floor > mailbox.modseq) return true;
  const gone = new Set(tx.tombstones(mailbox.id, mailbox.floor));
  return gone.size > 0 && tx.uids(mailbox.id).some((uid) => gone.has(uid));
}

/** The membership as it should be, saved where it was not; null where its email is not there. */
function soundMember(
  tx: Transaction,
  account: AccountRow,
  member: MemberRow,
  seen: Map<number, Counted>,
  corrected: string[],
): MemberRow | null {
  const before = seen.get(member.email);
  const size = before?.size ?? sizeOf(tx, account, member);
  if (size === null) return null;
  const isShared = before !== undefined || tx.membersOf(member.email).length > 1;
  const bits = before ? (member.flags & ~EMAIL_BITS) | (before.flags & EMAIL_BITS) : member.flags;
  const flags = isShared ? bits | SHARED : bits;
  const keywords = before?.keywords ?? member.keywords;
  if (!before) seen.set(member.email, { size, flags, keywords });
  if (flags === member.flags && keywords === member.keywords && size === member.size) return member;
  corrected.push(`UID ${member.uid}: its flags or its size`);
  const visible = (flags & ~SHARED) !== (member.flags & ~SHARED) || keywords !== member.keywords;
  const sound = { ...member, flags, keywords, size, modseq: visible ? nextModseq(tx, account) : member.modseq };
  if (size !== member.size) {
    tx.removeMember(member);
    tx.addMember(sound);
  } else tx.saveMember(sound);
  return sound;
}

function sizeOf(tx: Transaction, account: AccountRow, member: MemberRow): number | null {
  const email = tx.email(member.email);
  return email?.account === account.id ? email.size : null;
}
