/** Octets of parts, read in pieces through the store's operations. */
import { EMPTY } from "../../base/bytes.ts";
import { type AccountId, ask, type BlobId, type Program } from "../../contract/mod.ts";
import { type Part, transferDecoder } from "../../message/mod.ts";

const PIECE = 128 * 1024;
/** RFC 2045 section 6; another is as if it were none (RFC 8621 section 4.1.4). */
const ENCODINGS = new Set(["7bit", "8bit", "binary", "base64", "quoted-printable"]);

/** Whose question it is, and the body that holds the part. */
export interface BlobReader {
  readonly accountId: AccountId;
  readonly blobId: BlobId;
}

export function isKnownEncoding(part: Part): boolean {
  return ENCODINGS.has(part.encoding);
}

/** Octets `[start, end)` of the blob. */
export function* readOctets({ accountId, blobId }: BlobReader, start: number, end: number): Program<Uint8Array> {
  if (end <= start) return EMPTY;
  const octets = new Uint8Array(end - start);
  for (let at = start; at < end;) {
    const piece = yield* ask("blob.read", { accountId, blobId, start: at, end: Math.min(end, at + PIECE) });
    if (piece.length === 0) return octets.subarray(0, at - start);
    octets.set(piece, at - start);
    at += piece.length;
  }
  return octets;
}

/** Octets of a part's body after decoding. */
export function* decodedSize(reader: BlobReader, part: Part): Program<number> {
  const { bodyStart, bodyEnd, encoding, lines } = part;
  if (encoding !== "base64" && encoding !== "quoted-printable") return bodyEnd - bodyStart;
  // Of long base64 the lines are believed to be whole, as every program writes them.
  if (encoding === "base64" && bodyEnd - bodyStart > PIECE) {
    const tail = new TextDecoder("latin1").decode(yield* readOctets(reader, Math.max(bodyStart, bodyEnd - 8), bodyEnd));
    const ends = /=*\s*$/.exec(tail)![0];
    const padding = ends.split("=").length - 1;
    const isOpen = !/\n$/.test(tail);
    const characters = bodyEnd - bodyStart - 2 * (isOpen ? Math.max(0, lines - 1) : lines);
    return Math.floor(characters / 4) * 3 - Math.min(2, padding);
  }
  const decoder = transferDecoder(encoding);
  let size = 0;
  for (let at = bodyStart; at < bodyEnd; at += PIECE) {
    size += decoder.push(yield* readOctets(reader, at, Math.min(bodyEnd, at + PIECE))).length;
  }
  return size + decoder.end().length;
}
