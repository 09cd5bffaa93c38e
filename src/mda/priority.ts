/** How soon a message leaves where not all can leave at once. */
import { lowerAscii } from "../base/ascii.ts";
import type { QueueEntry, QueuePriority } from "../contract/mod.ts";
import { type HeaderField, unfold } from "../message/header.ts";

/** A message with more recipients elsewhere is a mailing by its size. */
export const MANY_RECIPIENTS = 50;

/**
 * What the header says: mailings and lists can wait (RFC 3834 section 5, RFC 2919, RFC 8058), nothing else is known of
 * a message. Importance is the reader's matter, and every advertisement has it.
 */
export function headerPriority(fields: readonly HeaderField[]): QueuePriority {
  for (const { name, raw } of fields) {
    if (name === "list-id" || name === "list-unsubscribe") return "bulk";
    if (name === "precedence" && ["bulk", "list", "junk"].includes(lowerAscii(unfold(raw)).trim())) return "bulk";
  }
  return "normal";
}

/** Entries with the priority of their message. */
export function prioritised(queued: readonly QueueEntry[], priority: QueuePriority): readonly QueueEntry[] {
  const leaving = queued.filter(({ domain }) => domain !== null).length;
  const now = priority === "normal" && leaving > MANY_RECIPIENTS ? "bulk" : priority;
  return now === "normal" ? queued : queued.map((entry) => ({ ...entry, priority: now }));
}
