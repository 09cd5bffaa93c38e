/** Replies of a server (RFC 5321 section 4.2), read with bounds: endless lines, endless replies and controls are hostile. */
import { ByteQueue } from "../../base/byte_queue.ts";
import { latin1Bytes, utf8Strict } from "../../base/bytes.ts";
import { parseReplyLine } from "../wire/mod.ts";

/** RFC 5321 section 4.2: a code and its lines. */
export interface Reply {
  /** 200 … 599. */
  readonly code: number;
  /** RFC 3463 code that all lines' texts begin with, class in agreement with `code`; else null. */
  readonly enhanced: string | null;
  /** Cleaned text of each line, without code and enhanced code. */
  readonly lines: readonly string[];
}

/** A reply, nonsense (the connection is of no use any more), or nothing yet. */
export type ReplyResult = { readonly kind: "reply"; readonly reply: Reply } | {
  readonly kind: "malformed";
  readonly reason: string;
} | null;

/** RFC 5321 section 4.5.3.1.5 says 512 octets; servers are known to say more. */
const LINE_LIMIT = 4096;
const LINES_LIMIT = 200;
const TEXT_LIMIT = 500; // characters kept of a line

/** Cuts replies out of what the server sends, however it comes. */
export class ReplyReader {
  readonly #queue = new ByteQueue();
  #lines: string[] = [];
  #enhanced: string | null = null;
  #code = 0;

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
  }

  /** Copies what is left of the borrowed chunk: at the end of every step. */
  compact(): void {
    this.#queue.compact();
  }

  /** Octets that came and are not read. */
  get pending(): number {
    return this.#queue.length + this.#lines.length;
  }

  clear(): void {
    this.#queue.clear();
    this.#lines = [];
  }

  next(): ReplyResult {
    for (;;) {
      const line = this.#queue.line(LINE_LIMIT);
      if (line === null) return null;
      if (line.kind === "tooLong") return { kind: "malformed", reason: "a reply line without an end" };
      if (line.kind !== "line") return { kind: "malformed", reason: "a reply with a bare CR or LF" };
      const problem = this.#take(line.text);
      if (problem !== null) return { kind: "malformed", reason: problem };
      if (line.text[3] === "-") continue;
      const reply = { code: this.#code, enhanced: this.#enhanced, lines: this.#lines };
      this.#lines = [];
      return { kind: "reply", reply };
    }
  }

  #take(line: string): string | null {
    const parsed = parseReplyLine(line);
    if (parsed === null) return "something that is no reply";
    if (this.#lines.length === 0) {
      this.#code = parsed.code;
      this.#enhanced = parsed.enhanced;
    } else if (parsed.code !== this.#code) return "a reply of two codes"; // section 4.2.1: the same on every line
    if (this.#lines.length >= LINES_LIMIT) return "a reply without an end";
    this.#lines.push(cleanText(parsed.text));
    return null;
  }
}

/** Printable text: UTF-8 where it is (RFC 6531 section 3.7.4), else ASCII; whatever else becomes `?`. */
export function cleanText(latin1: string): string {
  const short = latin1.slice(0, 2 * TEXT_LIMIT);
  const text = utf8Strict(latin1Bytes(short)) ?? short;
  let out = "";
  for (const char of text) {
    if (out.length >= TEXT_LIMIT) break;
    const code = char.codePointAt(0)!;
    const plain = code >= 32 && code < 127;
    const letter = code >= 0xa1 && text !== short && !hidden(code);
    out += plain || letter ? char : code === 9 ? " " : "?";
  }
  return out;
}

/** Characters that change how a line shows: direction marks, separators, byte order mark. */
function hidden(code: number): boolean {
  return (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) || code === 0xfeff || code === 0xad;
}
