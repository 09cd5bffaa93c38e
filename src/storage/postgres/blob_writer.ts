/** A body on its way: kept here as long as it is small, else packed and sent up as it comes. */
import { concatBytes } from "../../base/bytes.ts";
import { digest, type Hasher, hasher } from "../../base/hash.ts";
import type { BlobId } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import type { BodyUpload } from "../body_store.ts";
import { HEADER_LIMIT } from "../engine/email_read.ts";
import type { Packer } from "../packing/mod.ts";
import { type BlobWriter, type SealedBlob, StorageError } from "../storage.ts";
import { type Blobs, headContext } from "./blobs.ts";
import { infrastructure } from "./failure.ts";

/** Up to here a body travels with the transaction that names it. */
const ROW_LIMIT = 64 * 1024;

export class Writer implements BlobWriter {
  readonly #blobs: Blobs;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #hasher: Hasher | null = null;
  #packer: Packer | null = null;
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
        const hash = this.#hasher!.digest();
        const { rest, stored, packing } = this.#packer!.finish(hash);
        if (rest.length > 0) await this.#upload.write(rest);
        const place = await this.#upload.finish();
        this.#ended = true;
        const isApart = packing !== null || this.#blobs.bodies.isElsewhere(place);
        const head = isApart ? this.#blobs.packing.sealCell(headContext(hash), this.#headOf(index)) : null;
        const placed = { bytes: null, packed: null, place, head, stored, packing };
        return this.#blobs.hold({ blobId: idOf(hash), size: this.#size, index, ...placed });
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
    const hash = digest("sha256", bytes);
    const { rest, stored, packing } = this.#blobs.packing.pack(bytes, hash);
    const own = { bytes, packed: packing ? rest : bytes, place: null, head: null, stored, packing };
    return this.#blobs.hold({ blobId: idOf(hash), size: this.#size, index, ...own });
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
    this.#packer ??= this.#blobs.packing.packer();
    const packed: Uint8Array[] = [];
    for (const piece of [...this.#pieces.splice(0), chunk]) {
      this.#hasher.update(piece);
      this.#keepHead(piece);
      packed.push(...this.#packer.push(piece));
    }
    for (const octets of packed) await this.#upload.write(octets);
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
