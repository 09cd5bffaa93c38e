/** What SEARCH and SORT return, and its response (RFC 4731, RFC 5267, RFC 9394). */
import { type FetchItem, fetchItems } from "./fetch_items.ts";
import type { Lexer } from "./lexer.ts";
import { formatSet } from "./sequence_set.ts";
import { string } from "./strings.ts";

/** `RETURN (…)`, read. */
export interface ReturnOptions {
  /** MIN, MAX, ALL, COUNT, SAVE, CONTEXT, RELEVANCY. */
  readonly words: ReadonlySet<string>;
  /** Positions among the results, counted from 1, or from the end where both are negative (RFC 9394 section 3.1). */
  readonly partial: PartialRange | null;
  /** UPDATE (RFC 5267 section 4.3) with what is fetched of new results (RFC 5465 section 7); null: not asked for. */
  readonly update: readonly FetchItem[] | null;
}

export interface PartialRange {
  readonly first: number;
  readonly last: number;
}

const WORDS = ["MIN", "MAX", "ALL", "COUNT", "SAVE", "CONTEXT", "RELEVANCY"];

/** `["RETURN" SP "(" … ")" SP]` in front of a search; null where it does not stand there. */
export function tryReturn(lexer: Lexer): ReturnOptions | null {
  if (!lexer.tryWord("RETURN")) return null;
  lexer.sp();
  const options = returnOptions(lexer);
  lexer.sp();
  return options;
}

/** `"(" [search-return-opt *(SP search-return-opt)] ")"` */
function returnOptions(lexer: Lexer): ReturnOptions {
  const words = new Set<string>();
  let partial: PartialRange | null = null;
  let update: readonly FetchItem[] | null = null;
  lexer.list(() => {
    const word = lexer.word();
    if (word === "UPDATE") update = updateItems(lexer);
    else if (word === "PARTIAL") {
      // RFC 5267 section 4.4: at most once; the last one of several would contradict the others.
      if (partial !== null) lexer.fail("PARTIAL stands twice");
      lexer.sp();
      partial = partialRange(lexer);
    } else if (WORDS.includes(word)) words.add(word);
    else lexer.fail("No such return option");
  }, 0);
  // RFC 9394 section 3.1: ALL and PARTIAL exclude each other.
  if (partial !== null && words.has("ALL")) lexer.fail("PARTIAL and ALL exclude each other");
  // RFC 9051 section 6.4.4: RETURN () is RETURN (ALL). CONTEXT is a hint and asks for nothing (RFC 5267 section 4.2).
  if (partial === null && [...words].every((word) => word === "CONTEXT" || word === "RELEVANCY")) words.add("ALL");
  return { words, partial, update };
}

/** `"UPDATE" ["(" fetch-att *(SP fetch-att) ")"]`; the examples of RFC 5465 have a space before the list. */
function updateItems(lexer: Lexer): readonly FetchItem[] {
  if (lexer.ahead(" (")) lexer.sp();
  return lexer.peek() === "(" ? fetchItems(lexer) : [];
}

/** `partial-range = nz-number ":" nz-number / "-" nz-number ":" "-" nz-number` */
export function partialRange(lexer: Lexer): PartialRange {
  const fromEnd = lexer.tryChar("-");
  const first = lexer.nzNumber();
  lexer.char(":");
  if (fromEnd) lexer.char("-");
  const last = lexer.nzNumber();
  const [low, high] = first <= last ? [first, last] : [last, first];
  return fromEnd ? { first: -low, last: -high } : { first: low, last: high };
}

/** The results at these positions, in their order. */
export function partOf<T>(results: readonly T[], { first, last }: PartialRange): readonly T[] {
  if (first > 0) return results.slice(first - 1, last);
  return results.slice(Math.max(0, results.length + last), Math.max(0, results.length + first + 1));
}

/** How a response is told from others. */
export interface ResponseHead {
  readonly tag: string;
  readonly byUid: boolean;
  /** The highest modseq of what is told, where it is to be told (RFC 7162 section 3.1.5). */
  readonly modseq: number | null;
  /** RELEVANCY of the results, in their order (RFC 6203 section 4.1). */
  readonly scores?: readonly number[] | null;
  /** Behind the tag: `MAILBOX … UIDVALIDITY …` of a search in several mailboxes (RFC 7377), else empty. */
  readonly correlator?: string;
}

/** The ESEARCH response; null where nothing but SAVE was asked for. */
export function formatEsearch(head: ResponseHead, numbers: readonly number[], options: ReturnOptions): string | null {
  const { words, partial } = options;
  // UPDATE asks for nothing now; RETURN (UPDATE) is RETURN (ALL) all the same.
  if (partial === null && words.size === 1 && words.has("SAVE")) return null;
  let out = `* ESEARCH (TAG ${string(head.tag)}${head.correlator ?? ""})${head.byUid ? " UID" : ""}`;
  if (numbers.length > 0) {
    // RFC 5267 section 3.2: with SORT, MIN and MAX are the first and the last by the order.
    if (words.has("MIN")) out += ` MIN ${numbers[0]}`;
    if (words.has("MAX")) out += ` MAX ${numbers[numbers.length - 1]}`;
    if (words.has("ALL")) out += ` ALL ${formatSet(numbers)}`;
  }
  if (words.has("COUNT")) out += ` COUNT ${numbers.length}`;
  if (partial !== null) {
    const part = partOf(numbers, partial);
    out += ` PARTIAL (${partial.first}:${partial.last} ${part.length === 0 ? "NIL" : formatSet(part)})`;
  }
  if (head.scores) {
    const told = partial === null ? head.scores : partOf(head.scores, partial);
    if (told.length > 0) out += ` RELEVANCY (${told.join(" ")})`;
  }
  if (head.modseq !== null) out += ` MODSEQ ${head.modseq}`;
  return out + "\r\n";
}
