/** Comparators (RFC 4790): what counts as the same text, and which comes first. */
import { lowerAscii } from "../../base/ascii.ts";
import { compareKeys } from "../../message/collation.ts";

/** A comparator by its registered name. Extensions bring more of them. */
export interface Comparator {
  readonly name: string;
  /** A text such that two are equal, and one contains another, where that holds of these. */
  readonly key: (text: string) => string;
  /** Negative, zero or positive. */
  readonly compare: (a: string, b: string) => number;
  /** One code point, folded; null: it has no substrings (RFC 4790 section 4.2.4). */
  readonly fold: ((code: number) => number) | null;
  /** What a text is brought to before it is folded code point by code point. */
  readonly normalize?: (text: string) => string;
}

/** RFC 4790 section 9.3. */
export const OCTET: Comparator = { name: "i;octet", key: (text) => text, compare: compareKeys, fold: (code) => code };

/** RFC 4790 section 9.2. */
export const ASCII_CASEMAP: Comparator = {
  name: "i;ascii-casemap",
  key: lowerAscii,
  compare: (a, b) => compareKeys(lowerAscii(a), lowerAscii(b)),
  fold: (code) => code >= 65 && code <= 90 ? code + 32 : code,
};

/** A text as code points, folded one by one for patterns: a `?` takes a whole character. */
export function symbols(text: string, comparator: Comparator): Int32Array {
  const source = comparator.normalize?.(text) ?? text;
  const fold = comparator.fold ?? OCTET.fold!;
  const out = new Int32Array(source.length);
  let size = 0;
  for (let i = 0; i < source.length; i++) {
    let code = source.charCodeAt(i);
    if (code >= 0xd800 && code < 0xdc00 && i + 1 < source.length) code = source.codePointAt(i)!;
    if (code > 0xffff) i++;
    out[size++] = fold(code);
  }
  return out.subarray(0, size);
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
    return this.#key ??= this.comparator.key(this.text);
  }

  get symbols(): Int32Array {
    return this.#symbols ??= symbols(this.text, this.comparator);
  }

  /** What the symbols stand for, `[from, to)`, as it stands in the text. */
  slice(from: number, to: number): string {
    const { normalize } = this.comparator;
    // Without pairs of surrogates and without composing, symbols and characters count alike.
    if (this.symbols.length === this.text.length && normalize === undefined) return this.text.slice(from, to);
    this.#characters ??= [...(normalize?.(this.text) ?? this.text)];
    return this.#characters.slice(from, to).join("");
  }
}
