/**
 * Reads one command from its pieces; methods are named after the grammar of RFC 9051 section 9. Strings are latin1,
 * one character an octet. What does not fit throws `Malformed`, which the machine turns into BAD.
 */
import { parseDigits, upperAscii } from "../../base/ascii.ts";
import { latin1Bytes, latin1String, utf8Strict } from "../../base/bytes.ts";
import type { Piece, StreamedLiteral } from "./command_reader.ts";

/** The client's mistake. `text` is sent back. */
export class Malformed extends Error {
  override readonly name = "Malformed";
  /** The response code of its BAD, or null. */
  readonly code: string | null;

  constructor(message: string, code: string | null = null) {
    super(message);
    this.code = code;
  }
}

const ATOM_SPECIALS = '(){ %*"\\]';
const MAX_NUMBER = 0xffffffff;

export class Lexer {
  readonly #pieces: readonly Piece[];
  #piece = 0;
  #text: string;
  #at = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    const first = pieces[0];
    this.#text = typeof first === "string" ? first : "";
  }

  fail(what: string, code: string | null = null): never {
    throw new Malformed(what, code);
  }

  /** SP */
  sp(): void {
    this.char(" ");
  }

  char(wanted: string): void {
    if (!this.tryChar(wanted)) this.fail(wanted === " " ? "A space is missing" : `"${wanted}" is missing`);
  }

  tryChar(wanted: string): boolean {
    if (this.#text[this.#at] !== wanted) return false;
    this.#at++;
    return true;
  }

  /** The next character without taking it; empty at the end of a piece. */
  peek(): string {
    return this.#text[this.#at] ?? "";
  }

  /** Whether this stands next, in whatever case; nothing is taken. */
  ahead(text: string): boolean {
    return upperAscii(this.#text.slice(this.#at, this.#at + text.length)) === text;
  }

  /** Another one that reads on from here. */
  copy(): Lexer {
    const copy = new Lexer(this.#pieces);
    copy.#piece = this.#piece;
    copy.#text = this.#text;
    copy.#at = this.#at;
    return copy;
  }

  /** Nothing may be left. */
  end(): void {
    if (!this.atEnd()) this.fail("Something follows the arguments");
  }

  atEnd(): boolean {
    return this.#at === this.#text.length && this.#piece === this.#pieces.length - 1;
  }

  /** 1*<any ASTRING-CHAR except "+"> */
  tag(): string {
    return this.#run((code) => isAstringChar(code) && code !== 43) ?? this.fail("The tag is malformed");
  }

  /** 1*ATOM-CHAR */
  atom(): string {
    return this.#run(isAtomChar) ?? this.fail("An atom is missing");
  }

  /** An atom in upper case: a word of the protocol. */
  word(): string {
    return upperAscii(this.atom());
  }

  /** Takes the word where it stands next. */
  tryWord(word: string): boolean {
    const end = this.#at + word.length;
    if (upperAscii(this.#text.slice(this.#at, end)) !== word) return false;
    const next = this.#text.charCodeAt(end);
    if (end < this.#text.length && isAtomChar(next)) return false;
    this.#at = end;
    return true;
  }

  /** The characters for which `test` holds; at least one. */
  chars(test: (code: number) => boolean): string {
    return this.#run(test) ?? this.fail("Unexpected character");
  }

  /** 1*ASTRING-CHAR / string */
  astring(): string {
    return this.#run(isAstringChar) ?? this.string();
  }

  /** astring, or with wildcards (list-mailbox) */
  listMailbox(): string {
    return this.#run(isListChar) ?? this.string();
  }

  /** quoted / literal */
  string(): string {
    if (this.peek() === '"') return this.#quoted();
    const literal = this.#literal();
    if (literal === null || literal.kind !== "buffered") return this.fail("A string is missing");
    return latin1String(literal.bytes);
  }

  /** string / nil */
  nstring(): string | null {
    return this.tryWord("NIL") ? null : this.string();
  }

  /** The literal of APPEND, whose octets went to a sink. */
  message(): StreamedLiteral {
    const literal = this.#literal();
    if (literal === null || literal.kind !== "streamed") return this.fail("The message must be a literal");
    return literal;
  }

  /** Whether the text ends here and a literal (or the end) follows. */
  atPieceEnd(): boolean {
    return this.#at === this.#text.length;
  }

  number(): number {
    return this.#number(MAX_NUMBER);
  }

  nzNumber(): number {
    const value = this.#number(MAX_NUMBER);
    return value === 0 ? this.fail("Zero is not allowed") : value;
  }

  /** Up to 2^63-1; what is beyond 2^53-1 counts as that, for no size and no modseq of ours is larger. */
  number64(): number {
    const digits = this.#run((code) => code >= 48 && code <= 57);
    // As long as the largest number, digits compare like numbers.
    if (digits === null || digits.length > 19 || (digits.length === 19 && digits > "9223372036854775807")) {
      return this.fail("A number is missing or too large");
    }
    return parseDigits(digits) ?? Number.MAX_SAFE_INTEGER;
  }

  /** `"(" item *(SP item) ")"`, at least `least` items. */
  list<T>(item: () => T, least: 0 | 1 = 1): T[] {
    this.char("(");
    const items: T[] = [];
    if (this.tryChar(")")) return least === 0 ? items : this.fail("The list is empty");
    do items.push(item()); while (this.tryChar(" "));
    this.char(")");
    return items;
  }

  #number(max: number): number {
    const digits = this.#run((code) => code >= 48 && code <= 57);
    const value = digits === null ? null : parseDigits(digits, max);
    return value ?? this.fail("A number is missing or too large");
  }

  #run(test: (code: number) => boolean): string | null {
    const text = this.#text;
    let end = this.#at;
    while (end < text.length && test(text.charCodeAt(end))) end++;
    if (end === this.#at) return null;
    const run = text.slice(this.#at, end);
    this.#at = end;
    return run;
  }

  #quoted(): string {
    const text = this.#text;
    let from = this.#at + 1;
    let out = "";
    for (let i = from; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === 34) {
        this.#at = i + 1;
        return out + text.slice(from, i);
      }
      if (code === 92) {
        const next = text[i + 1];
        if (next !== '"' && next !== "\\") this.fail("A backslash quotes only quotes and backslashes");
        out += text.slice(from, i);
        from = ++i;
      } else if (code === 0) this.fail("NUL in a string");
    }
    return this.fail("A quote is missing");
  }

  #literal(): Exclude<Piece, string> | null {
    const next = this.#pieces[this.#piece + 1];
    if (this.#at !== this.#text.length || next === undefined || typeof next === "string") return null;
    const text = this.#pieces[this.#piece + 2];
    this.#piece += 2;
    this.#text = typeof text === "string" ? text : "";
    this.#at = 0;
    return next;
  }
}

/** Text of a latin1 string whose octets are UTF-8. */
export function utf8Text(lexer: Lexer, octets: string): string {
  return utf8Strict(latin1Bytes(octets)) ?? lexer.fail("A string is not UTF-8");
}

/** RFC 9051: ATOM-CHAR is any CHAR except atom-specials; no controls, nothing beyond ASCII. */
export function isAtomChar(code: number): boolean {
  return code > 32 && code < 127 && !ATOM_SPECIALS.includes(String.fromCharCode(code));
}

function isAstringChar(code: number): boolean {
  return code === 93 || isAtomChar(code);
}

function isListChar(code: number): boolean {
  return code === 37 || code === 42 || isAstringChar(code);
}
