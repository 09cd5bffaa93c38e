/**
 * Messages that are named by a blob (RFC 8621 sections 4.8 and 4.9): a body, or an attachment. One that lies there as it
 * is was looked into when it came; one that is encoded, or has another type, is decoded into a body of its own.
 */
import {
  type AccountId,
  ask,
  type BlobId,
  type BodyPart,
  type EmailId,
  OpFailed,
  type Program,
} from "../../contract/mod.ts";
import { latin1String } from "../../base/bytes.ts";
import { type MessageIndex, type Part, transferDecoder } from "../../message/mod.ts";
import { BLOB_KEPT_MS } from "../blob/keep.ts";
import { type BlobName, partAt } from "../blob_id.ts";
import { type BlobReader, readOctets } from "./octets.ts";

export type Whose = { readonly accountId: AccountId; readonly ownerId: AccountId };

/** A body with its index: what a blob id names before its part. */
interface Body {
  readonly reader: BlobReader;
  readonly index: Pick<MessageIndex, "root" | "size">;
}

/** A message in a body: all of it, or a part. */
export interface NamedMessage {
  readonly reader: BlobReader;
  /** Its parts are parts of the body. */
  readonly structure: Part;
  /** What ids of its parts begin with. */
  readonly root: string;
  readonly prefixNumbers: readonly number[];
  readonly size: number;
  /** It is the whole of its body. */
  readonly isWhole: boolean;
}

/** Octets that are looked at to tell a message from what is none. */
const LOOKED = 4096;
const FIELDS =
  /^(from|date|subject|to|received|message-id|return-path|mime-version|content-type|delivered-to|reply-to|sender|cc)[ \t]*:/im;

export function* readBody({ accountId, ownerId }: Whose, { of }: BlobName): Program<Body | null> {
  if ("emailId" in of) {
    const args = { accountId, ownerId, emailIds: [of.emailId as EmailId], fields: ["structure"] as const };
    const [email] = yield* ask("email.objects", args);
    return email
      ? { reader: { accountId, blobId: email.blobId }, index: { root: email.structure!, size: email.blobSize } }
      : null;
  }
  // A script is no message, and has no parts.
  if ("scriptId" in of) return null;
  const reader = { accountId, blobId: of.blobId as BlobId };
  if (!(yield* mayRead(reader))) return null;
  const index = yield* ask("blob.index", { blobId: of.blobId });
  return index && { reader, index };
}

/** What is not there and what is another's are one. */
function* mayRead(reader: BlobReader): Program<boolean> {
  try {
    yield* ask("blob.read", { ...reader, start: 0, end: 0 });
    return true;
  } catch (error) {
    if (error instanceof OpFailed && error.reason === "bug") return false;
    throw error;
  }
}

/** `limit`: octets of a message that is decoded. */
export function* readNamed(
  whose: Whose,
  name: BlobName,
  limit: number,
): Program<NamedMessage | "notFound" | "notMessage"> {
  const body = yield* readBody(whose, name);
  if (!body) return "notFound";
  const { reader, index } = body;
  const part = name.part.length === 0 ? null : partAt(index.root, name.part);
  if (name.part.length > 0 && !part) return "notFound";
  if ("scriptId" in name.of) return "notFound";
  const root = "emailId" in name.of ? name.of.emailId : name.of.blobId;
  if (part && !part.message) return yield* readDecoded(whose, reader, part, limit);
  const structure = part?.message ? part.message.root : index.root;
  const begin = yield* readOctets(
    reader,
    structure.headerStart,
    Math.min(structure.bodyStart, structure.headerStart + 200),
  );
  if (!beginsAsHeader(latin1String(begin))) return "notMessage";
  const size = part ? part.bodyEnd - part.bodyStart : index.size;
  return { reader, structure, root, prefixNumbers: name.part, size, isWhole: part === null };
}

function beginsAsHeader(text: string): boolean {
  return /^[!-9;-~]+[ \t]*:/.test(text);
}

/** The octets of a part as they are behind its encoding. */
export function decodedPart(blobId: BlobId, { bodyStart: start, bodyEnd: end, encoding }: Part): BodyPart {
  const isEncoded = encoding === "base64" || encoding === "quoted-printable";
  return { blobId, start, end, ...(isEncoded && { decode: { encoding, from: 0, to: Infinity } }) };
}

/** An attachment that is encoded, or of another type: what begins as a message is one. */
function* readDecoded(
  whose: Whose,
  reader: BlobReader,
  part: Part,
  limit: number,
): Program<NamedMessage | "notMessage"> {
  if (part.type === "multipart") return "notMessage";
  const begin = yield* readOctets(reader, part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + LOOKED));
  const text = latin1String(transferDecoder(part.encoding).push(begin));
  const isMessage = part.type === "message" && (part.subtype === "rfc822" || part.subtype === "global");
  if (!beginsAsHeader(text) || !(isMessage || FIELDS.test(text))) return "notMessage";
  if (part.bodyEnd - part.bodyStart > limit * 2) return "notMessage";
  const made = yield* ask("body.make", { parts: [decodedPart(reader.blobId, part)] });
  if ("refused" in made || made.size > limit) return "notMessage";
  const { blobId, size } = made;
  const now = yield* ask("clock.now", {});
  // Its parts have ids that may be asked for.
  yield* ask("blob.keep", { accountId: whose.accountId, blobId, until: now + BLOB_KEPT_MS, now });
  const index = yield* ask("blob.index", { blobId });
  if (!index) return "notMessage";
  return {
    reader: { accountId: reader.accountId, blobId },
    structure: index.root,
    root: blobId,
    prefixNumbers: [],
    size,
    isWhole: true,
  };
}
