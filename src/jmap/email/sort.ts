/** Orders of Email/query (RFC 8621 section 4.4.2). */
import { ask, type EmailColumns, type EmailId, type Program } from "../../contract/mod.ts";
import type { EnvelopeAddress } from "../../message/mod.ts";
import { baseSubject, collationKey, compareKeys, decodeWords } from "../../message/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import { isObject, type Json } from "../json.ts";
import { hasKeyword, inThread } from "./filter.ts";

/** One comparator. */
export interface EmailOrder {
  readonly property: string;
  readonly isAscending: boolean;
  readonly keyword: string;
}

/** Answers how two rows stand to each other. */
export type Compare = (a: number, b: number) => number;

const NUMBERS: readonly string[] = ["receivedAt", "sentAt", "size"];
const KEYWORDS: readonly string[] = ["hasKeyword", "allInThreadHaveKeyword", "someInThreadHaveKeyword"];
const TEXTS: readonly string[] = ["from", "to", "subject"];
const COMPARATORS = 10;
const PAGE = 1000;

/** Reads `sort`; null or none is newest first. */
export function readSort(call: Call): readonly EmailOrder[] {
  const value = call.value("sort") ?? null;
  if (value === null) return [];
  if (!Array.isArray(value)) throw call.wrong("sort", "a list or null");
  if (value.length > COMPARATORS) throw new MethodError("unsupportedSort");
  return value.map((one) => readComparator(call, one as Json));
}

function readComparator(call: Call, value: Json): EmailOrder {
  if (!isObject(value) || typeof value["property"] !== "string") throw call.wrong("sort", "a list of comparators");
  const { property, isAscending = true, keyword = "", collation = null } = value;
  if (typeof isAscending !== "boolean" || typeof keyword !== "string") {
    throw call.wrong("sort", "a list of comparators");
  }
  if (collation !== null && typeof collation !== "string") throw call.wrong("sort", "a list of comparators");
  const name = property as string;
  if (![...NUMBERS, ...KEYWORDS, ...TEXTS].includes(name)) throw new MethodError("unsupportedSort");
  if (KEYWORDS.includes(name) && keyword === "") throw call.wrong("sort", "with a keyword where one is compared by");
  if (collation !== null && !["i;ascii-casemap", "i;unicode-casemap", "i;ascii-numeric"].includes(collation)) {
    throw new MethodError("unsupportedSort", "there is no such collation");
  }
  return { property: name, isAscending, keyword: keyword.toLowerCase() };
}

/** Whether it is the order in which the columns are kept. */
export function isNewestFirst(orders: readonly EmailOrder[]): boolean {
  return orders.length === 0 || (orders[0]!.property === "receivedAt" && !orders[0]!.isAscending);
}

/** Sorts rows; equal ones stay newest first. Texts are read for those rows alone. */
export function* sortRows(
  call: Call,
  account: JmapAccount,
  columns: EmailColumns,
  rows: number[],
  orders: readonly EmailOrder[],
): Program<number[]> {
  if (isNewestFirst(orders)) return rows;
  const wanted = orders.filter(({ property }) => TEXTS.includes(property)).map(({ property }) => property);
  const ids = rows.map((row) => columns.emailIds[row]!);
  const keys = wanted.length > 0 ? yield* readTexts(call, account, ids, wanted) : null;
  // Reading may have taken a while: what was in a row then may be gone.
  const there = new Map(rows.map((row, i) => [row, ids[i]!]));
  const text = (row: number, property: string) => keys?.get(there.get(row)!)?.[property] ?? "";
  const compares = orders.map((order): Compare => compareBy(order, columns, text));
  const place = new Map(rows.map((row, i) => [row, i]));
  return [...rows].sort((a, b) => {
    for (const compare of compares) {
      const way = compare(a, b);
      if (way !== 0) return way;
    }
    return place.get(a)! - place.get(b)!;
  });
}

function compareBy(
  { property, isAscending, keyword }: EmailOrder,
  columns: EmailColumns,
  text: (row: number, property: string) => string,
): Compare {
  const sign = isAscending ? 1 : -1;
  if (TEXTS.includes(property)) return (a, b) => sign * compareKeys(text(a, property), text(b, property));
  if (KEYWORDS.includes(property)) {
    const has = hasKeyword(columns, keyword);
    const test = property === "hasKeyword"
      ? has
      : inThread(columns, property === "allInThreadHaveKeyword" ? "allInThread" : "someInThread", has);
    return (a, b) => sign * (Number(test(a)) - Number(test(b)));
  }
  const column = property === "size" ? columns.sizes : property === "sentAt" ? columns.sentAt : columns.receivedAt;
  // What has no date is where its arrival puts it.
  const value = (row: number) => Number.isNaN(column[row]!) ? columns.receivedAt[row]! : column[row]!;
  return (a, b) => sign * (value(a) - value(b));
}

function* readTexts(
  call: Call,
  account: JmapAccount,
  ids: readonly EmailId[],
  wanted: readonly string[],
): Program<ReadonlyMap<EmailId, Readonly<Record<string, string>>>> {
  const found = new Map<EmailId, Record<string, string>>();
  for (let at = 0; at < ids.length; at += PAGE) {
    const emailIds = ids.slice(at, at + PAGE);
    const rows = yield* ask("email.objects", { ...call.whose(account), emailIds, fields: ["envelope"] });
    for (const { emailId, envelope } of rows) {
      const keys: Record<string, string> = {};
      if (wanted.includes("subject")) keys["subject"] = collationKey(baseSubject(envelope!.subject ?? "").base);
      if (wanted.includes("from")) keys["from"] = collationKey(personOf(envelope!.from));
      if (wanted.includes("to")) keys["to"] = collationKey(personOf(envelope!.to));
      found.set(emailId, keys);
    }
  }
  return found;
}

/** "the name of the first address, or its email where there is none" */
function personOf(addresses: readonly EnvelopeAddress[]): string {
  const first = addresses.find(({ host }) => host !== null);
  if (!first) return "";
  const name = first.name === null ? "" : decodeWords(first.name).trim();
  return name !== "" ? name : `${first.mailbox ?? ""}@${first.host}`;
}
