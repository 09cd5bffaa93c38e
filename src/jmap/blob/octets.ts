/** The octets that a blob id stands for: what delivery put before, a stored body or a part of it, decoded. */
import { EMPTY, utf8Bytes } from "../../base/bytes.ts";
import { type AccountId, ask, type BlobId, type BodyPart, type Program } from "../../contract/mod.ts";
import { transferDecoder } from "../../message/mod.ts";
import type { JmapAccount } from "../account.ts";
import { parseBlobId, partAt } from "../blob_id.ts";
import type { Call } from "../call.ts";
import { readBody } from "../email/attached.ts";
import { BlobBudget } from "./budget.ts";

/** A blob that the user may read. */
export interface BlobOctets {
  readonly prefix: Uint8Array;
  /** Null: there is the prefix alone. */
  readonly body: {
    readonly blobId: BlobId;
    readonly start: number;
    readonly end: number;
    /** The octets are what comes out of it; null: they stand there as they are. */
    readonly encoding: "base64" | "quoted-printable" | null;
  } | null;
}

const PIECE = 128 * 1024;

/** Null: there is no such blob for this user in this account. */
export function* findOctets(call: Call, account: JmapAccount, text: string): Program<BlobOctets | null> {
  const name = parseBlobId(text);
  if (!name) return null;
  const whose = call.whose(account);
  if ("scriptId" in name.of) return yield* scriptOctets(account, name.of);
  if ("emailId" in name.of && name.part.length === 0) {
    const [email] = yield* ask("email.objects", { ...whose, emailIds: [name.of.emailId], fields: [] });
    if (!email) return null;
    const { prefix, blobId, blobSize } = email;
    return { prefix, body: { blobId, start: 0, end: blobSize, encoding: null } };
  }
  const found = yield* readBody(whose, name);
  if (!found) return null;
  const { reader: { blobId }, index } = found;
  if (name.part.length === 0) return { prefix: EMPTY, body: { blobId, start: 0, end: index.size, encoding: null } };
  const part = partAt(index.root, name.part);
  if (!part) return null;
  const encoding = part.encoding === "base64" || part.encoding === "quoted-printable" ? part.encoding : null;
  return { prefix: EMPTY, body: { blobId, start: part.bodyStart, end: part.bodyEnd, encoding } };
}

/** The text of a script, where it still is that. */
function* scriptOctets(
  { accountId, name, isPersonal }: JmapAccount,
  { scriptId, tag }: { readonly scriptId: string; readonly tag: string },
): Program<BlobOctets | null> {
  if (!isPersonal) return null;
  const { scripts } = yield* ask("sieve.objects", { accountId });
  const script = scripts.find((one) => one.objectId === scriptId && one.tag === tag);
  const stored = script && (yield* ask("sieve.get", { address: name, name: script.name }));
  return stored && !("refused" in stored) ? { prefix: utf8Bytes(stored.content), body: null } : null;
}

/** How many they are. What is encoded is decoded for it. */
export function* sizeOf(call: Call, { prefix, body }: BlobOctets): Program<number> {
  if (!body) return prefix.length;
  if (!body.encoding) return prefix.length + body.end - body.start;
  let size = 0;
  yield* visitOctets(call, { prefix, body }, 0, Infinity, (piece) => void (size += piece.length));
  return size;
}

/** Gives octets `[from, to)` piece by piece; what is past the end is not there. */
export function* visitOctets(
  call: Call,
  { prefix, body }: BlobOctets,
  from: number,
  to: number,
  visit: (piece: Uint8Array) => void,
): Program<void> {
  let at = 0;
  const take = (piece: Uint8Array): void => {
    const [start, end] = [Math.max(0, from - at), Math.min(piece.length, to - at)];
    if (start < end) visit(piece.subarray(start, end));
    at += piece.length;
  };
  take(prefix);
  if (!body) return;
  const budget = BlobBudget.of(call.context);
  const decoder = body.encoding && transferDecoder(body.encoding);
  // What is decoded is read from its beginning; what is not, from where it is wanted.
  const skipped = decoder ? 0 : Math.min(body.end - body.start, Math.max(0, from - at));
  at += skipped;
  for (let place = body.start + skipped; place < body.end && at < to;) {
    const wanted = decoder ? PIECE : Math.min(PIECE, to - at);
    const end = Math.min(body.end, place + wanted);
    budget.read(end - place);
    const piece = yield* readPiece(call.context.user.accountId, body.blobId, place, end);
    if (piece.length === 0) break;
    place += piece.length;
    take(decoder ? decoder.push(piece) : piece);
  }
  if (decoder && at < to) take(decoder.end());
}

function* readPiece(accountId: AccountId, blobId: BlobId, start: number, end: number): Program<Uint8Array> {
  return yield* ask("blob.read", { accountId, blobId, start, end });
}

/** Octets `[from, to)` as parts of a new body. */
export function bodyParts({ prefix, body }: BlobOctets, from: number, to: number): readonly BodyPart[] {
  const parts: BodyPart[] = [];
  const before = prefix.subarray(Math.min(from, prefix.length), Math.min(to, prefix.length));
  if (before.length > 0) parts.push({ octets: before });
  const [start, end] = [Math.max(0, from - prefix.length), to - prefix.length];
  if (!body || end <= start) return parts;
  const { blobId, encoding } = body;
  if (encoding) parts.push({ blobId, start: body.start, end: body.end, decode: { encoding, from: start, to: end } });
  else parts.push({ blobId, start: body.start + start, end: Math.min(body.end, body.start + end) });
  return parts;
}
