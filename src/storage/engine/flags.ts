/**
 * Flags as the store keeps them: system flags as bits, keywords as one string with a space between. Keywords are
 * compared without regard to ASCII case (RFC 9051 section 2.3.2) and keep the spelling they came with.
 */
import { lowerAscii } from "../../base/ascii.ts";

export const SEEN = 1;
export const ANSWERED = 2;
export const FLAGGED = 4;
export const DRAFT = 8;
/** The one flag that belongs to the membership. */
export const DELETED = 16;
/** Not a flag of any client: the email has been in more than one mailbox, so its other memberships must be looked up. */
export const SHARED = 32;
/** The bits that belong to the email and are the same in all its memberships. */
export const EMAIL_BITS: number = SEEN | ANSWERED | FLAGGED | DRAFT;
export const CLIENT_BITS: number = EMAIL_BITS | DELETED;

const NAMES: readonly (readonly [number, string])[] = [
  [ANSWERED, "\\Answered"],
  [FLAGGED, "\\Flagged"],
  [DELETED, "\\Deleted"],
  [SEEN, "\\Seen"],
  [DRAFT, "\\Draft"],
];
const BITS: ReadonlyMap<string, number> = new Map(NAMES.map(([bit, name]) => [lowerAscii(name), bit]));
const LISTS: readonly (readonly string[])[] = Array.from(
  { length: 32 },
  (_, bits) => Object.freeze(NAMES.filter(([bit]) => bits & bit).map(([, name]) => name)),
);
/** Octets that the keywords of one email may take; what goes beyond is left out. */
const KEYWORDS_LIMIT = 8192;

export interface FlagSet {
  readonly bits: number;
  readonly keywords: string;
}

/** Sorts flags into bits and keywords. System flags that nobody can set (\Recent, unknown ones) are left out. */
export function parseFlags(flags: readonly string[]): FlagSet {
  let bits = 0;
  const keywords = new Map<string, string>();
  for (const flag of flags) {
    if (flag.startsWith("\\")) bits |= BITS.get(lowerAscii(flag)) ?? 0;
    else if (flag.length > 0 && !flag.includes(" ") && !keywords.has(lowerAscii(flag))) {
      keywords.set(lowerAscii(flag), flag);
    }
  }
  return { bits, keywords: joinKeywords(keywords.values()) };
}

/** The flags as clients see them. */
export function printFlags(bits: number, keywords: string): readonly string[] {
  const system = LISTS[bits & CLIENT_BITS]!;
  return keywords === "" ? system : [...system, ...keywords.split(" ")];
}

/** What keywords become by an addition, a removal or a replacement. */
export function changeKeywords(before: string, mode: "add" | "remove" | "replace", change: string): string {
  if (mode === "replace") return sameKeywords(before, change) ? before : change;
  if (change === "" || (before === "" && mode === "remove")) return before;
  const kept = keywordMap(before);
  for (const [lower, keyword] of keywordMap(change)) {
    if (mode === "remove") kept.delete(lower);
    else if (!kept.has(lower)) kept.set(lower, keyword);
  }
  return joinKeywords(kept.values());
}

/** The bit of a system flag, or null for a keyword. 0: a system flag that no email has. */
export function systemBit(flag: string): number | null {
  return flag.startsWith("\\") ? BITS.get(lowerAscii(flag)) ?? 0 : null;
}

export function hasKeyword(keywords: string, lower: string): boolean {
  return keywords !== "" && (" " + lowerAscii(keywords) + " ").includes(" " + lower + " ");
}

function sameKeywords(a: string, b: string): boolean {
  if (a === b) return true;
  const left = keywordMap(a);
  const right = keywordMap(b);
  if (left.size !== right.size) return false;
  for (const lower of left.keys()) if (!right.has(lower)) return false;
  return true;
}

function keywordMap(keywords: string): Map<string, string> {
  const map = new Map<string, string>();
  if (keywords !== "") { for (const keyword of keywords.split(" ")) map.set(lowerAscii(keyword), keyword); }
  return map;
}

function joinKeywords(keywords: Iterable<string>): string {
  let joined = "";
  for (const keyword of keywords) {
    if (joined.length + keyword.length >= KEYWORDS_LIMIT) break;
    joined += joined === "" ? keyword : " " + keyword;
  }
  return joined;
}
