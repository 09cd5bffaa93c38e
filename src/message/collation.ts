/** Comparing texts as SORT and THREAD do: by i;unicode-casemap (RFC 5051, RFC 5255 section 4.2). */
import { isAscii, upperAscii } from "../base/ascii.ts";

/**
 * The key of a text: titlecased, then decomposed. Keys are compared by `compareKeys`; equal keys are equal texts.
 * (Upper case and title case differ only in digraphs, which decompose to the same letters.)
 */
export function collationKey(text: string): string {
  return isAscii(text) ? upperAscii(text) : text.toUpperCase().normalize("NFKD");
}

/** Negative, zero or positive. An empty text comes before all others (RFC 5256 section 3). */
export function compareKeys(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
