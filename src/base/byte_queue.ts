import { EMPTY, latin1String } from "./bytes.ts";

/** What `ByteQueue.line()` found: a line without its CRLF, a broken one, or nothing yet. */
export type Line =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "bareLf" | "bareCr" | "tooLong" }
  | null;

const CR = 13;
const LF = 10;

/**
 * Received octets that are not consumed yet. It holds views of received chunks during a step; `compact()` at the
 * end of the step copies what is left, because a chunk is only borrowed (contract, rule 4).
 *
 * Only CRLF ends a line (RFC 5321 section 2.3.8). The scan position is remembered, so a line that arrives octet by
 * octet costs linear time.
 */
export class ByteQueue {
  #bytes: Uint8Array = EMPTY;
  #start = 0;
  #scanned = 0; // offset from #start up to which no LF was seen
  #owned = true;

  get length(): number {
    return this.#bytes.length - this.#start;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const left = this.length;
    if (left === 0) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#scanned = 0;
      this.#owned = false;
      return;
    }
    const joined = new Uint8Array(left + chunk.length);
    joined.set(this.#bytes.subarray(this.#start));
    joined.set(chunk, left);
    this.#bytes = joined;
    this.#start = 0;
    this.#owned = true;
  }

  /** The next `count` octets (or as many as there are), as a view that is valid until the next push. */
  take(count: number): Uint8Array {
    const end = Math.min(this.#bytes.length, this.#start + count);
    const head = this.#bytes.subarray(this.#start, end);
    this.#advance(end - this.#start);
    return head;
  }

  /** The octets without consuming them. */
  peek(): Uint8Array {
    return this.#bytes.subarray(this.#start);
  }

  skip(count: number): void {
    this.#advance(Math.min(count, this.length));
  }

  clear(): void {
    this.#bytes = EMPTY;
    this.#start = 0;
    this.#scanned = 0;
    this.#owned = true;
  }

  /**
   * Takes the next line. `limit` counts the octets with the CRLF. A broken line is consumed up to and with its LF,
   * so that the caller can answer and go on; a line that is already longer than `limit` before its end has come is
   * reported as `tooLong` at once, its octets are consumed, and the caller must close or skip to the next LF.
   */
  line(limit: number): Line {
    const lf = this.#bytes.indexOf(LF, this.#start + this.#scanned);
    if (lf < 0) {
      if (this.length > limit) {
        this.clear();
        return { kind: "tooLong" };
      }
      this.#scanned = this.length;
      return null;
    }
    const start = this.#start;
    const size = lf + 1 - start;
    this.#advance(size);
    if (size > limit) return { kind: "tooLong" };
    if (size < 2 || this.#bytes[lf - 1] !== CR) return { kind: "bareLf" };
    const text = latin1String(this.#bytes, start, lf - 1);
    return text.includes("\r") ? { kind: "bareCr" } : { kind: "line", text };
  }

  /** Copies what is left of borrowed octets. Call it at the end of every step. */
  compact(): void {
    if (this.length === 0) this.clear();
    else if (!this.#owned) {
      this.#bytes = this.#bytes.slice(this.#start);
      this.#start = 0;
      this.#owned = true;
    }
  }

  #advance(count: number): void {
    this.#start += count;
    this.#scanned = 0;
  }
}
