/** Blobs: those sealed in this process and not yet let go, those in rows, and those in the segment log. */
import { concatBytes } from "../../base/bytes.ts";
import { digest, type Hasher, hasher } from "../../base/hash.ts";
import type { BlobId, ImapText } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import type { BlobRow } from "../engine/tables.ts";
import { type BlobWriter, type SealedBlob, StorageError } from "../storage.ts";
import type { Place, Segments, SegmentWriter } from "./segments.ts";
import type { Statements } from "./statements.ts";

/** Up to here a body travels in its row's commit; beyond, an fdatasync of a segment is cheaper. */
const ROW_LIMIT = 32 * 1024;
const COPY_PIECE = 256 * 1024;

interface Held {
  /** The row's number, 0 as long as there is none. */
  id: number;
  readonly blobId: BlobId;
  readonly size: number;
  readonly index: MessageIndex;
  readonly bytes: Uint8Array | null;
  readonly place: Place | null;
  holds: number;
}

export class Blobs {
  readonly #sql: Statements;
  readonly #segments: Segments;
  readonly #prepare: ((index: MessageIndex) => ImapText) | null;
  readonly #held = new Map<BlobId, Held>();
  /** Rows made in the transaction that is under way. */
  #fresh: Held[] = [];

  constructor(sql: Statements, segments: Segments, prepare: ((index: MessageIndex) => ImapText) | null = null) {
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
    return held && held.id === 0 ? held.bytes?.length ?? 0 : 0;
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
    const length = Math.max(0, Math.min(end, held.size, from + COPY_PIECE) - from);
    if (length === 0) return new Uint8Array(0);
    return held.bytes ? held.bytes.slice(from, from + length) : this.#segments.read(held.place!, from, length);
  }

  /** Stored octets, whatever is sealed; null where there is no such blob. */
  readStored(blobId: BlobId, start: number, end: number): Uint8Array | null {
    return this.#row("id", blobId) ? this.#readStored(blobId, start, end) : null;
  }

  /** The octets of a sealed body take the place of stored ones. */
  replaceStored(blobId: BlobId): boolean {
    const held = this.#held.get(blobId);
    if (!held || (held.place && this.#segments.isBroken(held.place.segment))) return false;
    const sql = "update blobs set size = ?, segment = ?, start = ?, data = ? where hash = ?";
    const { size, place, bytes } = held;
    return this.#sql.run(sql, size, place?.segment ?? null, place?.start ?? null, bytes, hashBytes(blobId)) > 0;
  }

  /** One question of the database, whether it has the octets itself or knows where they are. */
  #readStored(blobId: BlobId, start: number, end: number): Uint8Array {
    const from = Math.max(0, start);
    const wanted = Math.max(0, Math.min(end - from, COPY_PIECE));
    const cells = blobId.length === 65
      ? this.#sql.get(
        "select size, segment, start, case when segment is null then substr(data, ?, ?) end from blobs where hash = ?",
        from + 1,
        wanted,
        hashBytes(blobId),
      )
      : undefined;
    if (!cells) throw new StorageError("bug", `there is no blob ${blobId}`);
    const place = placeOf(cells);
    if (place === null) return cells[3] as Uint8Array;
    const length = Math.max(0, Math.min(wanted, cells[0] as number - from));
    return length === 0 ? new Uint8Array(0) : this.#segments.read(place, from, length);
  }

  /** The first octets of a body that is not in a row. */
  readPlace(place: Place, end: number): Uint8Array {
    return this.#segments.read(place, 0, end);
  }

