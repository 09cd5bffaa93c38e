/** Flags (RFC 9051 section 2.3.2): system flags in their one spelling, keywords as they are. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Lexer } from "./lexer.ts";

export const SYSTEM_FLAGS = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"] as const;

const SYSTEM = new Map<string, string>(SYSTEM_FLAGS.map((flag) => [lowerAscii(flag), flag]));
const KEYWORD_LIMIT = 255; // octets; far more than any client makes up

/** flag: null for `\Recent`, which a client cannot change (RFC 3501 section 2.3.2). */
function flag(lexer: Lexer): string | null {
  if (!lexer.tryChar("\\")) {
    const keyword = lexer.atom();
    return keyword.length > KEYWORD_LIMIT ? lexer.fail("The keyword is too long") : keyword;
  }
  const name = lowerAscii(lexer.atom());
  if (name === "recent") return null;
  return SYSTEM.get("\\" + name) ?? lexer.fail("No such system flag");
}

/** flag-list */
export function flagList(lexer: Lexer): string[] {
  return unique(lexer.list(() => flag(lexer), 0));
}

/** `flag-list / (flag *(SP flag))`, as STORE takes it. */
export function storeFlags(lexer: Lexer): string[] {
  if (lexer.peek() === "(") return flagList(lexer);
  const flags: (string | null)[] = [];
  do flags.push(flag(lexer)); while (lexer.tryChar(" "));
  return unique(flags);
}

/** flag-keyword */
export function keyword(lexer: Lexer): string {
  return lexer.atom();
}

function unique(flags: readonly (string | null)[]): string[] {
  return [...new Set(flags.filter((one) => one !== null))];
}
