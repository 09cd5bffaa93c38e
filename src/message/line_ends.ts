/** Lines as messages have them (RFC 5322 section 2.1), from text of systems that end lines in other ways. */

/**
 * For a stream of octets, in any cuts: gives each chunk with CRLF wherever CR, LF or CRLF ended a line.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { crlfLines } from "./line_ends.ts";
 * const lines = crlfLines();
 * assert.equal(new TextDecoder().decode(lines(new TextEncoder().encode("a\nb\r\n\rc"))), "a\r\nb\r\n\r\nc");
 * ```
 */
export function crlfLines(): (chunk: Uint8Array) => Uint8Array {
  let afterCr = false;
  return (chunk) => {
    const out = new Uint8Array(2 * chunk.length);
    let at = 0;
    for (const octet of chunk) {
      if (octet !== 10 && octet !== 13) {
        out[at++] = octet;
        afterCr = false;
        continue;
      }
      const ended = octet === 10 && afterCr; // the LF of a CRLF
      afterCr = octet === 13;
      if (ended) continue;
      out[at++] = 13;
      out[at++] = 10;
    }
    return out.subarray(0, at);
  };
}
