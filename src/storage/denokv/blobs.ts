/**
 * Blobs that were sealed in this process and not let go, and the way to octets of all others. Small ones travel with the
 * commit that names them; of larger ones pieces go up before it, under an upload's name, so that the commit only says
 * which upload it is. What was uploaded and never named goes a day later (`reclaim.ts`).
 */
import { randomUUID } from "node:crypto";
import { concatBytes, EMPTY } from "../../base/bytes.ts";
import { digest, type Hasher, hasher } from "../../base/hash.ts";
import type { BlobId } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { type BlobWriter, type SealedBlob, StorageError } from "../storage.ts";
import type { Database } from "./database.ts";
import { infrastructure } from "./failure.ts";
import { type Key, ofBlob, type Part } from "./keys.ts";
import { joinParts, partKey, partsOf, PIECE, weighKey } from "./values.ts";

export const UPLOAD = "u";
/** Octets that `read` answers at most. */
const READ_LIMIT = 256 * 1024;
/** Pieces that go up together. */
const TOGETHER = 8;
/** Letters of indexes of messages that are kept: they never change. */
const INDEXES = 16 * 1024 * 1024;

/** What the store says of a blob. */
export interface BlobEntry {
  readonly id: number;
  readonly size: number;
  readonly headerEnd: number;
  /** Where its octets are; null: in one value of their own. */
  readonly upload: string | null;
  /** Emails and rows of the queue. */
  readonly refs: number;
}

export interface Held {
  readonly blobId: BlobId;
  readonly size: number;
  readonly index: MessageIndex;
  readonly bytes: Uint8Array | null;
  readonly upload: string | null;
  /** A commit was told of the upload: it is the blob's, or will be swept. */
  isNamed: boolean;
  holds: number;
}

export const entryKey = (blobId: BlobId): Key => [ofBlob(blobId), "blob", blobId.slice(0, 100)];
export const indexKey = (blobId: BlobId): Key => [ofBlob(blobId), "index", blobId.slice(0, 100)];
export const octetsKey = (blobId: BlobId): Key => [ofBlob(blobId), "octets", blobId.slice(0, 100)];
export const garbageKey = (blobId: BlobId): Key => [ofBlob(blobId), "garbage", blobId.slice(0, 100)];
export const pieceKey = (upload: string, piece: number): readonly Part[] => [UPLOAD, upload, piece];

export class Blobs {
  readonly database: Database;
  readonly #held = new Map<BlobId, Held>();
  readonly #indexes = new Map<BlobId, MessageIndex>();
  #letters = 0;
  /** Bodies that are on their way up. */
  readonly uploads = new Set<string>();

  constructor(database: Database) {
    this.database = database;
  }

  held(blobId: BlobId): Held | undefined {
    return this.#held.get(blobId);
  }

  index(blobId: BlobId): MessageIndex | undefined {
    return this.#held.get(blobId)?.index ?? this.#indexes.get(blobId);
  }

  learnIndex(blobId: BlobId, text: string): MessageIndex {
    if (this.#letters > INDEXES) {
      this.#indexes.clear();
      this.#letters = 0;
    }
    this.#letters += text.length;
    const index = JSON.parse(text) as MessageIndex;
    this.#indexes.set(blobId, index);
    return index;
  }

  writer(): BlobWriter {
    return new Writer(this);
  }

  async read(blobId: BlobId, start: number, end: number): Promise<Uint8Array> {
    const from = Math.max(0, start);
    const until = Math.max(from, Math.min(end, from + READ_LIMIT));
    const held = this.#held.get(blobId);
    if (held?.bytes) return held.bytes.slice(from, until);
    if (held) return await this.#readUpload(held.upload!, from, Math.min(until, held.size));
    const [entry, octets] = await this.database.getAll([entryKey(blobId), octetsKey(blobId)]);
    if (entry!.value === null) throw new StorageError("bug", `there is no blob ${blobId}`);
    const { size, upload } = entry!.value as BlobEntry;
    if (upload === null) return ((octets!.value ?? EMPTY) as Uint8Array).slice(from, until);
    return await this.#readUpload(upload, from, Math.min(until, size));
  }

  async readIndex(blobId: BlobId): Promise<MessageIndex | null> {
    const known = this.index(blobId);
    if (known) return known;
    const key = indexKey(blobId);
    const [found] = await this.database.getAll([key]);
    const parts = partsOf(found!.value);
    if (found!.value === null) return null;
    if (parts === 0) return this.learnIndex(blobId, found!.value as string);
    const pieces = await this.database.getAll(Array.from({ length: parts }, (_, part) => partKey(key, part)));
    return this.learnIndex(blobId, joinParts(pieces.map(({ value }) => value as Uint8Array)) as string);
  }

