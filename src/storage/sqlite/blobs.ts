/** Blobs: those sealed in this process and not yet let go, those in rows, and those in the segment log. */
import { EMPTY } from "../../base/bytes.ts";
import type { BlobId, ImapText } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import type { BlobRow } from "../engine/tables.ts";
import { BodyPacking } from "../packing/mod.ts";
import { type BlobWriter, type SealedBlob, StorageError } from "../storage.ts";
import { Writer } from "./blob_writer.ts";
import type { Place, Segments } from "./segments.ts";
import type { Statements } from "./statements.ts";

const COPY_PIECE = 256 * 1024;

/** A body that was written but has no row. Octets or a place; neither where the same body is held already. */
export interface WrittenBody {
  readonly blobId: BlobId;
  readonly size: number;
  readonly bytes: Uint8Array | null;
  readonly place: Place | null;
  /** What a row is to keep of them. */
  readonly packed: Uint8Array | null;
  readonly stored: number;
  /** Its table, null where octets lie as they came. */
  readonly packing: Uint8Array | null;
}

interface Held extends WrittenBody {
  /** The row's number, 0 as long as there is none. */
  id: number;
  readonly index: MessageIndex;
  holds: number;
}

/** A body as its row tells it; octets where it has them itself. */
export interface StoredBody {
  readonly size: number;
  readonly stored: number;
  readonly place: Place | null;
  readonly packing: Uint8Array | null;
  readonly octets: Uint8Array | null;
}

export class Blobs {
  readonly #sql: Statements;
  readonly #segments: Segments;
  readonly #prepare: ((index: MessageIndex) => ImapText) | null;
  readonly packing: BodyPacking;
  readonly #held = new Map<BlobId, Held>();
  /** Rows made in the transaction that is under way. */
  #fresh: Held[] = [];

  constructor(
    sql: Statements,
    segments: Segments,
    prepare: ((index: MessageIndex) => ImapText) | null = null,
    packing: BodyPacking = new BodyPacking(),
  ) {
    this.packing = packing;
    this.#sql = sql;
    this.#segments = segments;
    this.#prepare = prepare;
  }

