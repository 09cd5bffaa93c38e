/**
 * A message with 8-bit text or binary parts for a server that takes none (RFC 6152 section 3, RFC 3030 section 3): those
 * parts are encoded anew, everything else stays octet by octet. Header fields in 8-bit cannot be helped, nor what is signed part by part.
 */
import { concatBytes, latin1Bytes, latin1String } from "../base/bytes.ts";
import { headerFields } from "./header.ts";
import type { MessageIndex, Part } from "./model.ts";
import { encodeBase64Lines, encodeQuotedPrintable } from "./transfer_encode.ts";

/** What a part's body becomes. */
export type SevenBitEncoding = "quoted-printable" | "base64";

/** One stretch of the message, in order. Offsets are octets of the message. */
export type SevenBitStep =
  /** As it is; it must be 7-bit already. */
  | { readonly kind: "copy"; readonly start: number; readonly end: number }
  /** The header of something with parts: its encoding is a statement about them. Must be 7-bit already. */
  | { readonly kind: "header"; readonly start: number; readonly end: number }
  /** Header and body of a part: encoded where the body has octets above 127. */
  | {
    readonly kind: "part";
    readonly start: number;
    readonly bodyStart: number;
    readonly end: number;
    readonly encoding: SevenBitEncoding;
    /** No lines were promised (RFC 2045 section 2.9): encoded whatever is in it. */
    readonly binary: boolean;
  };

/** How to go through a message, or null: it cannot be converted. */
export function sevenBitSteps(index: MessageIndex): readonly SevenBitStep[] | null {
  if (index.truncated.length > 0) return null;
  const steps: SevenBitStep[] = [];
  if (!addPart(index.root, false, steps)) return null;
  const { bodyEnd } = index.root;
  if (bodyEnd < index.size) steps.push({ kind: "copy", start: bodyEnd, end: index.size });
  return steps;
}

/** `fixed`: inside of what a signature covers, nothing may change. */
function addPart(part: Part, fixed: boolean, steps: SevenBitStep[]): boolean {
  const { headerStart: start, bodyStart, bodyEnd: end, type, subtype } = part;
  if (fixed) steps.push({ kind: "copy", start, end });
  else if (type === "multipart") {
    // RFC 1847 section 2.1: what is signed is 7-bit, or it is broken on the way.
    const kept = subtype === "signed" || subtype === "encrypted";
    steps.push({ kind: "header", start, end: bodyStart });
    let at = bodyStart;
    for (const child of part.parts) {
      if (child.headerStart > at) steps.push({ kind: "copy", start: at, end: child.headerStart });
      if (!addPart(child, kept, steps)) return false;
      at = child.bodyEnd;
    }
    if (end > at) steps.push({ kind: "copy", start: at, end });
  } else if (type === "message") {
    if (subtype !== "rfc822" || part.message === null) steps.push({ kind: "copy", start, end });
    else {
      // RFC 2046 section 5.2.1: the message itself is not encoded, its parts are.
      steps.push({ kind: "header", start, end: bodyStart });
      const { root } = part.message;
      if (!addPart(root, false, steps)) return false;
      if (root.bodyEnd < end) steps.push({ kind: "copy", start: root.bodyEnd, end });
    }
  } else if (part.encoding === "7bit" || part.encoding === "8bit" || part.encoding === "binary") {
    const encoding = type === "text" ? "quoted-printable" : "base64";
    steps.push({ kind: "part", start, bodyStart, end, encoding, binary: part.encoding === "binary" });
  } else steps.push({ kind: "copy", start, end });
  return true;
}

/** A header with its blank line that says the encoding. `root`: of a message, which says that it is MIME. */
export function encodingField(
  header: Uint8Array,
  encoding: SevenBitEncoding | "7bit",
  root: boolean,
): Uint8Array {
  const fields = headerFields(header);
  const named = (name: string) => fields.filter((field) => field.name === name);
  const old = named("content-transfer-encoding");
  const field = `Content-Transfer-Encoding: ${encoding}\r\n`;
  const more: string[] = [];
  if (root && encoding !== "7bit" && named("mime-version").length === 0) more.push("MIME-Version: 1.0\r\n");
  // RFC 1428 section 3: 8-bit text of which nobody says what it is.
  if (root && encoding !== "7bit" && named("content-type").length === 0) {
    more.push("Content-Type: text/plain; charset=unknown-8bit\r\n");
  }
  if (encoding !== "7bit" || old.length > 0) more.push(field);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of old) {
    pieces.push(header.subarray(at, start));
    at = end;
  }
  const last = Math.max(at, fields.at(-1)?.end ?? 0);
  pieces.push(header.subarray(at, last), latin1Bytes(more.join("")), header.subarray(last));
  const made = concatBytes(pieces);
  // A header without its blank line (a part that is cut off) needs one before an encoded body.
  return latin1String(made).endsWith("\r\n\r\n") || made.length === 2 ? made : concatBytes([made, latin1Bytes("\r\n")]);
}

const BASE64_LINE = 57; // octets that make a line of 76
const LONGEST_LINE = 64 * 1024; // a line without an end is cut by a soft line break

/** Encodes a body piece by piece. */
export class SevenBitEncoder {
  readonly #encoding: SevenBitEncoding;
  #rest = new Uint8Array(0);

  constructor(encoding: SevenBitEncoding) {
    this.#encoding = encoding;
  }

  push(piece: Uint8Array): Uint8Array {
    const all = concatBytes([this.#rest, piece]);
    const whole = this.#encoding === "base64" ? all.length - all.length % BASE64_LINE : lineEnd(all);
    if (whole === 0 && all.length > LONGEST_LINE) {
      this.#rest = new Uint8Array(0);
      return concatBytes([encodeQuotedPrintable(all), latin1Bytes("=\r\n")]);
    }
    this.#rest = all.slice(whole);
    return this.#encode(all.subarray(0, whole));
  }

  end(): Uint8Array {
    const last = this.#encode(this.#rest);
    this.#rest = new Uint8Array(0);
    return last;
  }

  #encode(bytes: Uint8Array): Uint8Array {
    return this.#encoding === "base64" ? encodeBase64Lines(bytes) : encodeQuotedPrintable(bytes);
  }
}

/** Behind the last CRLF. */
function lineEnd(bytes: Uint8Array): number {
  for (let at = bytes.lastIndexOf(10); at > 0; at = bytes.lastIndexOf(10, at - 1)) {
    if (bytes[at - 1] === 13) return at + 1;
  }
  return 0;
}
