/**
 * Text keys of SEARCH: header fields and text parts, decoded and folded by `message/`, read in pieces and never held
 * whole. RFC 9051 leaves line ends inside a string to the server: a line break is a space, so that wrapped text is
 * found.
 */
import { concatBytes, EMPTY } from "../base/bytes.ts";
import { fieldDecoded, fold, headerFields, oneLine, type Part, TextExtractor, TextMatcher } from "../message/mod.ts";
import type { JoinedRow } from "./engine/tables.ts";
import type { Breath, SearchSource } from "./search_source.ts";

/** How many octets are read at once. */
export const PIECE = 64 * 1024;
/** Octets of a header that are looked at. */
export const HEADER_LIMIT = 256 * 1024;
const PARTS_LIMIT = 1000;

/** Whether a field (`name` in lower case; null: any line of the header, its name too) contains the text. */
export async function headerContains(
  source: SearchSource,
  row: JoinedRow,
  name: string | null,
  text: string,
  breath: Breath,
): Promise<boolean> {
  const end = Math.min(row.headerEnd, row.blobSize, HEADER_LIMIT);
  const bytes = end > 0 ? await source.readBlob(row.blobId, 0, end) : EMPTY;
  await breath.take();
  return fieldsContain(row.prefix.length > 0 ? concatBytes([row.prefix, bytes]) : bytes, name, fold(oneLine(text)));
}

/** Whether a text part, or the header of a message inside, contains the text. */
export async function bodyContains(
  source: SearchSource,
  row: JoinedRow,
  text: string,
  breath: Breath,
): Promise<boolean> {
  if (text === "") return true;
  const index = await source.index(row.blobId);
  if (!index) return false;
  const wanted = oneLine(text);
  for (const stretch of stretches(index.root)) {
    if (await stretchContains(source, row, stretch, wanted, breath)) return true;
  }
  return false;
}

function fieldsContain(header: Uint8Array, name: string | null, folded: string): boolean {
  for (const field of headerFields(header)) {
    if (name !== null && field.name !== name) continue;
    if (folded === "") return true;
    const text = fieldDecoded(field);
    if (fold(name === null ? `${field.name}: ${text}` : text).includes(folded)) return true;
  }
  return false;
}

/** Octets that are searched: a text body, or (`part` null) the header of a message inside. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly part: Part | null;
}

/** In the order they stand in, without recursion. */
export function stretches(root: Part): readonly Stretch[] {
  const found: Stretch[] = [];
  const open: Part[] = [root];
  for (let part = open.pop(); part && found.length < PARTS_LIMIT; part = open.pop()) {
    for (let i = part.parts.length - 1; i >= 0; i--) open.push(part.parts[i]!);
    if (part.message) {
      const { root: inner } = part.message;
      found.push({ start: inner.headerStart, end: inner.bodyStart, part: null });
      open.push(inner);
    } else if (part.type === "text") found.push({ start: part.bodyStart, end: part.bodyEnd, part });
  }
  return found;
}

async function stretchContains(
  source: SearchSource,
  row: JoinedRow,
  { start, end, part }: Stretch,
  wanted: string,
  breath: Breath,
): Promise<boolean> {
  if (part === null) {
    const header = await source.readBlob(row.blobId, start, Math.min(end, start + HEADER_LIMIT));
    await breath.take();
    return fieldsContain(header, null, fold(wanted));
  }
  const matcher = new TextMatcher(wanted);
  const extractor = new TextExtractor(part.encoding, part.params.find(([name]) => name === "charset")?.[1] ?? "");
  for (let at = start; at < end; at += PIECE) {
    const octets = await source.readBlob(row.blobId, at, Math.min(end, at + PIECE));
    if (matcher.push(oneLine(extractor.push(octets)))) return true;
    await breath.take();
  }
  return matcher.push(oneLine(extractor.end()));
}

/** A line break is a space. */
