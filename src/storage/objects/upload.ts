/**
 * A body on its way. It is held up to 5 MiB, the least that a part may have: what ends before is one object, or goes to
 * the driver where it is small; what goes on becomes an upload in parts, one in memory at a time. Where all bodies
 * together take too much memory, one that is not in parts yet goes to the driver, which needs less.
 */
import type { BodyStore, BodyUpload } from "../body_store.ts";
import { StorageError } from "../storage.ts";
import type { Bucket } from "./bucket.ts";
import type { MemoryBudget } from "./memory_budget.ts";

/** S3's least for a part that is not the last. Some stores want all parts but the last of one length. */
export const PART = 5 * 1024 * 1024;
/** Memory that a body takes as it grows. */
const STEPS = [128 * 1024, 512 * 1024, 2 * 1024 * 1024];

export interface UploadParts {
  readonly bucket: Bucket;
  readonly own: BodyStore;
  readonly budget: MemoryBudget;
  /** Octets from which on a body is an object. */
  readonly from: number;
  /** Octets of a part; of `PART` but in tests. */
  readonly part: number;
  /** A name, and the key of its object. */
  readonly name: () => { readonly place: string; readonly key: string };
}

export class ObjectUpload implements BodyUpload {
  readonly #parts: UploadParts;
  #buffer = new Uint8Array(0);
  #filled = 0;
  #size = 0;
  #place = "";
  /** Of the object, once something of it may be there. */
  #key = "";
  #uploadId: string | null = null;
  readonly #tags: string[] = [];
  #own: BodyUpload | null = null;
  #isAborted = false;

  constructor(parts: UploadParts) {
    this.#parts = parts;
  }

  async write(octets: Uint8Array): Promise<void> {
    for (let at = 0; at < octets.length;) {
      if (this.#own) return await this.#own.write(octets.subarray(at));
      if (this.#filled === this.#buffer.length && !await this.#makeRoom()) continue;
      const piece = octets.subarray(at, at + this.#buffer.length - this.#filled);
      this.#buffer.set(piece, this.#filled);
      this.#filled += piece.length;
      this.#size += piece.length;
      at += piece.length;
    }
  }

  async finish(): Promise<string> {
    if (!this.#own && this.#uploadId === null && this.#size < this.#parts.from) await this.#leave();
    if (this.#own) return await this.#own.finish();
    if (this.#uploadId === null) {
      this.#name();
      await this.#parts.bucket.put(this.#key, this.#buffer.subarray(0, this.#filled));
    } else {
      await this.#sendPart();
      await this.#parts.bucket.complete(this.#key, this.#uploadId, this.#tags, this.#size);
    }
    this.#free();
    if (this.#isAborted) {
      await this.#parts.bucket.remove(this.#key);
      throw aborted();
    }
    return this.#place;
  }

  async abort(): Promise<void> {
    this.#isAborted = true;
    this.#free();
    if (this.#own) return await this.#own.abort();
    if (this.#uploadId !== null) await this.#parts.bucket.abort(this.#key, this.#uploadId);
    // An object whose answer did not come may be there all the same.
    if (this.#key !== "") await this.#parts.bucket.remove(this.#key);
  }

  /** Room for more octets; false where the body went to the driver. */
  async #makeRoom(): Promise<boolean> {
    if (this.#isAborted) throw aborted();
    if (this.#filled === this.#parts.part) {
      await this.#sendPart();
      return true;
    }
    const length = STEPS.find((step) => step > this.#buffer.length && step < this.#parts.part) ?? this.#parts.part;
    if (!this.#parts.budget.take(length - this.#buffer.length)) {
      await this.#leave();
      return false;
    }
    const larger = new Uint8Array(length);
    larger.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = larger;
    return true;
  }

  async #sendPart(): Promise<void> {
    const { bucket } = this.#parts;
    if (this.#uploadId === null) {
      this.#name();
      this.#uploadId = await bucket.begin(this.#key);
    }
    if (this.#isAborted) {
      await bucket.abort(this.#key, this.#uploadId);
      throw aborted();
    }
    const octets = this.#buffer.subarray(0, this.#filled);
    this.#tags.push(await bucket.part(this.#key, this.#uploadId, this.#tags.length + 1, octets));
    this.#filled = 0;
  }

  /** What there is goes to the driver, and what comes behind it. */
  async #leave(): Promise<void> {
    const own = this.#own = this.#parts.own.create();
    await own.write(this.#buffer.subarray(0, this.#filled));
    this.#free();
    if (!this.#isAborted) return;
    await own.abort();
    throw aborted();
  }

  #name(): void {
    ({ place: this.#place, key: this.#key } = this.#parts.name());
  }

  #free(): void {
    this.#parts.budget.giveBack(this.#buffer.length);
    this.#buffer = new Uint8Array(0);
    this.#filled = 0;
  }
}

function aborted(): StorageError {
  return new StorageError("bug", "the body was thrown away");
}
