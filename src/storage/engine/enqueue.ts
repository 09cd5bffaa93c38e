import type { AcceptArgs, QueueEntry } from "../../contract/mod.ts";
import { classOf } from "./queue_class.ts";
import type { BlobRow, Transaction } from "./tables.ts";

/** A row's birth: `ready`, and due when the entry says. What becomes of it is in `queue.ts`. */
export function enqueue(
  tx: Transaction,
  args: AcceptArgs,
  blob: BlobRow,
  entry: QueueEntry,
  reply: string | null,
): void {
  const priority = entry.priority ?? "normal";
  tx.addQueueRow({
    id: tx.next("queue"),
    traceId: args.traceId,
    recipient: entry.recipient,
    domain: entry.domain,
    state: "ready",
    priority,
    class: classOf(priority, 0),
    attempts: 0,
    queuedAt: args.now,
    dueAt: entry.dueAt,
    expiresAt: entry.expiresAt,
    lastReply: reply,
    owner: null,
    wakeAt: entry.dueAt,
    route: entry.route ?? null,
    report: entry.report ?? null,
    sender: entry.sender ?? args.sender,
    blob: tx.storeBlob(blob),
    blobId: blob.blobId,
    size: blob.size,
    prefix: entry.prefix,
  });
  tx.touchQueue();
}
