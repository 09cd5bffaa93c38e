/**
 * Canonicalization of a body as it streams by (RFC 6376 sections 3.4.3 and 3.4.4). Only CRLF ends a line: a CR or LF
 * alone is an octet like others, because DKIM takes the body as a string of octets (section 3.7).
 *
 * Empty lines may be the last ones, which are ignored; they are counted, not kept. Very many of them are hashed at once
 * with a way back, so that fifty megabytes of empty lines cost no more at a time than other octets.
 */
import type { RunningHash } from "./running_hash.ts";

/** The two algorithms. */
export type Canonicalization = "simple" | "relaxed";

const CR = 13;
const LF = 10;
const SP = 32;
const TAB = 9;
const CRLF = Uint8Array.of(CR, LF);
/** More empty lines than this are not carried over to the next page. */
const CARRIED = 32 * 1024;
const CRLF_BLOCK = new Uint8Array(2 * CARRIED).map((_, i) => (i % 2 === 0 ? CR : LF));

/** Takes a body piece by piece; `end()` once. Pieces are not kept. */
export interface BodyCanon {
  push(bytes: Uint8Array): void;
  end(): void;
}

/** A canonicalizer that feeds `hash`. */
export function bodyCanon(algorithm: Canonicalization, hash: RunningHash): BodyCanon {
  return algorithm === "simple" ? new SimpleBody(hash) : new RelaxedBody(hash);
}

class SimpleBody implements BodyCanon {
  readonly #hash: RunningHash;
  readonly #ends: LineEnds;

  constructor(hash: RunningHash) {
    this.#hash = hash;
    this.#ends = new LineEnds(hash);
  }

  push(bytes: Uint8Array): void {
    this.#ends.pushLines(bytes);
    this.#ends.relieve();
  }

  end(): void {
    this.#ends.pushHeldCr();
    // "*CRLF" at the end becomes one CRLF, and where there is none one is added: an empty body is one CRLF.
    this.#ends.drop();
    this.#hash.update(CRLF);
  }
}

class RelaxedBody implements BodyCanon {
  readonly #hash: RunningHash;
  readonly #ends: LineEnds;
  #out = new Uint8Array(0);
  /** White space was seen that is one SP if something follows on its line. */
  #blank = false;

  constructor(hash: RunningHash) {
    this.#hash = hash;
    this.#ends = new LineEnds(hash);
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // Without white space nothing changes but at the end: Base64 goes as it is.
    if (!this.#blank && !bytes.includes(SP) && !bytes.includes(TAB)) this.#ends.pushLines(bytes);
    else this.#reduce(bytes);
    this.#ends.relieve();
  }

  end(): void {
    if (this.#ends.heldCr) {
      this.#ends.flush();
      if (this.#blank) this.#hash.update(Uint8Array.of(SP));
      this.#ends.pushHeldCr();
    }
    this.#ends.drop();
    // Step b: a body of nothing but blank lines is empty, any other ends with one CRLF.
    if (this.#hash.length > 0) this.#hash.update(CRLF);
  }

  /** Step a. What it holds back lives in locals: this loop sees every octet of every message. */
  #reduce(bytes: Uint8Array): void {
    const ends = this.#ends;
    // At most: a held CR and an SP before it, and what `bytes` themselves make.
    if (this.#out.length < bytes.length + 2) this.#out = new Uint8Array(bytes.length + 2);
    const out = this.#out;
    const size = bytes.length;
    let blank = this.#blank;
    let lines = 0; // line ends after the last octet of `out`; those before the first one are in `ends`
    let waits = true; // whether anything is held back
    let pos = 0;
    let at = ends.heldCr ? -1 : 0;
    ends.heldCr = false;
    for (; at < size; at++) {
      const octet = at < 0 ? CR : bytes[at]!;
      if (octet <= SP) {
        if (octet === SP || octet === TAB) {
          blank = waits = true;
          continue;
        }
        if (octet === CR && at + 1 === size) {
          ends.heldCr = true;
          break;
        }
        if (octet === CR && bytes[at + 1] === LF) {
          blank = false;
          waits = true;
          if (pos === 0) ends.count++;
          else lines++;
          at++;
          continue;
        }
      }
      if (waits) {
        if (pos === 0) ends.flush();
        for (; lines > 0; lines--) {
          out[pos++] = CR;
          out[pos++] = LF;
        }
        if (blank) out[pos++] = SP;
        blank = waits = false;
      }
      out[pos++] = octet;
    }
    this.#blank = blank;
    if (pos > 0) this.#hash.update(out.subarray(0, pos));
    ends.count += lines;
  }
}

/** CRLFs of which it is not known yet whether something follows. */
class LineEnds {
  count = 0;
  /** A CR at the end of the last piece, behind all that was counted. */
  heldCr = false;
  readonly #hash: RunningHash;
  #ahead = false;

  constructor(hash: RunningHash) {
    this.#hash = hash;
  }

  /** Octets as they are, those behind the last content held back. */
  pushLines(bytes: Uint8Array): void {
    let start = 0;
    let end = bytes.length;
    if (end === 0) return;
    if (this.heldCr) {
      if (bytes[0] === LF) {
        this.heldCr = false;
        this.count++;
        start = 1;
      } else this.pushHeldCr();
    }
    if (end > start && bytes[end - 1] === CR) {
      this.heldCr = true;
      end--;
    }
    let lines = 0;
    while (end - 2 >= start && bytes[end - 1] === LF && bytes[end - 2] === CR) {
      end -= 2;
      lines++;
    }
    if (end > start) {
      this.flush();
      this.#hash.update(bytes.subarray(start, end));
    }
    this.count += lines;
  }

  /** No LF follows: the CR is content. */
  pushHeldCr(): void {
    if (!this.heldCr) return;
    this.heldCr = false;
    this.flush();
    this.#hash.update(CRLF.subarray(0, 1));
  }

  /** Something follows: they belong to the body. */
  flush(): void {
    if (this.#ahead) this.#hash.keep();
    this.#ahead = false;
    this.#feed();
  }

  /** They were the last ones. */
  drop(): void {
    if (this.#ahead) this.#hash.goBack();
    this.#ahead = false;
    this.count = 0;
  }

  /** At the end of a piece: so many that they had better be hashed now. */
  relieve(): void {
    if (this.count < CARRIED) return;
    this.#hash.setBack();
    this.#ahead = true;
    this.#feed();
  }

  #feed(): void {
    for (; this.count > 0; this.count -= Math.min(this.count, CARRIED)) {
      this.#hash.update(CRLF_BLOCK.subarray(0, 2 * Math.min(this.count, CARRIED)));
    }
  }
}
