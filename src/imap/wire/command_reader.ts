/**
 * Cuts what the client sends into commands: lines of text and literals, before anything is parsed. So the octets of a
 * literal can never be read as commands, whether it is taken or refused (RFC 9051 section 4.3, RFC 7888).
 *
 * A literal is buffered (small), streamed to a sink (a message of APPEND) or refused. A refused synchronising literal
 * never comes, because no "+" is sent; a refused non-synchronising one is counted off.
 */
import type { ByteQueue } from "../../base/byte_queue.ts";
import { parseDigits } from "../../base/ascii.ts";
import type { Reply } from "../reply.ts";

/** A piece of a command: text as latin1 without CRLF and without the literal's announcement, or a literal. */
export type Piece = string | BufferedLiteral | StreamedLiteral;

export interface BufferedLiteral {
  readonly kind: "buffered";
  readonly bytes: Uint8Array;
}

/** Its octets went to the sink; `size` of them. */
export interface StreamedLiteral {
  readonly kind: "streamed";
  readonly sink: number;
  readonly size: number;
}

/** What to do with a literal that was announced. */
export type LiteralDecision =
  | { readonly take: "buffer" }
  | { readonly take: "stream"; readonly sink: number }
  | { readonly take: "refuse"; readonly reply: Reply };

export interface ReaderRules {
  /** Octets of one line with its CRLF. */
  readonly lineLimit: number;
  /** Largest non-synchronising literal that is counted off; beyond it the connection is closed. */
  readonly discardLimit: number;
  /** `pieces` is the command so far, the text before the literal being the last. */
  decide(pieces: readonly Piece[], size: number, literal8: boolean): LiteralDecision;
}

export type ReadEvent =
  | { readonly kind: "command"; readonly pieces: readonly Piece[] }
  /** The command ended before its time; every octet of it is consumed. */
  | { readonly kind: "refused"; readonly pieces: readonly Piece[]; readonly reply: Reply }
  /** The client waits for "+". */
  | { readonly kind: "continue" }
  /** Octets of a streamed literal, borrowed. */
  | { readonly kind: "chunk"; readonly sink: number; readonly chunk: Uint8Array }
  /** A line with a bare CR or LF; consumed. */
  | { readonly kind: "broken"; readonly pieces: readonly Piece[] }
  /** What follows cannot be told apart from commands: close. */
  | { readonly kind: "fatal"; readonly why: "lineTooLong" | "literalTooLarge" };

interface Taking {
  readonly into: "buffer" | "stream" | "nowhere";
  readonly size: number;
  left: number;
  readonly bytes: Uint8Array | null;
  readonly sink: number;
}

export class CommandReader {
  #pieces: Piece[] = [];
  #lineOctets = 0;
  #taking: Taking | null = null;
  #refusal: Reply | null = null;

  /** Whether a command has begun to arrive. */
  get midway(): boolean {
    return this.#pieces.length > 0 || this.#taking !== null;
  }

  /** The next event, or null when more octets are needed. */
  next(queue: ByteQueue, rules: ReaderRules): ReadEvent | null {
    for (;;) {
      if (this.#taking !== null) {
        const event = this.#takeLiteral(this.#taking, queue);
        if (event !== null) return event;
        if (this.#taking !== null) return null;
      }
      const line = queue.line(Math.max(2, rules.lineLimit - this.#lineOctets));
      if (line === null) return null;
      if (line.kind === "tooLong") return { kind: "fatal", why: "lineTooLong" };
      if (line.kind !== "line") return { kind: "broken", pieces: this.#finish() };
      this.#lineOctets += line.text.length;
      const event = this.#takeLine(line.text, rules);
      if (event !== null) return event;
    }
  }

  #takeLine(text: string, rules: ReaderRules): ReadEvent | null {
    const announced = announcedLiteral(text);
    if (announced === null) {
      this.#pieces.push(text);
      const refusal = this.#refusal;
      const pieces = this.#finish();
      return refusal === null ? { kind: "command", pieces } : { kind: "refused", pieces, reply: refusal };
    }
    const { size, synchronising, literal8, before } = announced;
    this.#pieces.push(before);
    // RFC 7888 section 4: a non-synchronising literal is sent whatever we think of it.
    if (size === null || (!synchronising && size > rules.discardLimit)) {
      return { kind: "fatal", why: "literalTooLarge" };
    }
    const decision = this.#refusal === null
      ? rules.decide(this.#pieces, size, literal8)
      : { take: "refuse" as const, reply: this.#refusal };
    if (decision.take === "refuse") {
      if (synchronising) return { kind: "refused", pieces: this.#finish(), reply: decision.reply };
      this.#refusal = decision.reply;
      this.#taking = { into: "nowhere", size, left: size, bytes: null, sink: 0 };
      return null;
    }
    this.#taking = decision.take === "stream"
      ? { into: "stream", size, left: size, bytes: null, sink: decision.sink }
      : { into: "buffer", size, left: size, bytes: new Uint8Array(size), sink: 0 };
    return synchronising ? { kind: "continue" } : null;
  }

  /** Takes octets of the literal; null with `#taking` null: it is complete; null otherwise: more are needed. */
  #takeLiteral(taking: Taking, queue: ByteQueue): ReadEvent | null {
    if (taking.left > 0) {
      const chunk = queue.take(Math.min(taking.left, queue.length));
      if (chunk.length === 0) return null;
      if (taking.bytes !== null) taking.bytes.set(chunk, taking.size - taking.left);
      taking.left -= chunk.length;
      if (taking.into === "stream") return { kind: "chunk", sink: taking.sink, chunk };
      if (taking.left > 0) return null;
    }
    if (taking.bytes !== null) this.#pieces.push({ kind: "buffered", bytes: taking.bytes });
    else if (taking.into === "stream") this.#pieces.push({ kind: "streamed", sink: taking.sink, size: taking.size });
    this.#taking = null;
    return null;
  }

  #finish(): readonly Piece[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#lineOctets = 0;
    this.#refusal = null;
    return pieces;
  }
}

/** `literal = ["~"] "{" number64 ["+"] "}"` at the end of a line; size null: digits beyond all measure. */
function announcedLiteral(
  text: string,
): { size: number | null; synchronising: boolean; literal8: boolean; before: string } | null {
  if (text.charCodeAt(text.length - 1) !== 125) return null;
  let end = text.length - 1;
  const synchronising = text[end - 1] !== "+";
  if (!synchronising) end--;
  let start = end;
  while (start > 0 && isDigit(text.charCodeAt(start - 1))) start--;
  if (start === end || text[start - 1] !== "{") return null;
  const literal8 = text[start - 2] === "~";
  return {
    size: parseDigits(text.slice(start, end)),
    synchronising,
    literal8,
    before: text.slice(0, start - (literal8 ? 2 : 1)),
  };
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
