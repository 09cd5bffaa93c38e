/** Object ids (RFC 8474 section 4): a letter for the kind, then the row's number in base 36. Numbers are never used again. */
import type { AccountId, EmailId, MailboxId, QueueId, ThreadId } from "../../contract/mod.ts";

/** `a` account, `m` mailbox, `e` email, `t` thread, `q` row of the queue, `r` what was removed. */
export type IdKind = "a" | "m" | "e" | "t" | "q" | "r";

export function accountIdOf(row: number): AccountId {
  return "a" + row.toString(36) as AccountId;
}

export function mailboxIdOf(row: number): MailboxId {
  return "m" + row.toString(36) as MailboxId;
}

export function emailIdOf(row: number): EmailId {
  return "e" + row.toString(36) as EmailId;
}

export function threadIdOf(row: number): ThreadId {
  return "t" + row.toString(36) as ThreadId;
}

export function queueIdOf(row: number): QueueId {
  return "q" + row.toString(36) as QueueId;
}

export function removedIdOf(row: number): string {
  return "r" + row.toString(36);
}

/** The row's number of an id of this kind, or 0 (which no row has) for whatever is none. */
export function rowOf(kind: IdKind, id: string): number {
  if (id.length < 2 || id.length > 12 || id[0] !== kind) return 0;
  let row = 0;
  for (let i = 1; i < id.length; i++) {
    const code = id.charCodeAt(i);
    const digit = code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 122 ? code - 87 : 99;
    if (digit > 35) return 0;
    row = row * 36 + digit;
  }
  return Number.isSafeInteger(row) ? row : 0;
}
