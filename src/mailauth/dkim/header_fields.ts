/**
 * A header as DKIM sees it (RFC 6376 section 3.4 and 5.4.2): fields with their octets as they came, canonicalized, and
 * picked from the bottom up. Text is latin1, one character an octet.
 *
 * What is a field here is a field to `message/header.ts` too: a line ends with LF. A line that neither begins a field
 * nor continues one is taken to the field above, so that a signature never covers less than a reader could show.
 */
import { isWsp, lowerAscii } from "../../base/ascii.ts";
import { latin1Bytes, latin1String } from "../../base/bytes.ts";
import type { Canonicalization } from "./body_canon.ts";

/** One field with its octets. */
export class SignedField {
  /** In lower case (ASCII), without white space; empty for a line at the top that is no field. */
  readonly name: string;
  /** The octets, without the last line end. */
  readonly text: string;
  /** Where the value starts in `text`, behind the colon. */
  readonly valueStart: number;
  #relaxed: string | null = null;
  readonly #octets: { simple: Uint8Array | null; relaxed: Uint8Array | null } = { simple: null, relaxed: null };

  constructor(text: string, colon: number) {
    this.text = text;
    this.valueStart = colon + 1;
    this.name = lowerAscii(trimmed(text.slice(0, Math.max(colon, 0))));
  }

  /** What stands behind the colon. */
  get value(): string {
    return this.text.slice(this.valueStart);
  }

  /** RFC 6376 section 3.4.2, without a line end. */
  get relaxed(): string {
    this.#relaxed ??= relaxedField(this.name, this.value);
    return this.#relaxed;
  }

  /** The canonical field with its CRLF. Kept, because several signatures ask for the same fields. */
  canonical(canon: Canonicalization): Uint8Array {
    return this.#octets[canon] ??= latin1Bytes((canon === "relaxed" ? this.relaxed : this.text) + "\r\n");
  }
}

/** RFC 6376 section 3.4.2 for a field that is put together: name in lower case, value behind the colon. */
export function relaxedField(name: string, value: string): string {
  return `${name}:${/\n|\t| {2}/.test(value) ? reduced(value) : trimmed(value)}`;
}

/** A value with folds undone, white space reduced to one SP and gone at both ends; by octets, for it may be long. */
function reduced(value: string): string {
  const octets = latin1Bytes(value);
  let blank = false;
  let pos = 0;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at]!;
    if (isWsp(octet)) {
      blank = true;
      continue;
    }
    // Only a line end before white space is a fold (RFC 5322 section 2.2.3).
    const lf = octet === CR && octets[at + 1] === LF ? at + 1 : at;
    if (octets[lf] === LF && isWsp(octets[lf + 1] ?? 0)) {
      at = lf;
      continue;
    }
    if (blank && pos > 0) octets[pos++] = SP;
    blank = false;
    octets[pos++] = octet;
  }
  return latin1String(octets, 0, pos);
}

const SP = 32;
const CR = 13;
const LF = 10;

/** The fields of a header, which may end with its blank line, in order, at most `limit`. */
export function signedFields(header: string, limit: number = Infinity): SignedField[] {
  const fields: SignedField[] = [];
  let start = 0;
  let colon = -1;
  let at = 0;
  while (at < header.length && !isBlankLine(header, at) && fields.length < limit) {
    const lf = header.indexOf("\n", at);
    const next = lf < 0 ? header.length : lf + 1;
    const here = colonOf(header, at, next);
    if (here >= 0 && at > 0) fields.push(fieldOf(header, start, at, colon));
    if (here >= 0) {
      start = at;
      colon = here;
    }
    at = next;
  }
  if (at > 0) fields.push(fieldOf(header, start, at, colon));
  return fields;
}

/** Picks fields by name: each time the lowest one that was not picked before (RFC 6376 section 5.4.2). */
export class FieldPicker {
  readonly #left = new Map<string, SignedField[]>();

  /** `without`: the signature that is verified, which never covers itself (RFC 6376 section 3.5, h=). */
  constructor(fields: readonly SignedField[], without: SignedField | null = null) {
    for (const field of fields) {
      if (field === without) continue;
      const same = this.#left.get(field.name);
      if (same) same.push(field);
      else this.#left.set(field.name, [field]);
    }
  }

  /** Null where none is left: such a name contributes nothing. */
  pick(name: string): SignedField | null {
    return this.#left.get(name)?.pop() ?? null;
  }

  /** How many are left. */
  count(name: string): number {
    return this.#left.get(name)?.length ?? 0;
  }
}

function fieldOf(header: string, start: number, end: number, colon: number): SignedField {
  let last = end;
  if (header[last - 1] === "\n") last--;
  if (header[last - 1] === "\r") last--;
  return new SignedField(header.slice(start, last), colon < start ? -1 : colon - start);
}

function isBlankLine(header: string, at: number): boolean {
  return header[at] === "\n" || (header[at] === "\r" && header[at + 1] === "\n");
}

/** Where the colon of a field stands that begins at `at`, or -1. White space may stand before it (RFC 5322 section 4.5). */
function colonOf(header: string, at: number, end: number): number {
  let blanks = false;
  for (let i = at; i < end; i++) {
    const code = header.charCodeAt(i);
    if (code === 58) return i > at ? i : -1;
    if (isWsp(code)) {
      if (i === at) return -1;
      blanks = true;
    } else if (blanks || code < 33 || code === 127) return -1;
  }
  return -1;
}

function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWsp(text.charCodeAt(start))) start++;
  while (end > start && isWsp(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