  /** After a commit or a rollback. */
  settle(committed: boolean): void {
    if (!committed) { for (const held of this.#fresh) held.id = 0; }
    this.#fresh = [];
  }

  isHeld(blobId: BlobId): boolean {
    return this.#held.has(blobId);
  }

  /** Whether a transaction that stores this blob must wait for a sync of the segments. */
  needsSync(blobId: BlobId): boolean {
    const held = this.#held.get(blobId);
    return held !== undefined && held.id === 0 && held.place !== null;
  }

  /** Octets of a body that the transaction which stores this blob will write. */
  octetsToWrite(blobId: BlobId): number {
    const held = this.#held.get(blobId);
    return held && held.id === 0 ? held.packed?.length ?? 0 : 0;
  }

  find(blobId: BlobId): BlobRow | null {
    const held = this.#held.get(blobId);
    if (held) return held;
    const cells = this.#row("id, size", blobId);
    return cells ? { id: cells[0] as number, blobId, size: cells[1] as number } : null;
  }

  store(blobId: BlobId): number {
    const held = this.#held.get(blobId);
    if (held && held.id > 0) return held.id;
    const there = this.#row("id", blobId)?.[0] as number | undefined;
    if (!held && there === undefined) throw new StorageError("bug", `there is no blob ${blobId}`);
    if (!held) return there!;
    held.id = there ?? this.#insert(held);
    this.#fresh.push(held);
    return held.id;
  }

  index(blobId: BlobId): MessageIndex | null {
    const held = this.#held.get(blobId);
    if (held) return held.index;
    const cells = this.#row("size, extra, envelope, structure", blobId);
    if (!cells) return null;
    const [size, extra, envelope, structure] = cells as [number, string | null, string, string];
    const [references, truncated] = extra === null ? [[], []] : JSON.parse(extra);
    return { size, envelope: JSON.parse(envelope), root: JSON.parse(structure), references, truncated };
  }

  headerEnd(blobId: BlobId): number {
    const held = this.#held.get(blobId);
    return held ? held.index.root.bodyStart : this.#row("header_end", blobId)?.[0] as number;
  }

  read(blobId: BlobId, start: number, end: number): Uint8Array {
    const held = this.#held.get(blobId);
    if (!held) return this.#readStored(blobId, start, end);
    const from = Math.max(0, Math.min(start, held.size));
    const to = Math.max(from, Math.min(end, held.size, from + COPY_PIECE));
    if (from === to) return EMPTY;
    if (held.bytes) return held.bytes.slice(from, to);
    return this.slice({ ...held, octets: null }, hashBytes(blobId), from, to);
  }

  /** Stored octets, whatever is sealed; null where there is no such blob. */
  readStored(blobId: BlobId, start: number, end: number): Uint8Array | null {
    return this.#row("id", blobId) ? this.#readStored(blobId, start, end) : null;
  }

  /** The octets of a sealed body take the place of stored ones. */
  replaceStored(blobId: BlobId): boolean {
    const held = this.#held.get(blobId);
    if (!held || (held.place && this.#segments.isBroken(held.place.segment))) return false;
    const sql = "update blobs set size = ?, segment = ?, start = ?, data = ?, stored = ?, packing = ? where hash = ?";
    const { size, place, packed, stored, packing } = held;
    return this.#sql.run(
      sql,
      size,
      place?.segment ?? null,
      place?.start ?? null,
      packed,
      packing && stored,
      packing,
      hashBytes(blobId),
    ) > 0;
  }

  /** One question of the database, whether it has the octets itself or knows where they are. */
  #readStored(blobId: BlobId, start: number, end: number): Uint8Array {
    const from = Math.max(0, start);
    const wanted = Math.max(0, Math.min(end - from, COPY_PIECE));
    const hash = hashBytes(blobId);
    const cells = blobId.length === 65
      ? this.#sql.get(
        "select size, segment, start, stored, packing, case when segment is not null then null " +
          "when packing is null then substr(data, ?, ?) else data end from blobs where hash = ?",
        from + 1,
        wanted,
        hash,
      )
      : undefined;
    if (!cells) throw new StorageError("bug", `there is no blob ${blobId}`);
    const [size, segment, begin, stored, packing, octets] = cells as readonly [
      number,
      number | null,
      number,
      number | null,
      Uint8Array | null,
      Uint8Array | null,
    ];
    if (packing === null && octets !== null) return octets;
    const place = segment === null ? null : { segment, start: begin };
    const to = Math.max(from, Math.min(from + wanted, size));
    return this.slice({ size, stored: stored ?? size, place, packing, octets }, hash, from, to);
  }

  /** Plain octets `[from, to)` of a stored body, which are some of its own; `hash` names it. */
  slice({ size, place, packing, octets }: StoredBody, hash: Uint8Array, from: number, to: number): Uint8Array {
    if (from >= to) return EMPTY;
    if (packing === null) return octets?.subarray(from, to) ?? this.#segments.read(place!, from, to - from);
    const fetch = (start: number, length: number) =>
      octets?.subarray(start, start + length) ?? this.#segments.read(place!, start, length);
    return this.packing.read({ table: packing, hash, size }, from, to, fetch);
  }

  hold(written: WrittenBody, index: MessageIndex): SealedBlob {
    const { blobId, size } = written;
    let held = this.#held.get(blobId);
    if (held) held.holds++;
    else this.#held.set(blobId, held = { ...written, id: 0, index, holds: 1 });
    const own = held;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      if (--own.holds === 0) this.#held.delete(blobId);
    };
    return { blobId, size, release };
  }

