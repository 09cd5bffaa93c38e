/**
 * All that SEARCH finds in one message, as text to be put into an index. It is the text that `search_text.ts` looks
 * through, made in the same pieces, so that an index and a scan give the same answers.
 */
import { concatBytes } from "../base/bytes.ts";
import { fieldDecoded, fold, headerFields, oneLine, type Part, TextExtractor } from "../message/mod.ts";
import { HEADER_LIMIT, PIECE, type Stretch, stretches } from "./search_text.ts";

/** Characters of a message's texts that are put into an index; what is longer is looked through as well. */
const TEXT_LIMIT = 2 * 1024 * 1024;

/** What is found in one message, folded. */
export interface Searchable {
  /** Name and value, in their order. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  /** Text parts, and lines of headers of messages inside. No match reaches from one to another. */
  readonly texts: readonly string[];
  /** Whether `texts` is all there is. */
  readonly whole: boolean;
}

/** What a message is made of: prefix and blob (`headerEnd` and the offsets of `root` are the blob's). */
export interface SearchableMessage {
  readonly prefix: Uint8Array;
  readonly headerEnd: number;
  readonly root: Part;
  readonly read: (start: number, end: number) => Uint8Array;
}

/** Reads a message's searchable texts; null where it has halves of characters in its header, which no index can hold. */
export function searchable(message: SearchableMessage): Searchable | null {
  const header = message.read(0, Math.min(message.headerEnd, HEADER_LIMIT));
  const fields = fieldsOf(concatBytes([message.prefix, header]));
  if (!fields.every(({ name, value }) => name.isWellFormed() && value.isWellFormed())) return null;
  const texts: string[] = [];
  let room = TEXT_LIMIT;
  let whole = true;
  for (const stretch of stretches(message.root)) {
    if (room <= 0) return { fields, texts, whole: false };
    for (const text of textsOf(message, stretch, room)) {
      if (text !== null && text.isWellFormed()) texts.push(text);
      else whole = false;
      room -= text?.length ?? 0;
    }
  }
  return { fields, texts, whole };
}

function fieldsOf(header: Uint8Array): { name: string; value: string }[] {
  return headerFields(header).map((field) => ({ name: fold(field.name), value: fold(fieldDecoded(field)) }));
}

/** Null stands for what is left out. */
function textsOf(message: SearchableMessage, { start, end, part }: Stretch, room: number): (string | null)[] {
  if (part !== null) return partTexts(message, start, end, part, room);
  const header = message.read(start, Math.min(end, start + HEADER_LIMIT));
  return fieldsOf(header).map(({ name, value }) => `${name}: ${value}`);
}

function partTexts(message: SearchableMessage, start: number, end: number, part: Part, room: number) {
  const extractor = new TextExtractor(part.encoding, part.params.find(([name]) => name === "charset")?.[1] ?? "");
  let text = "";
  let half = ""; // a high surrogate whose other half comes with the next piece
  for (let at = start; at < end; at += PIECE) {
    if (text.length >= room) return [text, null];
    const piece = half + oneLine(extractor.push(message.read(at, Math.min(end, at + PIECE))));
    const last = piece.charCodeAt(piece.length - 1);
    const isCut = last >= 0xd800 && last < 0xdc00;
    half = isCut ? piece.slice(-1) : "";
    text += fold(isCut ? piece.slice(0, -1) : piece);
  }
  return [text + fold(half + oneLine(extractor.end()))];
}
