/** Looks through the texts of an account, once for all that is asked. */
import { Buffer } from "node:buffer";
import { OWN_FIELDS, type TextAnswer, type TextHits, type TextQuery } from "../../text_queries.ts";
import type { BlockRow, Catalog, TextFile } from "./catalog.ts";
import { rowsOf } from "./signature.ts";

const PAGE = 64;
/** Where so few emails of a block come into question they are read one by one. */
const FEW = 6;
const BETWEEN = "\xff";

/** What is asked, as octets one a character. */
interface Wanted {
  readonly query: TextQuery;
  readonly needle: string;
  /** Of a block's signature. */
  readonly rows: readonly number[];
  readonly hits: number[];
  readonly unsure: number[];
}

/** What the index knows of the queries. */
export function find(catalog: Catalog, account: number, queries: readonly TextQuery[]): TextAnswer {
  const all = queries.map((query) => wantedOf(query));
  const inHeads = all.filter(({ query }) => ownField(query) >= 0);
  const inTexts = all.filter(({ query }) => ownField(query) < 0);
  if (inHeads.length > 0) findInHeads(catalog, account, inHeads);
  if (inTexts.length > 0) findInTexts(catalog, account, inTexts);
  return {
    upTo: catalog.cursor,
    pending: catalog.pending(account),
    queries: all.map(({ hits, unsure }): TextHits => ({ hits: sorted(hits), unsure: sorted(unsure) })),
  };
}

function findInHeads(catalog: Catalog, account: number, all: readonly Wanted[]): void {
  for (let after = 0;;) {
    const page = catalog.heads(account, after, PAGE);
    for (const { ids, offsets, heads } of page) {
      const text = latin1(heads, heads.length);
      for (const wanted of all) {
        const first = ownField(wanted.query) * ids.length;
        const regions: Regions = {
          count: ids.length,
          start: (i) => offsets[first + i]!,
          end: (i) => offsets[first + i + 1]!,
        };
        eachHit(text, wanted.needle, regions, null, (i) => wanted.hits.push(ids[i]!));
      }
    }
    if (page.length < PAGE) return;
    after = page[page.length - 1]!.id;
  }
}

function findInTexts(catalog: Catalog, account: number, all: readonly Wanted[]): void {
  const file = catalog.texts(account);
  for (const block of catalog.blocks(account)) findInBlock(file, block, all);
}

function findInBlock(file: TextFile, block: BlockRow, all: readonly Wanted[]): void {
  const maybe = all.map(({ rows }) => file.candidates(block, rows));
  const any = maybe.reduce((bits, more) => bits | more, 0);
  if (bitCount(any) > FEW) {
    const whole = textOf(file, block, 0, block.ids.length);
    all.forEach((wanted, q) => maybe[q] !== 0 && findIn(whole, 0, block, 0, block.ids.length, wanted));
  } else {
    for (let i = 0; i < block.ids.length; i++) {
      if ((any & (1 << i)) === 0) continue;
      const text = textOf(file, block, i, i + 1);
      all.forEach((wanted, q) => maybe[q]! & (1 << i) && findIn(text, block.offsets[2 * i]!, block, i, i + 1, wanted));
    }
  }
  if (block.partial === null) return;
  for (const { query, hits, unsure } of all) {
    if (query.where === "field") continue;
    const hit = new Set(hits.slice(-block.ids.length));
    for (const id of block.partial) if (!hit.has(id)) unsure.push(id);
  }
}

/** The texts of some emails of a block. */
function textOf(file: TextFile, { offsets, ...block }: BlockRow, first: number, end: number): string {
  const from = offsets[2 * first]!;
  const length = offsets[2 * end]! - from;
  if (room.length < length) room = Buffer.alloc(length * 2);
  file.read({ offsets, ...block }, from, length, room);
  return latin1(room, length);
}

/** Into it everything is read. */
let room = Buffer.alloc(1024 * 1024);

/** `text` is that of the emails from `first` to before `end`, and begins at `base` in the block. */
function findIn(text: string, base: number, block: BlockRow, first: number, end: number, wanted: Wanted): void {
  const { query, needle, hits } = wanted;
  const { ids, offsets } = block;
  const from = query.where === "body" ? 1 : 0;
  const to = query.where === "field" ? 1 : 2;
  const regions: Regions = {
    count: end - first,
    start: (i) => offsets[2 * (first + i) + from]! - base,
    end: (i) => offsets[2 * (first + i) + to]! - base,
  };
  const name = query.where === "field" ? octets(query.name) + ": " : null;
  // That a field is there is told by its name.
  const sought = needle === "" ? BETWEEN + (name ?? "") : needle;
  eachHit(text, sought, regions, needle === "" ? null : name, (i) => hits.push(ids[first + i]!));
}

function wantedOf(query: TextQuery): Wanted {
  const name = query.where === "field" ? query.name + ": " : "";
  const rows = [query.folded, name].flatMap((text) => rowsOf(new TextEncoder().encode(text)));
  return { query, needle: octets(query.folded), rows, hits: [], unsure: [] };
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

/** Where the emails of a block lie, ascending. */
interface Regions {
  readonly count: number;
  readonly start: (i: number) => number;
  readonly end: (i: number) => number;
}

/** Each email that has the needle in its region, once; with `name`, in the value of a field of this name. */
function eachHit(text: string, needle: string, regions: Regions, name: string | null, hit: (i: number) => void): void {
  let i = 0;
  let at = text.indexOf(needle, regions.start(0));
  while (at >= 0) {
    while (i < regions.count && regions.end(i) <= at) i++;
    if (i === regions.count) return;
    let next = Math.max(at, regions.start(i));
    if (next === at) {
      next = name === null ? at : valueAfter(text, at, name);
      if (next === at) {
        hit(i);
        if (++i === regions.count) return;
        next = regions.start(i);
      }
    }
    at = text.indexOf(needle, next);
  }
}

/** `at` where it is in the value of a field of this name, else where to go on. */
function valueAfter(text: string, at: number, name: string): number {
  const line = text.lastIndexOf(BETWEEN, at) + 1;
  if (text.startsWith(name, line)) return Math.max(at, line + name.length);
  const end = text.indexOf(BETWEEN, at);
  return end < 0 ? text.length : end;
}

function ownField(query: TextQuery): number {
  return query.where === "field" ? (OWN_FIELDS as readonly string[]).indexOf(query.name) : -1;
}

function octets(text: string): string {
  return latin1(new TextEncoder().encode(text), Infinity);
}

/** One character an octet. Of all ways to search octets this is the fastest by far (adr/0009). */
function latin1(bytes: Uint8Array, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(end, bytes.length)).toString("latin1");
}

function sorted(numbers: readonly number[]): Float64Array {
  return Float64Array.from(numbers).sort();
}
