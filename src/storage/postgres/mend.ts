/** Makes right what `verify` found and what can be made anew from what is there; in steps that are transactions. */
import { hasher } from "../../base/hash.ts";
import type { BlobId } from "../../contract/mod.ts";
import { MessageIndexer } from "../../message/mod.ts";
import type { Mend } from "../storage.ts";
import { SEQUENCES, STRAY_EMAILS, STRAYS } from "../verify/strays.ts";
import { type Blobs, hashOf } from "./blobs.ts";
import { givenBy } from "./copy/sequences.ts";
import { LOCK_DIRECTORY_SQL } from "./schema.ts";
import type { Pool } from "./pool.ts";
import type { Connection } from "./wire/connection.ts";

const PIECE = 256 * 1024;
const PAGE = 5000;
const UNUSED = "insert into garbage select b.id from blobs b where b.id > ?i and b.id <= ?i and " +
  "not exists (select 1 from emails e where e.blob = b.id) and not exists (select 1 from queue q where q.blob = b.id) " +
  "and not exists (select 1 from objects o where o.kind = 'upload' and o.id = b.id) on conflict do nothing";

/** Answers whether there was something to do. */
export async function mend(pool: Pool, blobs: Blobs, what: Mend): Promise<boolean> {
  if (what === "texts") return false; // this driver has no index of texts
  if (what === "rows") return await pool.use((connection) => mendRows(connection));
  return "heal" in what ? await heal(pool, blobs, what.heal) : await mendIndex(pool, blobs, what.blobId);
}

async function mendRows(connection: Connection): Promise<boolean> {
  const begin = { sql: "begin isolation level read committed", values: [] };
  const commit = { sql: "commit", values: [] };
  const strays = [...STRAYS, STRAY_EMAILS].map(([table, where]) => ({
    sql: `delete from ${table} where ${where}`,
    values: [],
  }));
  const results = await connection.exchange([begin, { sql: LOCK_DIRECTORY_SQL, values: [] }, ...strays, commit]);
  let changed = results.slice(2, -1).reduce((sum, { count }) => sum + count, 0);
  for (const [name, sql] of SEQUENCES) {
    const [highest, given] = await connection.exchange([{ sql, values: [] }, { sql: givenBy(name), values: [] }]);
    const next = ((highest!.rows[0]![0] as number | null) ?? 0) + 1;
    if (given!.rows[0]![0] as number >= next - 1) continue;
    await connection.exchange([{ sql: `select setval('"seq_${name}"', ?i, false)`, values: [next] }]);
    changed++;
  }
  for (let after = 0;;) {
    const sql = "select max(id) from (select id from blobs where id > ?i order by id limit ?i) x";
    const [end] = await connection.exchange([{ sql, values: [after, PAGE] }]);
    const to = end!.rows[0]![0] as number | null;
    if (to === null) return changed > 0;
    const [marked] = await connection.exchange([{ sql: UNUSED, values: [after, to] }]);
    changed += marked!.count;
    after = to;
  }
}

async function mendIndex(pool: Pool, blobs: Blobs, blobId: BlobId): Promise<boolean> {
  const found = await rowOf(pool, blobId);
  if (!found) return false;
  const indexer = new MessageIndexer();
  for (let at = 0; at < found.size; at += PIECE) indexer.push(await blobs.read(blobId, at, at + PIECE));
  const { envelope, root, references, truncated } = indexer.finish();
  const extra = references.length + truncated.length === 0 ? null : JSON.stringify([references, truncated]);
  const text = blobs.prepare?.({ envelope, root, references, truncated, size: found.size });
  const id = found.id;
  await pool.use((connection) =>
    connection.exchange([
      { sql: "begin isolation level read committed", values: [] },
      {
        sql: "update blobs set header_end = ?i, extra = ?t, envelope = ?t, structure = ?t where id = ?i",
        values: [root.bodyStart, extra, JSON.stringify(envelope), JSON.stringify(root), id],
      },
      { sql: "update emails set header_end = ?i where blob = ?i", values: [root.bodyStart, id] },
      ...(text
        ? [
          { sql: "delete from imap_text where blob = ?i", values: [id] },
          {
            sql: "insert into imap_text values (?i, ?t, ?t, ?t, ?t)",
            values: [id, text.envelope, text.structure, text.envelopeUtf8, text.structureUtf8],
          },
        ]
        : []),
      { sql: "commit", values: [] },
    ])
  );
  return true;
}

/** Where what is stored is not what its name says, the sealed body takes its place. */
async function heal(pool: Pool, blobs: Blobs, blobId: BlobId): Promise<boolean> {
  const held = blobs.held(blobId);
  const found = await rowOf(pool, blobId);
  if (!held || !found || await isSound(blobs, blobId, found.size)) return false;
  held.isNamed = true;
  await pool.use((connection) =>
    connection.exchange([{
      sql: "update blobs set data = ?b, place = ?t, head = ?b, stored = ?i, packing = ?b where id = ?i",
      values: [held.packed, held.place, held.head, held.packing && held.stored, held.packing, found.id],
    }])
  );
  if (found.place !== null && found.place !== held.place) await blobs.bodies.remove([found.place]).catch(() => {});
  return true;
}

async function isSound(blobs: Blobs, blobId: BlobId, size: number): Promise<boolean> {
  const sum = hasher("sha256");
  try {
    for (let at = 0; at < size;) {
      const piece = await blobs.readStored(blobId, at, Math.min(at + PIECE, size));
      if (piece.length === 0) return false;
      sum.update(piece);
      at += piece.length;
    }
  } catch {
    return false;
  }
  return "b" + sum.digest().toHex() === blobId;
}

async function rowOf(
  pool: Pool,
  blobId: BlobId,
): Promise<{ readonly id: number; readonly size: number; readonly place: string | null } | null> {
  const step = { sql: "select id, size, place from blobs where hash = ?b", values: [hashOf(blobId)] };
  const [found] = await pool.use((connection) => connection.exchange([step]));
  const [id, size, place] = (found!.rows[0] ?? []) as unknown as readonly [number?, number?, (string | null)?];
  return id === undefined ? null : { id, size: size!, place: place ?? null };
}
