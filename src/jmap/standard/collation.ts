/** How texts are compared (RFC 4790): those that the session tells of (RFC 8620 section 2, collationAlgorithms). */
import { upperAscii } from "../../base/ascii.ts";
import { collationKey } from "../../message/mod.ts";

export const COLLATIONS: readonly string[] = ["i;ascii-numeric", "i;ascii-casemap", "i;unicode-casemap"];

/** A key whose order by code units is that of the text; null: i;unicode-casemap (RFC 8620 section 5.5: unicode-aware). */
export function textKey(text: string, collation: string | null): string {
  if (collation === "i;ascii-casemap") return upperAscii(text);
  if (collation !== "i;ascii-numeric") return collationKey(text);
  // RFC 4790 section 9.1: the digits at the beginning are the number, what has none is behind all numbers.
  const digits = /^\d+/.exec(text)?.[0].replace(/^0+(?=.)/, "").slice(0, 9999);
  return digits === undefined ? "z" : String(digits.length).padStart(4, "0") + digits;
}
