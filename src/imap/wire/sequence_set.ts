/** Sequence sets: read, and printed short (RFC 9051 section 9, `sequence-set`). */
import type { Lexer } from "./lexer.ts";

/** `*` in a range. */
export const STAR = 0;

/** One element as it was written; ends may be `STAR` and in any order. */
export interface SetRange {
  readonly first: number;
  readonly last: number;
}

/** `$` is the result that SEARCH SAVE kept (RFC 5182). */
export type SequenceSet = readonly SetRange[] | "$";

export function sequenceSet(lexer: Lexer): SequenceSet {
  if (lexer.tryChar("$")) return "$";
  const ranges: SetRange[] = [];
  do {
    const first = number(lexer);
    ranges.push({ first, last: lexer.tryChar(":") ? number(lexer) : first });
  } while (lexer.tryChar(","));
  return ranges;
}

function number(lexer: Lexer): number {
  return lexer.tryChar("*") ? STAR : lexer.nzNumber();
}

/** Those of the numbers that are in the set; `most` is what `*` means. Ascending in, ascending out. */
export function within<T extends number>(numbers: readonly T[], set: readonly SetRange[], most: number): T[] {
  const ranges = set.map(({ first, last }): [number, number] => {
    const [a, b] = [first === STAR ? most : first, last === STAR ? most : last];
    return a < b ? [a, b] : [b, a];
  }).sort((a, b) => a[0] - b[0]);
  const out: T[] = [];
  let at = 0;
  let end = 0; // up to where the ranges that began reach
  for (const number of numbers) {
    for (; at < ranges.length && ranges[at]![0] <= number; at++) end = Math.max(end, ranges[at]![1]);
    if (number <= end) out.push(number);
  }
  return out;
}

/** `1:3,7` of numbers in the order given; runs of successors are joined. */
export function formatSet(numbers: Iterable<number>): string {
  let out = "";
  let first = -1;
  let last = -1;
  for (const number of numbers) {
    if (number === last + 1 && first >= 0) {
      last = number;
      continue;
    }
    if (first >= 0) out += (out === "" ? "" : ",") + run(first, last);
    first = last = number;
  }
  return first < 0 ? out : out + (out === "" ? "" : ",") + run(first, last);
}

function run(first: number, last: number): string {
  return first === last ? `${first}` : `${first}:${last}`;
}
