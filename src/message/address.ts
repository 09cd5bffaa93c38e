/**
 * Address lists (RFC 5322 section 3.4, RFC 6532) as they really come: groups, comments, quoted strings, routes,
 * obsolete forms and broken ones. One pass without recursion; time and output are linear in the text.
 */
import type { EnvelopeAddress } from "./model.ts";

/** Most entries of one list; what follows is left out. */
export const ADDRESS_LIMIT = 10_000;

/**
 * Parses an unfolded list into the shape of IMAP. Names keep their encoded-words and lose quotes; local parts lose
 * theirs too (`formatLocal` puts them back). Text without an `@` becomes a mailbox with an empty host. The old form
 * `address (Name)` gives the comment as name.
 */
export function parseAddressList(text: string): EnvelopeAddress[] {
  return new Reader(text).read();
}

type Token = { readonly kind: "word" | "quoted" | "at"; readonly text: string; readonly spaced: boolean };

const SPECIAL = new Set([...'<>,;:@()" \t\r\n']);

class Reader {
  readonly #text: string;
  readonly #out: EnvelopeAddress[] = [];
  #at = 0;
  #tokens: Token[] = [];
  #display: Token[] | null = null; // tokens before "<"
  #inAngle = false;
  #comment: string | null = null;
  #inGroup = false;
  #spaced = false;
  #noWordBefore = 0; // up to here no "?=" ends an encoded-word

  constructor(text: string) {
    this.#text = text;
  }

