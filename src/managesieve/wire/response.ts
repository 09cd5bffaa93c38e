/** What the server says (RFC 5804 section 4): strings, and the three ends of a command. */
import { latin1String, utf8Bytes } from "../../base/bytes.ts";
import { type Effect, sendLine } from "../../contract/mod.ts";

/** Section 1.2: a quoted string has at most 1024 octets. */
const QUOTED_OCTETS = 1024;

/** A string as it goes over the wire, octets as latin1: quoted where that can be, else a literal. */
export function wireString(text: string): string {
  const octets = latin1String(utf8Bytes(text));
  if (octets.length > QUOTED_OCTETS || /[\r\n\0]/.test(octets)) return wireLiteral(text);
  return `"${octets.replace(/["\\]/g, "\\$&")}"`;
}

/** A literal whatever is in it, as section 2.9 shows scripts. */
export function wireLiteral(text: string): string {
  const octets = latin1String(utf8Bytes(text));
  return `{${octets.length}}\r\n${octets}`;
}

/** How a command ended (section 1.2); `code` as section 1.3 names it, with its own string where it has one. */
export function response(end: "OK" | "NO" | "BYE", text: string, code: string = ""): Effect {
  return sendLine(`${end}${code === "" ? "" : ` (${code})`}${text === "" ? "" : ` ${wireString(text)}`}`);
}
