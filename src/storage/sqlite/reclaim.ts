/**
 * Gives space back. Every step is a transaction of its own and can be cut off anywhere: a row is removed only when
 * nothing refers to its blob, a record is copied and synced before its row moves, a segment goes when no row names it.
 */
import type { BlobId } from "../../contract/mod.ts";
import type { Blobs } from "./blobs.ts";
import type { MailTables } from "./mail_tables.ts";
import { RECORD_HEADER, type Segments } from "./segments.ts";

const BATCH = 200;
const MOVES = 50;

/** Rows of blobs that nothing needs. Answers octets freed and whether there is more. */
export function dropGarbage(tables: MailTables, blobs: Blobs): { freed: number; more: boolean } {
  const rows = tables.sql.all(
    "select g.blob, b.size, 'b' || lower(hex(b.hash)), " +
      "exists (select 1 from emails e where e.blob = g.blob) or exists (select 1 from queue q where q.blob = g.blob) " +
      "from garbage g left join blobs b on b.id = g.blob limit ?",
    BATCH,
  );
  let freed = 0;
  let kept = 0;
  for (const [blob, size, blobId, used] of rows as readonly [number, number | null, BlobId | null, number][]) {
    if (blobId !== null && !used && blobs.isHeld(blobId)) {
      kept++; // somebody has it in hand: at the next round
      continue;
    }
    tables.sql.run("delete from garbage where blob = ?", blob);
    if (used || size === null) continue;
    tables.sql.run("delete from blobs where id = ?", blob);
    freed += size;
  }
  return { freed, more: rows.length === BATCH && kept < rows.length };
}

/** Live octets of each segment, by rows. */
export function liveOctets(tables: MailTables): Map<number, number> {
  const rows = tables.sql.all(
    `select segment, sum(size + ${RECORD_HEADER}) from blobs where segment is not null group by segment`,
  );
  return new Map(rows.map(([segment, octets]) => [segment as number, octets as number]));
}

/** Copies what lives in a segment into another; the caller syncs, then runs what this answers in a transaction. */
export function evacuate(tables: MailTables, blobs: Blobs, segment: number): (() => void) | null {
  const rows = tables.sql.all("select id, start, size, hash from blobs where segment = ? limit ?", segment, MOVES);
  if (rows.length === 0) return null;
  const moves = (rows as readonly [number, number, number, Uint8Array][]).map(([id, start, size, hash]) => ({
    id,
    to: blobs.moveRecord({ segment, start }, size, hash),
  }));
  return () => {
    for (const { id, to } of moves) {
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

/** Segments that hold nothing, or so little that moving it is worth it. */
export function sparse(
  segments: Segments,
  live: ReadonlyMap<number, number>,
  held: ReadonlySet<number>,
  sizeOf: (segment: number) => number,
): number[] {
  return segments.list().filter((segment) =>
    !segments.isOpen(segment) && !held.has(segment) && (live.get(segment) ?? 0) * 2 < sizeOf(segment)
  );
}
