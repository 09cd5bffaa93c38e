/** Filters of Email/query (RFC 8621 section 4.4.1): read, and turned into a question about a row of the columns. */
import { lowerAscii } from "../../base/ascii.ts";
import type { EmailColumns, MailboxId, SearchKey } from "../../contract/mod.ts";
import { MethodError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { bitOf } from "./keywords.ts";

/** Whether a row is what is looked for. */
export type RowTest = (row: number) => boolean;

/** A filter that was read. */
export type EmailFilter =
  | { readonly operator: "AND" | "OR" | "NOT"; readonly conditions: readonly EmailFilter[] }
  /** All of these. */
  | { readonly tests: readonly Condition[] };

export type Condition =
  | { readonly test: "inMailbox"; readonly mailboxId: string }
  | { readonly test: "inMailboxOtherThan"; readonly mailboxIds: ReadonlySet<string> }
  | { readonly test: "before" | "after"; readonly time: number }
  | { readonly test: "minSize" | "maxSize"; readonly octets: number }
  | { readonly test: "hasKeyword" | "notKeyword"; readonly keyword: string }
  | { readonly test: "allInThread" | "someInThread" | "noneInThread"; readonly keyword: string }
  | { readonly test: "hasAttachment"; readonly wanted: boolean }
  /** Found by a search of octets; `found` is filled in before rows are looked at. */
  | { readonly test: "text"; readonly search: SearchKey; found: ReadonlySet<number> | null };

const DEPTH = 20;
const CONDITIONS = 200;
/** Octets of all texts. */
const TEXTS = 10_000;

const FIELDS: ReadonlySet<string> = new Set(["from", "to", "cc", "bcc", "subject"]);
const THREADS: Readonly<Record<string, "allInThread" | "someInThread" | "noneInThread">> = {
  allInThreadHaveKeyword: "allInThread",
  someInThreadHaveKeyword: "someInThread",
  noneInThreadHaveKeyword: "noneInThread",
};

/** Throws `unsupportedFilter` or `invalidArguments`. */
export function readFilter(filter: Json | undefined): EmailFilter | null {
  if (filter === undefined || filter === null) return null;
  return read(filter, DEPTH, { conditions: CONDITIONS, octets: TEXTS });
}

interface Budget {
  conditions: number;
  octets: number;
}

function read(filter: Json, depth: number, budget: Budget): EmailFilter {
  if (!isObject(filter)) throw wrong("a filter must be an object");
  if (depth === 0) throw new MethodError("unsupportedFilter", "the filter is nested too deep");
  if (--budget.conditions < 0) throw new MethodError("unsupportedFilter", "the filter has too many conditions");
  const { operator, conditions } = filter;
  if (operator === undefined) return { tests: readConditions(filter, budget) };
  if (operator !== "AND" && operator !== "OR" && operator !== "NOT") throw wrong("operator is AND, OR or NOT");
  if (!Array.isArray(conditions)) throw wrong("conditions must be a list");
  return { operator, conditions: conditions.map((one) => read(one as Json, depth - 1, budget)) };
}

function readConditions(filter: JsonObject, budget: Budget): Condition[] {
  return Object.entries(filter).map(([name, value]) => readCondition(name, value, budget));
}

function readCondition(name: string, value: Json, budget: Budget): Condition {
  const string = (): string => {
    if (typeof value !== "string") throw wrong(`${name} must be a string`);
    budget.octets -= value.length;
    if (budget.octets < 0) throw new MethodError("unsupportedFilter", "the texts of the filter are too long");
    return value;
  };
  const octets = (): number => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
      throw wrong(`${name} must be a whole number`);
    }
    return value;
  };
  switch (name) {
    case "inMailbox":
      return { test: name, mailboxId: string() };
    case "inMailboxOtherThan":
      if (!Array.isArray(value) || !value.every((id) => typeof id === "string")) {
        throw wrong(`${name} must be a list of ids`);
      }
      return { test: name, mailboxIds: new Set(value as string[]) };
    case "before":
    case "after":
      return { test: name, time: utcDate(name, string()) };
    case "minSize":
    case "maxSize":
      return { test: name, octets: octets() };
    case "hasKeyword":
    case "notKeyword":
      return { test: name, keyword: lowerAscii(string()) };
    case "allInThreadHaveKeyword":
    case "someInThreadHaveKeyword":
    case "noneInThreadHaveKeyword":
      return { test: THREADS[name]!, keyword: lowerAscii(string()) };
    case "hasAttachment":
      if (typeof value !== "boolean") throw wrong("hasAttachment must be true or false");
      return { test: name, wanted: value };
    case "text":
    case "body":
      return { test: "text", search: words(string(), (text) => ({ key: name, text })), found: null };
    case "header":
      return { test: "text", search: header(value, budget), found: null };
  }
  if (!FIELDS.has(name)) {
    throw new MethodError("unsupportedFilter", `there is no condition ${JSON.stringify(name.slice(0, 60))}`);
  }
  return { test: "text", search: words(string(), (text) => ({ key: "header", name, text })), found: null };
}

/** "If the string is empty … " every word must be there; what stands in quotes is one. */
function words(text: string, make: (text: string) => SearchKey): SearchKey {
  const found = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\S+)/g)]
    .map(([, double, single, bare]) =>
      double?.replace(/\\(.)/g, "$1") ?? single?.replace(/\\(.)/g, "$1") ?? bare ?? ""
    );
  if (found.length === 1) return make(found[0]!);
  return { key: "and", keys: found.map(make) };
}

