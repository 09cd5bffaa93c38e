/** The queue and the journal. */
import type {
  BlobId,
  DecidedFate,
  EnvelopeRecipient,
  EnvelopeSender,
  JournalEntry,
  QueueState,
} from "../../contract/mod.ts";
import type { QueueFilter, QueueRecord } from "../engine/tables.ts";
import { DeliveryTables } from "./delivery_tables.ts";
import type { Cells } from "./statements.ts";

const QUEUE = "select q.id, q.trace, q.recipient, q.domain, q.state, q.attempts, q.queued_at, q.due_at, " +
  "q.expires_at, q.last_reply, q.owner, q.wake_at, q.sender, q.blob, 'b' || lower(hex(b.hash)), b.size, q.prefix, q.route, " +
  "q.report " +
  "from queue q join blobs b on b.id = q.blob";
const STATES: readonly QueueState[] = ["ready", "leased", "held"];

export class QueueTables extends DeliveryTables {
  queueRow(id: number): QueueRecord | null {
    const cells = this.sql.get(`${QUEUE} where q.id = ?`, id);
    return cells ? readQueue(cells) : null;
  }

  queueRows(after: number, limit: number, { state, domain, traceId }: QueueFilter): readonly QueueRecord[] {
    const tests = ["q.id > ?"];
    const values: (string | number)[] = [after];
    const test = (column: string, value: string | number | undefined) => {
      if (value === undefined) return;
      tests.push(`q.${column} = ?`);
      values.push(value);
    };
    test("trace", traceId);
    test("domain", domain);
    test("state", state && STATES.indexOf(state));
    const sql = `${QUEUE} where ${tests.join(" and ")} order by q.id limit ?`;
    return this.sql.all(sql, ...values, limit).map(readQueue);
  }

  queueDue(now: number, limit: number): readonly QueueRecord[] {
    const sql = `${QUEUE} where q.wake_at is not null and q.wake_at <= ? order by q.wake_at, q.id limit ?`;
    return this.sql.all(sql, now, limit).map(readQueue);
  }

  queueBeside({ id, traceId, domain, route }: QueueRecord, now: number, limit: number): readonly QueueRecord[] {
    // The index of `trace` is in the order of ids: behind this row, so that those done with are not read again.
    const sql = `${QUEUE} where q.trace = ? and q.id >= ? and q.domain is ? and q.route is ? and q.wake_at <= ? ` +
      "order by q.id limit ?";
    return this.sql.all(sql, traceId, id, domain, route, now, limit).map(readQueue);
  }

  /** When the store is opened: its folder has one owner at a time, so whoever held a lease is gone. */
  freeLeases(): void {
    this.sql.run("update queue set state = 0, owner = null, wake_at = due_at where state = 1");
  }

  queueNext(): number | null {
    return this.sql.get("select min(wake_at) from queue where wake_at is not null")?.[0] as number | null;
  }

  addQueueRow(row: QueueRecord): void {
    this.sql.run(
      "insert into queue values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.id,
      row.traceId,
      JSON.stringify(row.recipient),
      row.domain,
      STATES.indexOf(row.state),
      row.attempts,
      row.queuedAt,
      row.dueAt,
      row.expiresAt,
      row.lastReply,
      row.owner,
      row.wakeAt,
      JSON.stringify(row.sender),
      row.blob,
      row.prefix,
      row.route,
      row.report,
    );
  }

  saveQueueRow(row: QueueRecord): void {
    this.sql.run(
      "update queue set state = ?, attempts = ?, due_at = ?, last_reply = ?, owner = ?, wake_at = ?, route = ? " +
        "where id = ?",
      STATES.indexOf(row.state),
      row.attempts,
      row.dueAt,
      row.lastReply,
      row.owner,
      row.wakeAt,
      row.route,
      row.id,
    );
  }

  removeQueueRow(row: QueueRecord): void {
    this.sql.run("delete from queue where id = ?", row.id);
    this.sql.run("insert or ignore into garbage values (?)", row.blob);
  }

  addJournal(traceId: string, entries: readonly JournalEntry[]): void {
    this.sql.run("insert into journal (trace, entries) values (?, ?)", traceId, JSON.stringify(entries));
  }

  journal(traceId: string): readonly JournalEntry[] {
    return this.sql.all("select entries from journal where trace = ? order by id", traceId)
      .flatMap(([entries]) => JSON.parse(entries as string) as JournalEntry[]);
  }
}

function readQueue(cells: Cells): QueueRecord {
  return {
    id: cells[0] as number,
    traceId: cells[1] as string,
    recipient: JSON.parse(cells[2] as string) as EnvelopeRecipient,
    domain: cells[3] as string | null,
    state: STATES[cells[4] as number]!,
    attempts: cells[5] as number,
    queuedAt: cells[6] as number,
    dueAt: cells[7] as number,
    expiresAt: cells[8] as number,
    lastReply: cells[9] as string | null,
    owner: cells[10] as string | null,
    wakeAt: cells[11] as number | null,
    sender: JSON.parse(cells[12] as string) as EnvelopeSender,
    blob: cells[13] as number,
    blobId: cells[14] as BlobId,
    size: cells[15] as number,
    prefix: cells[16] as Uint8Array,
    route: cells[17] as string | null,
    report: cells[18] as DecidedFate | null,
  };
}
