/**
 * Writing messages: bounces, replies, notices. Everything is given, nothing is random: the caller names date,
 * Message-ID and the boundary.
 *
 * Header values are Unicode text on one line; here they get encoded-words (RFC 2047) and folds (RFC 5322 section
 * 2.2.3). A CR, LF, NUL or other control in a value becomes a space, so that no value can begin a new field.
 */
import { isAscii, lowerAscii } from "../base/ascii.ts";
import { concatBytes, EMPTY, latin1Bytes, utf8Bytes } from "../base/bytes.ts";
import { encodeUnstructured, encodeWords, needsEncoding } from "./encoded_word_encode.ts";
import { encodeBase64Lines, encodeQuotedPrintable } from "./transfer_encode.ts";

/** A message to be written. MIME-Version, Content-Type and Content-Transfer-Encoding come from `body`. */
export interface OutgoingMessage {
  /** In this order. Values are Unicode and unfolded; names are those of RFC 5322 or of your own. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: OutgoingPart;
}

/** What every part may say of itself besides its type. */
export interface PartFields {
  /** Full value of Content-Disposition. */
  readonly disposition?: string;
  /** More fields of this part: Content-ID, Content-Description, Content-Language … */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** Text: any line ends; written as UTF-8 in the plainest encoding that carries it. */
export interface OutgoingText extends PartFields {
  /** Full Content-Type value; a `charset` is added where text that is not ASCII lacks one. */
  readonly type: string;
  readonly text: string;
}

/** Octets: as they are for `message/…` and `text/rfc822-headers`, else in base64. */
export interface OutgoingBytes extends PartFields {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Parts in one. */
export interface OutgoingMultipart extends PartFields {
  /** `multipart/…` with its parameters but without a boundary. */
  readonly type: string;
  readonly parts: readonly OutgoingPart[];
}

/** What a message can be made of. */
export type OutgoingPart = OutgoingText | OutgoingBytes | OutgoingMultipart;

const NESTING_LIMIT = 50;
const FOLD_AT = 78; // RFC 5322 section 2.1.1

/**
 * The octets of a message with CRLF line ends. `boundary` is a seed of letters and digits that nobody can guess;
 * the boundary of each multipart is made from it and checked not to occur in any part.
 *
 * @throws TypeError where a field name is not one (RFC 5322 section 2.2), or parts nest deeper than 50: our own bug.
 *
 * @example
 * ```ts
 * import { buildMessage } from "./build.ts";
 * buildMessage({
 *   headers: [["From", "Zoë <zoe@example.org>"], ["Subject", "Grüße"]],
 *   body: { type: "text/plain", text: "Hallo\n" },
 * }, "k3v9");
 * ```
 */
export function buildMessage(message: OutgoingMessage, boundary: string): Uint8Array {
  const seed = unusedSeed(message.body, boundary);
  const out: Uint8Array[] = [];
  for (const [name, value] of message.headers) out.push(buildField(name, value));
  if (!message.headers.some(([name]) => lowerAscii(name) === "mime-version")) {
    out.push(buildField("MIME-Version", "1.0"));
  }
  writePart(message.body, { seed, count: 0, out }, 0);
  return concatBytes(out);
}

/** One header field with its CRLF, encoded and folded. */
export function buildField(name: string, value: string): Uint8Array {
  if (!isFieldName(name)) throw new TypeError(`not a field name: ${JSON.stringify(name)}`);
  const clean = cleanValue(value);
  const room = FOLD_AT - 2 - name.length - 2;
  const text = ADDRESS_FIELDS.has(lowerAscii(name))
    ? encodeAddresses(clean, room)
    : UNSTRUCTURED.has(lowerAscii(name)) || !isStructuredName(name)
    ? encodeUnstructured(clean, room)
    : clean; // RFC 6532: UTF-8 in the few fields that have no other way
  return utf8Bytes(fold(`${name}: ${text}`));
}

const ADDRESS_FIELDS: ReadonlySet<string> = new Set((
  "from sender reply-to to cc bcc resent-from resent-sender resent-reply-to resent-to resent-cc " +
  "resent-bcc return-path disposition-notification-to errors-to mail-followup-to"
).split(" "));

const UNSTRUCTURED: ReadonlySet<string> = new Set(["subject", "comments", "content-description", "keywords"]);

/** Fields whose value is a grammar in which encoded-words have no place. */
const STRUCTURED: ReadonlySet<string> = new Set((
  "message-id in-reply-to references resent-message-id date resent-date received mime-version " +
  "authentication-results dkim-signature auto-submitted"
).split(" "));

function isStructuredName(name: string): boolean {
  const lower = lowerAscii(name);
  return STRUCTURED.has(lower) || lower.startsWith("content-") || lower.startsWith("list-") || lower.startsWith("arc-");
}

function isFieldName(name: string): boolean {
  if (name.length === 0 || name.length > 76) return false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 33 || code > 126 || code === 58) return false;
  }
  return true;
}

function cleanValue(value: string): string {
  let out = "";
  let from = 0;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code >= 32 && code !== 127) continue;
    out += value.slice(from, i);
    // A folded value comes unfolded: CRLF before white space vanishes, every other control is a space.
    const folded = code === 13 && value.charCodeAt(i + 1) === 10 &&
      (value.charCodeAt(i + 2) === 32 || value.charCodeAt(i + 2) === 9);
    if (folded) i++;
    else out += " ";
    from = i + 1;
  }
  return (out + value.slice(from)).replace(/ +$/, "");
}

