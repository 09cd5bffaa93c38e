/** Modified UTF-7 for mailbox names of IMAP4rev1 (RFC 3501 section 5.1.3). */
import { latin1Bytes, latin1String } from "../../base/bytes.ts";
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";

/** The name as UTF-16, or null where it is not in canonical modified UTF-7. */
export function decodeUtf7(text: string): string | null {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126) return null;
    if (code !== 38) {
      out += text[i];
      continue;
    }
    const end = text.indexOf("-", i);
    if (end < 0) return null;
    const shifted = end === i + 1 ? "&" : decodeShift(text.slice(i + 1, end));
    // Two shifts side by side are not canonical: a name would have two spellings.
    if (shifted === null || (end > i + 1 && text[end + 1] === "&" && text[end + 2] !== "-")) return null;
    out += shifted;
    i = end;
  }
  return out;
}

/** A name in modified UTF-7. */
export function encodeUtf7(text: string): string {
  let out = "";
  let shift = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126) {
      shift += String.fromCharCode(code >> 8, code & 255);
      continue;
    }
    if (shift !== "") out += encodeShift(shift);
    shift = "";
    out += code === 38 ? "&-" : text[i];
  }
  return shift === "" ? out : out + encodeShift(shift);
}

function encodeShift(octets: string): string {
  return "&" + encodeBase64(latin1Bytes(octets)).replaceAll("=", "").replaceAll("/", ",") + "-";
}

function decodeShift(text: string): string | null {
  if (text.includes("/") || text.length % 4 === 1) return null;
  const bytes = decodeBase64(text.replaceAll(",", "/") + "=".repeat((4 - text.length % 4) % 4));
  if (bytes === null || bytes.length % 2 !== 0) return null;
  const octets = latin1String(bytes);
  let out = "";
  for (let i = 0; i < octets.length; i += 2) {
    const code = octets.charCodeAt(i) * 256 + octets.charCodeAt(i + 1);
    if (code >= 32 && code <= 126) return null; // printable ASCII stands for itself
    out += String.fromCharCode(code);
  }
  // Unused bits must be zero, and surrogates must pair.
  return out.isWellFormed() && encodeShift(octets) === `&${text}-` ? out : null;
}
