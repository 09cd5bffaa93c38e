import { ask, type EmailId, type EmailObject, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { printDate } from "../date.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { getResponse, PROPERTIES, readGet } from "../standard/get.ts";
import { printState } from "../state.ts";
import { keywordsOf } from "./keywords.ts";
import { type BodyWishes, printEmail } from "./print.ts";
import {
  DEFAULT_BODY_PROPERTIES,
  DEFAULT_PROPERTIES,
  fieldsFor,
  isBodyProperty,
  isEmailProperty,
} from "./properties.ts";

/** Emails that are read at a time. */
const PAGE = 100;

/** Email/get (RFC 8621 section 4.2). */
export function* emailGet(call: Call): Program<JsonObject> {
  const args = readGet(call, isEmailProperty);
  const wishes = readWishes(call);
  call.done();
  const { account, ids } = args;
  const properties = args.properties ?? DEFAULT_PROPERTIES;
  const state = yield* ask("account.state", call.whose(account));
  const wanted = ids ?? (yield* allIds(call, account));
  if (wanted.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  return getResponse(args, printState(state), yield* printEmails(call, account, wanted, properties, wishes));
}

/** Emails with these properties, by their ids. Throws `requestTooLarge` where they are more than an answer may hold. */
export function* printEmails(
  call: Call,
  account: Parameters<Call["whose"]>[0],
  ids: readonly string[],
  properties: readonly string[],
  wishes: BodyWishes,
): Program<ReadonlyMap<string, JsonObject>> {
  const whose = call.whose(account);
  const fields = fieldsFor(properties);
  const found = new Map<string, JsonObject>();
  for (let at = 0; at < ids.length; at += PAGE) {
    const emailIds = ids.slice(at, at + PAGE) as EmailId[];
    for (const email of yield* ask("email.objects", { ...whose, emailIds, fields })) {
      const message = {
        reader: { accountId: whose.accountId, blobId: email.blobId },
        root: email.emailId,
        prefixNumbers: [],
        header: email.header ?? new Uint8Array(0),
        structure: email.structure ?? null,
        stored: storedProperties(email),
      };
      found.set(email.emailId, call.hold(yield* printEmail(message, properties, wishes)));
    }
  }
  return found;
}

function* allIds(call: Call, account: Parameters<Call["whose"]>[0]): Program<readonly string[]> {
  const columns = yield* ask("email.columns", call.whose(account));
  return Array.from(columns.newest, (row) => columns.emailIds[row]!);
}

/** Properties that are the store's, not the message's. */
export function storedProperties(email: EmailObject): JsonObject {
  return {
    id: email.emailId,
    blobId: email.emailId,
    threadId: email.threadId,
    mailboxIds: Object.fromEntries(email.mailboxIds.map((id) => [id, true])),
    keywords: keywordsOf(email.flags),
    size: email.size,
    receivedAt: printDate(email.internalDate),
  };
}

/** Bodies as they are given where nobody says otherwise. */
export const NO_WISHES: BodyWishes = {
  bodyProperties: DEFAULT_BODY_PROPERTIES,
  fetchTextBodyValues: false,
  fetchHTMLBodyValues: false,
  fetchAllBodyValues: false,
  maxBodyValueBytes: 0,
};

/** The arguments that Email/parse has too. */
export function readWishes(call: Call): BodyWishes {
  const bodyProperties = call.strings("bodyProperties") ?? DEFAULT_BODY_PROPERTIES;
  const unknown = bodyProperties.find((property) => !isBodyProperty(property));
  if (bodyProperties.length > PROPERTIES) throw new MethodError("requestTooLarge", "too many properties");
  if (unknown !== undefined) throw call.wrong("bodyProperties", "a list of properties of parts");
  return {
    bodyProperties,
    fetchTextBodyValues: call.boolean("fetchTextBodyValues", false),
    fetchHTMLBodyValues: call.boolean("fetchHTMLBodyValues", false),
    fetchAllBodyValues: call.boolean("fetchAllBodyValues", false),
    maxBodyValueBytes: call.unsigned("maxBodyValueBytes") ?? 0,
  };
}
