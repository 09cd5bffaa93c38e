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
  const { ids } = block;
  for (const wanted of all) {
    const maybe = file.candidates(block, wanted.rows);
    let found = 0;
    for (const area of AREAS[wanted.query.where]) {
      const left = maybe & ~found;
      if (bitCount(left) > FEW) found |= findAmong(file, block, area, 0, ids.length, wanted);
      else {
        for (let i = 0; i < ids.length; i++) {
          if (left & (1 << i)) found |= findAmong(file, block, area, i, i + 1, wanted);
        }
      }
    }
    ids.forEach((id, i) => found & (1 << i) && wanted.hits.push(id));
    if (block.partial === null || wanted.query.where === "field") continue;
    for (const id of block.partial) if (!(found & (1 << ids.indexOf(id)))) wanted.unsure.push(id);
  }
}

/** Where headers stand, and where bodies. */
const AREAS = { field: [0], body: [1], anywhere: [0, 1] } as const;

/** Bit by bit which emails from `first` to before `end` have the text in an area. */
function findAmong(file: TextFile, block: BlockRow, area: 0 | 1, first: number, end: number, wanted: Wanted): number {
  const { offsets } = block;
  const from = area * block.ids.length;
  const base = offsets[from + first]!;
  const length = offsets[from + end]! - base;
  if (room.length < length) room = Buffer.alloc(length * 2);
  file.read(block, base, length, room);
  const regions: Regions = {
    count: end - first,
    start: (i) => offsets[from + first + i]! - base,
    end: (i) => offsets[from + first + i + 1]! - base,
  };
  const { query, needle } = wanted;
  const name = query.where === "field" ? octets(query.name) + ": " : null;
  // That a field is there is told by its name.
  const sought = needle === "" ? BETWEEN + (name ?? "") : needle;
  let found = 0;
  eachHit(latin1(room, length), sought, regions, needle === "" ? null : name, (i) => found |= 1 << (first + i));
  return found;
}

/** Into it everything is read. */
let room = Buffer.alloc(1024 * 1024);

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
