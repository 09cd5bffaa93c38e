/** Blobs as JMAP names them: found for a user, and read in pieces. */
import { utf8Bytes } from "../../base/bytes.ts";
import type { AccountId, Args, BlobId } from "../../contract/mod.ts";
import type { JmapBlob } from "../../http/jmap/desk.ts";
import { type BlobName, type JmapUser, parseBlobId, partAt } from "../../jmap/mod.ts";
import { type Part, transferDecoder } from "../../message/mod.ts";
import type { Storage } from "../../storage/storage.ts";

const PIECE = 256 * 1024;
/** Encodings that are none: a part has the octets that stand there. */
const PLAIN = new Set(["7bit", "8bit", "binary"]);

/** Where the octets of a blob are: some that delivery put before, and a stored body. */
interface Source {
  readonly blobId: BlobId;
  readonly prefix: Uint8Array;
  readonly size: number;
  readonly root: Part;
}

/** What a blob id stands for; null: nothing that this user may read. */
export async function findBlob(
  storage: Storage,
  user: JmapUser,
  ownerId: AccountId,
  text: string,
): Promise<JmapBlob | null> {
  const name = parseBlobId(text);
  if (name === null || !user.accounts.some(({ accountId }) => accountId === ownerId)) return null;
  if ("scriptId" in name.of) return ownerId === user.accountId ? await scriptBlob(storage, user, name.of) : null;
  const source = await sourceOf(storage, { accountId: user.accountId, ownerId }, name);
  if (source === null) return null;
  if (name.part.length === 0) {
    const type = "emailId" in name.of ? "message/rfc822" : null;
    return { size: source.size, type, read: (start, end) => whole(storage, source, start, end) };
  }
  const part = partAt(source.root, name.part);
  return part && partBlob(storage, source.blobId, part);
}

/** The text of a script of his own, where it still is that. */
async function scriptBlob(
  storage: Storage,
  { accountId, address }: JmapUser,
  { scriptId, tag }: { readonly scriptId: string; readonly tag: string },
): Promise<JmapBlob | null> {
  const { scripts } = await storage.perform("sieve.objects", { accountId });
  const script = scripts.find((one) => one.objectId === scriptId && one.tag === tag);
  const stored = script && await storage.perform("sieve.get", { address, name: script.name });
  if (!stored || "refused" in stored) return null;
  const octets = utf8Bytes(stored.content);
  const read = async function* (start: number, end: number) {
    yield octets.subarray(start, end);
  };
  return { size: octets.length, type: "application/sieve", read };
}

async function sourceOf(
  storage: Storage,
  whose: { readonly accountId: AccountId; readonly ownerId: AccountId },
  { of }: BlobName,
): Promise<Source | null> {
  if ("emailId" in of) {
    const args: Args<"email.objects"> = { ...whose, emailIds: [of.emailId], fields: ["structure"] };
    const [email] = await storage.perform("email.objects", args);
    if (!email) return null;
    const { blobId, prefix, size, structure } = email;
    return { blobId, prefix, size, root: structure! };
  }
  if ("scriptId" in of) return null;
  const { blobId } = of;
  const mayRead = await storage.perform("blob.read", { accountId: whose.accountId, blobId, start: 0, end: 0 })
    .then(() => true, (error) => {
      if ((error as { reason?: string }).reason === "bug") return false; // what is not there and what is another's are one
      throw error;
    });
  const index = mayRead ? await storage.perform("blob.index", { blobId }) : null;
  return index && { blobId, prefix: new Uint8Array(0), size: index.size, root: index.root };
}

async function* whole(storage: Storage, source: Source, start: number, end: number): AsyncGenerator<Uint8Array> {
  const before = source.prefix.length;
  if (start < before) yield source.prefix.subarray(start, Math.min(end, before));
  yield* stored(storage, source.blobId, Math.max(0, start - before), Math.min(end, source.size) - before);
}

async function* stored(storage: Storage, blobId: BlobId, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    const piece = await storage.readBlob(blobId, at, Math.min(end, at + PIECE));
    if (piece.length === 0) throw new Error(`the blob ${blobId} ends before its size`);
    yield piece;
    at += piece.length;
  }
}

function partBlob(storage: Storage, blobId: BlobId, part: Part): JmapBlob {
  const { bodyStart, bodyEnd, encoding, type, subtype } = part;
  const isPlain = PLAIN.has(encoding);
  return {
    size: isPlain ? bodyEnd - bodyStart : null,
    type: `${type}/${subtype}`,
    read: (start, end) =>
      isPlain
        ? stored(storage, blobId, bodyStart + start, bodyStart + Math.min(end, bodyEnd - bodyStart))
        : decoded(storage, blobId, part),
  };
}

async function* decoded(storage: Storage, blobId: BlobId, part: Part): AsyncGenerator<Uint8Array> {
  const decoder = transferDecoder(part.encoding);
  for await (const piece of stored(storage, blobId, part.bodyStart, part.bodyEnd)) {
    const octets = decoder.push(piece);
    if (octets.length > 0) yield octets;
  }
  const rest = decoder.end();
  if (rest.length > 0) yield rest;
}
