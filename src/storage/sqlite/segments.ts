/**
 * The segment log: bodies too large for a row, appended to files `blobs/NNNNNNNN.seg`. A writer has its segment to
 * itself until it ends, so a body is one stretch, however many come in at once.
 *
 * A record is a header of 48 octets (`PLMR`, 1 or, of packed octets, 2, their length, SHA-256 of the plain ones) and the
 * octets. The header is written last.
 * A record counts once a row of the database names it; what stands behind the last named record of a file was never
 * acknowledged and is cut off at the next start.
 *
 * A segment whose sync failed is not written any more, and what was not durable in it stays refused: after a failed
 * fdatasync the system may forget what it could not write, and the next one succeeds without it.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { StorageError } from "../storage.ts";

export const RECORD_HEADER = 48;
/** `PLMR` */
export const MAGIC = 0x504c4d52;
const SEGMENT_SIZE = 64 * 1024 * 1024;
const OPEN_READERS = 64;
/** Segments that stay open for the next body. Many came in at once where there are more. */
const OPEN_IDLE = 16;

/** Where a body lies. `start` is that of its octets, behind the header. */
export interface Place {
  readonly segment: number;
  readonly start: number;
}

interface Segment {
  readonly id: number;
  readonly file: Deno.FsFile;
  end: number;
  /** Written since the last sync. */
  dirty: boolean;
  syncing: boolean;
  /** Nobody begins a body here any more. */
  resting: boolean;
}

export class Segments {
  readonly #folder: string;
  readonly #idle: Segment[] = [];
  readonly #open = new Map<number, Segment>();
  /** Closed segments with room, and where they end. */
  readonly #spare = new Map<number, number>();
  readonly #readers = new Map<number, number>();
  readonly #broken = new Set<number>();
  readonly #limit: number;
  #used = 0;
  #syncing: Promise<void> = Promise.resolve();
  #nextId: number;

  /**
   * `ends` tells where the last named record of each segment ends; `limit` how many octets all may take. `isHeld`: somebody copies
   * them, so nothing is cut off, removed or written where something was.
   */
  constructor(folder: string, ends: ReadonlyMap<number, number>, limit = Infinity, isHeld = false) {
    this.#folder = folder;
    this.#limit = limit;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    syncFolder(dirname(folder));
    this.#nextId = Math.max(0, ...ends.keys()) + 1;
    for (const { name } of [...Deno.readDirSync(folder)]) {
      const id = /^[0-9a-z]{8}\.seg$/.test(name) ? parseInt(name.slice(0, 8), 36) : 0;
      if (id === 0) continue;
      this.#nextId = Math.max(this.#nextId, id + 1);
      if (isHeld) continue;
      const end = ends.get(id);
      if (end === undefined) Deno.removeSync(join(folder, name));
      else if (Deno.statSync(join(folder, name)).size > end) Deno.truncateSync(join(folder, name), end);
    }
    for (const [id, end] of ends) {
      const size = this.sizeOf(id);
      this.#used += size;
      // One that is shorter than its rows say, or gone, is damaged: what is left of it can be read.
      if (isHeld || end >= SEGMENT_SIZE || size < end) continue;
      this.#spare.set(id, end);
    }
  }

  /** Octets of a segment on disk; 0 where there is none. */
  sizeOf(segment: number): number {
    try {
      return Deno.statSync(this.#path(segment)).size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return 0;
      throw error;
    }
  }

  /** What was written there since its last good sync may be lost. */
  isBroken(segment: number): boolean {
    return this.#broken.has(segment);
  }

  /** Ends the writing into a segment, so that it can be evacuated. False: it is in use right now. */
  rest(segment: number): boolean {
    this.#spare.delete(segment);
    const open = this.#open.get(segment);
    if (!open) return true;
    const at = this.#idle.indexOf(open);
    if (at < 0 || open.syncing) return false;
    this.#idle.splice(at, 1);
    this.#retire(open);
    return true;
  }

  /** Segments that somebody may be writing. */
  isOpen(segment: number): boolean {
    return this.#open.has(segment);
  }

  writer(): SegmentWriter {
    const segment = this.#idle.pop() ?? this.#reopen() ?? this.#create();
    const room = (octets: number) => {
      if (octets > 0 && this.#used + octets > this.#limit) {
        throw new StorageError("full", "the segment log is at its limit");
      }
      this.#used += octets;
    };
    return new SegmentWriter(segment, room, () => {
      if (segment.resting) this.#retire(segment);
      else if (segment.end < SEGMENT_SIZE) {
        this.#idle.push(segment);
        this.#closeIdle();
      } else if (!segment.dirty) this.#retire(segment);
    });
  }

  /**
   * Makes all ended records durable: one fdatasync a touched segment, all at once. One call after the other, because
   * whoever comes while a sync is under way must not take its end for that of his own.
   */
  sync(): Promise<void> {
    const mine = this.#syncing.catch(() => {}).then(() => this.#syncDirty());
    this.#syncing = mine;
    return mine;
  }

  async #syncDirty(): Promise<void> {
    const dirty = [...this.#open.values()].filter((segment) => segment.dirty);
    for (const segment of dirty) {
      segment.dirty = false;
      segment.syncing = true;
    }
    const results = await Promise.allSettled(dirty.map((segment) => segment.file.syncData()));
    let failure: unknown = null;
    results.forEach((result, i) => {
      const segment = dirty[i]!;
      segment.syncing = false;
      if (result.status === "rejected") {
        failure = result.reason;
        this.#break(segment);
      } else if (segment.end >= SEGMENT_SIZE && !segment.dirty) this.#retire(segment);
    });
    this.#closeIdle();
    if (failure !== null) throw failure;
  }

  /** Closes those that have been idle longest, so that a crowd of large bodies does not hold its files for ever. */
  #closeIdle(): void {
    for (let i = 0; this.#idle.length > OPEN_IDLE && i < this.#idle.length;) {
      const segment = this.#idle[i]!;
      if (segment.dirty || segment.syncing) i++;
      else {
        this.#idle.splice(i, 1);
        this.#retire(segment);
        this.#spare.set(segment.id, segment.end);
      }
    }
  }

