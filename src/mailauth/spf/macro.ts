/** Expanding macros (RFC 7208 section 7.3), never into more than is needed. */
import { utf8Bytes } from "../../base/bytes.ts";
import { addressParts, addressText, type IpAddress } from "./ip_address.ts";
import type { Macro, MacroString } from "./macro_syntax.ts";

/** What macros stand for. */
export interface MacroValues {
  /** `local@domain` */
  readonly sender: string;
  readonly address: IpAddress;
  /** The domain whose record is evaluated. */
  readonly domain: string;
  readonly helo: string;
  /** The validated domain name of the address, or `unknown`. */
  readonly validated: string;
  /** Who checks. */
  readonly receiver: string;
  /** Seconds since 1970. */
  readonly now: number;
}

/** A name has 253 characters; one more and a trailing dot decide how a longer one is cut. */
const NAME_TAIL = 255;

/**
 * The right end of an expanded domain-spec, at least as much as a name can hold: what is left of it would be cut off
 * (RFC 7208 section 7.3), so a record of ten thousand macros costs no more than one of thirty.
 */
export function expandName(pieces: MacroString, values: MacroValues): string {
  let name = "";
  for (let i = pieces.length - 1; i >= 0 && name.length < NAME_TAIL; i--) {
    const piece = pieces[i]!;
    name = (typeof piece === "string" ? piece : expandMacro(piece, values)) + name;
  }
  return name;
}

/** An expanded explain-string, cut off at `limit` characters. */
export function expandText(pieces: MacroString, values: MacroValues, limit: number): string {
  let text = "";
  for (const piece of pieces) {
    text += typeof piece === "string" ? piece : expandMacro(piece, values);
    if (text.length >= limit) return text.slice(0, limit);
  }
  return text;
}

function expandMacro(macro: Macro, values: MacroValues): string {
  const value = valueOf(macro.letter, values);
  const text = macro.delimiters === null ? value : transform(value, macro, macro.delimiters);
  return macro.escaped ? escapeUrl(text) : text;
}

function valueOf(letter: string, values: MacroValues): string {
  const at = values.sender.lastIndexOf("@");
  switch (letter) {
    case "s":
      return values.sender;
    case "l":
      return values.sender.slice(0, at);
    case "o":
      return values.sender.slice(at + 1);
    case "d":
      return values.domain;
    case "i":
      return addressParts(values.address).join(".");
    case "p":
      return values.validated;
    case "v":
      return values.address.version === 4 ? "in-addr" : "ip6";
    case "h":
      return values.helo;
    case "c":
      return addressText(values.address);
    case "r":
      return values.receiver;
    default: // "t": the grammar knows no other
      return String(values.now);
  }
}

/** Split at every delimiter, empty parts kept; reversed first, then cut from the left; joined by dots. */
function transform(value: string, macro: Macro, delimiters: string): string {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i <= value.length; i++) {
    if (i < value.length && !delimiters.includes(value[i]!)) continue;
    parts.push(value.slice(start, i));
    start = i + 1;
  }
  if (macro.reversed) parts.reverse();
  return parts.slice(-macro.parts).join(".");
}

/** RFC 3986 section 2.3: all but the unreserved characters, as octets of UTF-8. */
function escapeUrl(text: string): string {
  let out = "";
  for (const octet of utf8Bytes(text)) {
    const char = String.fromCharCode(octet);
    out += /[A-Za-z0-9\-._~]/.test(char) ? char : "%" + octet.toString(16).toUpperCase().padStart(2, "0");
  }
  return out;
}
