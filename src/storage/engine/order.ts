/** Finding and sorting rows. */
import { lowerAscii } from "../../base/ascii.ts";

export function byAddress(a: { readonly address: string }, b: { readonly address: string }): number {
  return a.address < b.address ? -1 : 1;
}

/** Rows whose address is in the domain; null: all. */
export function ofDomain<T extends { readonly address: string }>(rows: Iterable<T>, domain: string | null): T[] {
  const all = [...rows];
  return domain === null ? all : all.filter((row) => row.address.endsWith("@" + domain));
}

/** The first place whose UID is not below `uid`. */
export function lowerBound(rows: readonly { readonly uid: number }[], uid: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]!.uid < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Each keyword once, whatever its case. */
export function distinctKeywords(lists: Iterable<string>): string[] {
  const found = new Map<string, string>();
  for (const list of new Set(lists)) {
    if (list === "") continue;
    for (const keyword of list.split(" ")) if (!found.has(lowerAscii(keyword))) found.set(lowerAscii(keyword), keyword);
  }
  return [...found.values()].sort();
}
