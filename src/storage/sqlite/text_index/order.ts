/** SORT and THREAD of a mailbox, by what the index keeps of each email; of what is not indexed by its envelope. */
import type { SortCriterion } from "../../../contract/mod.ts";
import { compareKeys, type ThreadAlgorithm, type ThreadMessage, threads } from "../../../message/mod.ts";
import { flatThreads } from "../../flat_threads.ts";
import type { Catalog } from "./catalog.ts";
import type { MailSource, Members } from "./mail_source.ts";
import { isTextKey, TEXT_KEYS, type TextKey } from "../../sort_text.ts";
import { type OrderKeys, orderKeysOf, type ThreadKeys } from "./order_keys.ts";

/** What is sorted or threaded: UIDs of a mailbox, ascending. */
export interface Wanted {
  readonly account: number;
  readonly mailbox: number;
  readonly uids: Uint32Array;
}

/** The UIDs in the order wanted; equal ones ascending (RFC 5256 section 3). */
export function sorted(
  catalog: Catalog,
  source: MailSource,
  wanted: Wanted,
  order: readonly SortCriterion[],
): Uint32Array {
  const rows = source.members(wanted.mailbox, wanted.uids);
  const places = placesOf(rows);
  const columns = order.map(({ key }): readonly (string | number)[] => {
    if (isTextKey(key)) return texts(catalog, source, wanted.account, rows, places, key);
    return key === "size" ? rows.sizes : key === "arrival" ? rows.arrivals : rows.dates;
  });
  const compare = order.map(({ reverse }, i) => comparison(columns[i]!, reverse));
  const ranks = Uint32Array.from(rows.uids, (_, i) => i);
  ranks.sort((a, b) => {
    for (const one of compare) {
      const compared = one(a, b);
      if (compared !== 0) return compared;
    }
    return a - b;
  });
  return ranks.map((i) => rows.uids[i]!);
}

/** The threads, flat. */
export function threaded(
  catalog: Catalog,
  source: MailSource,
  wanted: Wanted,
  algorithm: ThreadAlgorithm,
): Uint32Array {
  const rows = source.members(wanted.mailbox, wanted.uids);
  const kept = keptOf(catalog, source, wanted.account, placesOf(rows), "thread", ({ thread }) => thread);
  const messages = rows.uids.map((uid, i): ThreadMessage => {
    const [messageId, references, subject] = kept[i] ?? NOTHING;
    return {
      uid,
      messageId,
      references: algorithm === "orderedSubject" ? [] : references,
      subject,
      date: rows.dates[i]!,
    };
  });
  const work = threads(messages, algorithm);
  for (;;) {
    const step = work.next();
    if (step.done) return flatThreads(step.value);
  }
}

const NOTHING: ThreadKeys = [null, [], ""];

function texts(
  catalog: Catalog,
  source: MailSource,
  account: number,
  rows: Members,
  places: Places,
  key: TextKey,
): readonly string[] {
  const kept = keptOf(catalog, source, account, places, key, (keys) => keys.texts[TEXT_KEYS.indexOf(key)]!);
  return rows.uids.map((_, i) => kept[i] ?? "");
}

/** Where in the rows each email stands. */
type Places = ReadonlyMap<number, number>;

function placesOf(rows: Members): Places {
  const places = new Map<number, number>();
  rows.emails.forEach((email, i) => places.set(email, i));
  return places;
}

/** By place; nothing where the email went meanwhile. */
function keptOf<K extends TextKey | "thread", V extends string | ThreadKeys>(
  catalog: Catalog,
  source: MailSource,
  account: number,
  places: Places,
  key: K,
  fresh: (keys: OrderKeys) => V,
): V[] {
  const kept: V[] = [];
  let left = places.size;
  for (const [email, value] of catalog.orders(account, key)) {
    const place = places.get(email);
    if (place === undefined) continue;
    kept[place] = value as V;
    left--;
  }
  if (left === 0) return kept;
  for (const [email, place] of places) {
    if (kept[place] !== undefined) continue;
    const found = source.envelope(email);
    if (found) kept[place] = fresh(orderKeysOf(found.envelope, found.references));
  }
  return kept;
}

function comparison(column: readonly (string | number)[], reverse: boolean): (a: number, b: number) => number {
  const sign = reverse ? -1 : 1;
  if (typeof column[0] === "number") return (a, b) => sign * ((column[a] as number) - (column[b] as number));
  return (a, b) => sign * compareKeys(column[a] as string, column[b] as string);
}
