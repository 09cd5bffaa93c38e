/**
 * Lines that begin as a From_ line does, within a message of an mbox. Writing (mboxrd) puts a `>` before each `From ` at
 * the start of a line, however many `>` stand there already; reading takes one away. mboxo knows only `>From `.
 */
import { concatBytes } from "../base/bytes.ts";

const [LF, GREATER] = [10, 62];
const FROM = Uint8Array.of(70, 114, 111, 109, 32); // "From "
const GT = Uint8Array.of(GREATER);

/** What is done with such lines; `mboxo` and `mboxrd` take a `>` away. */
export type FromQuoting = "write" | "mboxrd" | "mboxo";

/** For a stream in any cuts; the message begins at the start of a line. */
export class FromQuoter {
  readonly #how: FromQuoting;
  /** In a line that cannot be one any more. */
  #passing = false;
  #angles = 0;
  /** A `>` that goes if this is such a line. */
  #held = false;
  /** What of `From ` came in the chunk before. */
  #carry = 0;

  constructor(how: FromQuoting) {
    this.#how = how;
  }

  /** Pieces of the chunk and what comes between them. */
  push(given: Uint8Array): Uint8Array[] {
    const chunk = this.#carry > 0 ? concatBytes([FROM.subarray(0, this.#carry), given]) : given;
    this.#carry = 0;
    const out: Uint8Array[] = [];
    let from = 0;
    let at = 0;
    let matched = 0;
    while (at < chunk.length) {
      if (this.#passing) {
        const end = chunk.indexOf(LF, at);
        if (end < 0) break;
        at = end + 1;
        this.#passing = false;
        this.#angles = 0;
      } else if (matched === 0 && chunk[at] === GREATER) {
        if (this.#angles++ === 0 && this.#how !== "write") {
          if (at > from) out.push(chunk.subarray(from, at));
          from = at + 1;
          this.#held = true;
        }
        at++;
      } else if (chunk[at] === FROM[matched]) {
        at++;
        if (++matched < FROM.length) continue;
        if (this.#how === "write") {
          out.push(chunk.subarray(from, at - matched), GT);
          from = at - matched;
        } else if (this.#held && (this.#how === "mboxrd" || this.#angles === 1)) this.#held = false;
        from = this.#give(out, chunk, from, at - matched);
        matched = 0;
        this.#passing = true;
      } else {
        from = this.#give(out, chunk, from, at - matched);
        matched = 0;
        this.#passing = true; // a line end that is met here ends the line at once
      }
    }
    this.#carry = matched;
    if (chunk.length - matched > from) out.push(chunk.subarray(from, chunk.length - matched));
    return out;
  }

  /** What was held back at the end. */
  finish(): Uint8Array[] {
    const rest = [...(this.#held ? [GT] : []), FROM.slice(0, this.#carry)];
    return rest.filter((piece) => piece.length > 0);
  }

  /** The held `>` stays: all of them are alike, so it may stand behind the others. */
  #give(out: Uint8Array[], chunk: Uint8Array, from: number, at: number): number {
    if (!this.#held) return from;
    this.#held = false;
    if (at > from) out.push(chunk.subarray(from, at));
    out.push(GT);
    return Math.max(from, at);
  }
}
