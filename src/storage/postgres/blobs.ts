/** Blobs that were sealed in this process and not let go, and the way to octets of all others. */
import { concatBytes, EMPTY, utf8Bytes } from "../../base/bytes.ts";
import type { BlobId, ImapText } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import type { BodyStore } from "../body_store.ts";
import { type BodyPacking, stretchOf, unpack } from "../packing/mod.ts";
import { type BlobWriter, type SealedBlob, StorageError } from "../storage.ts";
import { Writer } from "./blob_writer.ts";
import type { Pool } from "./pool.ts";
import { CHUNK } from "./schema.ts";

export interface Held {
  readonly blobId: BlobId;
  readonly size: number;
  readonly index: MessageIndex;
  readonly bytes: Uint8Array | null;
  readonly place: string | null;
  /**
   * The header as its row has it, where the body is not in this database or packed: whoever reads headers of many asks
   * one question.
   */
  readonly head: Uint8Array | null;
  /** What the row is to keep of a small body. */
  readonly packed: Uint8Array | null;
  /** Octets that lie there, and their table; null: they lie as they came. */
  readonly stored: number;
  readonly packing: Uint8Array | null;
  /** A transaction was told of the place: it is the blob's, or will be swept. */
  isNamed: boolean;
  holds: number;
}

export class Blobs {
  readonly prepare: ((index: MessageIndex) => ImapText) | null;
  readonly bodies: BodyStore;
  readonly packing: BodyPacking;
  readonly #pool: Pool;
  readonly #held = new Map<BlobId, Held>();

  constructor(
    pool: Pool,
    bodies: BodyStore,
    packing: BodyPacking,
    prepare: ((index: MessageIndex) => ImapText) | null,
  ) {
    this.packing = packing;
    this.#pool = pool;
    this.bodies = bodies;
    this.prepare = prepare;
  }

  held(blobId: BlobId): Held | undefined {
    return this.#held.get(blobId);
  }

  /** Octets that a transaction which stores this blob will carry. */
  octetsToWrite(blobId: BlobId): number {
    const held = this.#held.get(blobId);
    return held ? (held.packed ?? held.head)?.length ?? 0 : 0;
  }

  writer(): BlobWriter {
    return new Writer(this);
  }

  async read(blobId: BlobId, start: number, end: number): Promise<Uint8Array> {
    const from = Math.max(0, start);
    const wanted = Math.max(0, Math.min(end - from, CHUNK));
    const held = this.#held.get(blobId);
    if (held?.bytes) return held.bytes.slice(from, from + wanted);
    if (held) return await this.#readPlaced(held, hashOf(blobId), from, wanted);
    return await this.readStored(blobId, start, end);
  }

  /** As `read`, of what is in the store, whatever is in hand. */
  async readStored(blobId: BlobId, start: number, end: number): Promise<Uint8Array> {
    const from = Math.max(0, start);
    const wanted = Math.max(0, Math.min(end - from, CHUNK));
    const sql = "select size, place, packing, case when place is not null then null when packing is null " +
      "then substr(data, ?i::int, ?i::int) else data end from blobs where hash = ?b";
    const hash = hashOf(blobId);
    const values = [Math.min(from, 2 ** 30) + 1, wanted, hash];
    const [found] = await this.#pool.use((connection) => connection.exchange([{ sql, values }]));
    const cells = found!.rows[0] as readonly [number, string | null, Uint8Array | null, Uint8Array | null] | undefined;
    if (!cells) throw new StorageError("bug", `there is no blob ${blobId}`);
    const [size, place, packing, octets] = cells;
    if (place !== null) return await this.#readPlaced({ size, place, packing }, hash, from, wanted);
    if (packing === null) return octets ?? EMPTY;
    return this.unpackRow(octets ?? EMPTY, packing, hash, size, from, from + wanted);
  }

  /** Of a packed body in a row. */
  unpackRow(
    octets: Uint8Array,
    table: Uint8Array,
    hash: Uint8Array,
    size: number,
    from: number,
    to: number,
  ): Uint8Array {
    return this.packing.read({ table, hash, size }, from, to, (at, length) => octets.subarray(at, at + length));
  }

  async #readPlaced(
    { size, place, packing }: Pick<Held, "size" | "place" | "packing">,
    hash: Uint8Array,
    from: number,
    wanted: number,
  ): Promise<Uint8Array> {
    if (packing === null) return await this.bodies.read(place!, from, Math.min(wanted, size - from));
    const opened = this.packing.open(packing, hash, size);
    const stretch = stretchOf(opened, from, from + wanted);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < stretch.length;) {
      const piece = await this.bodies.read(place!, stretch.start + at, Math.min(CHUNK, stretch.length - at));
      if (piece.length === 0) break; // `unpack` says what is missing
      pieces.push(piece);
      at += piece.length;
    }
    return unpack(opened, stretch, pieces.length === 1 ? pieces[0]! : concatBytes(pieces));
  }

  hold(written: Omit<Held, "isNamed" | "holds">): SealedBlob {
    const { blobId, size, place } = written;
    let held = this.#held.get(blobId);
    if (held) {
      held.holds++;
      if (place !== null) this.#forget(place);
    } else this.#held.set(blobId, held = { ...written, isNamed: false, holds: 1 });
    const own = held;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      if (--own.holds > 0) return;
      this.#held.delete(blobId);
      if (own.place !== null && !own.isNamed) this.#forget(own.place);
    };
    return { blobId, size, release };
  }

  /** What fails here is swept a day later. */
  #forget(place: string): void {
    this.bodies.remove([place]).catch(() => {});
  }
}

/** The hash that an id is made of; empty for what is none. */
export function hashOf(blobId: BlobId): Uint8Array {
  try {
    return blobId.length === 65 ? Uint8Array.fromHex(blobId.slice(1)) : EMPTY;
  } catch {
    return EMPTY;
  }
}

/** What a row's cell with a header is. */
export function headContext(hash: Uint8Array): Uint8Array {
  return concatBytes([utf8Bytes("head "), hash]);
}
