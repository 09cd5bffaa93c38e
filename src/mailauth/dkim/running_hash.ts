/**
 * SHA-256 of a stream that is known to be too long only later: it can be read off at given lengths (l=, RFC 6376 section
 * 3.5) and go back behind line ends that turn out to be the last ones. Nothing is kept but hash states.
 */
import { createHash, type Hash } from "node:crypto";

interface Mark {
  readonly at: number;
  readonly hash: Hash;
}

/** A hash with a count of its octets. */
export class RunningHash {
  #hash = createHash("sha256");
  #length = 0;
  /** Lengths at which a digest is wanted, ascending, those still ahead. */
  #ahead: number[];
  readonly #marks = new Map<number, Mark>();
  #back: Mark | null = null;

  constructor(lengths: Iterable<number>) {
    this.#ahead = [...new Set(lengths)].sort((a, b) => a - b);
    this.#mark();
  }

  /** Octets so far. */
  get length(): number {
    return this.#length;
  }

  update(bytes: Uint8Array): void {
    let at = 0;
    while (this.#ahead.length > 0 && this.#ahead[0]! <= this.#length + (bytes.length - at)) {
      const end = at + this.#ahead[0]! - this.#length;
      this.#feed(bytes.subarray(at, end));
      at = end;
      this.#mark();
    }
    this.#feed(at === 0 ? bytes : bytes.subarray(at));
  }

  /** What follows may be taken back by `goBack()`, until `keep()`. */
  setBack(): void {
    this.#back ??= { at: this.#length, hash: this.#hash.copy() };
  }

  /** What was hashed since `setBack()` stays. */
  keep(): void {
    this.#back = null;
  }

  /** Takes back what was hashed since `setBack()`. Digests at lengths in that range stay where they are. */
  goBack(): void {
    if (!this.#back) return;
    this.#hash = this.#back.hash;
    this.#length = this.#back.at;
    this.#back = null;
    // A digest of more than what is left is of octets that are not there.
    this.#ahead = [...this.#marks.keys(), ...this.#ahead].filter((at) => at > this.#length).sort((a, b) => a - b);
    for (const at of this.#ahead) this.#marks.delete(at);
  }

  /** The digest of the first `length` octets, or of all; null where there are not so many. */
  digest(length: number | null): Uint8Array | null {
    const hash = length === null || length === this.#length ? this.#hash : this.#marks.get(length)?.hash;
    return hash ? new Uint8Array(hash.copy().digest()) : null;
  }

  #feed(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  #mark(): void {
    while (this.#ahead.length > 0 && this.#ahead[0]! === this.#length) {
      this.#marks.set(this.#length, { at: this.#length, hash: this.#hash.copy() });
      this.#ahead.shift();
    }
  }
}
