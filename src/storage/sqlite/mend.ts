/** Makes right what `verify` found and what can be made anew from what is there; in steps that are transactions. */
import { hasher } from "../../base/hash.ts";
import type { BlobId } from "../../contract/mod.ts";
import { MessageIndexer } from "../../message/mod.ts";
import type { Mend } from "../storage.ts";
import type { Blobs } from "./blobs.ts";
import type { MailTables } from "./mail_tables.ts";
import type { Segments } from "./segments.ts";
import type { TextIndex } from "./text_index/mod.ts";
import { SEQUENCES, STRAY_EMAILS, STRAYS } from "../verify/strays.ts";

const PIECE = 256 * 1024;
const PAGE = 5000;
const UNUSED = "select b.id from blobs b where b.id > ? and b.id <= ? and " +
  "not exists (select 1 from emails e where e.blob = b.id) and not exists (select 1 from queue q where q.blob = b.id) " +
  "and not exists (select 1 from objects o where o.kind = 'upload' and o.id = b.id)";

export interface MendParts {
  readonly blobs: Blobs;
  readonly index: TextIndex;
  readonly segments: Segments;
  readonly write: <R>(run: (tables: MailTables) => R) => Promise<R>;
  /** Lets others in. */
  readonly pause: () => Promise<void>;
}

/** Answers whether there was something to do. */
export async function mend(parts: MendParts, what: Mend): Promise<boolean> {
  if (what === "texts") return await parts.index.renew(), true;
  if (what === "rows") return await mendRows(parts);
  return "heal" in what ? await heal(parts, what.heal) : await mendIndex(parts, what.blobId);
}

async function mendRows({ write, pause }: MendParts): Promise<boolean> {
  let changed = await write((tables) => {
    let rows = 0;
    for (const [table, where] of [...STRAYS, STRAY_EMAILS]) {
      rows += tables.sql.run(`delete from ${table} where ${where}`);
    }
    for (const [name, sql] of SEQUENCES) {
      if (tables.raise(name, Number(tables.sql.get(sql)?.[0] ?? 0))) rows++;
    }
    return rows;
  });
  for (let after = 0;;) {
    const last = await write((tables) => {
      const end = tables.sql.get(
        "select max(id) from (select id from blobs where id > ? order by id limit ?)",
        after,
        PAGE,
      );
      const to = end?.[0] as number | null ?? null;
      if (to !== null) changed += tables.sql.run(`insert or ignore into garbage ${UNUSED}`, after, to);
      return to;
    });
    if (last === null) return changed > 0;
    after = last;
    await pause();
  }
}

async function mendIndex({ blobs, write, pause }: MendParts, blobId: BlobId): Promise<boolean> {
  const row = blobs.find(blobId);
  if (!row) return false;
  const indexer = new MessageIndexer();
  for (let at = 0; at < row.size; at += PIECE) {
    indexer.push(blobs.read(blobId, at, at + PIECE));
    await pause();
  }
  const fresh = indexer.finish();
  return await write(() => blobs.saveIndex(blobId, fresh));
}

/** Where what is stored is not what its name says, the sealed body takes its place. */
async function heal({ blobs, segments, write, pause }: MendParts, blobId: BlobId): Promise<boolean> {
  const sum = hasher("sha256");
  try {
    for (let at = 0;;) {
      const piece = blobs.readStored(blobId, at, at + PIECE);
      if (piece === null) return false; // it is not stored
      if (piece.length === 0) break;
      sum.update(piece);
      at += piece.length;
      await pause();
    }
    if ("b" + sum.digest().toHex() === blobId) return false;
  } catch {
    // It cannot be read, which is as bad.
  }
  await segments.sync();
  return await write(() => blobs.replaceStored(blobId));
}
