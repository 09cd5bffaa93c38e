/**
 * SEARCH over the rows of one mailbox (RFC 9051 section 6.4.4), the same for every driver. Keys that rows can answer
 * are asked first; octets of a message are read only where they still matter. Lets others run every few milliseconds.
 */
import { lowerAscii } from "../base/ascii.ts";
import type { EmailId, Modseq, SearchKey, Uid } from "../contract/mod.ts";
import { DELETED, hasKeyword, systemBit } from "./engine/flags.ts";
import { emailIdOf, threadIdOf } from "./engine/ids.ts";
import type { JoinedRow } from "./engine/tables.ts";
import { Breath, type FoundRow, type SearchSource, type Soon } from "./search_source.ts";
import { TextKeys } from "./text_keys.ts";

const PAGE = 500;

/** Matching UIDs, ascending, and the highest modseq among them (RFC 7162 section 3.1.5; 0 where nothing matches). */
export async function search(
  source: SearchSource,
  key: SearchKey,
  ids = false,
): Promise<{ uids: Uid[]; modseq: Modseq; emailIds?: EmailId[] }> {
  const uids: Uid[] = [];
  const emailIds: EmailId[] = [];
  let modseq = 0;
  for await (const page of matches(source, key)) {
    for (const row of page) {
      uids.push(row.uid as Uid);
      if (ids) emailIds.push(emailIdOf(row.email));
      if (row.modseq > modseq) modseq = row.modseq;
    }
  }
  return { uids, modseq: modseq as Modseq, ...(ids && { emailIds }) };
}

/** Rows that match, ascending by UID, in pages. */
export async function* matches(source: SearchSource, key: SearchKey): AsyncGenerator<readonly FoundRow[]> {
  const breath = new Breath();
  const texts = new TextKeys(source, key, breath);
  const keys = key.key === "and" ? key.keys : [key];
  const byRows = keys.filter((one) => !mentions(one, OF_TEXT));
  const select = source.select?.(byRows) ?? null;
  if (select === null) yield* matchesByRow(source, key, texts, breath);
  else {yield* matchesBySelection(
      source,
      select,
      keys.filter((one) => mentions(one, OF_TEXT)),
      boundsOf(source, key),
      texts,
      breath,
    );}
}

/** The driver looks at rows; what is left are texts. */
async function* matchesBySelection(
  source: SearchSource,
  select: (first: number, last: number) => Soon<readonly FoundRow[]>,
  keys: readonly SearchKey[],
  bounds: Bounds,
  texts: TextKeys,
  breath: Breath,
): AsyncGenerator<readonly FoundRow[]> {
  const rest: SearchKey = { key: "and", keys };
  let span = FIRST_SPAN;
  for (let first = bounds.first; first <= bounds.last;) {
    const last = Math.min(bounds.last, first + span - 1);
    const begun = performance.now();
    const rows = await select(first, last);
    if (performance.now() - begun < STEP_MS) span *= 2;
    else span = Math.max(FIRST_SPAN, Math.floor(span / 2));
    if (keys.length === 0) yield rows;
    else {
      const found: FoundRow[] = [];
      await texts.expect(rows.length);
      for (const [i, row] of rows.entries()) {
        if (i % STRIDE === STRIDE - 1) await breath.take();
        const matches = textsMatch(source, rest, row, texts);
        if (matches === true || (matches !== false && await matches)) found.push(row);
      }
      yield found;
    }
    await breath.take();
    first = last + 1;
  }
}

/** UIDs that a driver looks at in one go; twice as many as long as it takes less than this. */
const FIRST_SPAN = 1000;
const STEP_MS = 3;
/** Rows between two looks at the clock. */
const STRIDE = 1000;

/** Asks the index first, which knows nearly always. */
function textsMatch(source: SearchSource, key: SearchKey, row: FoundRow, texts: TextKeys): boolean | Promise<boolean> {
  const told = texts.told(key, row.email);
  if (told !== null) return told;
  return readTexts(source, key, row, texts);
}

async function readTexts(source: SearchSource, key: SearchKey, row: FoundRow, texts: TextKeys): Promise<boolean> {
  const [whole] = await source.page(row.uid, row.uid, 1);
  return whole !== undefined && await byOctets(texts, key, whole);
}