  hold(blobId: BlobId, size: number, index: MessageIndex, bytes: Uint8Array | null, place: Place | null): SealedBlob {
    let held = this.#held.get(blobId);
    if (held) held.holds++;
    else this.#held.set(blobId, held = { id: 0, blobId, size, index, bytes, place, holds: 1 });
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
    return new Writer(this, this.#segments);
  }

  /** Segments in which something is that is held but has no row. */
  heldSegments(): ReadonlySet<number> {
    const found = new Set<number>();
    for (const { place } of this.#held.values()) if (place) found.add(place.segment);
    return found;
  }

  /** Copies a record into a segment that is being written, and lets others run in between. */
  async moveRecord(place: Place, size: number, hash: Uint8Array): Promise<Place> {
    const writer = this.#segments.writer();
    try {
      for (let at = 0; at < size; at += COPY_PIECE) {
        writer.write(this.#segments.read(place, at, Math.min(COPY_PIECE, size - at)));
        await new Promise<void>((next) => setTimeout(next, 1)); // as in `Breath`: an immediate lets nobody in
      }
      return writer.finish(hash);
    } catch (error) {
      writer.abort();
      throw error;
    }
  }

  #insert(held: Held): number {
    const { index, size, bytes, place } = held;
    if (place && this.#segments.isBroken(place.segment)) {
      throw new StorageError("unavailable", `the body is in segment ${place.segment}, whose sync failed`);
    }
    const row = this.#sql.insert(
      "insert into blobs (hash, size, segment, start, header_end, extra, envelope, structure, data) " +
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      Uint8Array.fromHex(held.blobId.slice(1)),
      size,
      place?.segment ?? null,
      place?.start ?? null,
      index.root.bodyStart,
      extraOf(index),
      JSON.stringify(index.envelope),
      JSON.stringify(index.root),
      bytes,
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

/**
 * Octets of the segment log up to which rows reach: segment → end. From one segment to the next by the index, so that a
 * start takes as long as there are segments, however many bodies are in them.
 */
export function segmentEnds(sql: Statements): Map<number, number> {
  const ends = new Map<number, number>();
  const next = "select min(segment) from blobs where segment is not null and segment > ?";
  const last = "select start + size from blobs where segment = ? order by start desc limit 1";
  for (let segment = 0;;) {
    const found = sql.get(next, segment)![0] as number | null;
    if (found === null) return ends;
    ends.set(segment = found, sql.get(last, segment)![0] as number);
  }
}

class Writer implements BlobWriter {
  readonly #blobs: Blobs;
  readonly #segments: Segments;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #hasher: Hasher | null = null;
  #segment: SegmentWriter | null = null;
  #failure: unknown = null;
  #ended = false;

  constructor(blobs: Blobs, segments: Segments) {
    this.#blobs = blobs;
    this.#segments = segments;
  }

  write(chunk: Uint8Array): void {
    if (this.#ended) throw new StorageError("bug", "the body has ended");
    if (this.#failure !== null) return;
    this.#size += chunk.length;
    if (!this.#segment && this.#size <= ROW_LIMIT) {
      this.#pieces.push(chunk.slice());
      return;
    }
    try {
      this.#spill(chunk);
    } catch (error) {
      this.#failure = error; // sticky: surfaces at seal
    }
  }

  async seal(index: MessageIndex): Promise<SealedBlob> {
    await Promise.resolve();
    if (this.#ended) throw new StorageError("bug", "the body has ended");
    if (this.#failure !== null) {
      this.abort();
      throw infrastructure(this.#failure);
    }
    this.#ended = true;
    if (!this.#segment) {
      const bytes = concatBytes(this.#pieces);
      this.#pieces = [];
      return this.#blobs.hold(idOf(digest("sha256", bytes)), this.#size, index, bytes, null);
    }
    const hash = this.#hasher!.digest();
    const blobId = idOf(hash);
    if (this.#blobs.isHeld(blobId)) {
      this.#segment.abort();
      return this.#blobs.hold(blobId, this.#size, index, null, null);
    }
    try {
      return this.#blobs.hold(blobId, this.#size, index, null, this.#segment.finish(hash));
    } catch (error) {
      this.#segment.abort();
      throw infrastructure(error);
    }
  }

  abort(): void {
    this.#ended = true;
    this.#pieces = [];
    try {
      this.#segment?.abort();
    } catch {
      // What stays behind the last named record is cut off at the next start.
    }
    this.#segment = null;
  }

  #spill(chunk: Uint8Array): void {
    if (!this.#segment) {
      this.#segment = this.#segments.writer();
      this.#hasher = hasher("sha256");
      for (const piece of this.#pieces) this.#put(piece);
      this.#pieces = [];
    }
    this.#put(chunk);
  }

  #put(piece: Uint8Array): void {
    this.#hasher!.update(piece);
    this.#segment!.write(piece);
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

function placeOf(cells: readonly unknown[]): Place | null {
  return cells[1] === null ? null : { segment: cells[1] as number, start: cells[2] as number };
}

function idOf(hash: Uint8Array): BlobId {
  return "b" + hash.toHex() as BlobId;
}

function hashBytes(blobId: BlobId): Uint8Array {
  try {
    return Uint8Array.fromHex(blobId.slice(1));
  } catch {
    return new Uint8Array(0);
  }
}
