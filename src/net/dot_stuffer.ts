/**
 * RFC 5321 section 4.5.2 and RFC 1939 section 3: text on its way out. Lines end with CRLF whatever the stored octets
 * had, a line that begins with a dot gets one more, and the last line is ended. The final dot is the caller's.
 *
 * A stored body may hold a bare CR or LF (an APPEND, an import): sent as it is, some receiver would take it for a
 * line end and what follows for commands (SMTP smuggling). So both become CRLF here.
 */
import { EMPTY } from "../base/bytes.ts";

const CR = 13;
const LF = 10;
const DOT = 46;

/** Encodes one range of octets, piece by piece. */
export class DotStuffer {
  #lineStart = true;
  /** A CR at the end of the last piece: a line end, but whether LF follows is not known yet. */
  #heldCr = false;
  #linesLeft: number;

  /** `lines`: stop after so many lines. */
  constructor(lines: number = Infinity) {
    this.#linesLeft = lines;
  }

  /** Whether the limit of lines is reached: more octets would be left out. */
  get done(): boolean {
    return this.#linesLeft <= 0;
  }

  /** Encodes a piece. The result may be a view of it where nothing had to change. */
  push(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0 || this.done) return EMPTY;
    if (this.#linesLeft === Infinity && this.#isClean(bytes)) {
      this.#lineStart = bytes[bytes.length - 1] === LF;
      return bytes;
    }
    return this.#encode(bytes);
  }

  /** Ends the last line where it is not ended. */
  end(): Uint8Array {
    if (this.done || (this.#lineStart && !this.#heldCr)) return EMPTY;
    this.#heldCr = false;
    this.#lineStart = true;
    this.#linesLeft--;
    return Uint8Array.of(CR, LF);
  }

  /** Whether the octets can go as they are. Hops with `indexOf`, which is the cheapest way over long lines. */
  #isClean(bytes: Uint8Array): boolean {
    if (this.#heldCr || (this.#lineStart && bytes[0] === DOT)) return false;
    let cr = bytes.indexOf(CR);
    for (let at = 0;;) {
      const lf = bytes.indexOf(LF, at);
      if (lf < 0) return cr < 0;
      if (cr < 0 || cr !== lf - 1 || bytes[lf + 1] === DOT) return false;
      at = lf + 1;
      cr = bytes.indexOf(CR, at);
    }
  }

  #encode(bytes: Uint8Array): Uint8Array {
    // No octet becomes more than two, and a held CR adds its pair.
    const out = new Uint8Array(2 * bytes.length + 2);
    let size = 0;
    for (let i = 0; i < bytes.length; i++) {
      const octet = bytes[i]!;
      if (this.#heldCr || octet === LF) {
        out[size++] = CR;
        out[size++] = LF;
        const pair = this.#heldCr && octet === LF;
        this.#heldCr = false;
        this.#lineStart = true;
        if (--this.#linesLeft <= 0) break;
        if (pair || octet === LF) continue;
      }
      if (octet === CR) {
        this.#heldCr = true;
        continue;
      }
      if (this.#lineStart && octet === DOT) out[size++] = DOT;
      this.#lineStart = false;
      out[size++] = octet;
    }
    return out.subarray(0, size);
  }
}
