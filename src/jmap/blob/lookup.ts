import { ask, type EmailId, type Program } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import { parseBlobId } from "../blob_id.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { findOctets } from "./octets.ts";

/** Types whose objects can have a blob. */
export const LOOKUP_TYPES = ["Mailbox", "Thread", "Email"] as const;
type LookupType = typeof LOOKUP_TYPES[number];

/** Blob/lookup (RFC 9404 section 4.3): which objects have a blob. */
export function* blobLookup(call: Call): Program<JsonObject> {
  const account = call.account();
  const ids = call.ids("ids");
  const names = call.strings("typeNames");
  call.done();
  if (ids === null) throw call.wrong("ids", "a list of ids");
  if (names === null) throw call.wrong("typeNames", "a list of names of types");
  if (ids.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const types = [...new Set(names)];
  if (!types.every((name) => (LOOKUP_TYPES as readonly string[]).includes(name))) {
    throw new MethodError("unknownDataType", `types are ${LOOKUP_TYPES.join(", ")}`);
  }
  const list: JsonObject[] = [];
  const notFound: string[] = [];
  for (const id of new Set(ids)) {
    const matched = yield* lookUp(call, account, id);
    if (!matched) notFound.push(id);
    else {
      const matchedIds = Object.fromEntries(types.map((name) => [name, [...matched[name as LookupType]]]));
      list.push({ id, matchedIds });
    }
  }
  return { accountId: account.accountId, list, notFound };
}

/** Null: there is no such blob. */
function* lookUp(
  call: Call,
  account: JmapAccount,
  id: string,
): Program<Readonly<Record<LookupType, ReadonlySet<string>>> | null> {
  const name = parseBlobId(id);
  if (!name || !(yield* findOctets(call, account, id))) return null;
  const whose = call.whose(account);
  const emailIds: readonly EmailId[] = "emailId" in name.of
    ? [name.of.emailId]
    : "scriptId" in name.of
    ? []
    : yield* ask("blob.emails", { ...whose, blobId: name.of.blobId });
  const emails = emailIds.length > 0 ? yield* ask("email.objects", { ...whose, emailIds, fields: [] }) : [];
  return {
    Mailbox: new Set(emails.flatMap(({ mailboxIds }) => mailboxIds)),
    Thread: new Set(emails.map(({ threadId }) => threadId)),
    Email: new Set(emails.map(({ emailId }) => emailId)),
  };
}
