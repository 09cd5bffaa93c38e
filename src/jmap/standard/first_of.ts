/**
 * The first `limit` of `all` in an order, equal ones as they came. Where few are wanted of many, one look at each and a
 * heap of those that are first so far; else all are sorted.
 */
export function firstOf(all: readonly number[], limit: number, compare: (a: number, b: number) => number): number[] {
  if (limit >= all.length / 8) return [...all].sort(compare).slice(0, limit); // sort is stable
  if (limit <= 0) return [];
  const isBehind = (a: number, b: number): boolean => (compare(all[a]!, all[b]!) || a - b) > 0;
  /** Places in `all`; the one that is last of them is at the root. */
  const heap = Array.from({ length: limit }, (_, i) => i);
  for (let i = (limit >> 1) - 1; i >= 0; i--) sink(heap, i, isBehind);
  for (let at = limit; at < all.length; at++) {
    // What comes later is behind its equals.
    if (compare(all[heap[0]!]!, all[at]!) <= 0) continue;
    heap[0] = at;
    sink(heap, 0, isBehind);
  }
  return heap.sort((a, b) => compare(all[a]!, all[b]!) || a - b).map((place) => all[place]!);
}

function sink(heap: number[], from: number, isBehind: (a: number, b: number) => boolean): void {
  const moved = heap[from]!;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBehind(heap[child + 1]!, heap[child]!)) child++;
    if (!isBehind(heap[child]!, moved)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = moved;
}
