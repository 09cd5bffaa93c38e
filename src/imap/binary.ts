/**
 * BINARY sections (RFC 3516, RFC 9051 section 7.5.2): parts without their Content-Transfer-Encoding. A literal begins
 * with its size, so a part is decoded once to count; what came in one page is kept, a larger part is decoded again
 * while it is sent, page by page.
 */
import { latin1String } from "../base/bytes.ts";
import { type AccountId, ask, type Effect, type EmailRow, OpFailed, type Program } from "../contract/mod.ts";
import type { Part } from "../message/model.ts";
import { transferDecoder } from "../message/mod.ts";
import type { FetchItem } from "./wire/fetch_items.ts";
import { findPart } from "./section.ts";

export type BinaryItem = Extract<FetchItem, { item: "binary" }>;

const PAGE = 256 * 1024; // octets of a read

/** A decoded range that is sent page by page. */
export interface DecodedRange {
  readonly type: "decoded";
  readonly source: Source;
  /** Decoded octets `[from, to)`. */
  readonly from: number;
  readonly to: number;
}

interface Source {
  readonly accountId: AccountId;
  readonly blobId: EmailRow["blobId"];
  readonly start: number;
  readonly end: number;
  readonly encoding: string;
}

/** `unknown`: nobody knows the encoding. Else what stands behind the label. */
export type BinaryValue = { readonly unknown: true } | { readonly pieces: readonly (string | Effect | DecodedRange)[] };

/** Asks all that must be known before the first octet of the value is sent. */
export function* binaryValue(accountId: AccountId, row: EmailRow, item: BinaryItem): Program<BinaryValue> {
  const { path, partial } = item.section;
  const range = (total: number): { from: number; to: number } => {
    const from = Math.min(total, partial?.offset ?? 0);
    return { from, to: partial ? Math.min(total, from + partial.count) : total };
  };
  if (path.length === 0) {
    // The message itself has no encoding: the header's describes the body, which is part 1.
    if (item.size) return { pieces: [`${row.size}`] };
    const { from, to } = range(row.size);
    const border = row.prefix.length;
    const head = latin1String(row.prefix, Math.min(from, border), Math.min(to, border));
    const text = `{${to - from}}\r\n${head}`;
    return { pieces: [text, ...blob(row, Math.max(0, from - border), Math.max(0, to - border))] };
  }
  const part = findPart(row.structure!, path);
  if (part === null) return { pieces: [item.size ? "0" : "NIL"] };
  const { bodyStart: start, bodyEnd: end } = part;
  // RFC 2045 section 6.4: a multipart is never encoded, whatever it says.
  const encoding = part.type === "multipart" ? "7bit" : part.encoding;
  switch (encoding) {
    case "7bit":
    case "8bit":
    case "binary": {
      if (item.size) return { pieces: [`${end - start}`] };
      const { from, to } = range(end - start);
      // RFC 3516 section 4.3: a string tells the client that there is no NUL, which nobody promises of "binary".
      const text = `${encoding === "binary" ? "~" : ""}{${to - from}}\r\n`;
      return { pieces: [text, ...blob(row, start + from, start + to)] };
    }
    case "base64":
    case "quoted-printable": {
      const source = { accountId, blobId: row.blobId, start, end, encoding };
      return { pieces: yield* decodedValue(source, item.size, range) };
    }
    default:
      return { unknown: true };
  }
}

function blob(row: EmailRow, start: number, end: number): Effect[] {
  return end > start ? [{ type: "sendBlob", blobId: row.blobId, start, end }] : [];
}

function* decodedValue(
  source: Source,
  sizeOnly: boolean,
  rangeOf: (total: number) => { from: number; to: number },
): Program<(string | DecodedRange)[]> {
  let kept: Uint8Array[] = [];
  let size = 0;
  let nul = false;
  const whole = source.end - source.start <= PAGE;
  yield* decode(source, (bytes) => {
    size += bytes.length;
    nul ||= bytes.includes(0);
    if (whole) kept.push(bytes);
    return true;
  });
  if (sizeOnly) return [`${size}`];
  const { from, to } = rangeOf(size);
  if (!whole) return [`${nul ? "~" : ""}{${to - from}}\r\n`, { type: "decoded", source, from, to }];
  const text = kept.map((bytes) => latin1String(bytes)).join("").slice(from, to);
  kept = [];
  return [`${text.includes("\0") ? "~" : ""}{${text.length}}\r\n${text}`];
}

/** What a part is without its encoding: octets, and lines as BODYSTRUCTURE counts them; null: nobody knows the encoding. */
export function* decodedCounts(
  accountId: AccountId,
  { blobId }: EmailRow,
  part: Part,
): Program<{ readonly octets: number; readonly lines: number } | null> {
  const { bodyStart: start, bodyEnd: end, encoding } = part;
  if (part.type === "multipart" || ["7bit", "8bit", "binary"].includes(encoding)) {
    return { octets: end - start, lines: part.lines };
  }
  if (encoding !== "base64" && encoding !== "quoted-printable") return null;
  let octets = 0;
  let lines = 0;
  yield* decode({ accountId, blobId, start, end, encoding }, (bytes) => {
    octets += bytes.length;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
    return true;
  });
  return { octets, lines };
}

/** Decodes the source page by page, until it ends or `take` has enough. */
function* decode(source: Source, take: (bytes: Uint8Array) => boolean): Program<void> {
  const { accountId, blobId, end } = source;
  const decoder = transferDecoder(source.encoding);
  for (let start = source.start; start < end;) {
    const page = yield* ask("blob.read", { accountId, blobId, start, end: Math.min(end, start + PAGE) });
    if (page.length === 0) throw new OpFailed("blob.read", "bug", "the blob ends before its index says");
    start += page.length;
    if (!take(decoder.push(page))) return;
  }
  take(decoder.end());
}

/** Sends the range. False: the store failed on the way, and what was promised cannot be sent any more. */
export function* sendDecoded(range: DecodedRange): Program<boolean> {
  const { accountId, blobId, start, end, encoding } = range.source;
  const decoder = transferDecoder(encoding);
  let at = 0; // decoded octets so far
  const clip = (bytes: Uint8Array): Effect[] => {
    const from = Math.max(0, range.from - at);
    const to = Math.min(bytes.length, range.to - at);
    at += bytes.length;
    return to > from ? [{ type: "send", bytes: bytes.slice(from, to) }] : [];
  };
  try {
    for (let next = start; next < end && at < range.to;) {
      const page = yield* ask("blob.read", { accountId, blobId, start: next, end: Math.min(end, next + PAGE) });
      if (page.length === 0) return false;
      next += page.length;
      yield* clip(decoder.push(page));
    }
  } catch (error) {
    if (error instanceof OpFailed) return false;
    throw error;
  }
  yield* clip(decoder.end());
  return at >= range.to;
}
