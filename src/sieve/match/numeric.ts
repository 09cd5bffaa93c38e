/** i;ascii-numeric (RFC 4790 section 9.1): texts as the numbers that they begin with. */
import { compareKeys } from "../../message/collation.ts";
import type { Comparator } from "./comparator.ts";

/** Section 9.1.1: the leading digits without zeros before them; no digit is infinity, here the empty text. */
function numericKey(text: string): string {
  const digits = /^[0-9]+/.exec(text)?.[0];
  return digits === undefined ? "" : digits.replace(/^0+(?=.)/, "");
}

function compareNumeric(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "") return 1;
  if (b === "") return -1;
  return a.length !== b.length ? a.length - b.length : compareKeys(a, b);
}

/** It has no substrings. */
export const NUMERIC: Comparator = {
  name: "i;ascii-numeric",
  key: numericKey,
  compare: (a, b) => compareNumeric(numericKey(a), numericKey(b)),
  fold: null,
};
