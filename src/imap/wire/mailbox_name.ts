/**
 * Mailbox names as clients write them, and paths as the store knows them: UTF-8 with `/` between the levels, `INBOX`
 * in capitals. A rev1 client writes modified UTF-7, a rev2 client UTF-8 (RFC 9051 section 5.1).
 */
import { isAscii, upperAscii } from "../../base/ascii.ts";
import { latin1Bytes, utf8Strict } from "../../base/bytes.ts";
import type { Lexer } from "./lexer.ts";
import { octetsOf, string } from "./strings.ts";
import { decodeUtf7, encodeUtf7 } from "./utf7.ts";

export const DELIMITER = "/";

/** mailbox: its path. Null where the name is in no encoding that can be a name. */
export function mailbox(lexer: Lexer, utf8: boolean): string | null {
  return pathOf(lexer.astring(), utf8);
}

/** A name as the client wrote it and as we know it. */
export interface GivenName {
  readonly path: string;
  readonly given: string;
}

/** mailbox, with its spelling. Null where the name is in no encoding that can be a name. */
export function mailboxAsGiven(lexer: Lexer, utf8: boolean): GivenName | null {
  const given = decodeText(lexer.astring(), utf8);
  return given === null ? null : { path: canonicalPath(given.normalize("NFC")), given };
}

/** The path of a name in latin1 octets; null where its encoding is broken. */
export function pathOf(octets: string, utf8: boolean): string | null {
  const text = decodeName(octets, utf8);
  return text === null ? null : canonicalPath(text);
}

/** Text of a name or a pattern, NFC. Octets beyond ASCII are UTF-8 even from a rev1 client (RFC 6855). */
export function decodeName(octets: string, utf8: boolean): string | null {
  return decodeText(octets, utf8)?.normalize("NFC") ?? null;
}

function decodeText(octets: string, utf8: boolean): string | null {
  if (!isAscii(octets)) return utf8Strict(latin1Bytes(octets));
  return utf8 || !octets.includes("&") ? octets : decodeUtf7(octets);
}

/** `INBOX` is the same in any case, as a whole name and as the first level. */
export function canonicalPath(text: string): string {
  if (upperAscii(text.slice(0, 5)) !== "INBOX" || (text.length > 5 && text[5] !== DELIMITER)) return text;
  return "INBOX" + text.slice(5);
}

/** RFC 9051 section 6.3.4: a delimiter at the end only announces children. */
export function withoutDelimiter(name: string): string {
  return name.endsWith(DELIMITER) ? name.slice(0, -1) : name;
}

/** A path as an astring for the client, always quoted. */
export function formatMailbox(path: string, utf8: boolean): string {
  return string(utf8 ? octetsOf(path) : encodeUtf7(path));
}

/** The OLDNAME item of a LIST response (RFC 9051 section 6.3.9.7). */
export function formatOldName(given: string): string {
  return ` ("OLDNAME" (${string(octetsOf(given))}))`;
}
