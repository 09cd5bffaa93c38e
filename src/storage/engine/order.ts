/** Finding and sorting rows. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Part } from "./tables.ts";

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

/** All of it. */
export const WHOLE: Part = { after: "", limit: 2_147_483_647 };

/** Rows in the order of their keys, so many behind one. */
export function partBy<T>(rows: readonly T[], keyOf: (row: T) => string, { after, limit }: Part): readonly T[] {
  const behind = rows.filter((row) => keyOf(row) > after);
  return behind.sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1).slice(0, limit);
}
