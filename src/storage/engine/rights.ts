/** Rights of RFC 4314 section 2.1, and which flags each of them governs. Rights are a string in the order of `RIGHTS`. */
import { CLIENT_BITS, DELETED, SEEN } from "./flags.ts";

export type Right = "l" | "r" | "s" | "w" | "i" | "p" | "k" | "x" | "t" | "e" | "a";

/** All of them: what an owner has. */
export const RIGHTS = "lrswipkxtea";

/** Section 2.1.1: the rights of RFC 2086 that are several today. */
const OBSOLETE: ReadonlyMap<string, string> = new Map([["c", "kx"], ["d", "te"]]);

/** In their order, each once; null where one is not known. `c` and `d` stand for their members. */
export function parseRights(text: string): string | null {
  let all = "";
  for (const letter of text) {
    const rights = OBSOLETE.get(letter) ?? letter;
    if (!RIGHTS.includes(rights) && !OBSOLETE.has(letter)) return null;
    all += rights;
  }
  return ordered((right) => all.includes(right));
}

export function union(a: string, b: string): string {
  return ordered((right) => a.includes(right) || b.includes(right));
}

export function without(rights: string, taken: string): string {
  return ordered((right) => rights.includes(right) && !taken.includes(right));
}

function ordered(has: (right: string) => boolean): string {
  let out = "";
  for (const right of RIGHTS) if (has(right)) out += right;
  return out;
}

/** Flags that may be changed, or be set on what comes in. */
export interface FlagRights {
  readonly bits: number;
  readonly keywords: boolean;
  /** Nothing is held back. */
  readonly all: boolean;
}

const EVERY_FLAG: FlagRights = { bits: CLIENT_BITS, keywords: true, all: true };
const OTHERS = CLIENT_BITS & ~(DELETED | SEEN);

/** Section 4: `t` for \Deleted, `s` for \Seen, `w` for all others. */
export function flagRights(rights: string): FlagRights {
  const [t, s, w] = [rights.includes("t"), rights.includes("s"), rights.includes("w")];
  if (t && s && w) return EVERY_FLAG;
  return { bits: (t ? DELETED : 0) | (s ? SEEN : 0) | (w ? OTHERS : 0), keywords: w, all: false };
}
