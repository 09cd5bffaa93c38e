/** Reading Authentication-Results (RFC 8601 section 2.2). One pass without recursion, time linear in the text. */
import { lowerAscii, parseDigits } from "../../base/ascii.ts";
import { formatLocal } from "../../base/address.ts";
import { unfold } from "../../message/header.ts";
import {
  type AuthenticationResults,
  isKeyword,
  isToken,
  PROPERTIES_LIMIT,
  type ResultInfo,
  type ResultProperty,
  RESULTS_LIMIT,
} from "./model.ts";

/** What is wrong with a field, and at which character of its unfolded text. */
export interface MalformedResults {
  readonly malformed: "length" | "comment" | "quotes" | "authserv-id" | "version" | "method" | "property" | "number";
  readonly at: number;
}

/** Characters of a field's value; honest ones have a few hundred. */
const TEXT_LIMIT = 32 * 1024;
const COMMENT_DEPTH = 10;

/**
 * Reads the value of a field (folds are allowed). Tolerated, because people write it: a `;` at the end, no `;` at all,
 * values that should be quoted, and `name=value` without a ptype, which is passed over. All else is malformed: a field
 * that can be read in two ways must not be believed.
 *
 * @see RFC 8601 section 2.2
 */
export function parseAuthenticationResults(value: string): AuthenticationResults | MalformedResults {
  if (value.length > TEXT_LIMIT) return { malformed: "length", at: TEXT_LIMIT };
  const reader = new Reader(unfold(value));
  try {
    return reader.field();
  } catch (error) {
    if (error instanceof Malformed) return { malformed: error.what, at: reader.at };
    throw error;
  }
}

class Malformed extends Error {
  readonly what: MalformedResults["malformed"];

  constructor(what: MalformedResults["malformed"]) {
    super(what);
    this.what = what;
  }
}

class Reader {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  field(): AuthenticationResults {
    this.#blanks();
    const authservId = this.#is('"') ? this.#quoted() : this.#run(isBare);
    if (authservId === "" || !(isToken(authservId) || this.#text[this.at - 1] === '"')) {
      throw new Malformed("authserv-id");
    }
    this.#blanks();
    const digits = this.#run((char) => char >= "0" && char <= "9");
    const version = digits === "" ? 1 : parseDigits(digits, 9999);
    if (version === null) throw new Malformed("version");
    this.#blanks();
    if (!this.#end() && !this.#is(";")) throw new Malformed("version");
    return { authservId, version, results: this.#results() };
  }

  #results(): ResultInfo[] {
    const results: ResultInfo[] = [];
    let nothing = false;
    while (this.#take(";")) {
      this.#blanks();
      if (this.#end() || this.#is(";")) continue;
      const result = this.#result();
      if (result === null) nothing = true;
      else results.push(result);
      if (results.length > RESULTS_LIMIT) throw new Malformed("number");
      this.#blanks();
    }
    if (!this.#end()) throw new Malformed("property");
    if (nothing && results.length > 0) throw new Malformed("method");
    return results;
  }

  /** A resinfo, or null for `none`. */
  #result(): ResultInfo | null {
    const method = this.#keyword("method");
    this.#blanks();
    if (method === "none" && (this.#end() || this.#is(";"))) return null;
    let version: number | null = 1;
    if (this.#take("/")) {
      this.#blanks();
      version = parseDigits(this.#run((char) => char >= "0" && char <= "9"), 9999);
      this.#blanks();
    }
    if (version === null || !this.#take("=")) throw new Malformed("method");
    this.#blanks();
    const result = this.#keyword("method");
    const comment = this.#blanks();
    return { method, version, result, comment, ...this.#details() };
  }

  #details(): Pick<ResultInfo, "reason" | "properties"> {
    let reason: string | null = null;
    const properties: ResultProperty[] = [];
    while (!this.#end() && !this.#is(";")) {
      const ptype = this.#keyword("property");
      this.#blanks();
      const property = this.#take(".") ? this.#property() : null;
      if (!this.#take("=")) throw new Malformed("property");
      this.#blanks();
      const value = this.#value();
      if (property !== null) properties.push({ ptype, property, value });
      else if (ptype === "reason" && reason === null) reason = value;
      if (properties.length > PROPERTIES_LIMIT) throw new Malformed("number");
      this.#blanks();
    }
    return { reason, properties };
  }

  #property(): string {
    this.#blanks();
    const name = this.#keyword("property");
    this.#blanks();
    return name;
  }

  /** A value, or an address whose local part may be quoted. */
  #value(): string {
    if (!this.#is('"')) {
      const bare = this.#run(isBare);
      if (bare === "") throw new Malformed("property");
      return bare;
    }
    const quoted = this.#quoted();
    return this.#is("@") ? formatLocal(quoted) + this.#run(isBare) : quoted;
  }

  #keyword(what: MalformedResults["malformed"]): string {
    const word = this.#run((char) => isKeyword("a" + char));
    if (!isKeyword(word)) throw new Malformed(what);
    return lowerAscii(word);
  }

  #quoted(): string {
    const pieces: string[] = [];
    let from = ++this.at;
    for (; !this.#end(); this.at++) {
      const char = this.#text[this.at];
      if (char === '"') {
        pieces.push(this.#text.slice(from, this.at++));
        return pieces.join("");
      }
      if (char !== "\\") continue;
      pieces.push(this.#text.slice(from, this.at));
      from = ++this.at;
    }
    throw new Malformed("quotes");
  }

  /** Passes over white space and comments (CFWS); gives the first comment. */
  #blanks(): string | null {
    let first: string | null = null;
    while (!this.#end()) {
      if (this.#is(" ") || this.#is("\t")) this.at++;
      else if (this.#is("(")) {
        const comment = this.#comment();
        first ??= comment;
      } else break;
    }
    return first;
  }

  #comment(): string {
    const pieces: string[] = [];
    let depth = 0;
    let from = this.at + 1;
    for (; !this.#end(); this.at++) {
      const char = this.#text[this.at];
      if (char === "\\") {
        pieces.push(this.#text.slice(from, this.at));
        from = ++this.at;
      } else if (char === "(" && ++depth > COMMENT_DEPTH) break;
      else if (char === ")" && --depth === 0) {
        pieces.push(this.#text.slice(from, this.at++));
        return pieces.join("");
      }
    }
    throw new Malformed("comment");
  }

  #run(accepts: (char: string) => boolean): string {
    const from = this.at;
    while (!this.#end() && accepts(this.#text[this.at]!)) this.at++;
    return this.#text.slice(from, this.at);
  }

  #take(char: string): boolean {
    if (!this.#is(char)) return false;
    this.at++;
    return true;
  }

  #is(char: string): boolean {
    return this.#text[this.at] === char;
  }

  #end(): boolean {
    return this.at >= this.#text.length;
  }
}

/** What may stand in a value without quotes, as people write it. */
function isBare(char: string): boolean {
  return char > " " && char !== "\x7f" && char !== ";" && char !== '"' && char !== "(" && char !== ")";
}
