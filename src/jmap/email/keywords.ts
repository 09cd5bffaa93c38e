/** Keywords of JMAP are flags of IMAP: four of them have other names (RFC 8621 section 4.1.1). */
import { lowerAscii } from "../../base/ascii.ts";

const FLAGS: ReadonlyMap<string, string> = new Map([
  ["$seen", "\\Seen"],
  ["$answered", "\\Answered"],
  ["$flagged", "\\Flagged"],
  ["$draft", "\\Draft"],
]);
const KEYWORDS: ReadonlyMap<string, string> = new Map(Array.from(FLAGS, ([keyword, flag]) => [flag, keyword]));

/** 1 to 255 characters, none of `( ) { ] % * " \` and no blank. */
const KEYWORD = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,255}$/;

/** The flag of a keyword, or null where it may be none. */
export function flagOf(keyword: string): string | null {
  if (!KEYWORD.test(keyword)) return null;
  const lower = lowerAscii(keyword);
  return FLAGS.get(lower) ?? lower;
}

/** The keywords of flags, as the object that JMAP has. */
export function keywordsOf(flags: readonly string[]): Record<string, true> {
  const found: Record<string, true> = {};
  for (const flag of flags) {
    const keyword = KEYWORDS.get(flag) ?? (flag.startsWith("\\") ? null : lowerAscii(flag));
    if (keyword !== null) found[keyword] = true;
  }
  return found;
}

/** The bit of a keyword in columns, or null: it is one of the others. */
export function bitOf(keyword: string): number | null {
  const bit = ["$seen", "$answered", "$flagged", "$draft"].indexOf(lowerAscii(keyword));
  return bit < 0 ? null : 1 << bit;
}
