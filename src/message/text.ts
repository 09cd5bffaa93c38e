/**
 * Text of parts, for SEARCH and previews: octets are decoded chunk by chunk, folded, and matched without ever being
 * held together. HTML is searched as it stands, with its tags.
 */
import { isAscii, lowerAscii } from "../base/ascii.ts";
import { type CharsetDecoder, charsetDecoder } from "./charset.ts";
import { type TransferDecoder, transferDecoder } from "./transfer.ts";

/** Turns the raw octets of one part's body into text. */
export class TextExtractor {
  readonly #transfer: TransferDecoder;
  readonly #charset: CharsetDecoder;

  /** `encoding` and `charset` as the part names them; an unknown charset is guessed (`charsetDecoder`). */
  constructor(encoding: string, charset: string) {
    this.#transfer = transferDecoder(encoding);
    this.#charset = charsetDecoder(charset);
  }

  push(chunk: Uint8Array): string {
    return this.#charset.push(this.#transfer.push(chunk));
  }

  end(): string {
    return this.#charset.push(this.#transfer.end()) + this.#charset.end();
  }
}

const ACCENTS = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+/g;

/**
 * The form in which texts are compared: without case, without accents of Latin, Greek and Cyrillic letters, and with
 * compatibility characters decomposed (wide letters, ligatures). It is i;unicode-casemap (RFC 5051: titlecase, then
 * decompose) but for the accents, which people leave out when they search. Each character folds by itself, so folded
 * pieces joined are the folded whole unless a surrogate pair was cut.
 */
export function fold(text: string): string {
  if (isAscii(text)) return lowerAscii(text);
  return text.normalize("NFKD").replace(ACCENTS, "").toUpperCase().toLowerCase().replace(ACCENTS, "")
    .replaceAll("ς", "σ");
}

/** Line breaks as spaces, so that wrapped text is found (RFC 9051 section 6.4.4 leaves it to the server). */
export function oneLine(text: string): string {
  return text.replaceAll("\r", "").replaceAll("\n", " ");
}

/** Finds a text in a stream of text pieces, by `fold`, across their borders. Linear (Knuth, Morris, Pratt). */
export class TextMatcher {
  readonly #needle: string;
  readonly #back: Int32Array;
  #matched = 0;
  #half = ""; // a high surrogate whose other half comes with the next piece
  #found: boolean;

  /** An empty text is found at once. */
  constructor(text: string) {
    this.#needle = fold(text);
    this.#back = borders(this.#needle);
    this.#found = this.#needle === "";
  }

  get found(): boolean {
    return this.#found;
  }

  /** Whether the text was found, in this piece or before. */
  push(piece: string): boolean {
    if (this.#found || piece === "") return this.#found;
    let text = this.#half + piece;
    this.#half = "";
    const last = text.charCodeAt(text.length - 1);
    if (last >= 0xd800 && last < 0xdc00) {
      this.#half = text.slice(-1);
      text = text.slice(0, -1);
    }
    this.#scan(fold(text));
    return this.#found;
  }

  /** Forgets a match that is under way: what comes next does not follow what came before (another header field). */
  restart(): void {
    this.#matched = 0;
    this.#half = "";
  }

  #scan(text: string): void {
    const needle = this.#needle;
    const first = needle[0]!;
    let matched = this.#matched;
    for (let i = 0; i < text.length; i++) {
      if (matched === 0) {
        i = text.indexOf(first, i);
        if (i < 0) break;
      }
      const code = text.charCodeAt(i);
      while (matched > 0 && needle.charCodeAt(matched) !== code) matched = this.#back[matched - 1]!;
      if (needle.charCodeAt(matched) === code) matched++;
      if (matched === needle.length) {
        this.#found = true;
        return;
      }
    }
    this.#matched = matched;
  }
}

/** For each prefix the length of its longest proper border. */
function borders(needle: string): Int32Array {
  const back = new Int32Array(needle.length);
  let length = 0;
  for (let i = 1; i < needle.length; i++) {
    while (length > 0 && needle[i] !== needle[length]) length = back[length - 1]!;
    if (needle[i] === needle[length]) length++;
    back[i] = length;
  }
  return back;
}

/** Whether `text` contains `wanted` by `fold`. */
export function containsText(text: string, wanted: string): boolean {
  return new TextMatcher(wanted).push(text);
}