/**
 * An address list with its display names and comments encoded. Quoted strings, addresses and the punctuation between
 * them stay; an address that is not ASCII stays UTF-8 (RFC 6532), since nothing else could carry it.
 */
function encodeAddresses(text: string, room: number): string {
  if (isAscii(text)) return text;
  const out: string[] = [];
  let phrase = ""; // text that is not encoded yet
  let used = 0;
  const put = (piece: string) => {
    out.push(piece);
    used += piece.length;
  };
  const flush = () => {
    if (phrase === "") return;
    const lead = phrase.length - phrase.trimStart().length;
    const tail = phrase.trimEnd().length;
    const core = phrase.slice(lead, Math.max(lead, tail));
    const words = needsEncoding(core) && !core.includes("@")
      ? encodeWords(core, room > used + 30 ? room - used : 75)
      : core;
    put(phrase.slice(0, lead) + words + (lead < phrase.length ? phrase.slice(Math.max(lead, tail)) : ""));
    phrase = "";
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '"') {
      const { inner, end } = quoted(text, i);
      if (isAscii(inner)) {
        flush();
        put(text.slice(i, end));
      } else if (text[end] === "@") phrase += text.slice(i, end); // a quoted local part
      else phrase += inner;
      i = end - 1;
    } else if (char === "<") {
      flush();
      const close = text.indexOf(">", i);
      const end = close < 0 ? text.length : close + 1;
      put(text.slice(i, end));
      i = end - 1;
    } else if (char === "(" || char === ")" || char === "," || char === ":" || char === ";") {
      flush();
      put(char);
    } else phrase += char;
  }
  flush();
  return out.join("");
}

function quoted(text: string, start: number): { inner: string; end: number } {
  const pieces: string[] = [];
  let from = start + 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '"') return { inner: pieces.join("") + text.slice(from, i), end: i + 1 };
    if (text[i] !== "\\") continue;
    pieces.push(text.slice(from, i));
    from = ++i;
  }
  return { inner: pieces.join("") + text.slice(from), end: text.length };
}

/** RFC 5322 section 2.2.3: breaks before white space, as near to 78 characters as the words allow. */
function fold(field: string): string {
  if (field.length <= FOLD_AT) return field + "\r\n";
  const out: string[] = [];
  let column = 0;
  let first = true; // nothing but the name stands on the line
  let at = 0;
  while (at < field.length) {
    let end = at;
    while (end < field.length && field[end] === " ") end++;
    const next = field.indexOf(" ", end);
    const stop = next < 0 ? field.length : next;
    const token = field.slice(at, stop);
    // A line of nothing but a field's name, or of white space, confuses readers; rather let it be long.
    if (column > 0 && !first && column + token.length > FOLD_AT) {
      out.push("\r\n");
      column = 0;
      out.push(at === end ? " " + token : token);
    } else out.push(token);
    first = at === 0;
    column += token.length;
    at = stop;
  }
  return out.join("") + "\r\n";
}

interface Writing {
  readonly seed: string;
  count: number;
  readonly out: Uint8Array[];
}

function writePart(part: OutgoingPart, to: Writing, depth: number): void {
  if (depth > NESTING_LIMIT) throw new TypeError("parts nest too deeply");
  if ("parts" in part) writeMultipart(part, to, depth);
  else if ("text" in part) writeText(part, to);
  else writeBytes(part, to);
}

function writeMultipart(part: OutgoingMultipart, to: Writing, depth: number): void {
  // The underscore ends the number, so that no boundary is the beginning of another (RFC 2046 section 5.1.1).
  const boundary = `${to.seed}_${++to.count}_`;
  writePartHeader(part, `${part.type}; boundary="${boundary}"`, null, to);
  for (const child of part.parts) {
    to.out.push(latin1Bytes(`--${boundary}\r\n`));
    writePart(child, to, depth + 1);
    to.out.push(CRLF); // belongs to the boundary that follows
  }
  to.out.push(latin1Bytes(`--${boundary}--\r\n`));
}

