/** The queue and the journal. */
import type {
  BlobId,
  DecidedFate,
  EnvelopeRecipient,
  EnvelopeSender,
  JournalEntry,
  QueueClass,
  QueuePriority,
  QueueState,
} from "../../contract/mod.ts";
import { CLASSES } from "../engine/queue_class.ts";
import type { QueueFilter, QueueRecord } from "../engine/tables.ts";
import { DeliveryTables } from "./delivery_tables.ts";
import type { Cells } from "./statements.ts";

const QUEUE = "select q.id, q.trace, q.recipient, q.domain, q.state, q.attempts, q.queued_at, q.due_at, " +
  "q.expires_at, q.last_reply, q.owner, q.wake_at, q.sender, q.blob, 'b' || lower(hex(b.hash)), b.size, q.prefix, q.route, " +
  "q.report, q.priority, q.class " +
  "from queue q join blobs b on b.id = q.blob";
const STATES: readonly QueueState[] = ["ready", "leased", "held"];
const PRIORITIES: readonly QueuePriority[] = ["urgent", "normal", "bulk"];
/** How far behind a row those are looked for that go with it: rows that went together lie together. */
const BESIDE = 400;

export class QueueTables extends DeliveryTables {
  /** Rows in each state, as committed, and what the transaction under way has changed. */
  readonly #counts = [0, 0, 0];
  readonly #changes = [0, 0, 0];
  /** In which state a row was read. */
  readonly #readAs = new WeakMap<QueueRecord, QueueState>();

  queueRow(id: number): QueueRecord | null {
    const cells = this.sql.get(`${QUEUE} where q.id = ?`, id);
    return cells ? this.#read(cells) : null;
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
    // Written out, so that the index of those few that are not ready can be used.
    if (state !== undefined) {
      tests.push(`q.state = ${STATES.indexOf(state)}${state === "ready" ? "" : " and q.state > 0"}`);
    }
    const sql = `${QUEUE} where ${tests.join(" and ")} order by q.id limit ?`;
    return this.sql.all(sql, ...values, limit).map((cells) => this.#read(cells));
  }

  queueDue(of: QueueClass, now: number, limit: number): readonly QueueRecord[] {
    const sql = `${QUEUE} where q.class = ? and q.wake_at is not null and q.wake_at <= ? ` +
      "order by q.wake_at, q.id limit ?";
    return this.sql.all(sql, CLASSES.indexOf(of), now, limit).map((cells) => this.#read(cells));
  }

  queueBeside({ id, traceId, domain, route }: QueueRecord, now: number, limit: number): readonly QueueRecord[] {
    // The index is in the order of ids: behind this row, so that those done with are not read again.
    const near = "select id from queue where trace = ? and domain is ? and id >= ? order by id limit ?";
    const sql = `${QUEUE} where q.id in (${near}) and q.route is ? and q.wake_at <= ? order by q.id limit ?`;
    return this.sql.all(sql, traceId, domain, id, BESIDE, route, now, limit).map((cells) => this.#read(cells));
  }

  /** When the store is opened: its folder has one owner at a time, so whoever held a lease is gone. */
  freeLeases(): void {
    this.sql.run("update queue set state = 0, owner = null, wake_at = due_at where state = 1 and state > 0");
  }

  /** When the store is opened: from here on they are counted along. */
  countQueue(): void {
    const [all] = this.sql.get("select count(*) from queue") as readonly [number];
    const [held] = this.sql.get("select count(*) from queue where state = 2 and state > 0") as readonly [number];
    this.#counts.splice(0, 3, all - held, 0, held);
  }

  queueCount(): Readonly<Record<QueueState, number>> {
    const [ready = 0, leased = 0, held = 0] = this.#counts.map((count, i) => count + this.#changes[i]!);
    return { ready, leased, held };
  }

  override settle(): void {
    super.settle();
    for (const [i, change] of this.#changes.entries()) this.#counts[i]! += change;
    this.#changes.fill(0);
  }

  override forget(): void {
    this.#changes.fill(0);
    super.forget();
  }

  queueNext(): number | null {
    let next: number | null = null;
    const sql = "select min(wake_at) from queue where class = ? and wake_at is not null";
    for (const of of CLASSES.keys()) {
      const [wakeAt = null] = this.sql.get(sql, of) as readonly (number | null)[];
      if (wakeAt !== null && (next === null || wakeAt < next)) next = wakeAt;
    }
    return next;
  }

  addQueueRow(row: QueueRecord): void {
    this.#changes[STATES.indexOf(row.state)]!++;
    this.sql.run(
      "insert into queue values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
      PRIORITIES.indexOf(row.priority),
      CLASSES.indexOf(row.class),
    );
    this.#readAs.set(row, row.state);
  }

  saveQueueRow(row: QueueRecord): void {
    this.#leaves(row);
    this.#changes[STATES.indexOf(row.state)]!++;
    this.#readAs.set(row, row.state);
    this.sql.run(
      "update queue set state = ?, attempts = ?, queued_at = ?, due_at = ?, expires_at = ?, last_reply = ?, owner = ?, wake_at = ?, route = ?, " +
        "priority = ?, class = ? where id = ?",
      STATES.indexOf(row.state),
      row.attempts,
      row.queuedAt,
      row.dueAt,
      row.expiresAt,
      row.lastReply,
      row.owner,
      row.wakeAt,
      row.route,
      PRIORITIES.indexOf(row.priority),
      CLASSES.indexOf(row.class),
      row.id,
    );
  }

  removeQueueRow(row: QueueRecord): void {
    this.#leaves(row);
    this.sql.run("delete from queue where id = ?", row.id);
    this.sql.run("insert or ignore into garbage values (?)", row.blob);
  }

  #read(cells: Cells): QueueRecord {
    const row = readQueue(cells);
    this.#readAs.set(row, row.state);
    return row;
  }

  #leaves(row: QueueRecord): void {
    this.#changes[STATES.indexOf(this.#readAs.get(row)!)]!--;
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
    priority: PRIORITIES[cells[19] as number]!,
    class: CLASSES[cells[20] as number]!,
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