  hold(blobId: BlobId, size: number, index: MessageIndex, bytes: Uint8Array | null, upload: string | null): SealedBlob {
    let held = this.#held.get(blobId);
    if (held) {
      held.holds++;
      if (upload !== null) this.forget(upload, size);
    } else this.#held.set(blobId, held = { blobId, size, index, bytes, upload, isNamed: false, holds: 1 });
    const own = held;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      if (--own.holds > 0) return;
      this.#held.delete(blobId);
      if (own.upload !== null) this.uploads.delete(own.upload);
      if (own.upload !== null && !own.isNamed) this.forget(own.upload, size);
    };
    return { blobId, size, release };
  }

  /** Takes away an upload that nothing names. What fails here is swept a day later. */
  forget(upload: string, size: number): void {
    this.uploads.delete(upload);
    this.remove(upload, size).catch(() => {});
  }

  async remove(upload: string, size: number): Promise<void> {
    const pieces = Math.ceil(size / PIECE);
    await this.database.write(Array.from({ length: pieces }, (_, i) => ({ key: pieceKey(upload, i), weight: 100 })));
    await this.database.write([{ key: [UPLOAD, upload], weight: 100 }]);
  }

  async #readUpload(upload: string, from: number, until: number): Promise<Uint8Array> {
    if (until <= from) return EMPTY;
    const first = Math.floor(from / PIECE);
    const count = Math.ceil(until / PIECE) - first;
    const found = await this.database.getAll(Array.from({ length: count }, (_, i) => pieceKey(upload, first + i)));
    if (found.some(({ value }) => value === null)) throw new StorageError("bug", "a part of a body is missing");
    const octets = concatBytes(found.map(({ value }) => value as Uint8Array));
    return octets.subarray(from - first * PIECE, until - first * PIECE);
  }
}

class Writer implements BlobWriter {
  readonly #blobs: Blobs;
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #size = 0;
  #sent = 0;
  #hasher: Hasher | null = null;
  #upload: string | null = null;
  #failure: unknown = null;
  #ended = false;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#ended) throw new StorageError("bug", "the body has ended");
    if (this.#failure !== null) return;
    this.#size += chunk.length;
    this.#pieces.push(chunk.slice());
    this.#waiting += chunk.length;
    if (this.#waiting < PIECE * TOGETHER) return;
    return this.#send(false).catch((error) => {
      this.#failure = error; // sticky: surfaces at seal
    });
  }

  async seal(index: MessageIndex): Promise<SealedBlob> {
    await Promise.resolve();
    if (this.#ended) throw new StorageError("bug", "the body has ended");
    if (this.#failure === null && this.#size > PIECE) {
      try {
        await this.#send(true);
        this.#ended = true;
        return this.#blobs.hold(idOf(this.#hasher!.digest()), this.#size, index, null, this.#upload);
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
    return this.#blobs.hold(idOf(digest("sha256", bytes)), this.#size, index, bytes, null);
  }

  abort(): void {
    this.#ended = true;
    this.#pieces = [];
    if (this.#upload !== null) this.#blobs.forget(this.#upload, this.#size);
    this.#upload = null;
  }

  /** Sends whole pieces up; at the end the rest. */
  async #send(all: boolean): Promise<void> {
    const { database, uploads } = this.#blobs;
    if (this.#upload === null) {
      this.#upload = randomUUID();
      uploads.add(this.#upload);
      await database.write([{ key: [UPLOAD, this.#upload], value: { at: Date.now() }, weight: 100 }]);
    }
    const upload = this.#upload;
    this.#hasher ??= hasher("sha256");
    const octets = concatBytes(this.#pieces);
    const count = all ? Math.ceil(octets.length / PIECE) : Math.floor(octets.length / PIECE);
    this.#pieces = count * PIECE < octets.length ? [octets.subarray(count * PIECE)] : [];
    this.#waiting = Math.max(0, octets.length - count * PIECE);
    this.#hasher.update(octets.subarray(0, count * PIECE));
    const first = this.#sent;
    this.#sent += count;
    await database.write(Array.from({ length: count }, (_, i) => {
      const key = pieceKey(upload, first + i);
      const value = octets.slice(i * PIECE, (i + 1) * PIECE);
      return { key, value, weight: value.length + 20 + weighKey(key) };
    }));
  }
}

function idOf(hash: Uint8Array): BlobId {
  return "b" + hash.toHex() as BlobId;
}
