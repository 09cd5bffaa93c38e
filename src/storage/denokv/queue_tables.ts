/** The queue with its indexes, and the journal. */
import type { JournalEntry, QueueClass, QueueState } from "../../contract/mod.ts";
import { CLASSES } from "../engine/queue_class.ts";
import type { QueueFilter, QueueRecord } from "../engine/tables.ts";
import { type Key, name, type Part, QUEUE } from "./keys.ts";
import { PersonalTables } from "./personal_tables.ts";

type Counts = Record<QueueState, number>;

const COUNTS: Key = [QUEUE, "counts"];
const NO_ROWS: Counts = { ready: 0, leased: 0, held: 0 };
/** How far behind a row those are looked for that go with it. */
const BESIDE = 400;
const PAGE = 500;
/** Lines of one process in their order. */
let lines = 0;

const rowKey = (id: number): Key => [QUEUE, "row", id];
const traceKey = ({ traceId, id }: QueueRecord): Key => [QUEUE, "trace", name(traceId), id];
const wakeKey = (row: QueueRecord): Key | null =>
  row.wakeAt === null ? null : [QUEUE, "wake", CLASSES.indexOf(row.class), row.wakeAt, row.id];

/** Where lines of the journal lie. */
export const JOURNAL = "j";

export abstract class QueueTables extends PersonalTables {
  protected abstract refer(blobId: QueueRecord["blobId"], by: number): void;

  queueRow(id: number): QueueRecord | null {
    const row = this.view.get<QueueRecord>(rowKey(id));
    return row && { ...row };
  }

  queueRows(after: number, limit: number, filter: QueueFilter): readonly QueueRecord[] {
    if (filter.traceId !== undefined) return this.#ofTrace(filter.traceId, after + 1, Infinity, filter).slice(0, limit);
    const found: QueueRecord[] = [];
    for (let start = after + 1; found.length < limit;) {
      const page = this.view.range<QueueRecord>([QUEUE, "row"], { start: [start], limit: Math.max(limit, PAGE) });
      for (const { value } of page) if (passes(value, filter)) found.push({ ...value });
      if (page.length < Math.max(limit, PAGE)) break;
      start = page[page.length - 1]!.value.id + 1;
    }
    return found.slice(0, limit);
  }

  queueDue(of: QueueClass, now: number, limit: number): readonly QueueRecord[] {
    const prefix: Key = [QUEUE, "wake", CLASSES.indexOf(of)];
    return this.#rows(this.view.range<number>(prefix, { end: [now + 1], limit }).map(({ key }) => key[4] as number));
  }

  queueBeside({ id, traceId, domain, route }: QueueRecord, now: number, limit: number): readonly QueueRecord[] {
    return this.#ofTrace(traceId, id, BESIDE, {}).filter((row) =>
      row.domain === domain && row.route === route && row.wakeAt !== null && row.wakeAt <= now
    ).slice(0, limit);
  }

  queueNext(): number | null {
    let next: number | null = null;
    for (const of of CLASSES.keys()) {
      const [first] = this.view.range([QUEUE, "wake", of], { limit: 1 });
      const wakeAt = first && first.key[3] as number;
      if (wakeAt !== undefined && (next === null || wakeAt < next)) next = wakeAt;
    }
    return next;
  }

  queueCount(): Readonly<Record<QueueState, number>> {
    return { ...(this.view.get<Counts>(COUNTS) ?? NO_ROWS) };
  }

  addQueueRow(row: QueueRecord): void {
    this.#put(null, { ...row, prefix: row.prefix.slice() });
    this.view.set(traceKey(row), 1);
    this.refer(row.blobId, 1);
  }

  saveQueueRow(changed: QueueRecord): void {
    const before = this.view.get<QueueRecord>(rowKey(changed.id));
    if (!before) return;
    const { state, priority, class: of, attempts, queuedAt, dueAt, expiresAt, lastReply, owner, wakeAt, route } =
      changed;
    const times = { queuedAt, dueAt, expiresAt, wakeAt };
    this.#put(before, { ...before, state, priority, class: of, attempts, ...times, lastReply, owner, route });
  }

  removeQueueRow({ id }: QueueRecord): void {
    const before = this.view.get<QueueRecord>(rowKey(id));
    if (!before) return;
    this.#put(before, null);
    this.view.delete(traceKey(before));
    this.refer(before.blobId, -1);
  }

  addJournal(traceId: string, entries: readonly JournalEntry[]): void {
    // Behind all lines of before: by their time, and in the order in which this process wrote them.
    const key: readonly Part[] = [JOURNAL, name(traceId), entries[0]?.at ?? 0, ++lines, Math.random()];
    if (entries.length > 0) this.view.append(key, entries);
  }

  journal(traceId: string): readonly JournalEntry[] {
    return this.view.looseList<readonly JournalEntry[]>([JOURNAL, name(traceId)]).flat();
  }

  #put(before: QueueRecord | null, after: QueueRecord | null): void {
    const counts = this.queueCount() as Counts;
    if (before) counts[before.state]--;
    if (after) counts[after.state]++;
    this.view.set(COUNTS, counts);
    const [was, is] = [before && wakeKey(before), after && wakeKey(after)];
    if (was) this.view.delete(was);
    if (is) this.view.set(is, 1);
    const id = (before ?? after)!.id;
    if (after) this.view.set(rowKey(id), { ...after });
    else this.view.delete(rowKey(id));
  }

  #ofTrace(traceId: string, first: number, limit: number, filter: QueueFilter): QueueRecord[] {
    const found = this.view.range([QUEUE, "trace", name(traceId)], { start: [first], limit });
    return this.#rows(found.map(({ key }) => key[3] as number)).filter((row) => passes(row, filter));
  }

  #rows(ids: readonly number[]): QueueRecord[] {
    return this.view.getAll<QueueRecord>(ids.map(rowKey)).flatMap((row) => row ? [{ ...row }] : []);
  }
}

function passes(row: QueueRecord, { state, domain }: QueueFilter): boolean {
  return (state === undefined || row.state === state) && (domain === undefined || row.domain === domain);
}
