/**
 * A header as fields (RFC 5322 section 2.2). Offsets are octets; text is latin1, one character an octet, until
 * `decodeHeaderOctets` makes Unicode of it. LF ends a line, with or without CR before it; a CR alone is white space.
 */
import { lowerAscii } from "../base/ascii.ts";
import { latin1String } from "../base/bytes.ts";
import { decodeHeaderOctets } from "./charset.ts";
import { decodeWords } from "./encoded_word.ts";

/** One field of a header, as its octets stand there. */
export interface HeaderField {
  /** In lower case (ASCII). */
  readonly name: string;
  /** Octets `[start, end)` of the header, the field's line ends with it. */
  readonly start: number;
  readonly end: number;
  /** What stands behind the colon, latin1, folds and last line end with it. */
  readonly raw: string;
}

/**
 * The fields of a header in order. `header` may end with its blank line or go on with a body: reading stops at the
 * first line that is blank or no field. An mbox `From ` line at the start is passed over.
 */
export function headerFields(header: Uint8Array | string, limit: number = Infinity): HeaderField[] {
  const text = typeof header === "string" ? header : latin1String(header);
  const fields: HeaderField[] = [];
  let at = mboxLineEnd(text);
  while (at < text.length && fields.length < limit) {
    const colon = colonOf(text, at);
    if (colon < 0) break;
    let end = lineEnd(text, at);
    while (text[end] === " " || text[end] === "\t") end = lineEnd(text, end);
    fields.push({ name: nameOf(text, at, colon), start: at, end, raw: text.slice(colon + 1, end) });
    at = end;
  }
  return fields;
}

/** A field's value on one line: line ends gone, white space at both ends gone, white space of folds kept. */
export function unfold(raw: string): string {
  let text = raw;
  if (raw.includes("\n") || raw.includes("\r") || raw.includes("\0")) {
    // RFC 5322 section 2.2.3: only the CRLF of a fold goes. What else is a control is a space.
    text = raw.replaceAll("\r\n", "").replace(/[\n]/g, "").replace(/[\r\0]/g, " ");
  }
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Unfolded Unicode, encoded-words still encoded: the form of ENVELOPE. */
export function fieldText(field: HeaderField): string {
  return decodeHeaderOctets(unfold(field.raw));
}

/** Unfolded Unicode with encoded-words decoded: what a person reads and SEARCH compares. */
export function fieldDecoded(field: HeaderField): string {
  return decodeWords(fieldText(field));
}

/**
 * The octets of the fields with the given names (lower case), or with `not` of all others, each whole as it came:
 * HEADER.FIELDS and HEADER.FIELDS.NOT without their blank line (RFC 9051 section 6.4.5.1).
 */
export function selectFields(header: Uint8Array, names: ReadonlySet<string>, not: boolean = false): Uint8Array {
  const chosen = headerFields(header).filter((field) => names.has(field.name) !== not);
  let length = 0;
  for (const field of chosen) length += field.end - field.start;
  const out = new Uint8Array(length);
  let at = 0;
  for (const field of chosen) {
    out.set(header.subarray(field.start, field.end), at);
    at += field.end - field.start;
  }
  return out;
}

/** The first field of this name (lower case), or undefined. */
export function findField(fields: readonly HeaderField[], name: string): HeaderField | undefined {
  return fields.find((field) => field.name === name);
}

const NAME_LIMIT = 998;

/** Where the colon of the field stands that starts at `at`, or -1 where none does. */
function colonOf(text: string, at: number): number {
  let blanks = false;
  for (let i = at; i < text.length && i - at <= NAME_LIMIT; i++) {
    const code = text.charCodeAt(i);
    if (code === 58) return i > at ? i : -1;
    // RFC 5322 section 4.5: white space may stand between an obsolete field's name and its colon.
    if (code === 32 || code === 9) {
      if (i === at) return -1;
      blanks = true;
    } else if (blanks || code < 33 || code === 127) return -1;
  }
  return -1;
}

function nameOf(text: string, at: number, colon: number): string {
  let end = colon;
  while (isBlank(text.charCodeAt(end - 1))) end--;
  return lowerAscii(text.slice(at, end));
}

function lineEnd(text: string, at: number): number {
  const lf = text.indexOf("\n", at);
  return lf < 0 ? text.length : lf + 1;
}

function mboxLineEnd(text: string): number {
  return text.startsWith("From ") || text.startsWith(">From ") ? lineEnd(text, 0) : 0;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