async function* matchesByRow(
  source: SearchSource,
  key: SearchKey,
  texts: TextKeys,
  breath: Breath,
): AsyncGenerator<readonly FoundRow[]> {
  const needsEmail = mentions(key, OF_EMAIL);
  const bounds = boundsOf(source, key);
  for (let first = bounds.first; first <= bounds.last;) {
    const page = needsEmail
      ? await source.page(first, bounds.last, PAGE)
      // The keys that look at more have just been ruled out.
      : await source.members(first, bounds.last, PAGE) as readonly JoinedRow[];
    const found: FoundRow[] = [];
    for (const row of page) {
      const cheap = byRow(key, row);
      if (cheap ?? await byOctets(texts, key, row)) found.push(row);
    }
    yield found;
    await breath.take();
    if (page.length < PAGE) break;
    first = page[page.length - 1]!.uid + 1;
  }
}

/** Keys that ask for more than the membership. */
const OF_EMAIL: ReadonlySet<SearchKey["key"]> = new Set(
  ["header", "body", "text", "internalDate", "sentDate", "threadId"] as const,
);

const OF_TEXT: ReadonlySet<SearchKey["key"]> = new Set(["header", "body", "text"] as const);

/** Whether one of these keys stands anywhere in the search. Not recursive: a search may be deep. */
function mentions(key: SearchKey, wanted: ReadonlySet<SearchKey["key"]>): boolean {
  const open: SearchKey[] = [key];
  for (let one = open.pop(); one; one = open.pop()) {
    if (wanted.has(one.key)) return true;
    if (one.key === "not") open.push(one.of);
    else if (one.key === "and" || one.key === "or") { for (const inner of one.keys) open.push(inner); }
  }
  return false;
}

interface Bounds {
  readonly first: number;
  readonly last: number;
}

/** UIDs beyond which nothing can match: those of the UID sets that all must match. */
function boundsOf(source: SearchSource, key: SearchKey): Bounds {
  let first = 1;
  let last = source.lastUid ?? 4294967295;
  const open: SearchKey[] = [key];
  for (let one = open.pop(); one; one = open.pop()) {
    if (one.key === "and") { for (const inner of one.keys) open.push(inner); }
    if (one.key !== "uid") continue;
    first = Math.max(first, one.ranges.reduce((low, range) => Math.min(low, range.first), 4294967296));
    last = Math.min(last, one.ranges.reduce((high, range) => Math.max(high, range.last), 0));
  }
  return { first, last };
}

/** What the row alone tells: true, false, or null where the octets must be asked. */
function byRow(key: SearchKey, row: JoinedRow): boolean | null {
  switch (key.key) {
    case "all":
      return true;
    case "and":
      return combine(key.keys, row, false);
    case "or":
      return combine(key.keys, row, true);
    case "not": {
      const inner = byRow(key.of, row);
      return inner === null ? null : !inner;
    }
    case "uid":
      return key.ranges.some(({ first, last }) => row.uid >= first && row.uid <= last);
    case "flag":
      return hasFlag(row, key.flag);
    case "larger":
      return row.size > key.octets;
    case "smaller":
      return row.size < key.octets;
    case "internalDate":
      return within(row.internalDate, key);
    case "saveDate":
      return within(row.saveDate, key);
    case "sentDate":
      return row.sentAt !== null && within(row.sentAt, key);
    case "modseq":
      return row.modseq >= key.since; // RFC 7162 section 3.1.5: equal to or greater
    case "emailId":
      return emailIdOf(row.email) === key.emailId;
    case "threadId":
      return threadIdOf(row.thread) === key.threadId;
    case "header":
    case "body":
    case "text":
      return null;
  }
}

/** `decided` is the value that ends the question: true for OR, false for AND. */
function combine(keys: readonly SearchKey[], row: JoinedRow, decided: boolean): boolean | null {
  let open = false;
  for (const key of keys) {
    const value = byRow(key, row);
    if (value === decided) return decided;
    if (value === null) open = true;
  }
  return open ? null : !decided;
}

async function byOctets(texts: TextKeys, key: SearchKey, row: JoinedRow): Promise<boolean> {
  const cheap = byRow(key, row);
  if (cheap !== null) return cheap;
  switch (key.key) {
    case "and":
      for (const one of key.keys) if (!await byOctets(texts, one, row)) return false;
      return true;
    case "or":
      for (const one of key.keys) if (await byOctets(texts, one, row)) return true;
      return false;
    case "not":
      return !await byOctets(texts, key.of, row);
    default:
      return await texts.matches(key, row);
  }
}

function hasFlag(row: JoinedRow, flag: string): boolean {
  const bit = systemBit(flag);
  if (bit === DELETED) return (row.flags & DELETED) !== 0;
  return bit === null ? hasKeyword(row.keywords, lowerAscii(flag)) : (row.flags & bit) !== 0;
}

function within(value: number, range: { readonly from: number | null; readonly before: number | null }): boolean {
  return (range.from === null || value >= range.from) && (range.before === null || value < range.before);
}
