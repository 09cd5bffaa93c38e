/** Tokens of a script (RFC 5228 section 8.1), one at a time. Reading is linear in the text and never fails. */
import { lowerAscii } from "../../base/ascii.ts";
import type { ErrorList, Place } from "./tree.ts";

/** A token with the text that it stands for. */
export type Token =
  | { readonly kind: "identifier" | "tag" | "string"; readonly at: Place; readonly text: string }
  | { readonly kind: "number"; readonly at: Place; readonly text: string; readonly value: number }
  | { readonly kind: Punctuation; readonly at: Place; readonly text: string }
  | { readonly kind: "end"; readonly at: Place; readonly text: "" };

/** Single characters that are tokens. */
export type Punctuation = ";" | "," | "(" | ")" | "[" | "]" | "{" | "}";

const PUNCTUATION = ";,()[]{}";
const MULTIPLIERS: Readonly<Record<string, number>> = { k: 1 << 10, m: 1 << 20, g: 1 << 30 };

/** Reads a script token by token; what is no token is named in `errors` and passed over. */
export class Lexer {
  readonly #text: string;
  readonly #errors: ErrorList;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, errors: ErrorList) {
    this.#text = text.startsWith("\ufeff") ? text.slice(1) : text;
    this.#errors = errors;
  }

  /** Characters that were read, without a byte order mark. */
  get offset(): number {
    return this.#at;
  }

  next(): Token {
    while (true) {
      this.#skipBlanks();
      const at = this.#place();
      const char = this.#text[this.#at];
      if (char === undefined) return { kind: "end", at, text: "" };
      if (PUNCTUATION.includes(char)) {
        this.#at++;
        return { kind: char as Punctuation, at, text: char };
      }
      if (char === '"') return { kind: "string", at, text: this.#quoted(at) };
      if (char >= "0" && char <= "9") return this.#number(at);
      if (char === ":") {
        this.#at++;
        const name = this.#word();
        if (name !== "") return { kind: "tag", at, text: lowerAscii(name) };
        this.#errors.add(at, "A colon begins a tag, and no name follows it.", ":", "a tag such as :is");
        continue;
      }
      const name = this.#word();
      if (name !== "") return this.#named(name, at);
      this.#junk(at);
    }
  }

  #named(name: string, at: Place): Token {
    if (lowerAscii(name) === "text" && this.#text[this.#at] === ":") {
      this.#at++;
      return { kind: "string", at, text: this.#multiLine(at) };
    }
    return { kind: "identifier", at, text: lowerAscii(name) };
  }

  /** What nothing can begin with, up to the next white space or known character. */
  #junk(at: Place): void {
    const start = this.#at++;
    while (this.#at < this.#text.length && !/[\s;,()[\]{}":#A-Za-z0-9_]/.test(this.#text[this.#at]!)) this.#at++;
    this.#errors.add(at, "This cannot stand in a script outside of a string.", this.#text.slice(start, this.#at));
  }

  #place(): Place {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #newLine(): void {
    this.#line++;
    this.#lineStart = this.#at;
  }

  /** White space and comments (section 2.3). */
  #skipBlanks(): void {
    const text = this.#text;
    for (; this.#at < text.length;) {
      const char = text[this.#at]!;
      if (char === "\n") {
        this.#at++;
        this.#newLine();
      } else if (char === " " || char === "\t" || char === "\r") this.#at++;
      else if (char === "#") {
        const end = text.indexOf("\n", this.#at);
        this.#at = end < 0 ? text.length : end;
      } else if (char === "/" && text[this.#at + 1] === "*") this.#bracketComment();
      else return;
    }
  }

  #bracketComment(): void {
    const at = this.#place();
    const end = this.#text.indexOf("*/", this.#at + 2);
    if (end < 0) this.#errors.add(at, "This comment does not end.", "/*", "*/");
    this.#passOver(end < 0 ? this.#text.length : end + 2);
  }

  /** Moves on and counts lines. */
  #passOver(end: number): void {
    for (let lf = this.#text.indexOf("\n", this.#at); lf >= 0 && lf < end; lf = this.#text.indexOf("\n", this.#at)) {
      this.#at = lf + 1;
      this.#newLine();
    }
    this.#at = end;
  }

  #word(): string {
    const text = this.#text;
    const start = this.#at;
    while (this.#at < text.length && isWordCode(text.charCodeAt(this.#at), this.#at > start)) this.#at++;
    return text.slice(start, this.#at);
  }

  #number(at: Place): Token {
    const text = this.#text;
    const start = this.#at;
    while (/[0-9]/.test(text[this.#at] ?? "")) this.#at++;
    let value = Number(text.slice(start, this.#at));
    const unit = MULTIPLIERS[lowerAscii(text[this.#at] ?? "")];
    if (unit !== undefined) {
      value *= unit;
      this.#at++;
    }
    const tail = this.#word();
    const found = text.slice(start, this.#at);
    if (tail !== "") this.#errors.add(at, "This is no number.", found, "digits, and K, M or G behind them");
    else if (!Number.isSafeInteger(value)) this.#errors.add(at, "This number is too large.", found, "at most 2^53 - 1");
    return { kind: "number", at, text: found, value: Math.min(value, Number.MAX_SAFE_INTEGER) };
  }

  /** Section 2.4.2: a backslash before any character stands for that character. */
  #quoted(at: Place): string {
    const text = this.#text;
    const pieces: string[] = [];
    let from = this.#at + 1;
    let end = from;
    for (; end < text.length && text[end] !== '"'; end++) {
      if (text[end] !== "\\") continue;
      pieces.push(text.slice(from, end));
      from = ++end;
    }
    pieces.push(text.slice(from, end));
    if (end >= text.length) this.#errors.add(at, "This string does not end.", text.slice(from, from + 80), '"');
    this.#passOver(Math.min(end + 1, text.length));
    return this.#sound(pieces.join(""), at);
  }

  /** Section 2.4.2: `text:`, then lines up to one that is a single dot; a dot at the start of a line is doubled. */
  #multiLine(at: Place): string {
    const text = this.#text;
    const rest = /^[ \t]*(?:#[^\n]*)?\r?\n/.exec(text.slice(this.#at, this.#at + 2000));
    if (rest === null) {
      this.#errors.add(at, "The text must begin on the line behind `text:`.", "text:", "the end of the line");
      return "";
    }
    this.#passOver(this.#at + rest[0].length);
    const pieces: string[] = [];
    while (this.#at < text.length) {
      const lf = text.indexOf("\n", this.#at);
      const end = lf < 0 ? text.length : lf + 1;
      const line = text.slice(this.#at, end);
      this.#passOver(end);
      if (line === ".\n" || line === ".\r\n" || line === "." || line === ".\r") return this.#sound(pieces.join(""), at);
      pieces.push(line.startsWith(".") ? line.slice(1) : line);
    }
    this.#errors.add(at, "This text does not end.", "text:", "a line with a single dot");
    return pieces.join("");
  }

  #sound(value: string, at: Place): string {
    if (!value.includes("\0")) return value;
    this.#errors.add(at, "A string cannot hold the character NUL.");
    return value.replaceAll("\0", "");
  }
}

/** Section 8.1, identifier: letters, digits and underscores, no digit first. */
function isWordCode(code: number, digits: boolean): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 ||
    (digits && code >= 48 && code <= 57);
}
