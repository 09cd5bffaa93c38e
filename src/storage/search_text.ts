/** Text keys of SEARCH: header fields and text parts, decoded and folded, read in pieces and never held whole. */
import { lowerAscii, trimWsp } from "../base/ascii.ts";
import { concatBytes, latin1Bytes, latin1String, utf8Strict } from "../base/bytes.ts";
import type { Part } from "../message/model.ts";
import type { JoinedRow } from "./engine/tables.ts";
import type { Breath, SearchSource } from "./search.ts";

const PIECE = 64 * 1024;
const HEADER_LIMIT = 256 * 1024;
const PARTS_LIMIT = 1000;

/** The form that texts are compared in: compatibility composed, lower case (RFC 9051 section 6.4.4: not case sensitive). */
export function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Whether a field (`name` in lower case; null: any line of the header) contains the folded text. */
export async function headerContains(
  source: SearchSource,
  row: JoinedRow,
  name: string | null,
  needle: string,
  breath: Breath,
): Promise<boolean> {
  const end = Math.min(row.headerEnd, row.blobSize, HEADER_LIMIT);
  const bytes = end > 0 ? await source.readBlob(row.blobId, 0, end) : new Uint8Array(0);
  await breath.take();
  for (const field of fieldsOf(concatBytes([row.prefix, bytes]))) {
    const colon = field.indexOf(":");
    if (colon <= 0) continue;
    if (name !== null && lowerAscii(trimWsp(field.slice(0, colon))) !== name) continue;
    if (needle === "") return true;
    if (fold(decodeWords(name === null ? field : field.slice(colon + 1))).includes(needle)) return true;
  }
  return false;
}

/** Whether a text part, or the header of a message inside, contains the folded text. */
export async function bodyContains(
  source: SearchSource,
  row: JoinedRow,
  needle: string,
  breath: Breath,
): Promise<boolean> {
  const index = source.index(row.blobId);
  if (!index) return false;
  if (needle === "") return true;
  for (const part of textParts(index.root)) {
    if (await partContains(source, row, part, needle, breath)) return true;
  }
  return false;
}

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly encoding: string;
  readonly charset: string;
}

/** Text parts, and headers of messages inside, without recursion. */
function textParts(root: Part): readonly Stretch[] {
  const found: Stretch[] = [];
  const open: Part[] = [root];
  for (let part = open.pop(); part && found.length < PARTS_LIMIT; part = open.pop()) {
    for (let i = part.parts.length - 1; i >= 0; i--) open.push(part.parts[i]!);
    if (part.message) {
      const { root: inner } = part.message;
      found.push({ start: inner.headerStart, end: inner.bodyStart, encoding: "words", charset: "utf-8" });
      open.push(inner);
    } else if (part.type === "text") {
      const charset = part.params.find(([name]) => name === "charset")?.[1] ?? "utf-8";
      found.push({ start: part.bodyStart, end: part.bodyEnd, encoding: part.encoding, charset });
    }
  }
  return found;
}

async function partContains(
  source: SearchSource,
  row: JoinedRow,
  part: Stretch,
  needle: string,
  breath: Breath,
): Promise<boolean> {
  const decoder = decoderOf(part.charset);
  const keep = needle.length * 2 + 8; // folding may lengthen; enough of the last piece to find what spans two
  let tail = "";
  let rest = ""; // encoded octets that wait for more
  for (let at = part.start; at < part.end; at += PIECE) {
    const end = Math.min(part.end, at + PIECE);
    const raw = rest + latin1String(await source.readBlob(row.blobId, at, end));
    const last = end === part.end;
    const cut = last ? raw.length : safeCut(raw, part.encoding);
    rest = raw.slice(cut);
    const text = part.encoding === "words"
      ? decodeWords(unfold(raw.slice(0, cut)))
      : decoder.decode(decodeTransfer(raw.slice(0, cut), part.encoding), { stream: !last });
    const window = tail + fold(text);
    if (window.includes(needle) || spaced(window).includes(needle)) return true;
    tail = window.slice(-keep);
    await breath.take();
  }
  return false;
}

