/**
 * JSON with comments (`//`, block) and commas behind the last member, as people write configuration. Everything else is
 * RFC 8259, with one rule more: a name stands once in an object. Keeps where every value begins, so that a complaint
 * about a value can point at it.
 */

/** A place in the text; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type JsoncResult =
  | {
    readonly ok: true;
    readonly value: unknown;
    /** Where values begin, by path: `""` is the whole, `listeners.3.port` a member. */
    readonly places: ReadonlyMap<string, Place>;
  }
  | { readonly ok: false; readonly place: Place; readonly reason: string };

const DEEPEST = 32;

class Malformed extends Error {
  readonly at: number;
  constructor(at: number, reason: string) {
    super(reason);
    this.at = at;
  }
}

/** Parses the text, or says where and why not. Objects have no prototype. */
export function parseJsonc(text: string): JsoncResult {
  const reader = new Reader(text);
  try {
    const value = reader.document();
    const places = new Map<string, Place>();
    for (const [path, at] of reader.starts) places.set(path, placeOf(text, at));
    return { ok: true, value, places };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { ok: false, place: placeOf(text, error.at), reason: error.message };
  }
}

function placeOf(text: string, at: number): Place {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf("\n"); next >= 0 && next < at; next = text.indexOf("\n", next + 1)) {
    line++;
    start = next + 1;
  }
  return { line, column: at - start + 1 };
}

class Reader {
  readonly starts = new Map<string, number>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.charCodeAt(0) === 0xfeff) this.#at = 1;
  }

  document(): unknown {
    this.#skip();
    if (this.#at >= this.#text.length) throw new Malformed(this.#at, "the file is empty; it should hold { … }");
    const value = this.#value("", 0);
    this.#skip();
    if (this.#at < this.#text.length) throw new Malformed(this.#at, "something follows the end of the configuration");
    return value;
  }

  #value(path: string, depth: number): unknown {
    if (depth > DEEPEST) throw new Malformed(this.#at, `nested deeper than ${DEEPEST}`);
    this.starts.set(path, this.#at);
    const c = this.#text[this.#at];
    if (c === "{") return this.#object(path, depth);
    if (c === "[") return this.#array(path, depth);
    if (c === '"') return this.#string();
    if (c === "'") throw new Malformed(this.#at, "strings stand in double quotes");
    const start = this.#at;
    while (/[A-Za-z0-9_+.-]/.test(this.#text[this.#at] ?? "")) this.#at++;
    const word = this.#text.slice(start, this.#at);
    if (word === "true") return true;
    if (word === "false") return false;
    if (word === "null") return null;
    if (word.length < 40 && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) return Number(word);
    if (word === "") throw new Malformed(start, this.#unexpected("a value"));
    throw new Malformed(start, `${word.slice(0, 40)} is no value; did you mean "${word.slice(0, 40)}"?`);
  }

  #object(path: string, depth: number): unknown {
    const members: Record<string, unknown> = Object.create(null);
    this.#at++;
    for (;;) {
      this.#skip();
      if (this.#text[this.#at] === "}") break;
      if (this.#text[this.#at] !== '"') throw new Malformed(this.#at, this.#unexpected('a "name" or }'));
      const start = this.#at;
      const name = this.#string();
      if (Object.hasOwn(members, name)) throw new Malformed(start, `"${name}" stands here twice`);
      this.#skip();
      if (this.#text[this.#at] !== ":") throw new Malformed(this.#at, this.#unexpected(`: after "${name}"`));
      this.#at++;
      this.#skip();
      members[name] = this.#value(path === "" ? name : `${path}.${name}`, depth + 1);
      if (!this.#comma("}")) break;
    }
    this.#at++;
    return members;
  }

  #array(path: string, depth: number): unknown {
    const items: unknown[] = [];
    this.#at++;
    for (;;) {
      this.#skip();
      if (this.#text[this.#at] === "]") break;
      items.push(this.#value(path === "" ? `${items.length}` : `${path}.${items.length}`, depth + 1));
      if (!this.#comma("]")) break;
    }
    this.#at++;
    return items;
  }

  /** Takes a comma and answers true, or stands before `end` and answers false. */
  #comma(end: string): boolean {
    this.#skip();
    const c = this.#text[this.#at];
    if (c === ",") {
      this.#at++;
      return true;
    }
    if (c !== end) throw new Malformed(this.#at, this.#unexpected(`, or ${end}`));
    return false;
  }

  #string(): string {
    const start = this.#at;
    for (let i = start + 1; i < this.#text.length; i++) {
      const c = this.#text[i];
      if (c === "\\") i++;
      else if (c === "\n") break;
      else if (c === '"') {
        this.#at = i + 1;
        try {
          return JSON.parse(this.#text.slice(start, this.#at)) as string;
        } catch {
          throw new Malformed(start, "a string with an escape or a control character that JSON does not have");
        }
      }
    }
    throw new Malformed(start, "this string has no end");
  }

  #skip(): void {
    for (;;) {
      while (/[ \t\r\n]/.test(this.#text[this.#at] ?? "")) this.#at++;
      if (this.#text.startsWith("//", this.#at)) {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (this.#text.startsWith("/*", this.#at)) {
        const end = this.#text.indexOf("*/", this.#at + 2);
        if (end < 0) throw new Malformed(this.#at, "this comment has no end");
        this.#at = end + 2;
      } else return;
    }
  }

  #unexpected(wanted: string): string {
    const c = this.#text.codePointAt(this.#at);
    return `expected ${wanted}, found ${
      c === undefined ? "the end of the file" : JSON.stringify(String.fromCodePoint(c))
    }`;
  }
}
