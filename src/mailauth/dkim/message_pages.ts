/** A stored message read page by page: its header whole, its body as a stream, so that memory stays bounded. */
import { concatBytes, EMPTY, latin1String } from "../../base/bytes.ts";
import { ask, type BlobId, OpFailed, type Program } from "../../contract/mod.ts";
import { type SignedField, signedFields } from "./header_fields.ts";
import { WireLines } from "./wire_lines.ts";

/** A message: octets that were put before it, if there are any, and a sealed blob. */
export interface StoredMessage {
  readonly blobId: BlobId;
  /** Octets of the blob. */
  readonly size: number;
  /** Trace fields that stand before the blob, CRLF behind each. */
  readonly prefix?: Uint8Array;
}

/** Octets of header, and fields, that are looked at; more than any honest message has. */
const HEADER_LIMIT = 512 * 1024;
const FIELDS_LIMIT = 12_000;
/** Octets a question: well below a millisecond of work, and little more before the code is compiled. */
const PAGE = 64 * 1024;

/** A message that is read from its start to its end, once. */
export class MessagePages {
  readonly #message: StoredMessage;
  readonly #lines: WireLines | null;
  #at = 0;
  /** What was read too far, or the prefix. */
  #pending: Uint8Array;

  /** `onTheWire`: as the message will be sent, a CR or LF alone made CRLF. */
  constructor(message: StoredMessage, onTheWire = false) {
    this.#message = message;
    this.#lines = onTheWire ? new WireLines() : null;
    this.#pending = message.prefix ? this.#sent(message.prefix) : EMPTY;
  }

  /** The fields of the header; the body comes next. Null: the header is too large. */
  *fields(): Program<readonly SignedField[] | null> {
    const header = yield* this.#header();
    if (header === null) return null;
    const fields = signedFields(header, FIELDS_LIMIT + 1);
    return fields.length > FIELDS_LIMIT ? null : fields;
  }

  /** The header, latin1, its blank line with it. */
  *#header(): Program<string | null> {
    let read: Uint8Array = EMPTY;
    let searched = 0;
    while (true) {
      const end = headerEnd(read, searched);
      if (end >= 0 ? end > HEADER_LIMIT : read.length > HEADER_LIMIT) return null;
      if (end >= 0) {
        this.#pending = read.subarray(end);
        return latin1String(read, 0, end);
      }
      const page = yield* this.next();
      if (page === null) return latin1String(read);
      searched = Math.max(0, read.length - 2); // a line end may be cut in two
      read = read.length === 0 ? page : concatBytes([read, page]);
    }
  }

  /** The next octets, or null at the end. */
  *next(): Program<Uint8Array | null> {
    if (this.#pending.length > 0) {
      const pending = this.#pending;
      this.#pending = EMPTY;
      return pending;
    }
    const { blobId, size } = this.#message;
    if (this.#at >= size) {
      const last = this.#lines?.end() ?? EMPTY;
      return last.length > 0 ? last : null;
    }
    const end = Math.min(size, this.#at + PAGE);
    const page = yield* ask("blob.read", { accountId: null, blobId, start: this.#at, end });
    if (page.length === 0) throw new OpFailed("blob.read", "bug", "the blob ends before its size says");
    this.#at += page.length;
    return this.#sent(page);
  }

  #sent(octets: Uint8Array): Uint8Array {
    return this.#lines ? this.#lines.push(octets) : octets;
  }
}

/** Where the body starts: behind the first blank line. -1: not in these octets. `from`: where a line end may stand. */
function headerEnd(bytes: Uint8Array, from: number): number {
  if (bytes[0] === 10) return 1;
  if (bytes[0] === 13 && bytes[1] === 10) return 2;
  for (let lf = bytes.indexOf(10, from); lf >= 0; lf = bytes.indexOf(10, lf + 1)) {
    if (bytes[lf + 1] === 10) return lf + 2;
    if (bytes[lf + 1] === 13 && bytes[lf + 2] === 10) return lf + 3;
  }
  return -1;
}
