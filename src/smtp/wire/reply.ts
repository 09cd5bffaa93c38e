import { parseDigits } from "../../base/ascii.ts";
import { latin1Bytes, utf8Bytes } from "../../base/bytes.ts";
import type { Refusal } from "../../contract/mod.ts";
import { REPLY_LINE } from "./limits.ts";

/** Lines of the longest reply that is printed. */
const LINES = 100;
/** Characters of a line in UTF-8: three octets each at most, or a pair of four. */
const LONGEST_UTF8 = 160;

/**
 * Prints a reply (RFC 5321 section 4.2.1): every line with the code and, where there is one, the enhanced status code
 * (RFC 2034 section 4). Text is made safe: a control or non-ASCII character becomes `?`, an overlong line is cut, so
 * that no text can break the framing.
 */
export function formatReply(code: number, enhanced: string | null, ...lines: readonly string[]): Uint8Array {
  const shown = lines.length === 0 ? [""] : lines.slice(0, LINES);
  const status = enhanced === null ? "" : enhanced + " ";
  let out = "";
  for (let i = 0; i < shown.length; i++) {
    const separator = i < shown.length - 1 ? "-" : " ";
    out += clean(`${code}${separator}${status}${shown[i]}`) + "\r\n";
  }
  return latin1Bytes(out);
}

/** Prints a refusal; with `utf8` somebody's own words as they are (RFC 6531 section 3.7.4.2). A code that is no refusal is a bug upstream, and is sent as 451 so that nobody thinks "accepted". */
export function formatRefusal(refusal: Refusal, utf8: boolean = false): Uint8Array {
  if (!isRefusalCode(refusal.code)) return formatReply(451, "4.3.0", "Temporary failure, please try again later");
  // RFC 3463 section 2: the class of the enhanced code is that of the reply.
  const first = String(refusal.code)[0]!;
  const enhanced = isEnhanced(refusal.enhanced) && refusal.enhanced[0] === first ? refusal.enhanced : `${first}.0.0`;
  if (utf8 && refusal.words) return formatUtf8(refusal.code, enhanced, refusal.words.text);
  return formatReply(refusal.code, enhanced, ...refusal.text.split("\n", LINES));
}

/** Lines are cut at whole characters, so that each is UTF-8; no control can break the framing. */
function formatUtf8(code: number, enhanced: string, text: string): Uint8Array {
  const lines = text.toWellFormed().replace(/\r\n?/g, "\n").replace(/[^\P{Cc}\n]|[\u2028\u2029]/gu, " ").split("\n")
    .slice(0, LINES)
    .map((line) => line.slice(0, LONGEST_UTF8).toWellFormed());
  return utf8Bytes(
    lines.map((line, i) => `${code}${i < lines.length - 1 ? "-" : " "}${enhanced} ${line}\r\n`).join(""),
  );
}

/** One line of a reply as a client reads it. */
export interface ReplyLine {
  readonly code: number;
  /** Another line follows. */
  readonly more: boolean;
  readonly enhanced: string | null;
  readonly text: string;
}

/** Parses a reply line without its CRLF; null where it is none. The text after the code may be missing altogether. */
export function parseReplyLine(line: string): ReplyLine | null {
  const code = parseDigits(line.slice(0, 3));
  const separator = line[3] ?? " ";
  if (code === null || line.length < 3 || code < 200 || code > 599) return null;
  if (separator !== " " && separator !== "-") return null;
  const text = line.slice(4);
  const space = text.indexOf(" ");
  const word = space < 0 ? text : text.slice(0, space);
  const enhanced = isEnhanced(word) && word[0] === line[0] ? word : null;
  return { code, more: separator === "-", enhanced, text: enhanced === null ? text : text.slice(word.length + 1) };
}

/** RFC 3463 section 2: `class "." subject "." detail`. */
export function isEnhanced(text: string): boolean {
  if (text.length > 9) return false;
  const [kind = "", subject = "", detail = "", ...more] = text.split(".");
  if (subject.length > 3 || detail.length > 3) return false;
  return more.length === 0 && (kind === "2" || kind === "4" || kind === "5") &&
    parseDigits(subject, 999) !== null && parseDigits(detail, 999) !== null;
}

function isRefusalCode(code: number): boolean {
  return Number.isInteger(code) && code >= 400 && code <= 599;
}

function clean(line: string): string {
  const end = Math.min(line.length, REPLY_LINE - 2);
  let plain = 0;
  while (plain < end && isPlain(line.charCodeAt(plain))) plain++;
  if (plain === end) return line.slice(0, end); // nearly every line
  let out = line.slice(0, plain);
  for (let i = plain; i < end; i++) out += isPlain(line.charCodeAt(i)) ? line[i] : "?";
  return out;
}

function isPlain(code: number): boolean {
  return code >= 32 && code < 127;
}
