/**
 * The MIME index of a message, made while its octets stream by. The message itself is never held: what is kept is
 * the header of the section being read, at most `LIMITS.headerOctets`, and a line that a chunk cut in two.
 *
 * Any cut of the octets into chunks gives the same index. There is no recursion, and each octet is looked at a
 * bounded number of times whatever the depth: boundaries are found by one look-up a line.
 */
import { EMPTY, latin1String } from "../base/bytes.ts";
import { envelopeOf, firstByName, type PartFacts, partFactsOf, referencesOf } from "./fields.ts";
import { countOctet } from "./count_octet.ts";
import { headerFields } from "./header.ts";
import type { Envelope, MessageIndex, Part } from "./model.ts";
import { paramOf } from "./params.ts";

/** Bounds of the index. What goes beyond is opaque and named in `MessageIndex.truncated`. */
export const LIMITS = {
  /** Multiparts and messages inside one another. */
  nesting: 100,
  parts: 10_000,
  /** Fields of one header that are looked at. */
  headerFields: 1_000,
  /** Octets of one header that are looked at. */
  headerOctets: 256 * 1024,
  /** RFC 2046 section 5.1.1 says 70 characters. */
  boundary: 250,
  /** Longest line that can be a boundary, its padding with it. */
  boundaryLine: 1_000,
} as const;

const CR = 13;
const LF = 10;
const DASH = 45;
const COLON = 58;

/** A section that is open: a part whose end is not known yet. */
interface Open {
  readonly headerStart: number;
  /** Root of a message: its envelope is wanted. */
  readonly isRoot: boolean;
  readonly inDigest: boolean;
  bodyStart: number;
  linesBefore: number;
  facts: PartFacts | null; // null while the header is read
  envelope: Envelope | null;
  /** Null: no multipart, or one that is closed or opaque. */
  boundary: string | null;
  /** Level in the stack of the multipart that this one's boundary hides. */
  hidden: number | undefined;
  readonly parts: Part[];
  message: Part["message"];
}

/** Reads a message once, as it comes, and knows where everything in it is. */
export class MessageIndexer {
  #offset = 0; // of the next octet to be pushed
  #lineCount = 0; // LFs so far
  #lineStart = 0;
  #lastLineStart = 0; // start of the line before
  #lastEol = 0; // length of the line end before #lineStart
  #lastOctet = 0;
  readonly #stack: Open[] = [];
  readonly #boundaries = new Map<string, number>(); // boundary → level in the stack
  #inHeader = true;
  #firstLine = true; // of the header
  #header: Uint8Array = EMPTY; // octets of the header up to the current line
  #headerLength = 0;
  #carry: Uint8Array = EMPTY; // begin of the current line, where chunks cut it
  #carryLength = 0;
  #skipping = false; // the current line is known for what it is
  #partCount = 0;
  #references: string[] = [];
  readonly #truncated = new Set<MessageIndex["truncated"][number]>();
  #root: Part | null = null;
  #rootEnvelope: Envelope | null = null;

  constructor() {
    this.#open(0, true, false);
  }

