/** What somebody may have meant. */

/** The one of `names` that is at most two letters off, or null. */
export function nearest(wrong: string, names: Iterable<string>): string | null {
  if (wrong.length < 3 || wrong.length > 40) return null;
  let best: string | null = null;
  let least = 3;
  for (const name of names) {
    const apart = distance(wrong, name);
    if (apart < least) {
      least = apart;
      best = name;
    }
  }
  return best;
}

/** Letters to put in, take out or change (Levenshtein). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
