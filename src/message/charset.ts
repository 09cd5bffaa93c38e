/**
 * Character sets of mail. The platform's decoder knows the encodings of the web; here are the labels of mail that it
 * does not know, UTF-7 (RFC 2152), and what is done where a label is missing or wrong: UTF-8 as long as the octets
 * are that, else windows-1252.
 */
import { lowerAscii, trimWsp } from "../base/ascii.ts";
import { latin1Bytes, latin1String, utf8Strict } from "../base/bytes.ts";

/** Turns octets into text, chunk by chunk; a character that a chunk cuts in two comes with the next one. */
export interface CharsetDecoder {
  push(bytes: Uint8Array): string;
  end(): string;
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["cp932", "shift_jis"],
  ["cp936", "gbk"],
  ["cp949", "euc-kr"],
  ["cp950", "big5"],
  ["iso-2022-jp-1", "iso-2022-jp"],
  ["iso-2022-jp-ms", "iso-2022-jp"],
  ["cp50220", "iso-2022-jp"],
  ["cp50221", "iso-2022-jp"],
  ["utf8mb4", "utf-8"],
  ["utf_8", "utf-8"],
  ["latin-1", "windows-1252"],
  ["iso-8859-8-i", "iso-8859-8-i"],
  ["windows1252", "windows-1252"],
  ["8859_1", "windows-1252"],
]);

/** Labels that say nothing about octets above 127. */
const UNSAID = new Set([
  "",
  "us-ascii",
  "ascii",
  "ansi_x3.4-1968",
  "unknown",
  "unknown-8bit",
  "x-unknown",
  "default",
  "8bit",
]);

/** A decoder for `label`; a label that is unknown, empty or US-ASCII gives UTF-8 with windows-1252 behind it. */
export function charsetDecoder(label: string): CharsetDecoder {
  const name = trimWsp(lowerAscii(label.slice(0, 64)));
  if (name === "utf-7" || name === "unicode-1-1-utf-7" || name === "x-unicode-2-0-utf-7") return new Utf7Decoder();
  if (!UNSAID.has(name)) {
    try {
      const decoder = new TextDecoder(ALIASES.get(name) ?? name);
      return {
        push: (bytes) => decoder.decode(bytes, { stream: true }),
        end: () => decoder.decode(),
      };
    } catch {
      // A label that nobody knows: guess.
    }
  }
  return new GuessingDecoder();
}

/** Whether texts in this charset can be read for sure. */
export function isKnownCharset(label: string): boolean {
  const name = trimWsp(lowerAscii(label.slice(0, 64)));
  if (name === "us-ascii" || name === "utf-8" || name === "utf-7") return true;
  if (UNSAID.has(name)) return false;
  try {
    return new TextDecoder(ALIASES.get(name) ?? name).encoding !== "";
  } catch {
    return false;
  }
}

/** All of `bytes` as text. Never fails: what cannot be read becomes U+FFFD or a wrong letter. */
export function decodeCharset(bytes: Uint8Array, label: string): string {
  const decoder = charsetDecoder(label);
  return decoder.push(bytes) + decoder.end();
}

/** Raw octets of a header (a latin1 string) as Unicode: UTF-8 (RFC 6532) where they are that, else windows-1252. */
export function decodeHeaderOctets(latin1: string): string {
  for (let i = 0; i < latin1.length; i++) {
    if (latin1.charCodeAt(i) > 127) {
      const bytes = latin1Bytes(latin1);
      return utf8Strict(bytes) ?? windows1252.decode(bytes);
    }
  }
  return latin1;
}

const windows1252 = new TextDecoder("windows-1252");

/** UTF-8 until octets come that are not, windows-1252 from that chunk on. */
class GuessingDecoder implements CharsetDecoder {
  #utf8: TextDecoder | null = new TextDecoder("utf-8", { fatal: true });
  #held: number[] = []; // octets of a character that is not complete yet

  push(bytes: Uint8Array): string {
    if (this.#utf8 === null) return windows1252.decode(bytes);
    try {
      const text = this.#utf8.decode(bytes, { stream: true });
      this.#held = incomplete(this.#held, bytes);
      return text;
    } catch {
      this.#utf8 = null;
      return windows1252.decode(new Uint8Array(this.#held)) + windows1252.decode(bytes);
    }
  }

  end(): string {
    return this.#utf8 === null ? "" : windows1252.decode(new Uint8Array(this.#held));
  }
}

/** The at most three octets at the end that begin a UTF-8 character without ending it. */
function incomplete(held: readonly number[], bytes: Uint8Array): number[] {
  const tail = [...held, ...bytes.subarray(Math.max(0, bytes.length - 3))].slice(-3);
  for (let back = 1; back <= tail.length; back++) {
    const byte = tail[tail.length - back]!;
    if (byte < 128) return [];
    if (byte < 192) continue;
    const length = byte >= 240 ? 4 : byte >= 224 ? 3 : 2;
    return back < length ? tail.slice(-back) : [];
  }
  return [];
}

/** RFC 2152. Broken base64 runs give what they hold. */
class Utf7Decoder implements CharsetDecoder {
  #shifted = false;
  #fresh = false; // directly behind "+"
  #bits = 0;
  #count = 0;

  push(bytes: Uint8Array): string {
    const out: string[] = [];
    for (const char of latin1String(bytes)) {
      if (!this.#shifted) {
        if (char === "+") {
          this.#shifted = this.#fresh = true;
          this.#bits = this.#count = 0;
        } else out.push(char);
        continue;
      }
      const value = BASE64.indexOf(char);
      if (value >= 0) {
        this.#fresh = false;
        this.#bits = ((this.#bits << 6) | value) & 0x3fffff;
        this.#count += 6;
        if (this.#count >= 16) {
          this.#count -= 16;
          out.push(String.fromCharCode((this.#bits >> this.#count) & 0xffff));
        }
        continue;
      }
      this.#shifted = false;
      if (char !== "-") out.push(char);
      else if (this.#fresh) out.push("+");
    }
    return out.join("");
  }

  end(): string {
    return "";
  }
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