  /** The chunk is borrowed for the call. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#inHeader) at = this.#pushHeader(chunk, at);
      else at = this.#pushBody(chunk, at);
    }
    if (chunk.length > 0) this.#lastOctet = chunk[chunk.length - 1]!;
    this.#offset += chunk.length;
  }

  /** Ends the message. The indexer is of no use afterwards. */
  finish(): MessageIndex {
    const size = this.#offset;
    // The last line has no line end.
    if (this.#carryLength > 0 || (this.#skipping && this.#lineStart < size)) {
      const line = this.#carry.subarray(0, this.#carryLength);
      this.#carryLength = 0;
      if (this.#inHeader) {
        if (!this.#skipping && this.#takeHeaderLine(line, this.#lineStart, size) === "body") this.#skipping = true;
      } else if (!this.#skipping && size > this.#lineStart) this.#boundaryLine(line, this.#lineStart, size);
    }
    const unfinished = size > this.#lineStart;
    this.#closeDownTo(0, size, unfinished ? 1 : 0);
    return {
      size,
      envelope: this.#rootEnvelope!,
      root: this.#root!,
      references: this.#references,
      truncated: [...this.#truncated],
    };
  }

  /** Reads header lines from `from` on; answers where it stopped. */
  #pushHeader(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && this.#inHeader) {
      const lf = chunk.indexOf(LF, at);
      if (lf < 0) {
        if (!this.#skipping) this.#keepLine(chunk.subarray(at));
        return chunk.length;
      }
      const end = this.#offset + lf + 1;
      const start = this.#lineStart;
      if (this.#skipping) {
        this.#skipping = false;
        this.#endLine(end, this.#eolLength(chunk, lf));
      } else {
        let line = chunk.subarray(at, lf + 1);
        if (this.#carryLength > 0) {
          this.#keepLine(line);
          line = this.#carry.subarray(0, this.#carryLength);
          this.#carryLength = 0;
          if (this.#skipping || !this.#inHeader) { // the line was too long to be kept
            this.#skipping = false;
            this.#endLine(end, this.#eolLength(chunk, lf));
            at = lf + 1;
            continue;
          }
        }
        const was = this.#takeHeaderLine(line, start, end);
        if (was === "body") this.#bodyLine(line, start, end);
        this.#endLine(end, this.#eolLength(chunk, lf));
      }
      at = lf + 1;
    }
    return at;
  }

  /** Keeps the begin of a line. One that grows too long is decided on by what is there. */
  #keepLine(piece: Uint8Array): void {
    const limit = this.#inHeader ? LIMITS.headerOctets : LIMITS.boundaryLine;
    const room = limit - this.#carryLength;
    this.#carry = append(this.#carry, this.#carryLength, piece.subarray(0, Math.max(0, room)));
    this.#carryLength += Math.min(piece.length, Math.max(0, room));
    if (piece.length <= room) return;
    const line = this.#carry.subarray(0, this.#carryLength);
    this.#carryLength = 0;
    this.#skipping = true;
    if (this.#inHeader) {
      this.#truncated.add("headerSize");
      this.#takeHeaderLine(line, this.#lineStart, this.#lineStart + line.length);
    }
  }

  /**
   * One line of a header. `body` means that the header ended before this line, which is the first of the body;
   * a blank line and a boundary end the header too, and are used up.
   */
  #takeHeaderLine(line: Uint8Array, start: number, end: number): "used" | "body" {
    const length = line.length;
    const first = line[0]!;
    if (first === LF || (first === CR && line[1] === LF)) {
      this.#endHeader(end, 1);
      return "used";
    }
    if (first === DASH && line[1] === DASH && this.#boundaryLine(line, start, end)) return "used";
    const isField = first === 32 || first === 9
      ? !this.#firstLine // RFC 5322 section 2.2.3: a fold needs a field
      : hasColon(line) || (this.#firstLine && start === 0 && isMboxLine(line));
    if (!isField) {
      this.#endHeader(start, 0);
      return "body";
    }
    this.#firstLine = false;
    if (this.#headerLength + length <= LIMITS.headerOctets) {
      this.#header = append(this.#header, this.#headerLength, line);
      this.#headerLength += length;
    } else this.#truncated.add("headerSize");
    return "used";
  }

  /** The header of the innermost section ends, its body starts at `bodyStart`; `counted` LFs of this line are still to come. */
  #endHeader(bodyStart: number, counted: number): void {
    const open = this.#stack[this.#stack.length - 1]!;
    const fields = headerFields(latin1String(this.#header, 0, this.#headerLength), LIMITS.headerFields + 1);
    if (fields.length > LIMITS.headerFields) {
      fields.length = LIMITS.headerFields;
      this.#truncated.add("headers");
    }
    this.#headerLength = 0;
    if (this.#header.length > 16_384) this.#header = EMPTY;
    const byName = firstByName(fields);
    if (open.isRoot) {
      open.envelope = envelopeOf(fields, byName);
      if (this.#stack.length === 1) this.#references = referencesOf(byName);
    }
    const facts = partFactsOf(byName, open.inDigest);
    open.facts = facts;
    open.bodyStart = bodyStart;
    open.linesBefore = this.#lineCount + counted;
    this.#inHeader = false;
    if (facts.type === "multipart") this.#enterMultipart(open, facts);
    else if (facts.type === "message" && (facts.subtype === "rfc822" || facts.subtype === "global")) {
      // RFC 2046 section 5.2.1, RFC 6532 section 3.7: an encoded message is opaque.
      if (IDENTITY.has(facts.encoding) && this.#mayNest()) this.#open(bodyStart, true, false);
    }
  }

  #enterMultipart(open: Open, facts: PartFacts): void {
    // RFC 2046 section 5.1.1: a boundary does not end with white space.
    const boundary = (paramOf(facts.params, "boundary") ?? "").replace(/[ \t]{1,250}$/, "");
    if (boundary === "" || boundary.length > LIMITS.boundary || !this.#mayNest()) return;
    open.boundary = boundary;
    open.hidden = this.#boundaries.get(boundary);
    this.#boundaries.set(boundary, this.#stack.length - 1);
  }

  #mayNest(): boolean {
    if (this.#stack.length <= LIMITS.nesting) return true;
    this.#truncated.add("nesting");
    return false;
  }

  #open(headerStart: number, isRoot: boolean, inDigest: boolean): void {
    this.#partCount++;
    this.#stack.push({
      headerStart,
      isRoot,
      inDigest,
      bodyStart: headerStart,
      linesBefore: 0,
      facts: null,
      envelope: null,
      boundary: null,
      hidden: undefined,
      parts: [],
      message: null,
    });
    this.#inHeader = true;
    this.#firstLine = true;
    this.#headerLength = 0;
  }

  /** Passes over body octets from `from` on; answers where it stopped. */
  #pushBody(chunk: Uint8Array, from: number): number {
    if (this.#boundaries.size === 0) return this.#countLines(chunk, from);
    if (!this.#skipping && this.#mayBeBoundary(chunk, from)) return this.#readBoundaryLine(chunk, from);
    this.#carryLength = 0;
    this.#skipping = false;
    const last = chunk.length - 1;
    for (let i = from; i <= last; i++) {
      if (chunk[i] !== LF) continue;
      this.#endLine(this.#offset + i + 1, this.#eolLength(chunk, i));
      // Two dashes, or too little left to know.
      if (i === last || (chunk[i + 1] === DASH && (i + 1 === last || chunk[i + 2] === DASH))) return i + 1;
    }
    this.#skipping = true; // the rest of the chunk begins a line that is no boundary
    return chunk.length;
  }

  /** Whether the line that starts or goes on at `from` can begin with two dashes. */
  #mayBeBoundary(chunk: Uint8Array, from: number): boolean {
    if (this.#carryLength > 1) return true;
    if (chunk[from] !== DASH) return false;
    return this.#carryLength === 1 || from + 1 === chunk.length || chunk[from + 1] === DASH;
  }

  #readBoundaryLine(chunk: Uint8Array, from: number): number {
    const lf = chunk.indexOf(LF, from);
    let line = chunk.subarray(from, lf < 0 ? chunk.length : lf + 1);
    if (lf < 0 || this.#carryLength > 0) {
      this.#keepLine(line);
      if (lf < 0) return chunk.length;
      line = this.#carry.subarray(0, this.#carryLength);
      this.#carryLength = 0;
    }
    const end = this.#offset + lf + 1;
    if (!this.#skipping && line.length <= LIMITS.boundaryLine) this.#boundaryLine(line, this.#lineStart, end);
    this.#skipping = false;
    this.#endLine(end, this.#eolLength(chunk, lf));
    return lf + 1;
  }

  /** No multipart is open: nothing but lines to count. */
  #countLines(chunk: Uint8Array, from: number): number {
    const count = countOctet(chunk, from, LF);
    if (count > 0) {
      const lastLf = chunk.lastIndexOf(LF);
      this.#lineCount += count;
      this.#lineStart = this.#offset + lastLf + 1;
      this.#carryLength = 0;
    }
    this.#skipping = this.#lineStart < this.#offset + chunk.length;
    return chunk.length;
  }

  /** The first line of a body that had no blank line before it. */
  #bodyLine(line: Uint8Array, start: number, end: number): void {
    if (line[0] === DASH && line[1] === DASH && line.length <= LIMITS.boundaryLine) {
      this.#boundaryLine(line, start, end);
    }
  }

  #endLine(end: number, eol: number): void {
    this.#lineCount++;
    this.#lastLineStart = this.#lineStart;
    this.#lineStart = end;
    this.#lastEol = eol;
  }

  #eolLength(chunk: Uint8Array, lf: number): number {
    return (lf > 0 ? chunk[lf - 1] : this.#lastOctet) === CR ? 2 : 1;
  }

  /** RFC 2046 section 5.1.1: a line of two dashes, a boundary, maybe two dashes more, and padding. */
  #boundaryLine(line: Uint8Array, start: number, end: number): boolean {
    let length = line.length;
    while (length > 2 && isPadding(line[length - 1]!)) length--;
    if (length < 3 || line[0] !== DASH || line[1] !== DASH || length > LIMITS.boundary + 4) return false;
    const text = latin1String(line, 2, length);
    let level = this.#boundaries.get(text);
    let closes = false;
    if (level === undefined && text.endsWith("--")) {
      level = this.#boundaries.get(text.slice(0, -2));
      closes = true;
    }
    if (level === undefined) return false;
    // The line end before the boundary belongs to it. A parent's boundary ends all that is inside.
    const contentEnd = Math.max(0, start - this.#lastEol);
    const blank = contentEnd <= this.#lastLineStart;
    this.#closeDownTo(level + 1, contentEnd, blank ? -1 : 0);
    const open = this.#stack[level]!;
    if (closes) this.#retire(open);
    else if (this.#partCount >= LIMITS.parts) this.#truncated.add("parts");
    else this.#open(end, false, open.facts?.subtype === "digest");
    return true;
  }

  /** A multipart's boundary means nothing any more. */
  #retire(open: Open): void {
    if (open.boundary === null) return;
    if (open.hidden === undefined) this.#boundaries.delete(open.boundary);
    else this.#boundaries.set(open.boundary, open.hidden);
    open.boundary = null;
  }

  /** Closes all sections from `level` on; `extra` corrects their count of lines. */
  #closeDownTo(level: number, at: number, extra: number): void {
    if (this.#inHeader && this.#stack.length > level) {
      // A header that ends without a blank line. Its body is empty.
      while (this.#inHeader) this.#endHeader(Math.max(at, this.#stack[this.#stack.length - 1]!.headerStart), 0);
    }
    while (this.#stack.length > level) {
      const open = this.#stack.pop()!;
      this.#retire(open);
      const bodyEnd = Math.max(at, open.bodyStart);
      const lines = bodyEnd === open.bodyStart ? 0 : Math.max(0, this.#lineCount - open.linesBefore + extra);
      const part: Part = {
        headerStart: open.headerStart,
        bodyStart: open.bodyStart,
        bodyEnd,
        lines,
        ...open.facts!,
        parts: open.parts,
        message: open.message,
      };
      const parent = this.#stack[this.#stack.length - 1];
      if (parent === undefined) {
        this.#root = part;
        this.#rootEnvelope = open.envelope;
      } else if (open.isRoot) parent.message = { envelope: open.envelope!, root: part };
      else parent.parts.push(part);
    }
  }
}

const IDENTITY: ReadonlySet<string> = new Set(["7bit", "8bit", "binary"]);

/** The index of a message that is in memory. */
export function indexMessage(bytes: Uint8Array): MessageIndex {
  const indexer = new MessageIndexer();
  indexer.push(bytes);
  return indexer.finish();
}

function isPadding(octet: number): boolean {
  return octet === 32 || octet === 9 || octet === CR || octet === LF;
}

/** Whether a line begins a field: a name, maybe white space, a colon. */
function hasColon(line: Uint8Array): boolean {
  let blanks = false;
  const end = Math.min(line.length, 999);
  for (let i = 0; i < end; i++) {
    const octet = line[i]!;
    if (octet === COLON) return i > 0;
    if (octet === 32 || octet === 9) blanks = true;
    else if (blanks || octet < 33 || octet === 127) return false;
  }
  return false;
}

function isMboxLine(line: Uint8Array): boolean {
  const text = latin1String(line, 0, Math.min(line.length, 6));
  return text.startsWith("From ") || text === ">From ";
}

/** Puts `piece` behind the first `length` octets of `buffer`, which grows by doubling. */
function append(buffer: Uint8Array, length: number, piece: Uint8Array): Uint8Array {
  let to = buffer;
  if (length + piece.length > buffer.length) {
    to = new Uint8Array(Math.max(4096, 2 * buffer.length, length + piece.length));
    to.set(buffer.subarray(0, length));
  }
  to.set(piece, length);
  return to;
}
