/** One FETCH response (RFC 9051 section 7.5.2): text, and ranges of blobs that never pass through here. */
import { latin1String } from "../base/bytes.ts";
import type { Effect, EmailRow, Program } from "../contract/mod.ts";
import { binaryValue, type DecodedRange } from "./binary.ts";
import { PREVIEW_OCTETS, previewPart, previewText } from "../message/mod.ts";
import { accountOf } from "./command.ts";
import { extentOf, selectFields } from "./section.ts";
import { fetchHead, type ImapState } from "./session.ts";
import { formatDateTime } from "./wire/dates.ts";
import type { FetchItem, Section, SimpleItem } from "./wire/fetch_items.ts";
import { utf8String } from "./wire/strings.ts";
import { formatEnvelope, formatStructure } from "./wire/structure.ts";

export type BlobReader = (row: EmailRow, start: number, end: number) => Program<Uint8Array>;
export type Pieces = (string | Effect | DecodedRange)[];

/** A row; `unknownEncoding`: a BINARY item was left out, because nobody knows how its part is encoded. */
export interface FormattedRow {
  readonly pieces: Pieces;
  readonly unknownEncoding: boolean;
}

/** `tellFlags`: reading set \Seen, so FLAGS is told though nobody asked. */
export function* formatRow(
  state: ImapState,
  seq: number,
  row: EmailRow,
  items: readonly FetchItem[],
  tellFlags: boolean,
  readBlob: BlobReader,
): Program<FormattedRow> {
  const out: Pieces = [];
  let text = fetchHead(state, seq, row.uid);
  let first = true;
  let flags = false;
  let unknownEncoding = false;
  for (const item of items) {
    if (item.item === "binary") {
      const value = yield* binaryValue(accountOf(state), row, item);
      if ("unknown" in value) {
        unknownEncoding = true;
        continue;
      }
      text += `${first ? "" : " "}${item.section.label} `;
      first = false;
      for (const piece of value.pieces) {
        if (typeof piece === "string") text += piece;
        else {
          out.push(text, piece);
          text = "";
        }
      }
      continue;
    }
    if (!first) text += " ";
    first = false;
    if (item.item === "preview") {
      text += `PREVIEW ${utf8String(yield* previewOf(row, readBlob), state.utf8)}`;
      continue;
    }
    if (item.item !== "section") {
      if (item.item === "FLAGS") flags = true;
      text += simple(state, row, item.item);
      continue;
    }
    const { section } = item;
    if (section.text === "fields" || section.text === "fieldsNot") {
      text += `${section.label} ${yield* headerFields(row, section, readBlob)}`;
      continue;
    }
    const parts = octets(row, section);
    if (parts === null) {
      text += `${section.label} NIL`;
      continue;
    }
    text += `${section.label} {${parts.size}}\r\n${parts.prefix}`;
    if (parts.end > parts.start) {
      out.push(text, { type: "sendBlob", blobId: row.blobId, start: parts.start, end: parts.end });
      text = "";
    }
  }
  if (tellFlags && !flags) {
    text += `${first ? "" : " "}${simple(state, row, "FLAGS")}`;
    first = false;
  }
  if (first) return { pieces: [], unknownEncoding }; // every item was left out
  out.push(text + ")\r\n");
  return { pieces: out, unknownEncoding };
}

/** RFC 8970 section 3.2: empty where there are no words to show. */
function* previewOf(row: EmailRow, readBlob: BlobReader): Program<string> {
  const part = previewPart(row.structure!);
  if (part === null || part.bodyEnd <= part.bodyStart) return "";
  const end = Math.min(part.bodyEnd, part.bodyStart + PREVIEW_OCTETS);
  return previewText(part, yield* readBlob(row, part.bodyStart, end));
}

function simple(state: ImapState, row: EmailRow, item: SimpleItem): string {
  switch (item) {
    case "FLAGS":
      return `FLAGS (${row.flags.join(" ")})`;
    case "UID":
      return `UID ${row.uid}`;
    case "RFC822.SIZE":
      return `RFC822.SIZE ${row.size}`;
    case "INTERNALDATE":
      return `INTERNALDATE ${formatDateTime(row.internalDate)}`;
    case "SAVEDATE":
      return `SAVEDATE ${formatDateTime(row.saveDate)}`;
    case "MODSEQ":
      return `MODSEQ (${row.modseq})`;
    case "EMAILID":
      return `EMAILID (${row.emailId})`;
    case "THREADID":
      return `THREADID (${row.threadId})`;
    case "ENVELOPE":
      return `ENVELOPE ${row.imapEnvelope ?? formatEnvelope(row.envelope!, state.utf8)}`;
    case "BODY":
      return `BODY ${formatStructure(row.structure!, false, state.utf8)}`;
    case "BODYSTRUCTURE":
      return `BODYSTRUCTURE ${row.imapStructure ?? formatStructure(row.structure!, true, state.utf8)}`;
  }
}

/** The octets of a section: some of the prefix as text, then a range of the blob. Null: no such part. */
export function octets(
  row: EmailRow,
  section: Section,
): { size: number; prefix: string; start: number; end: number } | null {
  const whole = section.path.length === 0 && section.text === "all";
  const extent = whole
    ? { prefix: true, start: 0, end: row.blobSize }
    : extentOf(section, row.structure!, row.blobSize);
  if (extent === null) return null;
  const prefix = extent.prefix ? row.prefix : row.prefix.subarray(0, 0);
  const total = prefix.length + (extent.end - extent.start);
  const from = Math.min(total, section.partial?.offset ?? 0);
  const to = Math.min(total, section.partial ? from + section.partial.count : total);
  // A partial range may begin in the prefix and end in the blob.
  const shown = latin1String(prefix, Math.min(from, prefix.length), Math.min(to, prefix.length));
  const start = extent.start + Math.max(0, from - prefix.length);
  const end = extent.start + Math.max(0, to - prefix.length);
  return { size: to - from, prefix: shown, start, end };
}

/** HEADER.FIELDS and HEADER.FIELDS.NOT as a literal. */
function* headerFields(row: EmailRow, section: Section, readBlob: BlobReader): Program<string> {
  let header = row.header;
  if (section.path.length > 0) {
    const extent = extentOf(section, row.structure!, row.blobSize);
    if (extent === null) return "NIL";
    header = yield* readBlob(row, extent.start, extent.end);
  }
  let text = selectFields(header!, section.fields, section.text === "fieldsNot");
  const { partial } = section;
  if (partial) text = text.slice(partial.offset, partial.offset + partial.count);
  return `{${text.length}}\r\n${text}`;
}