function header(value: Json, budget: Budget): SearchKey {
  const ok = Array.isArray(value) && (value.length === 1 || value.length === 2) &&
    value.every((one) => typeof one === "string");
  if (!ok) throw wrong("header is a list of a name and perhaps a text");
  const [name, text = ""] = value as string[];
  if (!/^[!-9;-~]{1,200}$/.test(name!)) throw wrong("this is no name of a header field");
  budget.octets -= text.length;
  if (budget.octets < 0) throw new MethodError("unsupportedFilter", "the texts of the filter are too long");
  return { key: "header", name: lowerAscii(name!), text };
}

/** RFC 8620 section 1.4. */
function utcDate(name: string, text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw wrong(`${name} must be a date as 2014-10-30T06:12:00Z`);
  return time;
}

/** Conditions with a text, wherever they stand. */
export function textConditions(filter: EmailFilter | null): Extract<Condition, { test: "text" }>[] {
  if (filter === null) return [];
  if ("operator" in filter) return filter.conditions.flatMap(textConditions);
  return filter.tests.filter((one) => one.test === "text");
}

/** Whether a condition of this kind stands anywhere. */
export function mentions(filter: EmailFilter | null, kinds: readonly Condition["test"][]): boolean {
  if (filter === null) return false;
  if ("operator" in filter) return filter.conditions.some((one) => mentions(one, kinds));
  return filter.tests.some(({ test }) => kinds.includes(test));
}

/** The mailbox in which all that is found must be, where the filter says so at its top. */
export function mailboxOf(filter: EmailFilter | null): MailboxId | null {
  if (filter === null) return null;
  if ("operator" in filter) {
    if (filter.operator !== "AND") return null;
    for (const one of filter.conditions) {
      const found = mailboxOf(one);
      if (found !== null) return found;
    }
    return null;
  }
  const inMailbox = filter.tests.find((one) => one.test === "inMailbox");
  return inMailbox ? inMailbox.mailboxId as MailboxId : null;
}

/** A test of rows. Texts have been looked for before. */
export function compile(filter: EmailFilter | null, columns: EmailColumns): RowTest {
  if (filter === null) return () => true;
  if ("operator" in filter) {
    const tests = filter.conditions.map((one) => compile(one, columns));
    if (filter.operator === "AND") return (row) => tests.every((test) => test(row));
    if (filter.operator === "OR") return (row) => tests.some((test) => test(row));
    return (row) => !tests.some((test) => test(row)); // RFC 8620 section 5.5: NOT is none of them
  }
  const tests = filter.tests.map((one) => testOf(one, columns));
  return tests.length === 1 ? tests[0]! : (row) => tests.every((test) => test(row));
}

function testOf(condition: Condition, columns: EmailColumns): RowTest {
  switch (condition.test) {
    case "inMailbox":
      return byList(columns, (list) => list.includes(condition.mailboxId as MailboxId));
    case "inMailboxOtherThan":
      return byList(columns, (list) => list.some((id) => !condition.mailboxIds.has(id)));
    case "before":
      return (row) => columns.receivedAt[row]! < condition.time;
    case "after":
      return (row) => columns.receivedAt[row]! >= condition.time;
    case "minSize":
      return (row) => columns.sizes[row]! >= condition.octets;
    case "maxSize":
      return (row) => columns.sizes[row]! < condition.octets;
    case "hasKeyword":
      return hasKeyword(columns, condition.keyword);
    case "notKeyword": {
      const has = hasKeyword(columns, condition.keyword);
      return (row) => !has(row);
    }
    case "allInThread":
    case "someInThread":
    case "noneInThread":
      return inThread(columns, condition.test, hasKeyword(columns, condition.keyword));
    case "hasAttachment":
      return (row) => (columns.attachments[row] === 2) === condition.wanted;
    case "text":
      return (row) => condition.found?.has(row) ?? false;
  }
}

/** Equal lists are one: each is looked at once. */
function byList(columns: EmailColumns, test: (list: readonly MailboxId[]) => boolean): RowTest {
  const known = new Map<readonly MailboxId[], boolean>();
  return (row) => {
    const list = columns.mailboxIds[row]!;
    let found = known.get(list);
    if (found === undefined) known.set(list, found = test(list));
    return found;
  };
}

export function hasKeyword(columns: EmailColumns, keyword: string): RowTest {
  const bit = bitOf(keyword);
  if (bit !== null) return (row) => (columns.flags[row]! & bit) !== 0;
  const wanted = ` ${keyword} `;
  return (row) => {
    const keywords = columns.keywords[row]!;
    return keywords !== "" && ` ${keywords} `.includes(wanted);
  };
}

export function inThread(
  columns: EmailColumns,
  how: "allInThread" | "someInThread" | "noneInThread",
  has: RowTest,
): RowTest {
  const known = new Map<number, boolean>();
  return (row) => {
    const thread = columns.threads[row]!;
    let found = known.get(thread);
    if (found === undefined) {
      const rows = columns.threadRows(thread);
      found = how === "allInThread" ? rows.every(has) : rows.some(has) === (how === "someInThread");
      known.set(thread, found);
    }
    return found;
  };
}

function wrong(description: string): MethodError {
  return new MethodError("invalidArguments", description);
}
