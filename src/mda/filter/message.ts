/** One message as filters see it, read once for all accounts. */
import { concatBytes } from "../../base/bytes.ts";
import { ask, type BlobId, OpFailed, type Program } from "../../contract/mod.ts";
import { type HeaderField, headerFields } from "../../message/header.ts";
import type { MessageIndex } from "../../message/model.ts";

const PAGE = 256 * 1024;
/** Octets of header that are read; receiving and submission allow less. */
const HEADER_LIMIT = 16 << 20;

/** What is read of a message. */
export interface MessageRead {
  readonly index: MessageIndex;
  readonly header: Uint8Array;
  readonly fields: readonly HeaderField[];
}

/** Remembers what was read. */
export class FilterMessage {
  readonly blobId: BlobId;
  #read: MessageRead | null = null;

  constructor(blobId: BlobId) {
    this.blobId = blobId;
  }

  *read(): Program<MessageRead> {
    if (this.#read) return this.#read;
    const index = yield* ask("blob.index", { blobId: this.blobId });
    if (index === null) throw new OpFailed("blob.index", "bug", "a sealed body has no index");
    const header = yield* readBlob(this.blobId, 0, Math.min(index.root.bodyStart, HEADER_LIMIT));
    return this.#read = { index, header, fields: headerFields(header) };
  }
}

/** Octets of a blob, page by page. */
export function* readBlob(blobId: BlobId, start: number, end: number): Program<Uint8Array> {
  const pages: Uint8Array[] = [];
  for (let at = start; at < end; at += PAGE) {
    pages.push(yield* ask("blob.read", { accountId: null, blobId, start: at, end: Math.min(end, at + PAGE) }));
  }
  return pages.length === 1 ? pages[0]! : concatBytes(pages);
}
