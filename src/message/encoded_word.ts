/** Reading encoded-words (RFC 2047 with the language of RFC 2231 section 5). Writing is `encoded_word_encode.ts`. */
import { utf8Bytes } from "../base/bytes.ts";
import { decodeCharset } from "./charset.ts";
import { decodeTransfer, hexDigit } from "./transfer.ts";

interface Word {
  readonly charset: string;
  readonly bytes: Uint8Array;
  readonly end: number;
}

/**
 * Text with its encoded-words decoded. White space between two of them goes (section 6.2); octets of neighbours with
 * the same charset are joined before they are decoded, since many programs cut characters in two. What is no
 * encoded-word stays as it is. Takes time linear in the length. A decoded line break or NUL becomes `instead`, so that it
 * is none of the header's.
 */
export function decodeWords(text: string, instead: string = " "): string {
  if (!text.includes("=?")) return text;
  const out: string[] = [];
  let run: Word[] = []; // neighbours of one charset
  let from = 0; // start of plain text that is not out yet
  let at = text.indexOf("=?");
  while (at >= 0) {
    if (text.indexOf("?=", at + 2) < 0) break; // nothing that follows is a word
    const word = parseWord(text, at);
    if (word === null) {
      at = text.indexOf("=?", at + 2);
      continue;
    }
    const joined = run.length > 0 && isBlank(text, from, at);
    if (!joined || run[0]!.charset !== word.charset) {
      out.push(decodeRun(run, instead));
      run = [];
      if (!joined) out.push(text.slice(from, at));
    }
    run.push(word);
    from = word.end;
    at = text.indexOf("=?", from);
  }
  out.push(decodeRun(run, instead), text.slice(from));
  return out.join("");
}

const CHARSET_LIMIT = 60;
const WORD_LIMIT = 20_000; // section 2 says 75; long ones are common, endless ones are not

function parseWord(text: string, at: number): Word | null {
  let mark = at + 2;
  while (mark < at + CHARSET_LIMIT && mark < text.length && text[mark] !== "?") mark++;
  const kind = text[mark + 1];
  if (text[mark] !== "?" || mark === at + 2 || text[mark + 2] !== "?" || kind === undefined) return null;
  const start = mark + 3;
  // In Q a "?" should be escaped; the first "?=" ends the word, but "=?x?Q?=41?=" has one that does not.
  let end = text.indexOf("?=", start);
  if (end < 0 || end - start > WORD_LIMIT) return null;
  if (end === start - 1) end = text.indexOf("?=", start + 1);
  const data = text.slice(start, end);
  const star = text.indexOf("*", at + 2);
  const charset = text.slice(at + 2, star > 0 && star < mark ? star : mark);
  const bytes = kind === "b" || kind === "B" ? decodeB(data) : kind === "q" || kind === "Q" ? decodeQ(data) : null;
  return bytes === null ? null : { charset, bytes, end: end + 2 };
}

function decodeB(data: string): Uint8Array {
  return decodeTransfer(utf8Bytes(data), "base64");
}

/** RFC 2047 section 4.2. Characters that should have been encoded stand for their UTF-8. */
function decodeQ(data: string): Uint8Array {
  const octets = utf8Bytes(data);
  const out = new Uint8Array(octets.length);
  let size = 0;
  for (let i = 0; i < octets.length; i++) {
    const byte = octets[i]!;
    const high = byte === 61 ? hexDigit(octets[i + 1]) : -1;
    const low = byte === 61 ? hexDigit(octets[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out[size++] = high * 16 + low;
      i += 2;
    } else out[size++] = byte === 95 ? 32 : byte;
  }
  return out.subarray(0, size);
}

function decodeRun(run: readonly Word[], instead: string): string {
  if (run.length === 0) return "";
  let length = 0;
  for (const word of run) length += word.bytes.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const word of run) {
    bytes.set(word.bytes, at);
    at += word.bytes.length;
  }
  return decodeCharset(bytes, run[0]!.charset).replace(/[\r\n\0]/g, () => instead);
}

function isBlank(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const char = text[i];
    if (char !== " " && char !== "\t" && char !== "\r" && char !== "\n") return false;
  }
  return true;
}