  #break(segment: Segment): void {
    this.#broken.add(segment.id);
    segment.resting = true;
    const at = this.#idle.indexOf(segment);
    if (at < 0) return; // its writer retires it
    this.#idle.splice(at, 1);
    this.#retire(segment);
  }

  read(place: Place, offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const fd = this.#reader(place.segment);
    let at = 0;
    while (at < length) {
      const got = readSync(fd, bytes, at, length - at, place.start + offset + at);
      if (got === 0) throw new StorageError("bug", `segment ${place.segment} is shorter than its records`);
      at += got;
    }
    return bytes;
  }

  /** Takes a segment away that no row names. Answers octets freed, 0 where it is in use. */
  remove(segment: number): number {
    if (this.#open.has(segment)) return 0;
    const reader = this.#readers.get(segment);
    if (reader !== undefined) closeSync(reader);
    this.#readers.delete(segment);
    try {
      const size = this.sizeOf(segment);
      Deno.removeSync(this.#path(segment));
      this.#used -= size;
      return size;
    } catch {
      return 0;
    }
  }

  /** Segments on disk. */
  list(): number[] {
    return [...Deno.readDirSync(this.#folder)].filter(({ name }) => name.endsWith(".seg"))
      .map(({ name }) => parseInt(name.slice(0, 8), 36));
  }

  close(): void {
    for (const segment of this.#open.values()) segment.file.close();
    for (const fd of this.#readers.values()) closeSync(fd);
    this.#open.clear();
    this.#readers.clear();
  }

  #reopen(): Segment | null {
    const [spare] = this.#spare;
    if (!spare) return null;
    const [id, end] = spare;
    const file = Deno.openSync(this.#path(id), { read: true, write: true });
    this.#spare.delete(id);
    const segment = { id, file, end, dirty: false, syncing: false, resting: false };
    this.#open.set(id, segment);
    return segment;
  }

  #create(): Segment {
    const id = this.#nextId++;
    const file = Deno.openSync(this.#path(id), { read: true, write: true, createNew: true, mode: 0o600 });
    syncFolder(this.#folder);
    const segment = { id, file, end: 0, dirty: false, syncing: false, resting: false };
    this.#open.set(id, segment);
    return segment;
  }

  #retire(segment: Segment): void {
    if (!this.#open.delete(segment.id)) return;
    segment.file.close();
  }

  #reader(segment: number): number {
    let fd = this.#readers.get(segment);
    if (fd !== undefined) return fd;
    const [oldest] = this.#readers;
    if (oldest && this.#readers.size >= OPEN_READERS) {
      closeSync(oldest[1]);
      this.#readers.delete(oldest[0]);
    }
    fd = openSync(this.#path(segment), "r");
    this.#readers.set(segment, fd);
    return fd;
  }

  #path(segment: number): string {
    return join(this.#folder, segmentName(segment));
  }
}

/** The file of a segment, in the folder of all. */
export function segmentName(segment: number): string {
  return segment.toString(36).padStart(8, "0") + ".seg";
}

/** One body on its way to disk. Ends with `finish` or `abort`, both of which free the segment. */
export class SegmentWriter {
  readonly #segment: Segment;
  readonly #free: () => void;
  readonly #room: (octets: number) => void;
  readonly #begin: number;
  #size = 0;
  #ended = false;

  /** `room` counts octets, or throws where there is none. */
  constructor(segment: Segment, room: (octets: number) => void, free: () => void) {
    this.#segment = segment;
    this.#room = room;
    this.#free = free;
    this.#begin = segment.end;
    segment.file.seekSync(this.#begin + RECORD_HEADER, Deno.SeekMode.Start);
  }

  write(chunk: Uint8Array): void {
    this.#room(chunk.length);
    this.#size += chunk.length;
    for (let at = 0; at < chunk.length;) at += this.#segment.file.writeSync(chunk.subarray(at));
  }

  finish(hash: Uint8Array, isPacked = false): Place {
    const header = new Uint8Array(RECORD_HEADER);
    const view = new DataView(header.buffer);
    view.setUint32(0, MAGIC);
    view.setUint32(4, isPacked ? 2 : 1);
    view.setFloat64(8, this.#size);
    header.set(hash, 16);
    this.#segment.file.seekSync(this.#begin, Deno.SeekMode.Start);
    this.#segment.file.writeSync(header);
    this.#segment.end = this.#begin + RECORD_HEADER + this.#size;
    this.#segment.dirty = true;
    this.#end();
    return { segment: this.#segment.id, start: this.#begin + RECORD_HEADER };
  }

  abort(): void {
    if (this.#ended) return;
    try {
      this.#room(-this.#size);
      this.#segment.file.truncateSync(this.#begin);
    } finally {
      this.#end();
    }
  }

  #end(): void {
    this.#ended = true;
    this.#free();
  }
}

/** Names must be on disk before a row relies on them. */
function syncFolder(path: string): void {
  const folder = Deno.openSync(path);
  try {
    folder.syncSync();
  } finally {
    folder.close();
  }
}
