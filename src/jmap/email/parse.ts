import { ask, type EmailId, type Program } from "../../contract/mod.ts";
import { parseBlobId } from "../blob_id.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { PROPERTIES } from "../standard/get.ts";
import { record } from "../standard/set.ts";
import { type NamedMessage, readNamed, type Whose } from "./attached.ts";
import { readWishes } from "./get.ts";
import { readOctets } from "./octets.ts";
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
  const { limits } = call.context;
  const blobIds = call.requiredIds("blobIds");
  if (blobIds.length > limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const properties = call.strings("properties") ?? DEFAULT_PROPERTIES.filter((one) => !NOT_BY_DEFAULT.has(one));
  if (properties.length > PROPERTIES) throw new MethodError("requestTooLarge", "too many properties");
  if (!properties.every(isEmailProperty)) throw call.wrong("properties", "a list of properties of emails");
  const wishes = readWishes(call);
  call.done();
  const parsed = record<JsonObject>();
  const notFound: string[] = [];
  const notParsable: string[] = [];
  for (const blobId of new Set(blobIds)) {
    const name = parseBlobId(blobId);
    const named = name ? yield* readNamed(call.whose(account), name, limits.maxSizeUpload) : "notFound";
    if (named === "notFound") notFound.push(blobId);
    else if (named === "notMessage") notParsable.push(blobId);
    else {
      const message = yield* withHeader(call.whose(account), named, blobId);
      parsed[blobId] = call.hold(yield* printEmail(message, properties, wishes));
    }
  }
  return {
    accountId: account.accountId,
    parsed: Object.keys(parsed).length > 0 ? parsed : null,
    notFound: notFound.length > 0 ? notFound : null,
    notParsable: notParsable.length > 0 ? notParsable : null,
  };
}

function* withHeader(whose: Whose, named: NamedMessage, blobId: string): Program<ReadMessage> {
  const { reader, structure, root, isWhole, size } = named;
  if (isWhole && root === blobId) {
    // An email has the fields that delivery put before it.
    const [email] = yield* ask("email.objects", { ...whose, emailIds: [root as EmailId], fields: ["header"] });
    if (email) return { ...named, header: email.header!, stored: { ...STORED, blobId, size: email.size } };
  }
  const end = Math.min(structure.bodyStart, structure.headerStart + HEADER);
  const header = yield* readOctets(reader, structure.headerStart, end);
  return { ...named, header, stored: { ...STORED, blobId, size } };
}
