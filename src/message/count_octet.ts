/**
 * How often an octet is in `chunk` from `from` on. Four at a time: a word that is XORed with the octet in all places has a
 * zero where it was, and a zero is found without looking at each.
 */
export function countOctet(chunk: Uint8Array, from: number, octet: number): number {
  let count = 0;
  let at = from;
  const aligned = Math.min(chunk.length, from + ((4 - ((chunk.byteOffset + from) & 3)) & 3));
  for (; at < aligned; at++) if (chunk[at] === octet) count++;
  const length = (chunk.length - at) >> 2;
  if (length > 0) {
    const words = new Int32Array(chunk.buffer, chunk.byteOffset + at, length);
    const all = octet * 0x01010101;
    for (let i = 0; i < length; i++) {
      const word = words[i]! ^ all;
      // The top bit of each octet of `zeros` says that the octet of `word` is zero; no carry crosses from one to the next.
      const zeros = ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word | 0x7f7f7f7f);
      if (zeros !== 0) count += ((zeros >>> 7) & 1) + ((zeros >>> 15) & 1) + ((zeros >>> 23) & 1) + (zeros >>> 31);
    }
    at += length * 4;
  }
  for (; at < chunk.length; at++) if (chunk[at] === octet) count++;
  return count;
}