/** RFC 9051 leaves line ends inside a string to the server: a line break is a space, so that wrapped text is found. */
function spaced(text: string): string {
  return text.replaceAll("\r\n", " ");
}

/** How much of an encoded piece can be decoded without what follows. */
function safeCut(raw: string, encoding: string): number {
  if (encoding === "quoted-printable" || encoding === "words") {
    const lineEnd = raw.lastIndexOf("\n") + 1;
    return lineEnd > 0 ? lineEnd : raw.length > 2 * PIECE ? raw.length : 0;
  }
  if (encoding !== "base64") return raw.length;
  let symbols = 0;
  let cut = 0;
  for (let i = 0; i < raw.length; i++) if (isBase64(raw.charCodeAt(i)) && ++symbols % 4 === 0) cut = i + 1;
  return cut;
}

function decodeTransfer(raw: string, encoding: string): Uint8Array {
  if (encoding === "base64") return base64(raw);
  if (encoding === "quoted-printable") return quotedPrintable(raw);
  return latin1Bytes(raw);
}

function base64(raw: string): Uint8Array {
  let symbols = "";
  for (const piece of raw.split("\n")) {
    let start = 0;
    for (let i = 0; i < piece.length; i++) {
      if (isBase64(piece.charCodeAt(i))) continue;
      symbols += piece.slice(start, i);
      start = i + 1;
    }
    symbols += piece.slice(start);
  }
  const spare = symbols.length % 4 === 1 ? 1 : 0;
  return latin1Bytes(atob(spare ? symbols.slice(0, -1) : symbols));
}

function isBase64(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 47 && code <= 57) || code === 43;
}

function quotedPrintable(raw: string): Uint8Array {
  const out = new Uint8Array(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    if (code !== 61) {
      out[length++] = code;
      continue;
    }
    const high = hex(raw.charCodeAt(i + 1));
    const low = hex(raw.charCodeAt(i + 2));
    if (high >= 0 && low >= 0) {
      out[length++] = high * 16 + low;
      i += 2;
    } else if (raw[i + 1] === "\n") i++;
    else if (raw[i + 1] === "\r" && raw[i + 2] === "\n") i += 2;
    else out[length++] = code;
  }
  return out.subarray(0, length);
}

function hex(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 65 && code <= 70) return code - 55;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset === "us-ascii" ? "utf-8" : charset);
  } catch {
    return new TextDecoder("utf-8");
  }
}

/** Unfolded lines as latin1. */
function* fieldsOf(header: Uint8Array): Generator<string> {
  yield* unfold(latin1String(header)).split("\r\n");
}

function unfold(text: string): string {
  return text.replaceAll("\r\n ", " ").replaceAll("\r\n\t", "\t");
}

/** A latin1 line with its encoded-words (RFC 2047) decoded; octets above 127 are UTF-8, else Latin-1. */
function decodeWords(line: string): string {
  let out = "";
  let at = 0;
  for (let open = line.indexOf("=?"); open >= 0; open = line.indexOf("=?", open + 1)) {
    const word = encodedWord(line, open);
    if (!word) continue;
    const between = line.slice(at, open);
    // RFC 2047 section 6.2: white space between adjacent encoded-words is not displayed.
    if (at === 0 || trimWsp(between) !== "") out += plain(between);
    out += word.text;
    at = word.end;
    open = word.end - 1;
  }
  return out + plain(line.slice(at));
}

function encodedWord(line: string, open: number): { text: string; end: number } | null {
  const first = line.indexOf("?", open + 2);
  if (first < 0 || first > open + 80 || line[first + 2] !== "?") return null;
  const end = line.indexOf("?=", first + 3);
  if (end < 0 || end > first + 1000) return null;
  const payload = line.slice(first + 3, end);
  const kind = lowerAscii(line[first + 1]!);
  if (kind !== "b" && kind !== "q") return null;
  const bytes = kind === "b" ? base64(payload) : quotedPrintable(payload.replaceAll("_", " "));
  const charset = line.slice(open + 2, first).split("*")[0]!; // RFC 2231 section 5: a language may follow
  return { text: decoderOf(charset).decode(bytes), end: end + 2 };
}

function plain(text: string): string {
  return utf8Strict(latin1Bytes(text)) ?? text;
}
