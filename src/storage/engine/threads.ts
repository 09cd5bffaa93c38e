/**
 * Which thread a message belongs to (RFC 8621 section 3): messages that share a Message-ID among Message-ID,
 * References and In-Reply-To, and have the same base subject.
 */
import { baseSubject, fold, type MessageIndex } from "../../message/mod.ts";
import type { Transaction } from "./tables.ts";

const KEYS_LIMIT = 101;

/** One key for each Message-ID the message names, with its base subject. */
export function threadKeys(index: MessageIndex): readonly string[] {
  const ids = new Set<string>();
  const own = bare(index.envelope.messageId);
  if (own !== "") ids.add(own);
  for (const reference of index.references) {
    if (ids.size >= KEYS_LIMIT) break;
    const id = bare(reference);
    if (id !== "") ids.add(id);
  }
  const subject = fold(baseSubject(index.envelope.subject ?? "").base);
  return Array.from(ids, (id) => id + "\n" + subject);
}

/** The thread's number: that of its first email. */
export function threadOf(tx: Transaction, account: number, index: MessageIndex | null, email: number): number {
  const keys = index ? threadKeys(index) : [];
  return keys.length === 0 ? email : tx.thread(account, keys, email);
}

function bare(messageId: string | null): string {
  if (messageId === null) return "";
  const open = messageId.indexOf("<");
  const close = messageId.indexOf(">", open + 1);
  const id = open >= 0 && close > open ? messageId.slice(open + 1, close) : messageId;
  return id.length <= 998 ? id : "";
}
