/**
 * Commands and SASL responses out of octets (RFC 5804 section 4): lines that may end in a literal, whose octets follow
 * and behind which the line goes on. What is wrong is told when the command is over, so that the next one is read right.
 */
import { latin1Bytes } from "../../base/bytes.ts";
import type { ByteQueue } from "../../base/byte_queue.ts";

/** Bounds of what is read; others before somebody has logged in than behind it. */
export interface ReadBounds {
  /** Octets of a line with its CRLF. */
  readonly line: number;
  /** Octets of all literals of a command that are kept; a longer one is counted off. */
  readonly literal: number;
  /** Octets of a literal that are counted off; a longer one is the end of the connection. */
  readonly skip: number;
}

export type Word =
  | { readonly kind: "atom"; readonly text: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly bytes: Uint8Array }
  /** A literal that was counted off. */
  | { readonly kind: "oversize"; readonly octets: number };

/** What was read; null: the rest has not come yet. `fatal`: what follows cannot be understood any more. */
export type Read =
  | { readonly kind: "words"; readonly words: readonly Word[] }
  | { readonly kind: "broken"; readonly text: string; readonly fatal: boolean }
  | null;

/** No command has more words; those beyond are wrong whatever they are. */
const WORDS = 8;
const MAX_NUMBER = 0xffff_ffff; // section 4: 32 bits
const FIRST_ROOM = 4096;

const WORD = /"((?:[^"\\\0]|\\["\\])*)"|\{([0-9]{1,10})\+\}$|([0-9]{1,10})(?= |$)|([A-Za-z]+)(?= |$)/y;
const LITERAL_END = /\{([0-9]+)\+\}$/;

interface Literal {
  readonly octets: number;
  left: number;
  /** Null: counted off. */
  kept: Uint8Array | null;
}

/** Owned by one connection. */
export class CommandReader {
  #words: Word[] = [];
  #held = 0;
  #wrong: string | null = null;
  #literal: Literal | null = null;

  /** What is left of a half-read command is forgotten. */
  clear(): void {
    this.#words = [];
    this.#held = 0;
    this.#wrong = null;
    this.#literal = null;
  }

  /** Takes the next command, or as much of it as there is. */
  read(input: ByteQueue, bounds: ReadBounds): Read {
    for (;;) {
      if (this.#literal !== null && !this.#fill(this.#literal, input)) return null;
      const line = input.line(bounds.line);
      if (line === null) return null;
      if (line.kind === "tooLong") return { kind: "broken", text: "The line is too long", fatal: true };
      // A line that ends otherwise may have hidden a literal's length: nothing behind it is sure.
      if (line.kind !== "line") return { kind: "broken", text: "Lines end with CRLF", fatal: true };
      const literal = this.#line(line.text);
      if (literal === null) return this.#whole();
      if (!this.#begin(literal, bounds)) return { kind: "broken", text: "The literal is too long", fatal: true };
    }
  }

  #whole(): Read {
    const words = this.#words;
    const wrong = this.#wrong;
    this.clear();
    return wrong === null ? { kind: "words", words } : { kind: "broken", text: wrong, fatal: false };
  }

  /** The words of a line; the octets of the literal that follows it, or null. */
  #line(text: string): number | null {
    const ending = LITERAL_END.exec(text);
    let at = this.#words.length === 0 ? 0 : skipSpaces(text, 0);
    while (at < text.length && this.#wrong === null) {
      WORD.lastIndex = at;
      const found = WORD.exec(text);
      if (found === null) {
        this.#wrong = /\{[0-9]+\}$/.test(text)
          ? "A literal of yours is {octets+}, without waiting"
          : "This is not a command with strings and numbers";
        break;
      }
      const [all, quoted, literal, number, atom] = found;
      if (literal !== undefined) break;
      this.#push(
        quoted !== undefined
          ? { kind: "string", bytes: latin1Bytes(quoted.replace(/\\(.)/g, "$1")) }
          : number !== undefined
          ? { kind: "number", value: Number(number) }
          : { kind: "atom", text: atom! },
      );
      at = skipSpaces(text, at + all.length);
    }
    return ending === null ? null : Number(ending[1]);
  }

  #push(word: Word): void {
    if (word.kind === "number" && word.value > MAX_NUMBER) this.#wrong ??= "A number has 32 bits";
    if (this.#words.length < WORDS) this.#words.push(word);
    else this.#wrong ??= "Too many arguments";
  }

  /** False: it is too long even to be counted off. */
  #begin(octets: number, { literal, skip }: ReadBounds): boolean {
    const fits = octets <= literal - this.#held;
    if (!fits && octets > skip) return false;
    const kept = fits && this.#wrong === null ? new Uint8Array(Math.min(octets, FIRST_ROOM)) : null;
    this.#literal = { octets, left: octets, kept };
    return true;
  }

  /** True: the literal is whole. Room grows with what has come, not with what was announced. */
  #fill(literal: Literal, input: ByteQueue): boolean {
    const chunk = input.take(literal.left);
    const start = literal.octets - literal.left;
    if (literal.kept !== null) {
      const need = start + chunk.length;
      if (need > literal.kept.length) {
        const room = new Uint8Array(Math.min(literal.octets, Math.max(need, 2 * literal.kept.length)));
        room.set(literal.kept);
        literal.kept = room;
      }
      literal.kept.set(chunk, start);
    }
    literal.left -= chunk.length;
    if (literal.left > 0) return false;
    this.#literal = null;
    if (literal.kept !== null) this.#held += literal.octets;
    this.#push(
      literal.kept === null ? { kind: "oversize", octets: literal.octets } : { kind: "string", bytes: literal.kept },
    );
    return true;
  }
}

function skipSpaces(text: string, at: number): number {
  while (text.charCodeAt(at) === 0x20) at++;
  return at;
}
