/** What became of a message for each of its recipients: as its record, the queue and the journal have it. */
import { lowerAscii } from "../../base/ascii.ts";
import type { JournalEntry, QueueRow } from "../../contract/mod.ts";
import type { SentMessage, SentRecipient } from "../../http/send_desk.ts";
import type { SentRecord } from "./sent_record.ts";

/** How the end of a way is told in the journal. */
const ENDS: Readonly<Record<string, SentRecipient["state"]>> = {
  delivered: "delivered",
  relayed: "delivered",
  discarded: "delivered",
  bounced: "bounced",
  refused: "bounced",
  removed: "canceled",
};

export function printSent(
  sent: SentRecord,
  rows: readonly QueueRow[],
  journal: readonly JournalEntry[],
  now: number,
): SentMessage {
  const { traceId, messageId, from, createdAt, sendAt, tags, metadata } = sent;
  const waiting = new Map(rows.filter(({ report }) => !report).map((row) => [lowerAscii(nameOf(row)), row]));
  const ended = new Map<string, JournalEntry>();
  for (const entry of journal) {
    if (entry.recipient !== null && Object.hasOwn(ENDS, entry.event)) ended.set(lowerAscii(entry.recipient), entry);
  }
  const recipients = sent.recipients.map(({ address, suppressed }): SentRecipient => {
    const key = lowerAscii(address);
    const none = { detail: null, at: null, queueId: null, attempts: 0, nextAttempt: null };
    const back = sent.returned && Object.hasOwn(sent.returned, key) ? sent.returned[key] : undefined;
    if (suppressed !== undefined) return { ...none, address, state: "suppressed", detail: suppressed, at: createdAt };
    if (back) return { ...none, address, state: back.kind, detail: back.detail, at: back.at };
    const row = waiting.get(key);
    if (row) return printWaiting(address, row, (sendAt ?? 0) > now);
    if (sent.canceled) return { ...none, address, state: "canceled" };
    const end = ended.get(key);
    if (!end) return { ...none, address, state: "delivered", detail: "Passed on to the addresses behind it." };
    return { ...none, address, state: ENDS[end.event]!, detail: end.detail, at: end.at };
  });
  return { id: traceId, messageId, from, createdAt, sendAt, tags, metadata, recipients };
}

function printWaiting(address: string, row: QueueRow, isEarly: boolean): SentRecipient {
  const { queueId, attempts, dueAt: nextAttempt, lastReply: detail, queuedAt: at } = row;
  const state = isEarly && attempts === 0 ? "scheduled" : detail === null ? "queued" : "deferred";
  return { address, state, detail, at, queueId, attempts, nextAttempt };
}

function nameOf({ recipient }: QueueRow): string {
  return recipient.forwardPath;
}
