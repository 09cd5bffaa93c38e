/** Base32 of RFC 4648 section 6 in lower case without padding: it survives servers that change the case of a local part. */

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** The first `length` characters of the octets. */
export function base32(octets: Uint8Array, length: number): string {
  let out = "";
  let bits = 0;
  let value = 0;
  for (const octet of octets) {
    value = (value << 8 | octet) & 0xffff;
    bits += 8;
    while (bits >= 5 && out.length < length) {
      bits -= 5;
      out += ALPHABET[value >> bits & 31];
    }
  }
  return out;
}

/** A number below 1024 as two characters. */
export function twoDigits(value: number): string {
  return ALPHABET[value >> 5 & 31]! + ALPHABET[value & 31]!;
}

/** The number of two characters in any case, or null. */
export function fromTwoDigits(text: string): number | null {
  if (text.length !== 2) return null;
  const high = ALPHABET.indexOf(text[0]!.toLowerCase());
  const low = ALPHABET.indexOf(text[1]!.toLowerCase());
  return high < 0 || low < 0 ? null : high * 32 + low;
}