  read(): EnvelopeAddress[] {
    const text = this.#text;
    while (this.#at < text.length && this.#out.length < ADDRESS_LIMIT) this.#step(text[this.#at]!);
    this.#finish();
    if (this.#inGroup) this.#out.push(GROUP_END);
    return this.#out;
  }

  #step(char: string): void {
    switch (char) {
      case " ":
      case "\t":
      case "\r":
      case "\n":
        this.#spaced = true;
        this.#at++;
        return;
      case '"':
        this.#push("quoted", this.#quoted());
        return;
      case "(":
        this.#comment = this.#readComment();
        this.#spaced = true;
        return;
      case "@":
        this.#at++;
        this.#push("at", "@");
        return;
      case "<":
        this.#at++;
        if (this.#display === null) {
          this.#display = this.#tokens;
          this.#tokens = [];
        }
        this.#inAngle = true;
        return;
      case ">":
        this.#at++;
        this.#inAngle = false;
        return;
      case ",":
        this.#at++;
        // RFC 5322 section 4.4: a comma of an obsolete route `<@a,@b:c@d>` ends nothing.
        if (this.#inAngle && this.#tokens[0]?.kind === "at") this.#push("word", ",");
        else this.#finish();
        return;
      case ";":
        this.#at++;
        this.#finish(); // outside a group a broken comma (Outlook)
        if (this.#inGroup) this.#out.push(GROUP_END);
        this.#inGroup = false;
        return;
      case ":":
        this.#at++;
        this.#colon();
        return;
      case ")":
        this.#at++;
        return;
      default:
        this.#push("word", this.#word());
    }
  }

  #push(kind: Token["kind"], text: string): void {
    this.#tokens.push({ kind, text, spaced: this.#spaced });
    this.#spaced = false;
  }

  #colon(): void {
    if (this.#inAngle) {
      if (this.#tokens[0]?.kind === "at") this.#tokens = []; // the end of a route, which is to be ignored
      else this.#push("word", ":");
    } else if (this.#inGroup || this.#tokens.some((token) => token.kind === "at")) this.#push("word", ":");
    else {
      this.#out.push({ name: null, mailbox: phrase(this.#tokens), host: null });
      this.#inGroup = true;
      this.#reset();
    }
  }

  /** Ends a mailbox, if there is any. */
  #finish(): void {
    const { display, tokens, comment } = { display: this.#display, tokens: this.#tokens, comment: this.#comment };
    this.#reset();
    if (display === null && tokens.length === 0) return;
    let name = display === null ? "" : phrase(display);
    let spec = tokens;
    if (display === null) {
      // `Name local@host` without angle brackets: what stands before the address is its name.
      const start = specStart(tokens);
      name = phrase(tokens.slice(0, start));
      spec = tokens.slice(start);
    }
    if (name === "" && comment !== null) name = comment;
    const at = spec.findLastIndex((token) => token.kind === "at");
    const mailbox = at < 0 ? phrase(spec) : join(spec.slice(0, at));
    const host = at < 0 ? "" : join(spec.slice(at + 1));
    this.#out.push({ name: name === "" ? null : name, mailbox, host });
  }

  #reset(): void {
    this.#tokens = [];
    this.#display = null;
    this.#inAngle = false;
    this.#comment = null;
    this.#spaced = false;
  }

  #quoted(): string {
    const text = this.#text;
    const pieces: string[] = [];
    let from = ++this.#at;
    for (; this.#at < text.length; this.#at++) {
      const char = text[this.#at];
      if (char === '"') break;
      if (char !== "\\") continue;
      pieces.push(text.slice(from, this.#at));
      from = ++this.#at;
    }
    pieces.push(text.slice(from, Math.min(this.#at, text.length)));
    this.#at++;
    return pieces.join("");
  }

  #readComment(): string {
    const text = this.#text;
    const pieces: string[] = [];
    let depth = 0;
    let from = this.#at + 1;
    for (; this.#at < text.length; this.#at++) {
      const char = text[this.#at];
      if (char === "\\") {
        pieces.push(text.slice(from, this.#at));
        from = ++this.#at;
      } else if (char === "(") depth++;
      else if (char === ")" && --depth === 0) break;
    }
    pieces.push(text.slice(from, Math.min(this.#at, text.length)));
    this.#at++;
    return pieces.join("").trim();
  }

  #word(): string {
    const text = this.#text;
    const start = this.#at;
    if (text[start] === "[") {
      // A domain literal holds colons.
      const close = text.indexOf("]", start);
      if (close > 0 && close - start < 256) {
        this.#at = close + 1;
        return text.slice(start, this.#at);
      }
    }
    if (text.startsWith("=?", start) && start >= this.#noWordBefore) {
      // RFC 2047 section 5 (3) forbids specials in a word of a phrase; many programs write them.
      let end = start + 2;
      let marks = 0;
      while (end < text.length && text[end] !== " " && text[end] !== "\t") {
        if (text[end] === "?" && ++marks >= 3 && text[end + 1] === "=") {
          this.#at = end + 2;
          return text.slice(start, this.#at);
        }
        end++;
      }
      this.#noWordBefore = end;
    }
    let end = start + 1;
    while (end < text.length && !SPECIAL.has(text[end]!)) end++;
    this.#at = end;
    return text.slice(start, end);
  }
}

const GROUP_END: EnvelopeAddress = { name: null, mailbox: null, host: null };

/** Words of a display name with one space where there was white space, none where there was none. */
function phrase(tokens: readonly Token[]): string {
  return tokens.map((token, i) => (i > 0 && token.spaced ? " " : "") + token.text).join("");
}

/** An addr-spec: white space between its tokens is not part of it (RFC 5322 section 4.4). */
function join(tokens: readonly Token[]): string {
  return tokens.map((token) => token.text).join("");
}

/** Where the addr-spec starts that ends a list of tokens. */
function specStart(tokens: readonly Token[]): number {
  const at = tokens.findLastIndex((token) => token.kind === "at");
  if (at < 0) return 0;
  let start = Math.max(0, at - 1);
  // The local part goes on to the left over dots: `a . b @ c`, or without any space.
  while (start > 0) {
    const here = tokens[start]!;
    const before = tokens[start - 1]!;
    if (here.spaced && !here.text.startsWith(".") && !before.text.endsWith(".")) break;
    start--;
  }
  return start;
}
