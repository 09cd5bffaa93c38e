/** The header of a sealed body, read once for every decision about it. */
import { lowerAscii, trimWsp } from "../base/ascii.ts";
import { concatBytes, latin1String } from "../base/bytes.ts";
import { ask, type BlobId, OpFailed, type Program } from "../contract/mod.ts";
import type { MessageIndex } from "../message/model.ts";

/** Octets of header that are looked at where a site decides nothing; more than any honest message has. */
const HEADER_LIMIT = 1024 * 1024;
const PAGE = 256 * 1024;

/** One field of a header with its octets `[start, end)` in the blob, folded lines and line end included. */
export interface StoredField {
  /** Lower case. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Latin-1, still folded. */
  readonly value: string;
}

/** The MIME index and the fields; `tooLarge` where the header has more octets than `limit`. */
export function* readStoredHeader(
  blobId: BlobId,
  limit = HEADER_LIMIT,
): Program<{ readonly index: MessageIndex; readonly fields: readonly StoredField[] } | "tooLarge"> {
  const index = yield* ask("blob.index", { blobId });
  if (index === null) throw new OpFailed("blob.index", "bug", "a sealed body has no index");
  const end = index.root.bodyStart;
  if (end > limit) return "tooLarge";
  const pages: Uint8Array[] = [];
  for (let at = 0; at < end; at += PAGE) {
    pages.push(yield* ask("blob.read", { accountId: null, blobId, start: at, end: Math.min(end, at + PAGE) }));
  }
  return { index, fields: storedFields(latin1String(concatBytes(pages))) };
}

/** Cuts a header into fields. A line that is no field and continues none is left out. Linear. */
export function storedFields(header: string): StoredField[] {
  const fields: StoredField[] = [];
  let at = 0;
  while (at < header.length) {
    const start = at;
    at = lineEnd(header, at);
    while (at < header.length && (header[at] === " " || header[at] === "\t")) at = lineEnd(header, at);
    const colon = header.indexOf(":", start);
    if (colon <= start || colon >= at) continue;
    // RFC 5322 section 4.5: obsolete fields may have white space before the colon.
    const name = lowerAscii(trimWsp(header.slice(start, colon)));
    fields.push({ name, start, end: at, value: header.slice(colon + 1, at) });
  }
  return fields;
}

function lineEnd(text: string, from: number): number {
  const lf = text.indexOf("\n", from);
  return lf < 0 ? text.length : lf + 1;
}

/** RFC 5321 section 6.3: how many servers the message has passed. */
export function hops(fields: readonly StoredField[]): number {
  let count = 0;
  for (const field of fields) if (field.name === "received") count++;
  return count;
}
