/** Rights of RFC 4314 as clients read and write them, with the obsolete `c` and `d` (section 2.1.1). */
import type { AclRefused } from "../contract/mod.ts";
import { no, type Reply } from "./reply.ts";
import { TEXTS } from "./texts.ts";
import type { Lexer } from "./wire/lexer.ts";
import { utf8Text } from "./wire/lexer.ts";
import { formatMailbox } from "./wire/mailbox_name.ts";
import { utf8String } from "./wire/strings.ts";

/** All that a client may name. Uppercase letters are reserved. */
const KNOWN = "lrswipkxteacd";

/** SP identifier; a text, for it is UTF-8. */
export function spIdentifier(lexer: Lexer): string {
  lexer.sp();
  const identifier = utf8Text(lexer, lexer.astring());
  return identifier === "" || identifier === "-" ? lexer.fail("The identifier is empty") : identifier;
}

/** mod-rights: what SETACL does to an entry. */
export interface RightsChange {
  readonly mode: "add" | "remove" | "replace";
  readonly rights: string;
}

/** SP mod-rights. Section 3.1: a right that is not known MUST be BAD. */
export function spRightsChange(lexer: Lexer): RightsChange {
  lexer.sp();
  const text = lexer.astring();
  const mode = text[0] === "+" ? "add" : text[0] === "-" ? "remove" : "replace";
  const rights = mode === "replace" ? text : text.slice(1);
  for (const right of rights) {
    if (/[A-Z]/.test(right)) lexer.fail("Uppercase rights are not allowed");
    if (!KNOWN.includes(right)) lexer.fail("There is no such right");
  }
  return { mode, rights };
}

/** Section 2.1.1: `d` and `c` MUST be told where one of their members is there. */
export function withObsolete(rights: string): string {
  return rights + (/[kx]/.test(rights) ? "c" : "") + (/[te]/.test(rights) ? "d" : "");
}

/** A right string in quotes where it is empty. */
export function formatRights(rights: string): string {
  return rights === "" ? '""' : withObsolete(rights);
}

export function formatIdentifier(identifier: string, utf8: boolean): string {
  return utf8String(identifier, utf8);
}

/** The untagged MYRIGHTS response with its CRLF (section 3.8). */
export function formatMyRights(path: string, rights: string, utf8: boolean): string {
  return `* MYRIGHTS ${formatMailbox(path, utf8)} ${formatRights(rights)}\r\n`;
}

export function aclRefusal({ refused }: AclRefused): Reply {
  switch (refused) {
    case "notFound":
      return no(TEXTS.noMailbox, "NONEXISTENT");
    case "noPermission":
      return no(TEXTS.noPermission, "NOPERM");
    case "noIdentifier":
      return no(TEXTS.noIdentifier);
    case "badRights":
      return no(TEXTS.badRights, "CANNOT");
    case "isOwner":
      return no(TEXTS.ownersRights, "CANNOT");
    case "tooMany":
      return no(TEXTS.tooManyIdentifiers, "LIMIT");
  }
}