const CRLF = latin1Bytes("\r\n");

function writeText(part: OutgoingText, to: Writing): void {
  const bytes = utf8Bytes(crlfText(part.text));
  const traits = traitsOf(bytes);
  const lower = lowerAscii(part.type);
  const type = traits.eightBit > 0 && lower.startsWith("text/") && !lower.includes("charset")
    ? `${part.type}; charset=utf-8`
    : part.type;
  if (isAsIs(lower)) {
    writePartHeader(part, type, identity(traits), to);
    to.out.push(bytes);
  } else if (traits.eightBit === 0 && !traits.long && !traits.binary) {
    writePartHeader(part, type, "7bit", to);
    to.out.push(bytes);
  } else if (traits.eightBit * 4 <= bytes.length) {
    writePartHeader(part, type, "quoted-printable", to);
    to.out.push(encodeQuotedPrintable(bytes));
  } else {
    writePartHeader(part, type, "base64", to);
    to.out.push(encodeBase64Lines(bytes));
  }
}

function writeBytes(part: OutgoingBytes, to: Writing): void {
  const asIs = isAsIs(lowerAscii(part.type));
  writePartHeader(part, part.type, asIs ? identity(traitsOf(part.bytes)) : "base64", to);
  to.out.push(asIs ? part.bytes : encodeBase64Lines(part.bytes));
}

function writePartHeader(part: OutgoingPart, type: string, encoding: string | null, to: Writing): void {
  to.out.push(buildField("Content-Type", type));
  if (encoding !== null && encoding !== "7bit") to.out.push(buildField("Content-Transfer-Encoding", encoding));
  if (part.disposition !== undefined) to.out.push(buildField("Content-Disposition", part.disposition));
  for (const [name, value] of part.headers ?? []) to.out.push(buildField(name, value));
  to.out.push(CRLF);
}

/** RFC 2046 section 5.2.1: no encoding but 7bit, 8bit or binary is permitted for message/rfc822 and its like. */
function isAsIs(type: string): boolean {
  return type.startsWith("message/") || type.startsWith("text/rfc822-headers");
}

interface Traits {
  /** Octets above 127. */
  readonly eightBit: number;
  /** A line of more than 998 octets. */
  readonly long: boolean;
  /** NUL, or CR and LF apart. */
  readonly binary: boolean;
}

function traitsOf(bytes: Uint8Array): Traits {
  let eightBit = 0;
  let long = false;
  let binary = false;
  let lineStart = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte > 127) eightBit++;
    else if (byte === 0) binary = true;
    else if (byte === 13 && bytes[i + 1] !== 10) binary = true;
    else if (byte === 10) {
      if (i - 1 - lineStart > 998) long = true;
      if (bytes[i - 1] !== 13) binary = true;
      lineStart = i + 1;
    }
  }
  return { eightBit, long: long || bytes.length - lineStart > 998, binary };
}

function identity(traits: Traits): string {
  return traits.binary || traits.long ? "binary" : traits.eightBit > 0 ? "8bit" : "7bit";
}

function crlfText(text: string): string {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").replaceAll("\n", "\r\n");
  return lines === "" || lines.endsWith("\r\n") ? lines : lines + "\r\n";
}

/** A seed that occurs in no part. It is lengthened until that is so; content is finite, so it ends. */
function unusedSeed(body: OutgoingPart, boundary: string): string {
  let wanted = "";
  for (const char of boundary) if (/[A-Za-z0-9]/.test(char) && wanted.length < 40) wanted += char;
  const leaves = leavesOf(body);
  let seed = `=_${wanted}`; // "=_" can occur neither in quoted-printable nor in base64 (RFC 2045 section 6.7)
  for (let n = 1; leaves.some((leaf) => contains(leaf, `--${seed}_`)); n++) seed = `=_${wanted}${n}`;
  return seed;
}

function leavesOf(body: OutgoingPart): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  const todo: OutgoingPart[] = [body];
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if ("parts" in part) { for (const child of part.parts) todo.push(child); }
    else leaves.push("text" in part ? utf8Bytes(part.text) : isAsIs(lowerAscii(part.type)) ? part.bytes : EMPTY);
  }
  return leaves;
}

function contains(bytes: Uint8Array, needle: string): boolean {
  for (let at = bytes.indexOf(45); at >= 0; at = bytes.indexOf(45, at + 1)) {
    let same = 1;
    while (same < needle.length && bytes[at + same] === needle.charCodeAt(same)) same++;
    if (same === needle.length) return true;
  }
  return false;
}
