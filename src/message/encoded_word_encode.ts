/** Writing encoded-words (RFC 2047): Unicode text into ASCII header values. Reading is `encoded_word.ts`. */
import { isAscii } from "../base/ascii.ts";
import { encodeBase64 } from "../base/base64.ts";
import { utf8Bytes } from "../base/bytes.ts";

// RFC 2047 section 2: an encoded-word has at most 75 characters, a line that holds one at most 76.
const WORD_LIMIT = 75;
const Q_OVERHEAD = "=?utf-8?q??=".length;

/**
 * Encodes `text` whole as encoded-words joined by single spaces, which a reader removes again. Never cuts a
 * character in two (RFC 2047 section 5). `room` is how many characters the first word may take (76 less what stands
 * before it on its line). Uses Q where that is shorter, else B; only letters that are safe in a phrase stay as they
 * are, so that the result may stand anywhere an encoded-word may.
 */
export function encodeWords(text: string, room: number = WORD_LIMIT): string {
  const bytes = utf8Bytes(text);
  let plain = 0;
  for (const byte of bytes) if (isPlainQ(byte) || byte === 32) plain++;
  const useQ = plain + (bytes.length - plain) * 3 <= Math.ceil(bytes.length / 3) * 4;
  const words: string[] = [];
  let limit = Math.max(Q_OVERHEAD + 16, Math.min(WORD_LIMIT, room));
  let piece = "";
  let size = 0; // encoded characters with Q, octets with B
  for (const char of text) {
    const octets = utf8Bytes(char);
    let cost = octets.length;
    if (useQ) {
      cost = 0;
      for (const byte of octets) cost += isPlainQ(byte) || byte === 32 ? 1 : 3;
    }
    const next = size + cost;
    const width = Q_OVERHEAD + (useQ ? next : Math.ceil(next / 3) * 4);
    if (width > limit && piece !== "") {
      words.push(encodeWord(piece, useQ));
      limit = WORD_LIMIT;
      piece = "";
      size = 0;
    }
    piece += char;
    size += cost;
  }
  if (piece !== "" || words.length === 0) words.push(encodeWord(piece, useQ));
  return words.join(" ");
}

/**
 * An unstructured value (Subject, Comments …) with what needs it encoded: from the first to the last word that is
 * not ASCII or would be mistaken for an encoded-word. Everything else stays readable.
 */
export function encodeUnstructured(text: string, room: number = WORD_LIMIT): string {
  const words = text.split(" ");
  const first = words.findIndex(needsEncoding);
  if (first < 0) return text;
  let last = words.length - 1;
  while (!needsEncoding(words[last]!)) last--;
  const head = words.slice(0, first);
  const middle = words.slice(first, last + 1).join(" ");
  const used = head.join(" ").length;
  const encoded = encodeWords(middle, used + Q_OVERHEAD + 16 < room ? room - used : WORD_LIMIT);
  return [...head, encoded, ...words.slice(last + 1)].join(" ");
}

/** Whether a word cannot stand in a header as it is. */
export function needsEncoding(word: string): boolean {
  return !isAscii(word) || word.includes("=?") || word.length > 900; // RFC 5322 section 2.1.1: 998 a line
}

function encodeWord(text: string, useQ: boolean): string {
  const bytes = utf8Bytes(text);
  if (!useQ) return `=?utf-8?b?${encodeBase64(bytes)}?=`;
  let out = "=?utf-8?q?";
  for (const byte of bytes) {
    if (isPlainQ(byte)) out += String.fromCharCode(byte);
    else if (byte === 32) out += "_";
    else out += "=" + (byte < 16 ? "0" : "") + byte.toString(16).toUpperCase();
  }
  return out + "?=";
}

/** RFC 2047 section 5 (3): what may stand for itself in an encoded-word of a phrase, the narrowest place. */
function isPlainQ(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) ||
    byte === 33 || byte === 42 || byte === 43 || byte === 45 || byte === 47;
}
