/** Octets `[start, end)`. */
export interface OctetRange {
  readonly start: number;
  readonly end: number;
}

/** The same octets in ascending ranges that neither touch nor overlap. */
export function joinRanges(ranges: readonly OctetRange[]): OctetRange[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (start >= end) continue;
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}
