/**
 * Many messages in one stream of octets: before each a line of JSON, which says its size and what is known of it. The
 * admin API takes and gives messages so.
 */
import { concatBytes, utf8Bytes, utf8Strict } from "../base/bytes.ts";

/** The media type of such a stream. */
export const FRAMES_TYPE = "application/vnd.palomar.messages";

/** What the line says. All but `size` may be left out by whoever imports. */
export interface FrameHead {
  /** Octets of the message that follow the line. */
  readonly size: number;
  readonly uid?: number;
  /** Milliseconds since 1970. */
  readonly internalDate?: number;
  readonly flags?: readonly string[];
  /** Names the message in its source: it is taken once. */
  readonly key?: string;
  readonly name?: string;
  /** How its lines ended before they came to end in CRLF. Importing: left out, they are as they were. */
  readonly lineEnds?: string;
  /** Exporting: it was imported, so that `name` and `lineEnds` are those of its source. */
  readonly imported?: boolean;
  /** Exporting: its last line has no end. */
  readonly open?: boolean;
}

export const FRAME_LIMITS = { line: 131_072, size: 2_147_483_647, flags: 200, flag: 255 } as const;

/** What a stream tells, in its order: a head, then octets of that message, then the end of it. */
export type FrameEvent =
  | { readonly head: FrameHead }
  | { readonly octets: Uint8Array }
  | { readonly end: true }
  /** The stream is none from here on. */
  | { readonly wrong: string };

/** Reads a stream that comes in any cuts. */
export class FrameReader {
  #line: Uint8Array[] = [];
  #lineLength = 0;
  /** Octets of the message that are still to come; -1: a line is. */
  #left = -1;
  #broken = false;

  push(chunk: Uint8Array): FrameEvent[] {
    const events: FrameEvent[] = [];
    let at = 0;
    while (at < chunk.length && !this.#broken) {
      if (this.#left >= 0) {
        const piece = chunk.subarray(at, at + this.#left);
        at += piece.length;
        this.#left -= piece.length;
        events.push({ octets: piece });
        if (this.#left === 0) this.#end(events);
        continue;
      }
      const end = chunk.indexOf(10, at);
      const piece = chunk.slice(at, end < 0 ? chunk.length : end);
      this.#line.push(piece);
      this.#lineLength += piece.length;
      at = end < 0 ? chunk.length : end + 1;
      if (this.#lineLength > FRAME_LIMITS.line) this.#wrong(events, "a line is too long");
      else if (end >= 0) this.#head(events);
    }
    return events;
  }

  /** Null, or what is wrong with the end of the stream. */
  finish(): string | null {
    if (this.#broken) return "the stream is broken";
    return this.#left >= 0 || this.#lineLength > 0 ? "the stream ends within a message" : null;
  }

  #head(events: FrameEvent[]): void {
    const head = parseHead(concatBytes(this.#line));
    this.#line = [];
    this.#lineLength = 0;
    if (typeof head === "string") return this.#wrong(events, head);
    events.push({ head });
    this.#left = head.size;
    if (head.size === 0) this.#end(events);
  }

  #end(events: FrameEvent[]): void {
    this.#left = -1;
    events.push({ end: true });
  }

  #wrong(events: FrameEvent[], wrong: string): void {
    this.#broken = true;
    events.push({ wrong });
  }
}

export function printHead(head: FrameHead): Uint8Array {
  return utf8Bytes(JSON.stringify(head) + "\n");
}

/** The head, or what is wrong with it. */
function parseHead(line: Uint8Array): FrameHead | string {
  const text = utf8Strict(line);
  if (text === null) return "a line is not UTF-8";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "a line is not JSON";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "a line is no object of JSON";
  const head = value as Record<string, unknown>;
  for (const [name, isRight] of Object.entries(RULES)) {
    const given = Object.hasOwn(head, name) ? head[name] : undefined;
    if (given === undefined ? name === "size" : !isRight(given)) {
      return `${name} is missing or is not what it should be`;
    }
  }
  return Object.fromEntries(
    Object.keys(RULES).filter((name) => Object.hasOwn(head, name)).map((name) => [name, head[name]]),
  ) as unknown as FrameHead;
}

const whole = (limit: number) => (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= limit;
const text = (limit: number) => (value: unknown): boolean =>
  typeof value === "string" && value.length <= limit && value.isWellFormed();
/** RFC 9051: an atom, with a backslash before those of the system. */
export const isFlag = (value: unknown): boolean =>
  typeof value === "string" && value.length <= FRAME_LIMITS.flag && /^\\?[!#$&-'+-[^-z|}~]+$/.test(value);

const RULES: Readonly<Record<keyof FrameHead, (value: unknown) => boolean>> = {
  size: whole(FRAME_LIMITS.size),
  uid: whole(4_294_967_295),
  internalDate: (value) => Number.isInteger(value) && Math.abs(value as number) <= 8.64e15,
  flags: (value) => Array.isArray(value) && value.length <= FRAME_LIMITS.flags && value.every(isFlag),
  key: (value) => text(64)(value) && value !== "",
  name: text(1024),
  lineEnds: text(65_536),
  imported: (value) => typeof value === "boolean",
  open: (value) => typeof value === "boolean",
};
