/** Writing Content-Transfer-Encodings (RFC 2045 section 6). Reading is `transfer.ts`. */
import { encodeBase64 } from "../base/base64.ts";
import { latin1Bytes } from "../base/bytes.ts";

const CR = 13;
const LF = 10;
const LINE = 76; // RFC 2045 section 6.7 (5) and 6.8

/** Base64 in lines of 76 characters, each with its CRLF (RFC 2045 section 6.8). Empty for no octets. */
export function encodeBase64Lines(bytes: Uint8Array): Uint8Array {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 57) lines.push(encodeBase64(bytes.subarray(at, at + 57)), "\r\n");
  return latin1Bytes(lines.join(""));
}

/**
 * Quoted-printable (RFC 2045 section 6.7) of text whose line ends are CRLF: CRLF stays a line end, every other CR
 * and LF is encoded. Lines are at most 76 characters with their soft break.
 */
export function encodeQuotedPrintable(bytes: Uint8Array): Uint8Array {
  const out: string[] = [];
  let column = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === CR && bytes[i + 1] === LF) {
      out.push("\r\n");
      column = 0;
      i++;
      continue;
    }
    const token = quotedPrintable(byte, bytes[i + 1], bytes[i + 2], column);
    // Rule 5: room is left for the "=" of a soft line break.
    if (column + token.length > LINE - 1) {
      out.push("=\r\n");
      column = 0;
    }
    out.push(token);
    column += token.length;
  }
  return latin1Bytes(out.join(""));
}

function quotedPrintable(byte: number, next: number | undefined, after: number | undefined, column: number): string {
  const atEnd = next === undefined || (next === CR && after === LF);
  const blank = byte === 32 || byte === 9;
  // Rule 3: white space at the end of a line is encoded. A dot or "From " at its start is, so that neither dot
  // stuffing nor mbox can harm it (RFC 2049 section 3).
  const literal = (byte > 32 && byte < 127 && byte !== 61 && !(column === 0 && (byte === 46 || byte === 70))) ||
    (blank && !atEnd);
  if (literal) return String.fromCharCode(byte);
  return "=" + (byte < 16 ? "0" : "") + byte.toString(16).toUpperCase();
}
