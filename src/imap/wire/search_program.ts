/** SEARCH keys (RFC 9051 section 6.4.4), with sequence sets as they were written. */
import { lowerAscii } from "../../base/ascii.ts";
import type { SearchKey, UidRange } from "../../contract/mod.ts";
import { date } from "./dates.ts";
import { keyword } from "./flags.ts";
import type { Lexer } from "./lexer.ts";
import { type SequenceSet, sequenceSet } from "./sequence_set.ts";

const DAY = 86_400_000;
const DEPTH_LIMIT = 50;
const NOTHING: SearchKey = { key: "not", of: { key: "all" } };

/** What the keys of one search share. */
export interface SearchContext {
  /** Turns a set into UID ranges: the view knows. */
  readonly resolve: (set: SequenceSet, byUid: boolean) => readonly UidRange[];
  /** Text of a string argument (latin1) in the charset of the search. */
  readonly decode: (octets: string) => string;
  /** Ages (RFC 5032), to be turned into dates once the time is known: see `setAges`. */
  readonly ages: Age[];
  /** FUZZY stands somewhere (RFC 6203). */
  fuzzy: boolean;
  /** What FUZZY stands before is taken as exactly as without. */
  readonly exact: boolean;
}

/** A key whose bound depends on the time. */
export interface Age {
  readonly younger: boolean;
  /** Milliseconds. */
  readonly age: number;
  readonly key: { key: "internalDate"; from: number | null; before: number | null };
}

/** RFC 5032 section 3: YOUNGER has a date within the interval, OLDER at its end or before. */
export function setAges(ages: readonly Age[], now: number): void {
  for (const { younger, age, key } of ages) {
    if (younger) key.from = now - age + 1;
    else key.before = now - age + 1;
  }
}

const FLAGS: ReadonlyMap<string, string> = new Map([
  ["ANSWERED", "\\Answered"],
  ["DELETED", "\\Deleted"],
  ["DRAFT", "\\Draft"],
  ["FLAGGED", "\\Flagged"],
  ["SEEN", "\\Seen"],
]);

/** `search-key *(SP search-key)` up to the end of the command. */
export function searchKeys(lexer: Lexer, context: SearchContext): SearchKey {
  const keys = [searchKey(lexer, context, 0)];
  while (lexer.tryChar(" ")) keys.push(searchKey(lexer, context, 0));
  return keys.length === 1 ? keys[0]! : { key: "and", keys };
}

function searchKey(lexer: Lexer, context: SearchContext, depth: number): SearchKey {
  const { resolve } = context;
  if (depth > DEPTH_LIMIT) lexer.fail("The search is nested too deep");
  const next = lexer.peek();
  if (next === "(") return { key: "and", keys: lexer.list(() => searchKey(lexer, context, depth + 1)) };
  if (next === "$" || next === "*" || (next >= "0" && next <= "9")) {
    return { key: "uid", ranges: resolve(sequenceSet(lexer), false) };
  }
  const name = lexer.word();
  const inner = (): SearchKey => (lexer.sp(), searchKey(lexer, context, depth + 1));
  const text = (): string => (lexer.sp(), context.decode(lexer.astring()));
  const day = (): number => (lexer.sp(), date(lexer));
  const flag = FLAGS.get(name);
  if (flag !== undefined) return { key: "flag", flag };
  const unset = name.startsWith("UN") ? FLAGS.get(name.slice(2)) : undefined;
  if (unset !== undefined) return { key: "not", of: { key: "flag", flag: unset } };
  switch (name) {
    case "ALL":
      return { key: "all" };
    case "OLD": // RFC 3501: without \Recent; no message ever has it
      return { key: "all" };
    case "NEW":
    case "RECENT":
      return NOTHING;
    case "NOT":
      return { key: "not", of: inner() };
    case "OR":
      return { key: "or", keys: [inner(), inner()] };
    case "UID":
      lexer.sp();
      return { key: "uid", ranges: resolve(sequenceSet(lexer), true) };
    case "KEYWORD":
      lexer.sp();
      return { key: "flag", flag: keyword(lexer) };
    case "UNKEYWORD":
      lexer.sp();
      return { key: "not", of: { key: "flag", flag: keyword(lexer) } };
    case "LARGER":
    case "SMALLER":
      lexer.sp();
      return { key: name === "LARGER" ? "larger" : "smaller", octets: lexer.number64() };
    case "BCC":
    case "CC":
    case "FROM":
    case "SUBJECT":
    case "TO":
      return { key: "header", name: lowerAscii(name), text: text() };
    case "HEADER": {
      const field = lowerAscii(text());
      return { key: "header", name: field, text: text() };
    }
    case "BODY":
    case "TEXT":
      return { key: name === "BODY" ? "body" : "text", text: text() };
    case "EMAILID":
      return { key: "emailId", emailId: text() };
    case "THREADID":
      return { key: "threadId", threadId: text() };
    case "MODSEQ":
      lexer.sp();
      if (lexer.peek() === '"') { // RFC 7162 section 3.1.5: an entry of no meaning here
        lexer.string();
        lexer.sp();
        lexer.atom();
        lexer.sp();
      }
      return { key: "modseq", since: lexer.number64() as never };
    case "YOUNGER":
    case "OLDER": {
      lexer.sp();
      const key = { key: "internalDate" as const, from: null, before: null };
      context.ages.push({ younger: name === "YOUNGER", age: lexer.nzNumber() * 1000, key });
      return key;
    }
    case "FUZZY": // RFC 6203 section 4
      context.fuzzy = true;
      return context.exact ? inner() : byWords(inner());
    case "SAVEDATESUPPORTED":
      return { key: "all" };
  }
  const range = DATES.get(name);
  if (range === undefined) return lexer.fail("No such search key");
  return dates(range[0], range[1], day());
}

/** The fuzzy form of a key: its text matches where all of its words stand, wherever. */
function byWords(key: SearchKey): SearchKey {
  switch (key.key) {
    case "and":
    case "or":
      return { key: key.key, keys: key.keys.map(byWords) };
    case "not":
      return { key: "not", of: byWords(key.of) };
    case "header":
    case "body":
    case "text": {
      const words = key.text.split(/\s+/).filter((word) => word !== "").slice(0, WORDS_LIMIT);
      return words.length < 2 ? key : { key: "and", keys: words.map((text) => ({ ...key, text })) };
    }
    default:
      return key;
  }
}

const WORDS_LIMIT = 20;

type DateKey = "internalDate" | "sentDate" | "saveDate";
type DateRange = "before" | "on" | "since";

const DATES: ReadonlyMap<string, readonly [DateKey, DateRange]> = new Map([
  ["BEFORE", ["internalDate", "before"]],
  ["ON", ["internalDate", "on"]],
  ["SINCE", ["internalDate", "since"]],
  ["SENTBEFORE", ["sentDate", "before"]],
  ["SENTON", ["sentDate", "on"]],
  ["SENTSINCE", ["sentDate", "since"]],
  ["SAVEDBEFORE", ["saveDate", "before"]],
  ["SAVEDON", ["saveDate", "on"]],
  ["SAVEDSINCE", ["saveDate", "since"]],
]);

function dates(key: DateKey, range: DateRange, day: number): SearchKey {
  if (range === "before") return { key, from: null, before: day };
  return { key, from: day, before: range === "on" ? day + DAY : null };
}
