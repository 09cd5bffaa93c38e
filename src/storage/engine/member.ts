/** What every change of a mailbox's contents shares: counters, modseqs, quota. The only code that touches them. */
import type { Uid } from "../../contract/mod.ts";
import { StorageError } from "../storage.ts";
import { DELETED, SEEN, SHARED } from "./flags.ts";
import { keepOrRemove, noteRemoved } from "./kept.ts";
import type { AccountRow, EmailRecord, MailboxRow, MemberRow, Transaction } from "./tables.ts";
import { rowOf } from "./ids.ts";

const UID_LIMIT = 4294967295;

/** The account of an operation. One that is gone is an infrastructure failure: its sessions are about to end. */
export function accountOf(tx: Transaction, accountId: string): AccountRow {
  const account = tx.account(rowOf("a", accountId));
  if (!account) throw new StorageError("unavailable", "the account is gone");
  return account;
}

/** One modseq for all that an operation changes (RFC 7162 section 3.1: unique per change, not per message). */
export function nextModseq(tx: Transaction, account: AccountRow): number {
  account.modseq++;
  tx.saveAccount(account);
  return account.modseq;
}

/** Puts an email into a mailbox under the next UID. */
export function addMember(
  tx: Transaction,
  mailbox: MailboxRow,
  email: { readonly id: number; readonly size: number },
  modseq: number,
  flags: number,
  keywords: string,
  now: number,
): Uid {
  const uid = mailbox.uidNext;
  if (uid >= UID_LIMIT) throw new StorageError("full", `mailbox ${mailbox.path} has no UIDs left`);
  tx.addMember({ uid, mailbox: mailbox.id, email: email.id, modseq, flags, keywords, saveDate: now, size: email.size });
  mailbox.uidNext = uid + 1;
  mailbox.messages++;
  mailbox.size += email.size;
  if (!(flags & SEEN)) mailbox.unseen++;
  if (flags & DELETED) mailbox.deleted++;
  changed(tx, mailbox, modseq);
  return uid as Uid;
}

/** Takes an email out of a mailbox and leaves a tombstone. The email itself stays. */
export function removeMember(tx: Transaction, mailbox: MailboxRow, member: MemberRow, modseq: number): void {
  noteRemoved(tx, mailbox, member);
  tx.removeMember(member);
  tx.addTombstone(mailbox.id, member.uid, modseq, member.email);
  mailbox.messages--;
  mailbox.size -= member.size;
  if (!(member.flags & SEEN)) mailbox.unseen--;
  if (member.flags & DELETED) mailbox.deleted--;
  changed(tx, mailbox, modseq);
}

/** Writes new flags of a membership, with the mailbox's counters. */
export function setFlags(
  tx: Transaction,
  mailbox: MailboxRow,
  member: MemberRow,
  modseq: number,
  flags: number,
  keywords: string,
): void {
  mailbox.unseen += seenness(member.flags) - seenness(flags);
  mailbox.deleted += (flags & DELETED ? 1 : 0) - (member.flags & DELETED ? 1 : 0);
  member.flags = flags;
  member.keywords = keywords;
  member.modseq = modseq;
  tx.saveMember(member);
  changed(tx, mailbox, modseq);
}

/** After a membership went: the email goes with its last one, or is kept for a time. */
export function dropOrphan(tx: Transaction, account: AccountRow, member: MemberRow): void {
  if (member.flags & SHARED && tx.membersOf(member.email).length > 0) return;
  const email = tx.email(member.email);
  if (!email) return;
  account.usedBytes -= email.size;
  account.usedMessages--;
  tx.addDestroyed({ account: account.id, kind: "email", modseq: account.modseq, id: email.id, thread: email.thread });
  keepOrRemove(tx, account, email);
  tx.saveAccount(account);
}

/** A new email; its size counts once, however many mailboxes it is in. */
export function addEmail(tx: Transaction, account: AccountRow, email: EmailRecord): void {
  tx.addEmail(email);
  account.usedBytes += email.size;
  account.usedMessages++;
  tx.saveAccount(account);
}

/** Whether the account has room for so much more. */
export function hasRoom(account: AccountRow, bytes: number, messages: number): boolean {
  return (account.quotaBytes === null || account.usedBytes + bytes <= account.quotaBytes) &&
    (account.quotaMessages === null || account.usedMessages + messages <= account.quotaMessages);
}

function changed(tx: Transaction, mailbox: MailboxRow, modseq: number): void {
  mailbox.modseq = modseq;
  tx.saveMailbox(mailbox);
  tx.touch(mailbox.account, mailbox.id);
}

function seenness(flags: number): number {
  return flags & SEEN ? 1 : 0;
}
