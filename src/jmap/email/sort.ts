/** Orders of Email/query (RFC 8621 section 4.4.2). */
import { ask, type EmailColumns, type EmailId, type Program } from "../../contract/mod.ts";
import type { EnvelopeAddress } from "../../message/mod.ts";
import { baseSubject, decodeWords } from "../../message/mod.ts";
import type { Call } from "../call.ts";
import { textKey } from "../standard/collation.ts";
import { type Comparator, comparing, readComparators } from "../standard/comparators.ts";
import { hasKeyword, inThread } from "./filter.ts";
import { EMAIL_SORT_OPTIONS } from "./sort_options.ts";

/** One comparator; `keyword` in lower case. */
export interface EmailOrder extends Comparator {
  readonly keyword: string;
}

/** Texts that emails are sorted by, read so far. */
export type SortTexts = Map<EmailId, Readonly<Record<string, string>>>;

const KEYWORDS: readonly string[] = ["hasKeyword", "allInThreadHaveKeyword", "someInThreadHaveKeyword"];
const TEXTS: readonly string[] = ["from", "to", "subject"];
const PAGE = 1000;

/** Reads `sort`; null or none is newest first. */
export function readSort(call: Call): readonly EmailOrder[] {
  return readComparators(call, EMAIL_SORT_OPTIONS).map((comparator) => {
    const { property, given } = comparator;
    const { keyword = "" } = given;
    if (typeof keyword !== "string" || (KEYWORDS.includes(property) && keyword === "")) {
      throw call.wrong("sort", "with a keyword where one is compared by");
    }
    return { ...comparator, keyword: keyword.toLowerCase() };
  });
}

/** Whether it is the order in which the columns are kept. */
export function isNewestFirst(orders: readonly EmailOrder[]): boolean {
  return orders.length === 0 ||
    (orders.length === 1 && orders[0]!.property === "receivedAt" && !orders[0]!.isAscending);
}

/**
 * Rows in their order; equal ones stay newest first, as they came. Or the emails whose texts must be read first: those
 * that nothing before a text tells apart.
 */
export function sortRows(
  columns: EmailColumns,
  rows: readonly number[],
  orders: readonly EmailOrder[],
  texts: SortTexts,
): { readonly sorted: readonly number[] } | { readonly missing: readonly EmailId[] } {
  const place = new Map(rows.map((row, i) => [row, i]));
  const compare = compareBy(columns, texts);
  const inPlace = (a: number, b: number) => place.get(a)! - place.get(b)!;
  const firstText = orders.findIndex(({ property }) => TEXTS.includes(property));
  if (firstText < 0) return { sorted: [...rows].sort(comparing(orders, compare, inPlace)) };
  const isEqual = comparing(orders.slice(0, firstText), compare, () => 0);
  const sorted = [...rows].sort((a, b) => isEqual(a, b) || inPlace(a, b));
  const missing: EmailId[] = [];
  for (const [i, row] of sorted.entries()) {
    const [before, behind] = [sorted[i - 1], sorted[i + 1]];
    const isAlone = (before === undefined || isEqual(before, row) !== 0) &&
      (behind === undefined || isEqual(row, behind) !== 0);
    const id = columns.emailIds[row]!;
    if (!isAlone && !texts.has(id)) missing.push(id);
  }
  return missing.length > 0 ? { missing } : { sorted: sorted.sort(comparing(orders, compare, inPlace)) };
}

function compareBy(
  columns: EmailColumns,
  texts: SortTexts,
): (a: number, b: number, by: EmailOrder | Comparator) => number {
  const keys = new Map<Comparator, Map<number, string>>();
  const tests = new Map<Comparator, (row: number) => boolean>();
  const keyOf = (row: number, by: Comparator): string => {
    const known = keys.get(by) ?? new Map<number, string>();
    keys.set(by, known);
    let key = known.get(row);
    if (key === undefined) {
      key = textKey(texts.get(columns.emailIds[row]!)?.[by.property] ?? "", by.collation);
      known.set(row, key);
    }
    return key;
  };
  return (a, b, by) => {
    const { property } = by;
    if (TEXTS.includes(property)) {
      const [left, right] = [keyOf(a, by), keyOf(b, by)];
      return left === right ? 0 : left < right ? -1 : 1;
    }
    if (KEYWORDS.includes(property)) {
      const test = tests.get(by) ?? keywordTest(columns, by as EmailOrder);
      tests.set(by, test);
      return Number(test(a)) - Number(test(b));
    }
    const column = property === "size" ? columns.sizes : property === "sentAt" ? columns.sentAt : columns.receivedAt;
    // What has no date is where its arrival puts it.
    const value = (row: number) => Number.isNaN(column[row]!) ? columns.receivedAt[row]! : column[row]!;
    return value(a) - value(b);
  };
}

function keywordTest(columns: EmailColumns, { property, keyword }: EmailOrder): (row: number) => boolean {
  const has = hasKeyword(columns, keyword);
  if (property === "hasKeyword") return has;
  return inThread(columns, property === "allInThreadHaveKeyword" ? "allInThread" : "someInThread", has);
}

/** Reads what emails are sorted by; one that went meanwhile has no texts. */
export function* readTexts(whose: ReturnType<Call["whose"]>, ids: readonly EmailId[], texts: SortTexts): Program<void> {
  for (const id of ids) texts.set(id, {});
  for (let at = 0; at < ids.length; at += PAGE) {
    const emailIds = ids.slice(at, at + PAGE);
    for (const { emailId, envelope } of yield* ask("email.objects", { ...whose, emailIds, fields: ["envelope"] })) {
      texts.set(emailId, {
        subject: baseSubject(envelope!.subject ?? "").base,
        from: personOf(envelope!.from),
        to: personOf(envelope!.to),
      });
    }
  }
}

/** "the name of the first address, or its email where there is none" */
function personOf(addresses: readonly EnvelopeAddress[]): string {
  const first = addresses.find(({ host }) => host !== null);
  if (!first) return "";
  const name = first.name === null ? "" : decodeWords(first.name).trim();
  return name !== "" ? name : `${first.mailbox ?? ""}@${first.host}`;
}
