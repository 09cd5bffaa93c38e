/**
 * Which threes of octets stand in which emails of a block: a table of bits, a row for each value of a hash of three
 * octets, in it a bit for each email. A text can only stand in emails that have all its threes, so most texts are never
 * read. It errs on one side: a bit may be set by another three.
 */
const ROW_BITS = 14;

/** Octets of a signature. */
export const SIGNATURE_OCTETS = 4 << ROW_BITS;

/** Rows of a text that are looked at; more would hardly rule out more. */
const LOOKED_AT = 6;

/**
 * The signature of at most 32 emails. `offsets` are the starts of all headers, of all bodies, and the end.
 */
export function signatureOf(texts: Uint8Array, offsets: readonly number[]): Uint32Array {
  const rows = new Uint32Array(1 << ROW_BITS);
  const stretches = offsets.length - 1;
  for (let s = 0; s < stretches; s++) {
    const bit = 1 << (s % (stretches / 2));
    let three = 0;
    const end = offsets[s + 1]!;
    for (let at = offsets[s]!; at < end; at++) {
      three = ((three << 8) | texts[at]!) & 0xffffff;
      rows[rowOf(three)]! |= bit;
    }
  }
  return rows;
}

/** Rows that all must have an email's bit where it has the text; none for texts of less than three octets. */
export function rowsOf(text: Uint8Array): readonly number[] {
  const rows = new Set<number>();
  const step = Math.max(1, Math.floor((text.length - 2) / LOOKED_AT));
  for (let at = 0; at + 2 < text.length && rows.size < LOOKED_AT; at += step) {
    rows.add(rowOf((text[at]! << 16) | (text[at + 1]! << 8) | text[at + 2]!));
  }
  return [...rows];
}

function rowOf(three: number): number {
  return Math.imul(three, 0x9e3779b1) >>> (32 - ROW_BITS);
}
