/**
 * Printers of strings. Output is built as latin1, one character an octet; text beyond ASCII becomes UTF-8 octets
 * (IMAP4rev2) or encoded-words (IMAP4rev1, where only ASCII may stand in a quoted string).
 */
import { isAscii } from "../../base/ascii.ts";
import { latin1String, utf8Bytes } from "../../base/bytes.ts";
import { encodeWords } from "../../message/encoded_word_encode.ts";
import { isAtomChar } from "./lexer.ts";

/** The UTF-8 octets of a text, one character an octet. */
export function octetsOf(text: string): string {
  return isAscii(text) ? text : latin1String(utf8Bytes(text));
}

/** Quoted where it may be, else a literal. `octets` is latin1. */
export function string(octets: string): string {
  let special = false;
  for (let i = 0; i < octets.length; i++) {
    const code = octets.charCodeAt(i);
    if (code === 13 || code === 10 || code === 0) return literal(octets);
    if (code === 34 || code === 92) special = true;
  }
  return special ? `"${octets.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : `"${octets}"`;
}

/** An atom where it is one, else a string. */
export function astring(octets: string): string {
  for (let i = 0; i < octets.length; i++) {
    const code = octets.charCodeAt(i);
    if (code !== 93 && !isAtomChar(code)) return string(octets);
  }
  return octets === "" || octets.length === 3 && octets.toUpperCase() === "NIL" ? `"${octets}"` : octets;
}

/** Text of a header or parameter: NIL, or a string in the way of the revision that is spoken. */
export function nstring(text: string | null, utf8: boolean): string {
  if (text === null) return "NIL";
  if (isAscii(text)) return string(text);
  return string(utf8 ? octetsOf(text) : encodeWords(text).replaceAll("\r\n", ""));
}

/** A text in UTF-8 whichever revision is spoken: IMAP4rev1 has no UTF-8 in quoted strings (RFC 3501 section 4.3). */
export function utf8String(text: string, utf8: boolean): string {
  return utf8 || isAscii(text) ? string(octetsOf(text)) : literal(octetsOf(text));
}

/** RFC 9051 section 4.3: a literal has no NUL. */
function literal(octets: string): string {
  const clean = octets.includes("\0") ? octets.replaceAll("\0", "") : octets;
  return `{${clean.length}}\r\n${clean}`;
}
