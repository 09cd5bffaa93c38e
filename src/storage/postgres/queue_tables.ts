/** The queue and the journal. Rows that another node works on are passed over, not waited for. */
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
import { type Known, Layer } from "./known.ts";
import { DeliveryTables } from "./delivery_tables.ts";
import type { Replay } from "./replay.ts";
import type { Cells, Param } from "./wire/statement.ts";
import { removal } from "./directory_tables.ts";
import { rowWrite } from "./writes.ts";

export const QUEUE = "select q.id, q.trace, q.recipient, q.domain, q.state, q.attempts, q.queued_at, q.due_at, " +
  "q.expires_at, q.last_reply, q.owner, q.wake_at, q.sender, q.blob, 'b' || encode(b.hash, 'hex'), b.size, q.prefix, " +
  "q.route, q.report, q.priority, q.class from queue q join blobs b on b.id = q.blob";
const STATES: readonly QueueState[] = ["ready", "leased", "held"];
const PRIORITIES: readonly QueuePriority[] = ["urgent", "normal", "bulk"];
/** How far behind a row those are looked for that go with it: rows that went together lie together. */
const BESIDE = 400;
const NEXT = CLASSES.map((_, of) => `(select min(wake_at) from queue where class = ${of} and wake_at is not null)`);

const ADD_ROW = rowWrite(
  "queue",
  "itttiiiiittitibttii",
  "insert into queue select * from $rows",
);
const SAVE_ROW = rowWrite(
  "queue",
  "iiiiiittitii",
  "update queue q set state = v.state, attempts = v.attempts, queued_at = v.queued_at, due_at = v.due_at, " +
    "expires_at = v.expires_at, last_reply = v.last_reply, " +
    "owner = v.owner, wake_at = v.wake_at, route = v.route, priority = v.priority, class = v.class " +
    "from $rows v (id, state, attempts, queued_at, due_at, expires_at, last_reply, owner, wake_at, route, priority, " +
    "class) where q.id = v.id",
  1,
);
const REMOVE_ROW = removal("queue", "id");
export const ADD_GARBAGE = rowWrite("garbage", "i", "insert into garbage select * from $rows on conflict do nothing");
const ADD_JOURNAL = rowWrite(
  "journal",
  "itt",
  "insert into journal (trace, entries) select trace, entries from $rows v (place, trace, entries) order by place",
);

export class QueueTables extends DeliveryTables {
  readonly #rows: Layer<number, QueueRecord | null>;

  constructor(sql: Replay, known: Known) {
    super(sql, known);
    this.#rows = new Layer(known.queue, (row) => row && { ...row });
  }

  override restart(): void {
    super.restart();
    this.#rows.restart();
  }

  override keep(): void {
    super.keep();
    this.#rows.keep();
  }

  queueRow(id: number): QueueRecord | null {
    let row = this.#rows.get(id);
    if (row === undefined) {
      const lock = this.sql.isReadOnly ? "" : " for update of q";
      const cells = this.sql.get(`${QUEUE} where q.id = ?i${lock}`, id);
      this.#rows.set(id, row = cells ? readQueue(cells) : null);
    }
    return row && { ...row };
  }

  queueRows(after: number, limit: number, { state, domain, traceId }: QueueFilter): readonly QueueRecord[] {
    const tests = ["q.id > ?i"];
    const values: Param[] = [after];
    const test = (column: string, type: string, value: string | number | undefined) => {
      if (value === undefined) return;
      tests.push(`q.${column} = ?${type}`);
      values.push(value);
    };
    test("trace", "t", traceId);
    test("domain", "t", domain);
    // Written out, so that the index of those few that are not ready can be used.
    if (state) tests.push(`q.state = ${STATES.indexOf(state)}${state === "ready" ? "" : " and q.state > 0"}`);
    const lock = this.sql.isReadOnly ? "" : " for update of q";
    const sql = `${QUEUE} where ${tests.join(" and ")} order by q.id limit ?i${lock}`;
    return this.sql.all(sql, ...values, limit).map(readQueue);
  }

  queueDue(of: QueueClass, now: number, limit: number): readonly QueueRecord[] {
    const sql = `${QUEUE} where q.class = ?i and q.wake_at <= ?i order by q.wake_at, q.id limit ?i ` +
      "for update of q skip locked";
    return this.sql.all(sql, CLASSES.indexOf(of), now, limit).map(readQueue);
  }

  queueBeside({ id, traceId, domain, route }: QueueRecord, now: number, limit: number): readonly QueueRecord[] {
    // Behind this row, so that those done with are not read again.
    const near = `select id from queue where trace = ?t and ${domain === null ? "domain is null" : "domain = ?t"} ` +
      "and id >= ?i order by id limit ?i";
    const sql = `${QUEUE} where q.id in (${near}) and q.route is not distinct from ?t and q.wake_at <= ?i ` +
      "order by q.id limit ?i for update of q skip locked";
    const place = domain === null ? [traceId] : [traceId, domain];
    return this.sql.all(sql, ...place, id, BESIDE, route, now, limit).map(readQueue);
  }

  queueNext(): number | null {
    return this.sql.get(`select least(${NEXT.join(", ")})`)![0] as number | null;
  }

  queueCount(): Readonly<Record<QueueState, number>> {
    const counts = { ready: 0, leased: 0, held: 0 };
    const rows = this.sql.all("select state, count(*) from queue group by state");
    for (const [state, count] of rows) counts[STATES[state as number]!] = count as number;
    return counts;
  }

  addQueueRow(row: QueueRecord): void {
    this.sql.write(
      ADD_ROW,
      row.id,
      row.traceId,
      JSON.stringify(row.recipient),
      row.domain,
      STATES.indexOf(row.state),
      row.attempts,
      row.queuedAt,
      row.dueAt,
      row.expiresAt,
      asText(row.lastReply),
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
  }

  saveQueueRow(row: QueueRecord): void {
    const state = STATES.indexOf(row.state);
    this.sql.write(
      SAVE_ROW,
      row.id,
      state,
      row.attempts,
      row.queuedAt,
      row.dueAt,
      row.expiresAt,
      asText(row.lastReply),
      row.owner,
      row.wakeAt,
      row.route,
      PRIORITIES.indexOf(row.priority),
      CLASSES.indexOf(row.class),
    );
    this.#rows.set(row.id, { ...row });
  }

  removeQueueRow(row: QueueRecord): void {
    this.sql.write(REMOVE_ROW, row.id);
    this.sql.write(ADD_GARBAGE, row.blob);
    this.#rows.set(row.id, null);
  }

  addJournal(traceId: string, entries: readonly JournalEntry[]): void {
    this.sql.write(ADD_JOURNAL, this.known.journalled++, traceId, JSON.stringify(entries));
  }

  journal(traceId: string): readonly JournalEntry[] {
    return this.sql.all("select entries from journal where trace = ?t order by id", traceId)
      .flatMap(([entries]) => JSON.parse(entries as string) as JournalEntry[]);
  }
}

/** PostgreSQL's text has no NUL. */
function asText(reply: string | null): string | null {
  return reply?.replaceAll("\0", "") ?? null;
}

export function readQueue(cells: Cells): QueueRecord {
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
    priority: PRIORITIES[cells[19] as number]!,
    class: CLASSES[cells[20] as number]!,
  };
}
