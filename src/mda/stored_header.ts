/** The header of a sealed body, read once for every decision about it. */
import { concatBytes } from "../base/bytes.ts";
import { ask, type BlobId, OpFailed, type Program } from "../contract/mod.ts";
import { type HeaderField, headerFields } from "../message/header.ts";
import type { MessageIndex } from "../message/model.ts";

/** Octets of header that are looked at where a site decides nothing; more than any honest message has. */
const HEADER_LIMIT = 1024 * 1024;
const PAGE = 256 * 1024;

/** The MIME index and the fields; `tooLarge` where the header has more octets than `limit`. */
export function* readStoredHeader(
  blobId: BlobId,
  limit = HEADER_LIMIT,
): Program<{ readonly index: MessageIndex; readonly fields: readonly HeaderField[] } | "tooLarge"> {
  const index = yield* ask("blob.index", { blobId });
  if (index === null) throw new OpFailed("blob.index", "bug", "a sealed body has no index");
  const end = index.root.bodyStart;
  if (end > limit) return "tooLarge";
  const pages: Uint8Array[] = [];
  for (let at = 0; at < end; at += PAGE) {
    pages.push(yield* ask("blob.read", { accountId: null, blobId, start: at, end: Math.min(end, at + PAGE) }));
  }
  return { index, fields: headerFields(concatBytes(pages)) };
}

/** RFC 5321 section 6.3: how many servers the message has passed. */
export function hops(fields: readonly HeaderField[]): number {
  let count = 0;
  for (const field of fields) if (field.name === "received") count++;
  return count;
}
