/** Gives back space, and forgets the distant past. Any node may do it at any time: bounded work, and nobody waits. */
import type { JournalEntry } from "../../contract/mod.ts";
import { DESTROYED, JOURNAL_MS, TOMBSTONES } from "../engine/retention.ts";
import type { Blobs } from "./blobs.ts";
import { FREE_TO_REMOVE_SQL } from "./schema.ts";
import type { Pool } from "./pool.ts";
import type { Connection } from "./wire/connection.ts";

const BATCH = 2000;
const BATCHES = 20;
const JOURNAL_BATCH = 5000;

/** What nothing refers to may still be on its way to a client, of any node: it gets one round of grace. */
export class Garbage {
  readonly #pool: Pool;
  readonly #blobs: Blobs;
  #due: number[] = [];

  constructor(pool: Pool, blobs: Blobs) {
    this.#pool = pool;
    this.#blobs = blobs;
  }

  /** Answers the octets freed. */
  async reclaim(): Promise<number> {
    let freed = 0;
    const due = this.#due;
    this.#due = [];
    for (let at = 0; at < due.length; at += BATCH) freed += await this.#drop(due.slice(at, at + BATCH));
    await this.#pool.use(async (connection) => {
      const sql = "select blob from garbage limit ?i";
      const [found] = await connection.exchange([{ sql, values: [BATCH * BATCHES] }]);
      this.#due = found!.rows.map(([blob]) => blob as number);
    });
    await this.#pool.use((connection) => expireUploads(connection, Date.now()));
    await this.#pool.use((connection) => pruneTombstones(connection, TOMBSTONES));
    await this.#pool.use((connection) => pruneDestroyed(connection, DESTROYED));
    await this.#pool.use((connection) => pruneJournal(connection, Date.now()));
    await this.#blobs.bodies.sweep();
    return freed;
  }

  /** Rows that somebody is about to name are locked, and passed over; and then looked at again. */
  async #drop(due: readonly number[]): Promise<number> {
    const rows = await this.#pool.use(async (connection) => {
      const [, locked] = await connection.exchange([
        { sql: "begin isolation level read committed", values: [] },
        {
          sql: "select id, 'b' || encode(hash, 'hex') from blobs where id = any (?I) for update skip locked",
          values: [due],
        },
      ]);
      // Somebody here has it in hand: at the next round.
      const free = locked!.rows.filter(([, id]) => !this.#blobs.held(id as never)).map(([id]) => id as number);
      // Whoever copies reads octets that may be outside of the database, and of which its snapshot knows nothing.
      const [mayRemove] = await connection.exchange([{ sql: FREE_TO_REMOVE_SQL, values: [] }]);
      const ids = mayRemove!.rows[0]![0] === true ? free : [];
      const [gone] = await connection.exchange([
        {
          sql: "delete from blobs b where id = any (?I) and not exists (select 1 from emails e where e.blob = b.id) " +
            "and not exists (select 1 from queue q where q.blob = b.id) and not exists " +
            "(select 1 from objects o where o.kind = 'upload' and o.id = b.id) returning id, size, place",
          values: [ids],
        },
        {
          sql: "delete from imap_text where blob = any (?I) and not exists (select 1 from blobs where id = blob)",
          values: [ids],
        },
        // Those that are used again are no garbage any more; those that were passed over stay.
        {
          sql: "delete from garbage where blob = any (?I) or (blob = any (?I) and not exists " +
            "(select 1 from blobs where id = blob))",
          values: [ids, due],
        },
        { sql: "commit", values: [] },
      ]);
      return gone!.rows;
    });
    await this.#blobs.bodies.remove(rows.flatMap(([, , place]) => place === null ? [] : [place as string]));
    return rows.reduce((sum, [, size]) => sum + (size as number), 0);
  }
}

/** Keeps the newest tombstones of each mailbox. Whoever asks from before the floor is told of all that is not there. */
export async function pruneTombstones(connection: Connection, keep: number): Promise<void> {
  const [crowded] = await connection.exchange([{
    sql: "select t.mailbox, m.account, count(*) from tombstones t join mailboxes m on m.id = t.mailbox " +
      "group by t.mailbox, m.account having count(*) > ?i limit 20",
    values: [keep],
  }]);
  for (const [mailbox, account, count] of crowded!.rows as readonly [number, number, number][]) {
    const last = Math.min(count - keep, 5000) - 1;
    const floor = "(select modseq from tombstones where mailbox = ?i order by modseq offset ?i limit 1)";
    await connection.exchange([
      { sql: "begin isolation level read committed", values: [] },
      { sql: "select 1 from accounts where id = ?i for update", values: [account] },
      {
        sql: `update mailboxes set floor = greatest(floor, ${floor}) where id = ?i`,
        values: [mailbox, last, mailbox],
      },
      {
        sql: "delete from tombstones t using mailboxes m where m.id = ?i and t.mailbox = m.id and t.modseq <= m.floor",
        values: [mailbox],
      },
      { sql: "commit", values: [] },
    ]);
  }
}

/** Blobs that were kept until now are nobody's any more. */
export async function expireUploads(connection: Connection, now: number): Promise<void> {
  const sql = "with gone as (delete from objects where kind = 'upload' and created <= ?i returning id) " +
    "insert into garbage select distinct id from gone on conflict do nothing";
  await connection.exchange([{ sql, values: [now] }]);
}

/** Keeps the newest of what is gone from each account. Whoever asks from before the floor has to look at all of it anew. */
export async function pruneDestroyed(connection: Connection, keep: number): Promise<void> {
  const [crowded] = await connection.exchange([{
    sql: "select account, count(*) from destroyed group by account having count(*) > ?i limit 20",
    values: [keep],
  }]);
  for (const [account, count] of crowded!.rows as readonly [number, number][]) {
    const last = Math.min(count - keep, 5000) - 1;
    const floor = "(select modseq from destroyed where account = ?i order by modseq offset ?i limit 1)";
    await connection.exchange([
      { sql: "begin isolation level read committed", values: [] },
      { sql: "select 1 from accounts where id = ?i for update", values: [account] },
      {
        sql: `insert into objects values (?i, 'floor', 0, 0, ${floor}, '') on conflict (account, kind, id) ` +
          "do update set changed = greatest(objects.changed, excluded.changed)",
        values: [account, account, last],
      },
      {
        sql: "delete from destroyed d using objects o where o.account = ?i and o.kind = 'floor' and o.id = 0 and " +
          "d.account = o.account and d.modseq <= o.changed",
        values: [account],
      },
      { sql: "commit", values: [] },
    ]);
  }
}

/**
 * Lines older than the newest by so much go. The newest line is the clock, so that a store that slept keeps its last
 * month; `now` bounds it, so that a line from the future takes nothing away.
 */
export async function pruneJournal(connection: Connection, now: number): Promise<void> {
  const [newest, oldest] = await connection.exchange([
    { sql: "select entries from journal order by id desc limit 1", values: [] },
    { sql: "select id, entries from journal order by id limit ?i", values: [JOURNAL_BATCH] },
  ]);
  if (newest!.rows.length === 0) return;
  const before = Math.min(now, lastAt(newest!.rows[0]![0] as string)) - JOURNAL_MS;
  let upTo = 0;
  for (const [id, entries] of oldest!.rows) {
    if (lastAt(entries as string) >= before) break;
    upTo = id as number;
  }
  if (upTo > 0) await connection.exchange([{ sql: "delete from journal where id <= ?i", values: [upTo] }]);
}

function lastAt(entries: string): number {
  return (JSON.parse(entries) as JournalEntry[]).at(-1)?.at ?? 0;
}
