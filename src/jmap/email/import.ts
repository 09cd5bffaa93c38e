import { ask, type NewEmail, type Program } from "../../contract/mod.ts";
import { fieldText, headerFields, parseDate } from "../../message/mod.ts";
import { parseBlobId } from "../blob_id.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import { isObject, type JsonObject } from "../json.ts";
import { orNull, readIfState, record } from "../standard/set.ts";
import { printState } from "../state.ts";
import { readNamed, type Whose } from "./attached.ts";
import { readOctets } from "./octets.ts";
import { PLACE, printNew, readPlace, setError } from "./place.ts";

const HEADER = 256 * 1024;

/** Email/import (RFC 8621 section 4.8): messages that were uploaded, or are attached somewhere. */
export function* emailImport(call: Call): Program<JsonObject> {
  const account = call.account(true);
  const ifState = readIfState(call, "ifInState");
  const emails = call.requiredObject("emails");
  call.done();
  if (Object.keys(emails).length > call.context.limits.maxObjectsInSet) throw new MethodError("requestTooLarge");
  const now = yield* ask("clock.now", {});
  const whose = call.whose(account);
  const ids: string[] = [];
  const create: NewEmail[] = [];
  const notCreated = record<JsonObject>();
  for (const [creationId, email] of Object.entries(emails)) {
    if (!isObject(email)) throw call.wrong("emails", "an object of objects");
    try {
      create.push(yield* readImport(call, whose, email, now));
      ids.push(creationId);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      notCreated[creationId] = error.toJson();
    }
  }
  const answer = yield* ask("email.set", { ...whose, ifState, create, now });
  if ("refused" in answer) throw new MethodError("stateMismatch");
  const created = record<JsonObject>();
  for (const [i, one] of answer.created.entries()) {
    const creationId = ids[i]!;
    if ("refused" in one) {
      notCreated[creationId] = setError(one).toJson();
      continue;
    }
    call.hasChanged = true;
    created[creationId] = printNew(one);
    call.context.createdIds.set(creationId, one.emailId);
  }
  return {
    accountId: account.accountId,
    oldState: printState(answer.oldState),
    newState: printState(answer.newState),
    created: orNull(created),
    notCreated: orNull(notCreated),
  };
}

function* readImport(call: Call, whose: Whose, email: JsonObject, now: number): Program<NewEmail> {
  const bad = Object.keys(email).filter((name) => name !== "blobId" && !PLACE.has(name));
  const { blobId = null, receivedAt = null } = email;
  const place = readPlace(call, email, now, bad);
  const name = typeof blobId === "string" ? parseBlobId(blobId) : null;
  const named = name ? yield* readNamed(whose, name, call.context.limits.maxSizeUpload) : "notFound";
  // RFC 8621 section 4.8: an id that is not found is an invalid property here.
  if (named === "notFound") bad.push("blobId");
  if (bad.length > 0) throw invalidProperties(bad);
  if (named === "notFound" || named === "notMessage") throw new SetError("invalidEmail", "this is no message");
  const { reader, structure } = named;
  const end = Math.min(structure.bodyStart, structure.headerStart + HEADER);
  const header = receivedAt === null ? yield* readOctets(reader, structure.headerStart, end) : new Uint8Array(0);
  const internalDate = receivedAt === null ? lastReceived(header) ?? now : place.internalDate;
  // What delivery put before an email's body is not copied: it is of that delivery.
  if (named.isWhole) return { ...place, internalDate, blobId: reader.blobId };
  const range = { blobId: reader.blobId, start: structure.headerStart, end: structure.headerStart + named.size };
  const made = yield* ask("body.make", { parts: [range] });
  if ("refused" in made) throw new SetError("overQuota", "the server has no room");
  return { ...place, internalDate, blobId: made.blobId };
}

/** Section 4.8, receivedAt: the time of the most recent Received field, which stands first. */
function lastReceived(header: Uint8Array): number | null {
  const field = headerFields(header).find(({ name }) => name === "received");
  return field ? parseDate(fieldText(field).split(";").at(-1)!) : null;
}
