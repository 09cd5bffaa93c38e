/** Blobs that were sealed in this process and not let go, and the way to octets of all others. */
import { concatBytes, EMPTY } from "../../base/bytes.ts";
import { digest, type Hasher, hasher } from "../../base/hash.ts";
import type { BlobId, ImapText } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import type { BodyStore, BodyUpload } from "../body_store.ts";
import { HEADER_LIMIT } from "../engine/email_read.ts";
import { type BlobWriter, type SealedBlob, StorageError } from "../storage.ts";
import { infrastructure } from "./failure.ts";
import type { Pool } from "./pool.ts";
import { CHUNK } from "./schema.ts";

/** Up to here a body travels with the transaction that names it. */
const ROW_LIMIT = 64 * 1024;

export interface Held {
  readonly blobId: BlobId;
  readonly size: number;
  readonly index: MessageIndex;
  readonly bytes: Uint8Array | null;
  readonly place: string | null;
  /** The header, where the body is not in this database: whoever reads headers of many asks one question. */
  readonly head: Uint8Array | null;
  /** A transaction was told of the place: it is the blob's, or will be swept. */
  isNamed: boolean;
  holds: number;
}

export class Blobs {
  readonly prepare: ((index: MessageIndex) => ImapText) | null;
  readonly bodies: BodyStore;
  readonly #pool: Pool;
  readonly #held = new Map<BlobId, Held>();

  constructor(pool: Pool, bodies: BodyStore, prepare: ((index: MessageIndex) => ImapText) | null) {
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
    return held ? (held.bytes ?? held.head)?.length ?? 0 : 0;
  }

  writer(): BlobWriter {
    return new Writer(this);
  }

  async read(blobId: BlobId, start: number, end: number): Promise<Uint8Array> {
    const from = Math.max(0, start);
    const wanted = Math.max(0, Math.min(end - from, CHUNK));
    const held = this.#held.get(blobId);
    if (held?.bytes) return held.bytes.slice(from, from + wanted);
    if (held) return await this.bodies.read(held.place!, from, Math.min(wanted, held.size - from));
    return await this.readStored(blobId, start, end);
  }

  /** As `read`, of what is in the store, whatever is in hand. */
  async readStored(blobId: BlobId, start: number, end: number): Promise<Uint8Array> {
    const from = Math.max(0, start);
    const wanted = Math.max(0, Math.min(end - from, CHUNK));
    const sql = "select size, place, case when place is null then substr(data, ?i::int, ?i::int) end from blobs " +
      "where hash = ?b";
    const values = [Math.min(from, 2 ** 30) + 1, wanted, hashOf(blobId)];
    const [found] = await this.#pool.use((connection) => connection.exchange([{ sql, values }]));
    const [size, place, octets] = (found!.rows[0] ?? []) as [number?, (string | null)?, (Uint8Array | null)?];
    if (size === undefined) throw new StorageError("bug", `there is no blob ${blobId}`);
    if (place === null || place === undefined) return octets ?? EMPTY;
    return await this.bodies.read(place, from, Math.min(wanted, size - from));
  }

  hold({ blobId, size, index, bytes, place, head }: Omit<Held, "isNamed" | "holds">): SealedBlob {
    let held = this.#held.get(blobId);
    if (held) {
      held.holds++;
      if (place !== null) this.#forget(place);
    } else this.#held.set(blobId, held = { blobId, size, index, bytes, place, head, isNamed: false, holds: 1 });
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

class Writer implements BlobWriter {
  readonly #blobs: Blobs;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #hasher: Hasher | null = null;
  #head: Uint8Array[] = [];
  #headLength = 0;
  #upload: BodyUpload | null = null;
  #failure: unknown = null;
  #ended = false;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#ended) throw new StorageError("bug", "the body has ended");
    if (this.#failure !== null) return;
    this.#size += chunk.length;
    const own = chunk.slice(); // it is the caller's again before an upload has it
    if (!this.#upload && this.#size <= ROW_LIMIT) return void this.#pieces.push(own);
    return this.#spill(own).catch((error) => {
      this.#failure = error; // sticky: surfaces at seal
    });
  }

  async seal(index: MessageIndex): Promise<SealedBlob> {
    await Promise.resolve();
    if (this.#ended) throw new StorageError("bug", "the body has ended");
    if (this.#failure === null && this.#upload) {
      try {
        const place = await this.#upload.finish();
        this.#ended = true;
        const blobId = idOf(this.#hasher!.digest());
        const head = this.#blobs.bodies.isElsewhere(place) ? this.#headOf(index) : null;
        return this.#blobs.hold({ blobId, size: this.#size, index, bytes: null, place, head });
      } catch (error) {
        this.#failure = error;
      }
    }
    if (this.#failure !== null) {
      this.abort();
      throw infrastructure(this.#failure);
    }
    this.#ended = true;
    const bytes = concatBytes(this.#pieces);
    this.#pieces = [];
    const blobId = idOf(digest("sha256", bytes));
    return this.#blobs.hold({ blobId, size: this.#size, index, bytes, place: null, head: null });
  }

  abort(): void {
    this.#ended = true;
    this.#pieces = this.#head = [];
    this.#upload?.abort().catch(() => {}); // swept a day later
    this.#upload = null;
  }

  async #spill(chunk: Uint8Array): Promise<void> {
    this.#hasher ??= hasher("sha256");
    this.#upload ??= this.#blobs.bodies.create();
    const pieces = [...this.#pieces.splice(0), chunk];
    for (const piece of pieces) {
      this.#hasher.update(piece);
      this.#keepHead(piece);
    }
    for (const piece of pieces) await this.#upload.write(piece);
  }

  /** Where the header ends is known at the end. */
  #keepHead(piece: Uint8Array): void {
    const left = HEADER_LIMIT - this.#headLength;
    if (left <= 0) return;
    this.#head.push(piece.subarray(0, left));
    this.#headLength += Math.min(left, piece.length);
  }

  #headOf({ root }: MessageIndex): Uint8Array {
    return concatBytes(this.#head).slice(0, root.bodyStart);
  }
}

function idOf(hash: Uint8Array): BlobId {
  return "b" + hash.toHex() as BlobId;
}

/** The hash that an id is made of; empty for what is none. */
export function hashOf(blobId: BlobId): Uint8Array {
  try {
    return blobId.length === 65 ? Uint8Array.fromHex(blobId.slice(1)) : EMPTY;
  } catch {
    return EMPTY;
  }
}
