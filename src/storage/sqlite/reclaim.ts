/**
 * Gives space back. Every step is a transaction of its own and can be cut off anywhere: a row is removed only when
 * nothing refers to its blob, a record is copied and synced before its row moves, a segment goes when no row names it.
 */
import type { BlobId } from "../../contract/mod.ts";
import { expireRemoved } from "../engine/kept.ts";
import { isSteady } from "../engine/steady_clock.ts";
import { type Blobs, STORED } from "./blobs.ts";
import type { MailTables } from "./mail_tables.ts";
import { pruneDestroyed, pruneJournal, pruneTombstones } from "./prune.ts";
import { type Place, RECORD_HEADER, type Segments } from "./segments.ts";
import type { Statements } from "./statements.ts";

const BATCH = 200;
/** A round removes at most so many batches of rows, each a transaction. */
const BATCHES = 100;
const MOVES = 50;
const MOVED_OCTETS = 8 * 1024 * 1024;
/** Segments a round. */
const SEGMENTS = 4;
/** Waste below this is left where it is. */
const WORTH_OCTETS = 1024 * 1024;

/**
 * Garbage of the round before, by a table of this process: what nothing refers to may still be on its way to a client,
 * so it gets one round of grace. At the start nobody is reading, so all there is is due.
 */
export function markGarbage(sql: Statements): void {
  sql.exec("create temp table if not exists due (blob integer primary key)");
  sql.exec("insert or ignore into temp.due select blob from garbage");
}

/** Rows of blobs that nothing needs, beyond `after`. Answers octets freed and where to go on, or null at the end. */
export function dropGarbage(
  tables: MailTables,
  blobs: Blobs,
  after: number,
): { readonly freed: number; readonly next: number | null } {
  const rows = tables.sql.all(
    "select d.blob, coalesce(b.stored, b.size), 'b' || lower(hex(b.hash)), " +
      "exists (select 1 from emails e where e.blob = d.blob) or exists (select 1 from queue q where q.blob = d.blob) " +
      "or exists (select 1 from objects o where o.kind = 'upload' and o.id = d.blob) " +
      "from temp.due d left join blobs b on b.id = d.blob where d.blob > ? order by d.blob limit ?",
    after,
    BATCH,
  );
  let freed = 0;
  for (const [blob, size, blobId, used] of rows as readonly [number, number | null, BlobId | null, number][]) {
    // Somebody has it in hand: at the next round.
    if (blobId !== null && !used && blobs.isHeld(blobId)) continue;
    tables.sql.run("delete from temp.due where blob = ?", blob);
    tables.sql.run("delete from garbage where blob = ?", blob);
    if (used || size === null) continue;
    tables.sql.run("delete from blobs where id = ?", blob);
    tables.sql.run("delete from imap_text where blob = ?", blob);
    freed += size;
  }
  return { freed, next: rows.length < BATCH ? null : rows[rows.length - 1]![0] as number };
}

/** Live octets of each segment, by rows. */
export function liveOctets(tables: MailTables): Map<number, number> {
  const rows = tables.sql.all(
    `select segment, sum(${STORED} + ${RECORD_HEADER}) from blobs where segment is not null group by segment`,
  );
  return new Map(rows.map(([segment, octets]) => [segment as number, octets as number]));
}

/**
 * Copies what lives in a segment into another, a bounded piece of it; the caller syncs, then runs what this answers in
 * a transaction.
 */
export async function evacuate(tables: MailTables, blobs: Blobs, segment: number): Promise<(() => void) | null> {
  const rows = tables.sql.all(
    `select id, start, ${STORED}, hash, packing is not null from blobs where segment = ? limit ?`,
    segment,
    MOVES,
  );
  if (rows.length === 0) return null;
  const moves: { readonly id: number; readonly to: Place }[] = [];
  let octets = 0;
  for (const [id, start, stored, hash, isPacked] of rows as Iterable<[number, number, number, Uint8Array, number]>) {
    if (octets > MOVED_OCTETS) break;
    octets += stored;
    moves.push({ id, to: await blobs.moveRecord({ segment, start }, stored, hash, isPacked !== 0) });
  }
  return () => {
    for (const { id, to } of moves) {
      // A row that went meanwhile stays gone: its copy is waste for a later round.
      tables.sql.run(
        "update blobs set segment = ?, start = ? where id = ? and segment = ?",
        to.segment,
        to.start,
        id,
        segment,
      );
    }
  };
}

/** Segments that hold nothing, or so little that moving it is worth it; at most `limit`. Nobody writes them any more. */
export function sparse(
  segments: Segments,
  live: ReadonlyMap<number, number>,
  held: ReadonlySet<number>,
  limit: number,
): number[] {
  const found: number[] = [];
  for (const segment of segments.list()) {
    if (found.length === limit) break;
    const octets = live.get(segment) ?? 0;
    const size = segments.sizeOf(segment);
    const worth = octets === 0 || (octets * 2 < size && size - octets >= WORTH_OCTETS);
    if (worth && !held.has(segment) && segments.rest(segment)) found.push(segment);
  }
  return found;
}

/** Empties segments that hold little, and takes those away that hold nothing. */
async function tidySegments(
  tables: MailTables,
  blobs: Blobs,
  segments: Segments,
  write: <R>(run: (tables: MailTables) => R) => Promise<R>,
): Promise<number> {
  let freed = 0;
  for (const segment of sparse(segments, liveOctets(tables), blobs.heldSegments(), SEGMENTS)) {
    const move = await evacuate(tables, blobs, segment);
    if (move) {
      await segments.sync();
      await write(move);
    }
    if (!liveOctets(tables).has(segment) && !blobs.heldSegments().has(segment)) freed += segments.remove(segment);
  }
  return freed;
}

/** Everything that can be given back now, in bounded steps. Answers the octets freed. */
export async function reclaim(
  tables: MailTables,
  blobs: Blobs,
  segments: Segments,
  write: <R>(run: (tables: MailTables) => R) => Promise<R>,
  freeToMove: () => (() => void) | null,
): Promise<number> {
  let freed = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    if (await write((tx) => expireRemoved(tx, BATCH)) < BATCH) break;
  }
  for (let batch = 0; batch < BATCHES; batch++) {
    if (await write((tx) => isSteady(tx) ? tx.expireUploads(tx.wall(), BATCH) : 0) < BATCH) break;
  }
  let after: number | null = 0;
  for (let batch = 0; batch < BATCHES && after !== null; batch++) {
    const from: number = after;
    const swept = await write((tx) => dropGarbage(tx, blobs, from));
    freed += swept.freed;
    after = swept.next;
  }
  await write((tx) => markGarbage(tx.sql));
  const done = freeToMove();
  try {
    // While somebody copies the segments, they stay as they are.
    if (done) freed += await tidySegments(tables, blobs, segments, write);
  } finally {
    done?.();
  }
  await write((tx) => pruneTombstones(tx));
  await write((tx) => pruneDestroyed(tx));
  await write((tx) => {
    if (isSteady(tx)) pruneJournal(tx, tx.wall());
  });
  tables.sql.exec("pragma incremental_vacuum(2000)");
  return freed;
}
