/**
 * A message as it goes over the wire: whoever sends makes CRLF of a CR or LF alone, so a signature must be of that (RFC
 * 6376 section 5.3).
 */
import { EMPTY } from "../../base/bytes.ts";

const CR = 13;
const LF = 10;

/** Rewrites line ends, piece by piece. */
export class WireLines {
  /** A CR at the end of the last piece: a line end, but whether LF follows is not known yet. */
  #heldCr = false;

  /** The result may be a view of `bytes`. */
  push(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return bytes;
    if (!this.#heldCr && isClean(bytes)) return bytes;
    const out = new Uint8Array(2 * bytes.length + 2);
    let pos = 0;
    for (const octet of bytes) {
      const held = this.#heldCr;
      this.#heldCr = octet === CR;
      // CR LF is one line end, told at its LF; CR and something else is one too, told before that.
      if (held || octet === LF) {
        out[pos++] = CR;
        out[pos++] = LF;
      }
      if (octet !== CR && octet !== LF) out[pos++] = octet;
    }
    return out.subarray(0, pos);
  }

  /** The line end that was held. */
  end(): Uint8Array {
    const held = this.#heldCr;
    this.#heldCr = false;
    return held ? Uint8Array.of(CR, LF) : EMPTY;
  }
}

/** Whether each CR has its LF and each LF its CR. Hops with `indexOf`, the cheapest way over long lines. */
function isClean(bytes: Uint8Array): boolean {
  let cr = bytes.indexOf(CR);
  for (let at = 0;;) {
    const lf = bytes.indexOf(LF, at);
    if (lf < 0) return cr < 0;
    if (cr < 0 || cr !== lf - 1) return false;
    at = lf + 1;
    cr = bytes.indexOf(CR, at);
  }
}
