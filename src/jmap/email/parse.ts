import { type AccountId, ask, type BlobId, type EmailId, OpFailed, type Program } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/mod.ts";
import { type BlobName, parseBlobId, partAt } from "../blob_id.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { readWishes } from "./get.ts";
import { type BlobReader, readOctets } from "./octets.ts";
import { printEmail, type ReadMessage } from "./print.ts";
import { DEFAULT_PROPERTIES, isEmailProperty } from "./properties.ts";

/** What a message that is in no mailbox does not have (RFC 8621 section 4.9). */
const STORED: JsonObject = { id: null, mailboxIds: null, keywords: null, threadId: null, receivedAt: null };
/** Section 4.9: the default leaves these out. */
const NOT_BY_DEFAULT = new Set(["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"]);
const HEADER = 256 * 1024;

/** Email/parse (RFC 8621 section 4.9): a blob as if it were an email. */
export function* emailParse(call: Call): Program<JsonObject> {
  const account = call.account();
  const blobIds = call.ids("blobIds") ?? [];
  if (blobIds.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const properties = call.strings("properties") ?? DEFAULT_PROPERTIES.filter((one) => !NOT_BY_DEFAULT.has(one));
  if (!properties.every(isEmailProperty)) throw call.wrong("properties", "a list of properties of emails");
  const wishes = readWishes(call);
  call.done();
  const parsed: Record<string, JsonObject> = {};
  const notFound: string[] = [];
  const notParsable: string[] = [];
  for (const blobId of new Set(blobIds)) {
    const message = yield* readMessage(call.whose(account), blobId);
    if (message === null) notFound.push(blobId);
    else if (message === "notParsable") notParsable.push(blobId);
    else parsed[blobId] = yield* printEmail(message, properties, wishes);
  }
  return {
    accountId: account.accountId,
    parsed: Object.keys(parsed).length > 0 ? parsed : null,
    notFound: notFound.length > 0 ? notFound : null,
    notParsable: notParsable.length > 0 ? notParsable : null,
  };
}

type Whose = { readonly accountId: AccountId; readonly ownerId: AccountId };

/** A body with its index: what a blob id names before its part. */
interface Body {
  readonly reader: BlobReader;
  readonly index: Pick<MessageIndex, "root" | "size">;
}

export function* readBody({ accountId, ownerId }: Whose, { of }: BlobName): Program<Body | null> {
  if ("emailId" in of) {
    const args = { accountId, ownerId, emailIds: [of.emailId as EmailId], fields: ["structure"] as const };
    const [email] = yield* ask("email.objects", args);
    return email
      ? { reader: { accountId, blobId: email.blobId }, index: { root: email.structure!, size: email.blobSize } }
      : null;
  }
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

function* readMessage(whose: Whose, blobId: string): Program<ReadMessage | "notParsable" | null> {
  const name = parseBlobId(blobId);
  const body = name && (yield* readBody(whose, name));
  if (!name || !body) return null;
  const { reader, index } = body;
  const part = name.part.length === 0 ? null : partAt(index.root, name.part);
  if (name.part.length > 0 && !part) return null;
  const root = "emailId" in name.of ? name.of.emailId : name.of.blobId;
  const common = { root, prefixNumbers: name.part };
  // What is encoded, or of a type that says nothing of a message, was not looked into when it came.
  if (part && !part.message) return "notParsable";
  // Where the message lies as it is, its parts are parts of the body that holds it.
  const structure = part?.message ? part.message.root : index.root;
  const end = Math.min(structure.bodyStart, structure.headerStart + HEADER);
  const header = yield* readOctets(reader, structure.headerStart, end);
  if (!/^[!-9;-~]+[ \t]*:/.test(new TextDecoder("latin1").decode(header.subarray(0, 200)))) return "notParsable";
  const size = part ? part.bodyEnd - part.bodyStart : index.size;
  return { reader, ...common, header, structure, stored: { ...STORED, blobId, size } };
}
