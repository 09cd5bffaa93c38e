/** A body on its way: kept here as long as it is small, else packed and written to the segment log as it comes. */
import { concatBytes } from "../../base/bytes.ts";
import { digest, type Hasher, hasher } from "../../base/hash.ts";
import type { BlobId } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import type { BodyPacking, Packer } from "../packing/mod.ts";
import { type BlobWriter, type SealedBlob, StorageError } from "../storage.ts";
import { type Blobs, infrastructure } from "./blobs.ts";
import type { Segments, SegmentWriter } from "./segments.ts";

/** Up to here a body travels in its row's commit; beyond, an fdatasync of a segment is cheaper. */
const ROW_LIMIT = 32 * 1024;

export class Writer implements BlobWriter {
  readonly #blobs: Blobs;
  readonly #segments: Segments;
  readonly #packing: BodyPacking;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #hasher: Hasher | null = null;
  #packer: Packer | null = null;
  #segment: SegmentWriter | null = null;
  #failure: unknown = null;
  #ended = false;

  constructor(blobs: Blobs, segments: Segments, packing: BodyPacking) {
    this.#blobs = blobs;
    this.#segments = segments;
    this.#packing = packing;
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
      const hash = digest("sha256", bytes);
      const { rest, stored, packing } = this.#packing.pack(bytes, hash);
      const packed = packing ? rest : bytes;
      return this.#blobs.hold(
        { blobId: idOf(hash), size: this.#size, bytes, place: null, packed, stored, packing },
        index,
      );
    }
    const hash = this.#hasher!.digest();
    const blobId = idOf(hash);
    const written = { blobId, size: this.#size, bytes: null, packed: null };
    try {
      const { rest, stored, packing } = this.#packer!.finish(hash);
      if (rest.length > 0) this.#segment.write(rest);
      if (this.#blobs.isHeld(blobId)) {
        this.#segment.abort();
        return this.#blobs.hold({ ...written, place: null, stored, packing }, index);
      }
      const place = this.#segment.finish(hash, packing !== null);
      return this.#blobs.hold({ ...written, place, stored, packing }, index);
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
      this.#packer = this.#packing.packer();
      for (const piece of this.#pieces) this.#put(piece);
      this.#pieces = [];
    }
    this.#put(chunk);
  }

  #put(piece: Uint8Array): void {
    this.#hasher!.update(piece);
    for (const octets of this.#packer!.push(piece)) this.#segment!.write(octets);
  }
}

function idOf(hash: Uint8Array): BlobId {
  return "b" + hash.toHex() as BlobId;
}
