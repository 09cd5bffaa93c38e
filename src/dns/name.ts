/** Names as DNS knows them: A-labels in lower case without the trailing dot. */
import { domainToAscii } from "../base/address.ts";
import { lowerAscii } from "../base/ascii.ts";

const NAME_LIMIT = 253; // RFC 1035 section 2.3.4: 255 octets on the wire
const LABEL_LIMIT = 63;

/** The name to ask for, or null where no such name can exist: then the answer is known without asking. */
export function dnsName(text: string): string | null {
  const bare = text.endsWith(".") ? text.slice(0, -1) : text;
  if (bare.length === 0 || bare.length > 4 * NAME_LIMIT) return null;
  const ascii = domainToAscii(bare);
  if (ascii === null || ascii.length > NAME_LIMIT) return null;
  for (const label of ascii.split(".")) {
    if (label.length === 0 || label.length > LABEL_LIMIT) return null;
    for (let i = 0; i < label.length; i++) {
      const code = label.charCodeAt(i);
      // SPF macros and service names ask for more than host names, even spaces; never for controls and 8-bit.
      if (code < 32 || code >= 127) return null;
    }
  }
  return ascii;
}

/** A name from an answer in the form that comparisons use. `.` is the root. */
export function canonicalName(text: string): string {
  if (text === "" || text === ".") return ".";
  return lowerAscii(text.endsWith(".") ? text.slice(0, -1) : text);
}

/** Draft "dns-0x20": letters in random case make an answer harder to forge. `bits` gives a random bit for each letter. */
export function mixCase(name: string, bits: Uint8Array): string {
  let out = "";
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const letter = code >= 97 && code <= 122;
    out += letter && ((bits[i >> 3] ?? 0) >> (i & 7) & 1) === 1 ? String.fromCharCode(code - 32) : name[i];
  }
  return out;
}
