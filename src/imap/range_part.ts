/** Positions among the messages of a set (RFC 9394 section 3.3). */
import type { UidRange } from "../contract/mod.ts";
import type { View } from "./view.ts";
import type { PartialRange } from "./wire/search_return.ts";

/** What of the ranges lies at these positions. `ranges` are ascending and apart, their ends known to the view. */
export function partOfRanges(view: View, ranges: readonly UidRange[], { first, last }: PartialRange): UidRange[] {
  const count = view.countIn(ranges);
  const [low, high] = first > 0 ? [first, last] : [count + last + 1, count + first + 1];
  const out: UidRange[] = [];
  let before = 0; // messages of the ranges that came before
  for (const range of ranges) {
    const seq = view.seqOf(range.first);
    const size = view.seqOf(range.last) - seq + 1;
    const from = Math.max(low - before, 1);
    const to = Math.min(high - before, size);
    if (from <= to) out.push({ first: view.uidAt(seq + from - 1), last: view.uidAt(seq + to - 1) });
    before += size;
    if (before >= high) break;
  }
  return out;
}
