import { isAscii } from "../base/ascii.ts";

/**
 * SASLprep (RFC 4013), so that the same login or password typed on two keyboards is the same string: spaces become
 * U+0020, what is commonly invisible goes, NFKC, and then nothing prohibited may be left. Null where the text may not
 * be used. It is idempotent. Passwords must go through it when they are set as well as when they are checked.
 *
 * Two liberties: unassigned code points are allowed, as for a "query" (section 2.5), and "character with direction
 * left to right" is taken as any letter of another script (section 2.4), because JavaScript has no bidi classes.
 */
export function saslPrep(text: string): string | null {
  // Nearly every text: ASCII, where preparing changes nothing and only controls are prohibited.
  if (isAscii(text)) return hasAsciiControl(text) ? null : text;
  const mapped: string[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (isIn(MAPPED_TO_NOTHING, code)) continue;
    mapped.push(isIn(NON_ASCII_SPACES, code) ? " " : char);
  }
  const prepared = mapped.join("").normalize("NFKC"); // section 2.2
  for (const char of prepared) if (isIn(PROHIBITED, char.codePointAt(0)!)) return null;
  return isBidiSound(prepared) ? prepared : null;
}

function hasAsciiControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

/** RFC 3454 section 6: text from right to left has no letters of the other direction, and starts and ends with its own. */
function isBidiSound(text: string): boolean {
  const chars = [...text];
  const rightToLeft = chars.map((char) => isIn(RIGHT_TO_LEFT, char.codePointAt(0)!));
  if (!rightToLeft.includes(true)) return true;
  if (rightToLeft[0] !== true || rightToLeft.at(-1) !== true) return false;
  return chars.every((char, i) => rightToLeft[i] === true || !LETTER.test(char));
}

/** Of one character. */
const LETTER = /^\p{L}$/u;

/** Pairs of first and last code point, ascending. */
type Ranges = readonly number[];

function isIn(ranges: Ranges, code: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    if (code < ranges[i]!) return false;
    if (code <= ranges[i + 1]!) return true;
  }
  return false;
}

/** RFC 3454 table B.1. */
const MAPPED_TO_NOTHING: Ranges = [
  ...[0xad, 0xad, 0x34f, 0x34f, 0x1806, 0x1806, 0x180b, 0x180d, 0x200c, 0x200d, 0x2060, 0x2060],
  ...[0xfe00, 0xfe0f, 0xfeff, 0xfeff],
];

/** RFC 3454 table C.1.2; U+200B is in B.1 too, and section 2.1 maps spaces to a space. */
const NON_ASCII_SPACES: Ranges = [
  ...[0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200b, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000],
];

/** RFC 4013 section 2.3: tables C.1.2, C.2.1, C.2.2, C.3 to C.9 of RFC 3454, merged. */
const PROHIBITED: Ranges = [
  ...[0x0, 0x1f, 0x7f, 0xa0, 0x340, 0x341, 0x6dd, 0x6dd, 0x70f, 0x70f, 0x1680, 0x1680, 0x180e, 0x180e],
  ...[0x2000, 0x200f, 0x2028, 0x202f, 0x205f, 0x2063, 0x206a, 0x206f, 0x2ff0, 0x2ffb, 0x3000, 0x3000],
  ...[0xd800, 0xf8ff, 0xfdd0, 0xfdef, 0xfeff, 0xfeff, 0xfff9, 0xffff, 0x1d173, 0x1d17a],
  ...[0x1fffe, 0x1ffff, 0x2fffe, 0x2ffff, 0x3fffe, 0x3ffff, 0x4fffe, 0x4ffff, 0x5fffe, 0x5ffff],
  ...[0x6fffe, 0x6ffff, 0x7fffe, 0x7ffff, 0x8fffe, 0x8ffff, 0x9fffe, 0x9ffff, 0xafffe, 0xaffff],
  ...[0xbfffe, 0xbffff, 0xcfffe, 0xcffff, 0xdfffe, 0xdffff, 0xe0001, 0xe0001, 0xe0020, 0xe007f],
  ...[0xefffe, 0x10ffff],
];

/** RFC 3454 table D.1: characters of the classes R and AL. */
const RIGHT_TO_LEFT: Ranges = [
  ...[0x5be, 0x5be, 0x5c0, 0x5c0, 0x5c3, 0x5c3, 0x5d0, 0x5ea, 0x5f0, 0x5f4, 0x61b, 0x61b, 0x61f, 0x61f],
  ...[0x621, 0x63a, 0x640, 0x64a, 0x66d, 0x66f, 0x671, 0x6d5, 0x6dd, 0x6dd, 0x6e5, 0x6e6, 0x6fa, 0x6fe],
  ...[0x700, 0x70d, 0x710, 0x710, 0x712, 0x72c, 0x780, 0x7a5, 0x7b1, 0x7b1, 0x200f, 0x200f, 0xfb1d, 0xfb1d],
  ...[0xfb1f, 0xfb28, 0xfb2a, 0xfb36, 0xfb38, 0xfb3c, 0xfb3e, 0xfb3e, 0xfb40, 0xfb41, 0xfb43, 0xfb44],
  ...[0xfb46, 0xfbb1, 0xfbd3, 0xfd3d, 0xfd50, 0xfd8f, 0xfd92, 0xfdc7, 0xfdf0, 0xfdfc, 0xfe70, 0xfe74],
  ...[0xfe76, 0xfefc],
];
