/**
 * Where the messages of an mbox lie: a program that asks for octets of the file and tells of one message after the other.
 * It keeps one window of the file, whatever the file's size.
 *
 * A message begins behind a From_ line with a date, which stands at the start, behind a blank line, or before a header
 * field. Content-Length is believed in files whose first message has a true one (mboxcl, mboxcl2), and only where a From_
 * line or the end of the file is where it says: it came with the message, and may be a lie.
 */
import { equalBytes, latin1String, utf8Bytes } from "../base/bytes.ts";
import { FROM_LIMIT, type FromLine, parseFromLine } from "./mbox_from.ts";

/** A message of the file; offsets in octets. */
export interface MboxExtent {
  /** Latin1, without its line end. */
  readonly line: string;
  readonly from: FromLine;
  /** Lines of the file end in CRLF, as far as the From_ line tells. */
  readonly crlf: boolean;
  /** Of the From_ line. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
  /** Its length was given, so no line in it is quoted. */
  readonly counted: boolean;
}

/** What the program asks for or tells. */
export type MboxStep =
  /** Answered with these octets; fewer only at the end of the file. */
  | { readonly read: number; readonly length: number }
  | { readonly message: MboxExtent }
  /** Something that a person should know of; the program goes on unless it says nothing more. */
  | { readonly note: "notMbox" | "wrongLength"; readonly at: number };

export interface MboxScanOptions {
  /** `never`: lengths are not looked at; `always`: they are believed where they are true. Default: as the first message. */
  readonly lengths?: "never" | "always";
  /** Octets of the window; at least 4096. */
  readonly window?: number;
}

const [LF, CR] = [10, 13];
const FROM = utf8Bytes("From ");
const WINDOW = 262_144;
/** Octets of a header in which Content-Length is looked for. */
const HEADER = 32_768;
/** Octets of a line that are looked at. */
const LINE = FROM_LIMIT + 24;

type Scan<T> = Generator<MboxStep, T, Uint8Array | undefined>;

/** A line as far as it is looked at. */
interface Line {
  readonly text: string;
  readonly crlf: boolean;
}

/** The messages of a file of `size` octets. */
export function* scanMbox(size: number, options: MboxScanOptions = {}): Scan<void> {
  const file = new Window(size, options.window ?? WINDOW);
  let at = 0;
  let line = yield* file.line(at);
  while (at < size && line.text === "") {
    at = yield* file.next(at);
    line = yield* file.line(at);
  }
  if (at >= size) return;
  if (parseFromLine(line.text) === null) return void (yield { note: "notMbox", at });
  let believes = options.lengths === "never" ? false : options.lengths === "always" ? true : null;
  while (at < size) {
    const { text, crlf } = yield* file.line(at);
    const from = parseFromLine(text)!;
    const start = yield* file.next(at);
    const header = yield* readHeader(file, start);
    const counted = header.length === null || believes === false
      ? null
      : yield* trueEnd(file, header.body + header.length);
    if (header.length !== null && counted === null && believes === true) yield { note: "wrongLength", at };
    believes ??= counted !== null;
    const found = counted ?? (yield* searchEnd(file, start));
    yield { message: { line: text, from, crlf, at, start, end: found.end, counted: counted !== null } };
    at = found.next;
  }
}

/** Where the body begins, and what Content-Length says. */
function* readHeader(file: Window, start: number): Scan<{ body: number; length: number | null }> {
  let length: number | null = null;
  // An export of ours: its lines are quoted, whatever length the message brought along.
  const isOurs = (yield* file.line(start)).text.startsWith("X-Palomar-Added: ");
  for (let at = start; at < file.size;) {
    const octet = yield* file.octet(at);
    if (octet === LF || octet === CR) return { body: yield* file.next(at), length };
    if (octet === 70 && at > start && (yield* isBoundary(file, at, false))) break;
    if ((octet === 67 || octet === 99) && !isOurs && at - start < HEADER) {
      const { text } = yield* file.line(at);
      const found = /^content-length:[ \t]*(\d{1,13})[ \t]*$/i.exec(text);
      if (found) length = Number(found[1]);
    }
    at = yield* file.next(at);
  }
  return { body: file.size, length: null };
}

