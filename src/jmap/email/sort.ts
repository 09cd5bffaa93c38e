/** Orders of Email/query (RFC 8621 section 4.4.2). */
import { ask, type EmailColumns, type EmailId, type Program, type SortText } from "../../contract/mod.ts";
import type { EnvelopeAddress } from "../../message/mod.ts";
import { baseSubject, decodeWords } from "../../message/mod.ts";
import type { Call } from "../call.ts";
import { textKey } from "../standard/collation.ts";
import { type Comparator, readComparators } from "../standard/comparators.ts";
import { firstOf } from "../standard/first_of.ts";
import { hasKeyword, inThread } from "./filter.ts";
import { EMAIL_SORT_OPTIONS } from "./sort_options.ts";

/** One comparator; `keyword` in lower case. */
export interface EmailOrder extends Comparator {
  readonly keyword: string;
}

/** Texts that emails are sorted by, read so far. */
export type SortTexts = Map<EmailId, SortText>;

const KEYWORDS: readonly string[] = ["hasKeyword", "allInThreadHaveKeyword", "someInThreadHaveKeyword"];
const TEXTS: readonly string[] = ["from", "to", "subject"];
const PAGE = 1000;
const NONE: SortText = { from: "", to: "", subject: "" };

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
 * The first `limit` rows in their order; equal ones stay newest first, as they came. Or the emails whose texts must be
 * read first: those that nothing before a text tells apart.
 */
export function sortRows(
  columns: EmailColumns,
  rows: readonly number[],
  orders: readonly EmailOrder[],
  texts: SortTexts,
  limit: number,
): { readonly sorted: readonly number[] } | { readonly missing: readonly EmailId[] } {
  const ways = orders.map((by) => wayOf(columns, by, texts));
  const firstText = orders.findIndex(({ property }) => TEXTS.includes(property));
  if (firstText < 0) return { sorted: firstOf(rows, limit, inTurn(ways)) };
  const missing = missingTexts(columns, rows, inTurn(ways.slice(0, firstText)), texts);
  return missing.length > 0 ? { missing } : { sorted: firstOf(rows, limit, inTurn(ways)) };
}

/** Emails whose texts nobody has read, and that the order before the first text leaves equal to others. */
function missingTexts(columns: EmailColumns, rows: readonly number[], before: Way, texts: SortTexts): EmailId[] {
  const sorted = [...rows].sort(before);
  const missing: EmailId[] = [];
  for (const [i, row] of sorted.entries()) {
    const [last, next] = [sorted[i - 1], sorted[i + 1]];
    const isAlone = (last === undefined || before(last, row) !== 0) && (next === undefined || before(row, next) !== 0);
    const id = columns.emailIds[row]!;
    if (!isAlone && !texts.has(id)) missing.push(id);
  }
  return missing;
}

type Way = (a: number, b: number) => number;

/** The first that tells two apart. */
function inTurn(ways: readonly Way[]): Way {
  if (ways.length === 1) return ways[0]!;
  return (a, b) => {
    for (const way of ways) {
      const answer = way(a, b);
      if (answer !== 0) return answer;
    }
    return 0;
  };
}

function wayOf(columns: EmailColumns, by: EmailOrder, texts: SortTexts): Way {
  const sign = by.isAscending ? 1 : -1;
  const { property } = by;
  if (TEXTS.includes(property)) {
    const keys: string[] = [];
    const keyOf = (row: number): string =>
      keys[row] ??= textKey(texts.get(columns.emailIds[row]!)?.[property as keyof SortText] ?? "", by.collation);
    return (a, b) => {
      const [left, right] = [keyOf(a), keyOf(b)];
      return left === right ? 0 : left < right ? -sign : sign;
    };
  }
  if (KEYWORDS.includes(property)) {
    const test = keywordTest(columns, by);
    return (a, b) => sign * (Number(test(a)) - Number(test(b)));
  }
  if (property === "size") return (a, b) => sign * (columns.sizes[a]! - columns.sizes[b]!);
  const { receivedAt, sentAt } = columns;
  if (property === "receivedAt") return (a, b) => sign * (receivedAt[a]! - receivedAt[b]!);
  // What has no date is where its arrival puts it.
  const time = (row: number): number => Number.isNaN(sentAt[row]!) ? receivedAt[row]! : sentAt[row]!;
  return (a, b) => sign * (time(a) - time(b));
}

function keywordTest(columns: EmailColumns, { property, keyword }: EmailOrder): (row: number) => boolean {
  const has = hasKeyword(columns, keyword);
  if (property === "hasKeyword") return has;
  return inThread(columns, property === "allInThreadHaveKeyword" ? "allInThread" : "someInThread", has);
}

/** Reads what emails are sorted by; one that went meanwhile has no texts. */
export function* readTexts(whose: ReturnType<Call["whose"]>, ids: readonly EmailId[], texts: SortTexts): Program<void> {
  for (const id of ids) texts.set(id, NONE);
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