  writer(): BlobWriter {
    return new Writer(this, this.#segments, this.packing);
  }

  /** Segments in which something is that is held but has no row. */
  heldSegments(): ReadonlySet<number> {
    const found = new Set<number>();
    for (const { place } of this.#held.values()) if (place) found.add(place.segment);
    return found;
  }

  /** Copies a record as it is into a segment that is being written, and lets others run in between. */
  async moveRecord(place: Place, stored: number, hash: Uint8Array, isPacked: boolean): Promise<Place> {
    const writer = this.#segments.writer();
    try {
      for (let at = 0; at < stored; at += COPY_PIECE) {
        writer.write(this.#segments.read(place, at, Math.min(COPY_PIECE, stored - at)));
        await new Promise<void>((next) => setTimeout(next, 1)); // as in `Breath`: an immediate lets nobody in
      }
      return writer.finish(hash, isPacked);
    } catch (error) {
      writer.abort();
      throw error;
    }
  }

  #insert(held: Held): number {
    const { index, size, packed, place, stored, packing } = held;
    if (place && this.#segments.isBroken(place.segment)) {
      throw new StorageError("unavailable", `the body is in segment ${place.segment}, whose sync failed`);
    }
    const row = this.#sql.insert(
      "insert into blobs (hash, size, segment, start, header_end, extra, envelope, structure, data, stored, packing) " +
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      Uint8Array.fromHex(held.blobId.slice(1)),
      size,
      place?.segment ?? null,
      place?.start ?? null,
      index.root.bodyStart,
      extraOf(index),
      JSON.stringify(index.envelope),
      JSON.stringify(index.root),
      packed,
      packing && stored,
      packing,
    );
    this.#prepareText(row, index);
    return row;
  }

  #prepareText(row: number, index: MessageIndex): void {
    const text = this.#prepare?.(index);
    if (!text) return;
    const { envelope, structure, envelopeUtf8, structureUtf8 } = text;
    const sql = "insert or replace into imap_text values (?, ?, ?, ?, ?)";
    this.#sql.run(sql, row, envelope, structure, envelopeUtf8, structureUtf8);
  }

  /** Writes an index that was made anew. False: there is no such blob. */
  saveIndex(blobId: BlobId, index: MessageIndex): boolean {
    const id = this.#row("id", blobId)?.[0] as number | undefined;
    if (id === undefined) return false;
    const { bodyStart } = index.root;
    this.#sql.run(
      "update blobs set header_end = ?, extra = ?, envelope = ?, structure = ? where id = ?",
      bodyStart,
      extraOf(index),
      JSON.stringify(index.envelope),
      JSON.stringify(index.root),
      id,
    );
    this.#sql.run("update emails set header_end = ? where blob = ?", bodyStart, id);
    this.#prepareText(id, index);
    return true;
  }

  #row(columns: string, blobId: BlobId) {
    if (blobId.length !== 65) return undefined;
    return this.#sql.get(`select ${columns} from blobs where hash = ?`, hashBytes(blobId));
  }
}

function extraOf({ references, truncated }: MessageIndex): string | null {
  return references.length + truncated.length === 0 ? null : JSON.stringify([references, truncated]);
}

/** Octets that lie in a row or a segment. */
export const STORED = "coalesce(stored, size)";

/**
 * Octets of the segment log up to which rows reach: segment → end. From one segment to the next by the index, so that a
 * start takes as long as there are segments, however many bodies are in them.
 */
export function segmentEnds(sql: Statements): Map<number, number> {
  const ends = new Map<number, number>();
  const next = "select min(segment) from blobs where segment is not null and segment > ?";
  const last = `select start + ${STORED} from blobs where segment = ? order by start desc limit 1`;
  for (let segment = 0;;) {
    const found = sql.get(next, segment)![0] as number | null;
    if (found === null) return ends;
    ends.set(segment = found, sql.get(last, segment)![0] as number);
  }
}

/** What broke, in the store's words. SQLite and the file system say "full" each in its own way. */
export function infrastructure(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const full = text.includes("No space left") || text.includes("is full") || text.includes("ENOSPC") ||
    text.includes("quota exceeded");
  const known = full || text.includes("disk I/O") || text.includes("locked") || text.includes("readonly") ||
    text.includes("unable to open") || text.includes("os error");
  return new StorageError(full ? "full" : known ? "unavailable" : "bug", text, error);
}

function hashBytes(blobId: BlobId): Uint8Array {
  try {
    return Uint8Array.fromHex(blobId.slice(1));
  } catch {
    return new Uint8Array(0);
  }
}