/** The end that a length gives, where a message can end there. */
function* trueEnd(file: Window, claimed: number): Scan<{ end: number; next: number } | null> {
  if (claimed > file.size) return null;
  let next = claimed;
  let end = claimed;
  // The separating blank line; before it the last line's end, where that was not counted.
  for (let blank = 0; blank < 2 && next < file.size; blank++) {
    const { text } = yield* file.line(next);
    if (text !== "") break;
    if (blank === 1) end = next;
    next = yield* file.next(next);
  }
  if (next >= file.size) return { end, next };
  if (next === claimed && (yield* file.octet(claimed - 1)) !== LF) return null;
  const { text } = yield* file.line(next);
  return parseFromLine(text) === null ? null : { end, next };
}

/** The end where the next From_ line is, without the blank line before it. */
function* searchEnd(file: Window, start: number): Scan<{ end: number; next: number }> {
  let blankAt = -1; // where the line before begins, if it is blank
  let at = start;
  while (at < file.size) {
    const octet = yield* file.octet(at);
    if (octet === 70 && (yield* isBoundary(file, at, blankAt >= 0))) {
      return { end: blankAt >= 0 ? blankAt : at, next: at };
    }
    const next = yield* file.next(at);
    const isBlank = octet === LF
      ? next === at + 1
      : octet === CR && next === at + 2 && next <= file.size && (yield* file.octet(at + 1)) === LF;
    blankAt = isBlank ? at : -1;
    at = next;
  }
  return { end: blankAt >= 0 ? blankAt : file.size, next: file.size };
}

/** Whether a message begins here: a From_ line, behind a blank line or before a header field. */
function* isBoundary(file: Window, at: number, afterBlank: boolean): Scan<boolean> {
  if (!equalBytes(yield* file.octets(at, FROM.length), FROM)) return false;
  const { text } = yield* file.line(at);
  if (parseFromLine(text) === null) return false;
  if (afterBlank) return true;
  const { text: next } = yield* file.line(yield* file.next(at));
  return /^[!-9;-~]{1,100}:/.test(next);
}

/** The part of the file that is in memory. */
class Window {
  readonly size: number;
  readonly #room: number;
  #start = 0;
  #octets: Uint8Array = new Uint8Array(0);

  constructor(size: number, room: number) {
    this.size = size;
    this.#room = Math.max(4 * LINE, room);
  }

  /** The octet at an offset within the file. */
  *octet(at: number): Scan<number> {
    const there = this.#octets[at - this.#start];
    if (there !== undefined) return there;
    yield* this.#fill(at);
    return this.#octets[at - this.#start] ?? LF;
  }

  /** So many octets, or as many as there are. */
  *octets(at: number, length: number): Scan<Uint8Array> {
    const end = Math.min(this.size, at + length);
    if (at < this.#start || end > this.#start + this.#octets.length) yield* this.#fill(at);
    return this.#octets.subarray(at - this.#start, end - this.#start);
  }

  /** The line at an offset, cut where no From_ line is as long. */
  *line(at: number): Scan<Line> {
    const octets = yield* this.octets(at, LINE);
    const found = octets.indexOf(LF);
    const end = found < 0 ? octets.length : found;
    const crlf = found > 0 && octets[found - 1] === CR;
    return { text: latin1String(octets, 0, crlf ? end - 1 : end), crlf };
  }

  /** Where the next line begins. */
  *next(at: number): Scan<number> {
    for (let look = at; look < this.size;) {
      if (look < this.#start || look >= this.#start + this.#octets.length) yield* this.#fill(look);
      const found = this.#octets.indexOf(LF, look - this.#start);
      if (found >= 0) return this.#start + found + 1;
      look = this.#start + this.#octets.length;
    }
    return this.size;
  }

  *#fill(at: number): Scan<void> {
    const length = Math.min(this.#room, this.size - at);
    const octets = (yield { read: at, length }) ?? new Uint8Array(0);
    if (octets.length < length) throw new Error("the file became shorter while it was read");
    this.#start = at;
    this.#octets = octets;
  }
}
