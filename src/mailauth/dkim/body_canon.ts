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
  #heldCr = false;

  constructor(hash: RunningHash) {
    this.#hash = hash;
    this.#ends = new LineEnds(hash);
  }

  push(bytes: Uint8Array): void {
    let start = 0;
    let end = bytes.length;
    if (end === 0) return;
    if (this.#heldCr) {
      this.#heldCr = false;
      if (bytes[0] === LF) {
        this.#ends.add(1);
        start = 1;
      } else this.#write(CRLF.subarray(0, 1));
    }
    if (end > start && bytes[end - 1] === CR) {
      this.#heldCr = true;
      end--;
    }
    let lines = 0;
    while (end - 2 >= start && bytes[end - 1] === LF && bytes[end - 2] === CR) {
      end -= 2;
      lines++;
    }
    if (end > start) this.#write(bytes.subarray(start, end));
    this.#ends.add(lines);
    this.#ends.relieve();
  }

  end(): void {
    if (this.#heldCr) this.#write(CRLF.subarray(0, 1));
    // "*CRLF" at the end becomes one CRLF, and where there is none one is added: an empty body is one CRLF.
    this.#ends.drop();
    this.#hash.update(CRLF);
  }

  #write(bytes: Uint8Array): void {
    this.#ends.flush();
    this.#hash.update(bytes);
  }
}

class RelaxedBody implements BodyCanon {
  readonly #hash: RunningHash;
  readonly #ends: LineEnds;
  #out = new Uint8Array(0);
  #heldCr = false;
  /** White space was seen that is one SP if something follows on its line. */
  #blank = false;
  #content = false;

  constructor(hash: RunningHash) {
    this.#hash = hash;
    this.#ends = new LineEnds(hash);
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // At most: the held CR, one SP, and two octets for each line end that was counted in this piece.
    if (this.#out.length < bytes.length + 4) this.#out = new Uint8Array(bytes.length + 4);
    const ends = this.#ends;
    let pos = 0;
    let from = 0;
    if (this.#heldCr) {
      this.#heldCr = false;
      if (bytes[0] === LF) {
        this.#blank = false;
        ends.add(1);
        from = 1;
      } else pos = this.#lead(pos, CR);
    }
    const out = this.#out;
    for (let i = from; i < bytes.length; i++) {
      const octet = bytes[i]!;
      if (octet > SP || (octet !== SP && octet !== TAB && octet !== CR)) {
        if (this.#blank || ends.count > 0) pos = this.#lead(pos, octet);
        else out[pos++] = octet;
      } else if (octet !== CR) this.#blank = true;
      else if (i + 1 === bytes.length) this.#heldCr = true;
      else if (bytes[i + 1] === LF) {
        this.#blank = false;
        ends.count++;
        i++;
      } else pos = this.#lead(pos, CR);
    }
    if (pos > 0) {
      this.#content = true;
      // Line ends before the first octet of `out` are hashed: by #lead(), or ahead, where they stay now.
      ends.confirm();
      this.#hash.update(out.subarray(0, pos));
    }
    ends.relieve();
  }

  end(): void {
    if (this.#heldCr) {
      const pos = this.#lead(0, CR);
      this.#hash.update(this.#out.subarray(0, pos));
      this.#content = true;
    }
    this.#ends.drop();
    // Step b: a body of nothing but blank lines is empty, any other ends with one CRLF.
    if (this.#content) this.#hash.update(CRLF);
  }

  /** Puts an octet into `out` with the line ends and the white space that were held before it. */
  #lead(at: number, octet: number): number {
    let pos = at;
    const ends = this.#ends;
    if (pos === 0) ends.flush();
    else {
      for (; ends.count > 0; ends.count--) {
        this.#out[pos++] = CR;
        this.#out[pos++] = LF;
      }
    }
    if (this.#blank) this.#out[pos++] = SP;
    this.#blank = false;
    this.#out[pos++] = octet;
    return pos;
  }
}

/** CRLFs of which it is not known yet whether something follows. */
class LineEnds {
  count = 0;
  readonly #hash: RunningHash;
  #ahead = false;

  constructor(hash: RunningHash) {
    this.#hash = hash;
  }

  add(lines: number): void {
    this.count += lines;
  }

  /** Something follows: they belong to the body. */
  flush(): void {
    this.confirm();
    this.#feed();
  }

  /** The same for those that were hashed ahead. */
  confirm(): void {
    if (this.#ahead) this.#hash.keep();
    this.#ahead = false;
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
