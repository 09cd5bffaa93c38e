/**
 * Values with parameters: Content-Type, Content-Disposition (RFC 2045 section 5.1, RFC 2183) with the continuations
 * and charsets of RFC 2231. Broken forms give what can be made of them.
 */
import { isAscii, lowerAscii, parseDigits, trimWsp } from "../base/ascii.ts";
import { utf8Bytes } from "../base/bytes.ts";
import { decodeCharset } from "./charset.ts";
import type { Parameter } from "./model.ts";
import { hexDigit } from "./transfer.ts";

/** A value and what follows its semicolons (RFC 2045 section 5.1). */
export interface ParameterizedValue {
  /** What stands before the first semicolon, without comments, in lower case. */
  readonly value: string;
  /** Names in lower case, RFC 2231 decoded, in order; of two with one name the first. */
  readonly params: readonly Parameter[];
}

/** Most parameters of one field that are kept; what follows is not looked at. */
const PARAMS_LIMIT = 200;
const SECTIONS_LIMIT = 200;

/** Parses an unfolded value. One pass over the text. */
export function parseParameterized(text: string): ParameterizedValue {
  const scan = { text, at: 0 };
  const value = lowerAscii(trimWsp(readUntilSemicolon(scan)));
  const raw: Parameter[] = [];
  while (scan.at < text.length && raw.length < PARAMS_LIMIT) {
    const param = readParameter(scan);
    if (param !== null) raw.push(param);
  }
  return { value, params: joinSections(raw) };
}

/** The value of a parameter, or null. */
export function paramOf(params: readonly Parameter[], name: string): string | null {
  for (const [key, value] of params) if (key === name) return value;
  return null;
}

/**
 * Writes `value; name=value …`, quoted where the grammar needs it and by RFC 2231 where a value is not ASCII: for
 * `OutgoingPart.type` and `.disposition`. Controls become spaces.
 */
export function formatParameterized(value: string, params: readonly Parameter[]): string {
  return [value, ...params.map(([name, text]) => formatParam(name, text))].join("; ");
}

function formatParam(name: string, value: string): string {
  const clean = value.replace(/\p{Cc}/gu, " ");
  if (!isAscii(clean)) {
    let out = "utf-8''";
    for (const byte of utf8Bytes(clean)) {
      const char = String.fromCharCode(byte);
      out += /[A-Za-z0-9!#$&+.^_`|~-]/.test(char) ? char : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
    }
    return `${name}*=${out}`;
  }
  if (/^[A-Za-z0-9!#$&+.^_`{|}~-]+$/.test(clean)) return `${name}=${clean}`;
  return `${name}="${clean.replace(/["\\]/g, "\\$&")}"`;
}

interface Scan {
  readonly text: string;
  at: number;
}

function readUntilSemicolon(scan: Scan): string {
  let out = "";
  while (scan.at < scan.text.length && scan.text[scan.at] !== ";") {
    if (scan.text[scan.at] === "(") skipComment(scan);
    else out += scan.text[scan.at++];
  }
  scan.at++;
  return out;
}

function readParameter(scan: Scan): Parameter | null {
  const { text } = scan;
  let name = "";
  while (scan.at < text.length) {
    const char = text[scan.at]!;
    if (char === "=" || char === ";") break;
    if (char === "(") skipComment(scan);
    else {
      name += char;
      scan.at++;
    }
  }
  const key = lowerAscii(trimWsp(name));
  if (text[scan.at] !== "=") {
    scan.at++;
    return null;
  }
  scan.at++;
  const value = readValue(scan);
  return key === "" || key.length > 100 ? null : [key, value];
}

function readValue(scan: Scan): string {
  const { text } = scan;
  while (isBlankAt(scan)) scan.at++;
  if (text[scan.at] === '"') {
    const value = readQuoted(scan);
    readUntilSemicolon(scan); // junk behind the closing quote
    return value;
  }
  // Values with spaces that should have been quoted are common (`filename=My file.pdf`): up to the semicolon.
  return trimWsp(readUntilSemicolon(scan));
}

function readQuoted(scan: Scan): string {
  const { text } = scan;
  const pieces: string[] = [];
  let from = ++scan.at;
  for (; scan.at < text.length; scan.at++) {
    const char = text[scan.at];
    if (char === '"') break;
    if (char !== "\\") continue;
    const next = text[scan.at + 1];
    // Programs that do not know quoted-pairs write Windows paths: only quotes and backslashes are pairs.
    if (next !== '"' && next !== "\\") continue;
    pieces.push(text.slice(from, scan.at));
    from = ++scan.at;
  }
  pieces.push(text.slice(from, scan.at));
  scan.at++;
  return pieces.join("");
}

function skipComment(scan: Scan): void {
  const { text } = scan;
  let depth = 0;
  for (; scan.at < text.length; scan.at++) {
    const char = text[scan.at];
    if (char === "\\") scan.at++;
    else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) {
      scan.at++;
      return;
    }
  }
}

function isBlankAt(scan: Scan): boolean {
  return scan.text[scan.at] === " " || scan.text[scan.at] === "\t";
}

interface Section {
  readonly number: number;
  readonly encoded: boolean;
  readonly value: string;
}

/** RFC 2231 sections 3 and 4: `name*`, `name*0`, `name*0*` … become one parameter where the first of them stood. */
function joinSections(raw: readonly Parameter[]): Parameter[] {
  const sections = new Map<string, Section[]>();
  const plain = new Map<string, string>();
  const order = new Set<string>();
  for (const [key, value] of raw) {
    const star = key.indexOf("*");
    if (star <= 0) {
      if (!plain.has(key)) plain.set(key, value);
      order.add(key);
      continue;
    }
    const name = key.slice(0, star);
    const rest = key.slice(star + 1);
    const encoded = rest === "" || rest.endsWith("*");
    const digits = encoded ? rest.slice(0, -1) : rest;
    const number = rest === "" ? 0 : parseDigits(digits, SECTIONS_LIMIT);
    if (number === null) continue;
    const list = sections.get(name) ?? [];
    if (!list.some((section) => section.number === number)) list.push({ number, encoded, value });
    sections.set(name, list);
    order.add(name);
  }
  return [...order].map((name): Parameter => {
    const list = sections.get(name);
    // RFC 2231 section 4 note: where both forms stand, the extended one is the better.
    return [name, list === undefined ? plain.get(name) ?? "" : joinOne(list)];
  });
}

function joinOne(list: Section[]): string {
  list.sort((a, b) => a.number - b.number);
  let charset = "";
  const pieces: Uint8Array[] = [];
  let next = list[0]!.number; // 0, or 1 where a program counts from one
  for (const section of list) {
    if (section.number !== next++) break;
    let value = section.value;
    if (section.encoded && pieces.length === 0) {
      const first = value.indexOf("'");
      const second = first < 0 ? -1 : value.indexOf("'", first + 1);
      if (second >= 0) {
        charset = value.slice(0, first);
        value = value.slice(second + 1);
      }
    }
    pieces.push(section.encoded ? percentDecode(value) : utf8Bytes(value));
  }
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return decodeCharset(bytes, charset).replace(/[\r\n\0]/g, " ");
}

function percentDecode(text: string): Uint8Array {
  const octets = utf8Bytes(text);
  const out = new Uint8Array(octets.length);
  let size = 0;
  for (let i = 0; i < octets.length; i++) {
    const high = octets[i] === 37 ? hexDigit(octets[i + 1]) : -1;
    const low = octets[i] === 37 ? hexDigit(octets[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out[size++] = high * 16 + low;
      i += 2;
    } else out[size++] = octets[i]!;
  }
  return out.subarray(0, size);
}
