/** Comparators (RFC 4790): what counts as the same text, and which comes first. */
import { lowerAscii } from "../../base/ascii.ts";
import { collationKey, compareKeys } from "../../message/collation.ts";

/** The comparators of this implementation, by their registered names. */
export type Comparator = "i;octet" | "i;ascii-casemap" | "i;ascii-numeric" | "i;unicode-casemap";

const NAMES: readonly string[] = ["i;octet", "i;ascii-casemap", "i;ascii-numeric", "i;unicode-casemap"];

/** Whether a name is that of a comparator. */
export function isComparator(name: string): name is Comparator {
  return NAMES.includes(name);
}

/** A text such that two are equal, and one contains another, where that holds of these. */
export function equalityKey(text: string, comparator: Comparator): string {
  switch (comparator) {
    case "i;octet":
      return text;
    case "i;ascii-casemap":
      return lowerAscii(text);
    case "i;unicode-casemap":
      return collationKey(text);
    case "i;ascii-numeric":
      return numericKey(text);
  }
}

/** Negative, zero or positive. */
export function compareTexts(a: string, b: string, comparator: Comparator): number {
  if (comparator === "i;ascii-numeric") return compareNumeric(numericKey(a), numericKey(b));
  return compareKeys(equalityKey(a, comparator), equalityKey(b, comparator));
}

/** RFC 4790 section 9.1.1: the leading digits without zeros before them; no digit is infinity, here the empty text. */
function numericKey(text: string): string {
  const digits = /^[0-9]+/.exec(text)?.[0];
  return digits === undefined ? "" : digits.replace(/^0+(?=.)/, "");
}

function compareNumeric(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "") return 1;
  if (b === "") return -1;
  return a.length !== b.length ? a.length - b.length : compareKeys(a, b);
}

/**
 * A text as code points, folded one by one for patterns: a `?` takes a whole character. For i;unicode-casemap letters
 * are composed first and then made large where that gives one character.
 */
export function symbols(text: string, comparator: Comparator): Int32Array {
  const source = comparator === "i;unicode-casemap" ? text.normalize("NFKC") : text;
  const out = new Int32Array(source.length);
  let size = 0;
  for (let i = 0; i < source.length; i++) {
    let code = source.charCodeAt(i);
    if (code >= 0xd800 && code < 0xdc00 && i + 1 < source.length) code = source.codePointAt(i)!;
    if (code > 0xffff) i++;
    out[size++] = foldCode(code, comparator);
  }
  return out.subarray(0, size);
}

/** One code point, folded. */
export function foldCode(code: number, comparator: Comparator): number {
  if (comparator === "i;octet") return code;
  if (code < 128) return code >= 65 && code <= 90 ? code + 32 : code;
  if (comparator !== "i;unicode-casemap") return code;
  const upper = String.fromCodePoint(code).toUpperCase();
  const point = upper.codePointAt(0)!;
  const length = point > 0xffff ? 2 : 1;
  return upper.length !== length || point < 128 ? code : point;
}

/** A text that is compared with many keys: each of its forms is made once, when it is wanted. */
export class ComparedText {
  readonly text: string;
  readonly comparator: Comparator;
  #key: string | null = null;
  #symbols: Int32Array | null = null;
  #characters: readonly string[] | null = null;

  constructor(text: string, comparator: Comparator) {
    this.text = text;
    this.comparator = comparator;
  }

  get key(): string {
    return this.#key ??= equalityKey(this.text, this.comparator);
  }

  get symbols(): Int32Array {
    return this.#symbols ??= symbols(this.text, this.comparator);
  }

  /** What the symbols stand for, `[from, to)`, as it stands in the text. */
  slice(from: number, to: number): string {
    // Without pairs of surrogates and without composing, symbols and characters count alike.
    if (this.symbols.length === this.text.length && this.comparator !== "i;unicode-casemap") {
      return this.text.slice(from, to);
    }
    this.#characters ??= [...(this.comparator === "i;unicode-casemap" ? this.text.normalize("NFKC") : this.text)];
    return this.#characters.slice(from, to).join("");
  }
}
