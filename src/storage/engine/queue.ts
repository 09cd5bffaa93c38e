/**
 * The queue. A row's life, each arrow one transaction:
 *
 * ```
 *            claim                 settle: delivered, relayed, failed
 *   ready ───────────▶ leased ─────────────────────────────────────────▶ gone
 *     ▲ │ ▲              │ │
 *     │ │ └──────────────┘ └─ lease over: claimed again by whoever asks
 *     │ │   settle: deferred; putBack: not tried
 *     │ └─ hold ─▶ held ─ release ─┐
 *     └────────────────────────────┘
 * ```
 *
 * Ready and leased rows wait in classes (`queue_class.ts`), each in the order of the times at which somebody must look
 * at them; a claim says how many it takes of each. `queue_change.ts` is what a person or a clock does.
 *
 * A crash in `ready` or `held` changes nothing. A crash in `leased` is a lease that runs out: the attempt is made
 * again, and the peer may see the message twice (RFC 5321 section 6.1 knows no better); it is never lost. Where all rows
 * are changed a page at a time, a crash between two pages leaves the first ones changed: the same again does the rest.
 */
import { lowerAscii } from "../../base/ascii.ts";
import { equalBytes } from "../../base/bytes.ts";
import type { AnswerOf, Args, BlobId, QueueJob, QueueRow, TraceId } from "../../contract/mod.ts";
import { accept } from "./accept.ts";
import { queueIdOf, rowOf } from "./ids.ts";
import { CLASSES, classOf } from "./queue_class.ts";
import type { QueueRecord, Transaction } from "./tables.ts";

/** Recipients of one job: what every server takes in one transaction (RFC 5321 section 4.5.3.1.8). */
const JOB_RECIPIENTS = 100;

export function claim(tx: Transaction, args: Args<"queue.claim">): readonly QueueJob[] {
  const jobs: QueueJob[] = [];
  const taken = new Set<number>();
  const shares = args.shares ?? CLASSES.map((of) => ({ class: of, most: args.limit }));
  for (const { class: of, most } of shares) {
    const enough = Math.min(args.limit, jobs.length + most);
    // What is claimed is not due any more: each round reads on, and no more than it can use.
    while (jobs.length < enough) {
      const due = tx.queueDue(of, args.now, enough - jobs.length).filter((row) => !taken.has(row.id));
      if (due.length === 0) break;
      for (const first of due) if (!taken.has(first.id)) jobs.push(claimed(tx, first, args, taken));
    }
  }
  return jobs;
}

/** A job of this row and of those that go with it. */
function claimed(tx: Transaction, first: QueueRecord, args: Args<"queue.claim">, taken: Set<number>): QueueJob {
  const leaseUntil = args.now + args.leaseMs;
  const rows = companions(tx, first, args.now, taken);
  for (const row of rows) {
    taken.add(row.id);
    row.state = "leased";
    row.owner = args.owner;
    row.wakeAt = leaseUntil;
    tx.saveQueueRow(row);
  }
  return {
    traceId: first.traceId as TraceId,
    domain: first.domain,
    route: first.route,
    class: first.class,
    sender: first.sender,
    blobId: first.blobId,
    size: first.size,
    prefix: first.prefix,
    recipients: rows.map(print),
    leaseUntil,
  };
}

/** Due rows that go in the same SMTP transaction as `first`, itself among them: those behind it, which are next. */
function companions(tx: Transaction, first: QueueRecord, now: number, taken: ReadonlySet<number>): QueueRecord[] {
  const beside = tx.queueBeside(first, now, JOB_RECIPIENTS).filter((row) =>
    row.id !== first.id && !taken.has(row.id) && row.blobId === first.blobId &&
    row.sender.reversePath === first.sender.reversePath && row.sender.envid === first.sender.envid &&
    row.sender.ret === first.sender.ret && equalBytes(row.prefix, first.prefix)
  );
  return [first, ...beside].slice(0, JOB_RECIPIENTS);
}

export function renew(tx: Transaction, args: Args<"queue.renew">): boolean {
  const rows = args.queueIds.map((id) => held(tx, id, args.owner));
  if (rows.some((row) => row === null)) return false;
  for (const row of rows) {
    row!.wakeAt = args.leaseUntil;
    tx.saveQueueRow(row!);
  }
  return true;
}

export function putBack(tx: Transaction, args: Args<"queue.putBack">): AnswerOf<"queue.putBack"> {
  let changed = 0;
  for (const { queueId, dueAt } of args.rows) {
    const row = held(tx, queueId, args.owner);
    if (!row) continue;
    changed++;
    row.state = "ready";
    row.owner = null;
    row.dueAt = row.wakeAt = dueAt;
    tx.saveQueueRow(row);
  }
  if (changed > 0) tx.touchQueue();
  return { changed };
}

export function settle(tx: Transaction, args: Args<"queue.settle">): AnswerOf<"queue.settle"> {
  let settled = 0;
  const gone = new Map<number, QueueRecord>();
  for (const outcome of args.outcomes) {
    const row = held(tx, outcome.queueId, args.owner);
    // A second outcome for the same row must not count.
    if (!row || gone.has(row.id)) continue;
    settled++;
    if (outcome.outcome !== "deferred") {
      gone.set(row.id, row);
      continue;
    }
    row.state = "ready";
    row.owner = null;
    row.attempts++;
    row.class = classOf(row.priority, row.attempts);
    row.lastReply = outcome.reply;
    row.dueAt = row.wakeAt = outcome.dueAt;
    tx.saveQueueRow(row);
    tx.touchQueue();
  }
  // Whoever lost the whole lease has no say: the one who holds it now makes its own notices.
  if (args.outcomes.length === 0 || settled > 0) {
    // Nobody hears of a refusal here, so what finds no room waits.
    for (const notice of args.notices) {
      accept(tx, notice.overQuota === "refuse" ? { ...notice, overQuota: "defer" } : notice);
    }
    if (args.journal.length > 0) tx.addJournal(args.traceId, args.journal);
  }
  for (const row of gone.values()) tx.removeQueueRow(row);
  return { settled };
}

export function list(tx: Transaction, args: Args<"queue.list">): readonly QueueRow[] {
  const { state, traceId } = args;
  const domain = args.domain === undefined ? undefined : lowerAscii(args.domain);
  const after = args.after === null ? 0 : rowOf("q", args.after);
  return tx.queueRows(after, Math.max(0, args.limit), { state, domain, traceId }).map(print);
}

export function get(tx: Transaction, args: Args<"queue.get">): QueueRow | null {
  const row = tx.queueRow(rowOf("q", args.queueId));
  return row && print(row);
}

function held(tx: Transaction, id: string, owner: string): QueueRecord | null {
  const row = tx.queueRow(rowOf("q", id));
  return row && row.state === "leased" && row.owner === owner ? row : null;
}

function print(row: QueueRecord): QueueRow {
  return {
    queueId: queueIdOf(row.id),
    traceId: row.traceId as TraceId,
    recipient: row.recipient,
    domain: row.domain,
    state: row.state,
    priority: row.priority,
    attempts: row.attempts,
    queuedAt: row.queuedAt,
    dueAt: row.dueAt,
    expiresAt: row.expiresAt,
    lastReply: row.lastReply,
    route: row.route,
    ...(row.report !== null && { report: row.report }),
    sender: row.sender,
    blobId: row.blobId as BlobId,
    size: row.size,
  };
}
