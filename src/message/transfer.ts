/**
 * Reading Content-Transfer-Encodings (RFC 2045 section 6), chunk by chunk. Everything is accepted: junk in base64 is
 * skipped, a broken escape of quoted-printable stands for itself. Writing is `transfer_encode.ts`.
 */
import { lowerAscii } from "../base/ascii.ts";
import { EMPTY, latin1Bytes, latin1String } from "../base/bytes.ts";

/** Gives decoded octets, which are the caller's own or (identity) the borrowed chunk itself. */
export interface TransferDecoder {
  push(chunk: Uint8Array): Uint8Array;
  /** What was held back. */
  end(): Uint8Array;
}

/** A decoder for a Content-Transfer-Encoding; every unknown one is identity (RFC 2045 section 6.4). */
export function transferDecoder(encoding: string): TransferDecoder {
  switch (lowerAscii(encoding)) {
    case "base64":
      return new Base64Decoder();
    case "quoted-printable":
      return new QuotedPrintableDecoder();
    default:
      return { push: (chunk) => chunk, end: () => EMPTY };
  }
}

/** All of `bytes` decoded. */
export function decodeTransfer(bytes: Uint8Array, encoding: string): Uint8Array {
  const decoder = transferDecoder(encoding);
  const head = decoder.push(bytes);
  const tail = decoder.end();
  if (tail.length === 0) return head;
  const joined = new Uint8Array(head.length + tail.length);
  joined.set(head);
  joined.set(tail, head.length);
  return joined;
}

class Base64Decoder implements TransferDecoder {
  #rest = ""; // fewer than four characters of the alphabet

  push(chunk: Uint8Array): Uint8Array {
    // RFC 2045 section 6.8: characters outside the alphabet, line breaks among them, are ignored.
    let text = latin1String(chunk).replaceAll("\r\n", "");
    if (/[^A-Za-z0-9+/]/.test(text)) text = text.replace(/[^A-Za-z0-9+/=]+/g, "");
    text = this.#rest + text;
    if (text.includes("=")) return this.#padded(text);
    const whole = text.length - text.length % 4;
    this.#rest = text.slice(whole);
    return latin1Bytes(atob(text.slice(0, whole)));
  }

  end(): Uint8Array {
    const rest = this.#rest;
    this.#rest = "";
    return latin1Bytes(decodeGroup(rest));
  }

  /** Padding ends a run; another may follow it, since some programs join encoded pieces. */
  #padded(text: string): Uint8Array {
    const runs = text.split(/=+/);
    const last = runs.pop() ?? "";
    const whole = last.length - last.length % 4;
    this.#rest = last.slice(whole);
    return latin1Bytes(runs.map(decodeGroup).join("") + atob(last.slice(0, whole)));
  }
}

/** Base64 without padding; a lone last character carries no octet and is dropped. */
function decodeGroup(text: string): string {
  return atob(text.length % 4 === 1 ? text.slice(0, -1) : text);
}

const CR = 13;
const LF = 10;
const EQUALS = 61;

class QuotedPrintableDecoder implements TransferDecoder {
  #held: Uint8Array = EMPTY; // an unfinished escape, or white space that may end a line

  push(chunk: Uint8Array): Uint8Array {
    return this.#decode(chunk, false);
  }

  end(): Uint8Array {
    return this.#decode(EMPTY, true);
  }

  #decode(chunk: Uint8Array, last: boolean): Uint8Array {
    let bytes = chunk;
    if (this.#held.length > 0) {
      bytes = new Uint8Array(this.#held.length + chunk.length);
      bytes.set(this.#held);
      bytes.set(chunk, this.#held.length);
      this.#held = EMPTY;
    }
    const out = new Uint8Array(bytes.length);
    let size = 0;
    let i = 0;
    while (i < bytes.length) {
      const byte = bytes[i]!;
      if (byte === 32 || byte === 9) {
        const end = blanksEnd(bytes, i);
        const next = bytes[end];
        if (end === bytes.length || (next === CR && end + 1 === bytes.length)) {
          if (!last && end - i < HELD_LIMIT) {
            this.#held = bytes.slice(i);
            break;
          }
        }
        // RFC 2045 section 6.7 (3): white space at the end of a line was added on the way.
        const dropped = next === LF || (next === CR && bytes[end + 1] === LF) || (last && end === bytes.length);
        if (!dropped) {
          out.set(bytes.subarray(i, end), size);
          size += end - i;
        }
        i = end;
      } else if (byte === EQUALS) {
        const used = escape(bytes, i, last);
        if (used === 0) {
          this.#held = bytes.slice(i);
          break;
        }
        if (used === 1) out[size++] = EQUALS; // section 6.7, note at the end: show it as it is
        else if (used === 3 && hexDigit(bytes[i + 1]) >= 0) {
          out[size++] = hexDigit(bytes[i + 1]) * 16 + hexDigit(bytes[i + 2]);
        }
        i += used;
      } else {
        out[size++] = byte;
        i++;
      }
    }
    return out.subarray(0, size);
  }
}

const HELD_LIMIT = 1000;

/** How many octets the escape at `i` takes: 1 it is none, 0 not known yet, else a soft break or `=XX`. */
function escape(bytes: Uint8Array, i: number, last: boolean): number {
  const end = blanksEnd(bytes, i + 1);
  if (end - i > HELD_LIMIT) return 1;
  if (bytes[end] === LF) return end + 1 - i;
  if (bytes[end] === CR && bytes[end + 1] === LF) return end + 2 - i;
  if (end >= bytes.length || (bytes[end] === CR && end + 1 >= bytes.length)) {
    return last ? Math.max(2, bytes.length - i) : 0; // 2: a break, not a literal "="
  }
  if (end > i + 1) return 1;
  if (hexDigit(bytes[i + 1]) < 0) return 1;
  if (i + 2 >= bytes.length) return last ? 1 : 0;
  return hexDigit(bytes[i + 2]) < 0 ? 1 : 3;
}

function blanksEnd(bytes: Uint8Array, from: number): number {
  let end = from;
  while (bytes[end] === 32 || bytes[end] === 9) end++;
  return end;
}

/** Value of a hexadecimal digit in either case, else -1. */
export function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 65 && byte <= 70) return byte - 55;
  return byte >= 97 && byte <= 102 ? byte - 87 : -1;
}
