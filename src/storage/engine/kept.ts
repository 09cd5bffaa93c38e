/** What is kept of memberships and emails that go, and how it goes for good. */
import { DELETED, SHARED } from "./flags.ts";
import { isSteady } from "./steady_clock.ts";
import type { AccountRow, EmailRecord, MailboxRow, MemberRow, RemovedRow, Transaction } from "./tables.ts";

/** A membership is about to go. */
export function noteRemoved(tx: Transaction, mailbox: MailboxRow, member: MemberRow): void {
  if (tx.undeleteMs <= 0) return;
  const { uid, email, keywords, saveDate, size } = member;
  const flags = member.flags & ~(DELETED | SHARED);
  const { account, id, path } = mailbox;
  tx.addRemoved({ account, mailbox: id, path, uid, email, flags, keywords, saveDate, size, at: tx.wall() });
}

/** The last membership went: the email is kept, if that is wanted and there is room, or goes. */
export function keepOrRemove(tx: Transaction, account: AccountRow, email: EmailRecord): void {
  if (tx.undeleteMs > 0 && makeRoom(tx, account, email)) {
    account.keptBytes += email.size;
    return;
  }
  // Where nothing is kept, rows of a time when something was go by themselves.
  if (tx.undeleteMs > 0) { for (const row of tx.removedOf(email.id)) tx.dropRemoved(row.id); }
  tx.removeEmail(email);
}

/** The oldest go until the email fits. */
function makeRoom(tx: Transaction, account: AccountRow, email: EmailRecord): boolean {
  const room = account.quotaBytes ?? Infinity;
  if (email.size > room) return false;
  while (account.keptBytes + email.size > room) {
    const oldest = tx.oldestRemoved(account.id);
    if (!oldest || oldest.email === email.id) return false;
    forget(tx, account, oldest);
  }
  return true;
}

/** Ends the keeping of a row, and of its email where nothing else has it. */
export function forget(tx: Transaction, account: AccountRow, row: RemovedRow): void {
  tx.dropRemoved(row.id);
  if (tx.membersOf(row.email).length > 0 || tx.removedOf(row.email).length > 0) return;
  const email = tx.email(row.email);
  if (!email) return;
  tx.removeEmail(email);
  account.keptBytes -= email.size;
  tx.saveAccount(account);
}

/** Everything that is kept of an account goes with it. */
export function forgetAll(tx: Transaction, account: AccountRow): void {
  for (let row = tx.oldestRemoved(account.id); row; row = tx.oldestRemoved(account.id)) forget(tx, account, row);
}

/** What was kept long enough goes, at most `limit` rows; nothing after a leap of the clock. Answers how many went. */
export function expireRemoved(tx: Transaction, limit: number): number {
  if (!isSteady(tx)) return 0;
  const rows = tx.removedBefore(tx.wall() - tx.undeleteMs, limit);
  for (const row of rows) {
    const account = tx.account(row.account);
    if (account) forget(tx, account, row);
    else tx.dropRemoved(row.id);
  }
  return rows.length;
}
