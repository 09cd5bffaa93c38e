import { ask, type BodyPart, type NewEmail, type Program } from "../../contract/mod.ts";
import { parseBlobId, partAt } from "../blob_id.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { parseState, printState } from "../state.ts";
import { readBody } from "./parse.ts";
import { readPlace, setError } from "./set.ts";

/** Email/import (RFC 8621 section 4.8): messages that were uploaded, or are attached somewhere. */
export function* emailImport(call: Call): Program<JsonObject> {
  const account = call.account(true);
  const ifInState = call.optionalString("ifInState");
  const emails = call.object("emails") ?? {};
  call.done();
  if (Object.keys(emails).length > call.context.limits.maxObjectsInSet) throw new MethodError("requestTooLarge");
  const now = yield* ask("clock.now", {});
  const whose = call.whose(account);
  const ids: string[] = [];
  const create: NewEmail[] = [];
  const notCreated: Record<string, JsonObject> = {};
  for (const [creationId, email] of Object.entries(emails)) {
    try {
      if (!isObject(email)) throw invalidProperties([]);
      const place = readPlace(call, email, now);
      create.push({ ...place, blobId: yield* bodyOf(whose, email["blobId"] ?? null) });
      ids.push(creationId);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      notCreated[creationId] = error.toJson();
    }
  }
  const ifState = ifInState === null ? null : parseState(ifInState);
  const answer = yield* ask("email.set", { ...whose, ifState, create, now });
  if ("refused" in answer) throw new MethodError("stateMismatch");
  const created: Record<string, JsonObject> = {};
  for (const [i, one] of answer.created.entries()) {
    const creationId = ids[i]!;
    if ("refused" in one) {
      notCreated[creationId] = setError(one).toJson();
      continue;
    }
    created[creationId] = { id: one.emailId, blobId: one.emailId, threadId: one.threadId, size: one.size };
    call.context.createdIds.set(creationId, one.emailId);
  }
  return {
    accountId: account.accountId,
    oldState: printState(answer.oldState),
    newState: printState(answer.newState),
    created: Object.keys(created).length > 0 ? created : null,
    notCreated: Object.keys(notCreated).length > 0 ? notCreated : null,
  };
}

/** A stored body of its own: that of the blob, or a copy of what it names. */
export function* bodyOf(whose: ReturnType<Call["whose"]>, value: Json): Program<NewEmail["blobId"]> {
  if (typeof value !== "string") throw invalidProperties(["blobId"]);
  const name = parseBlobId(value);
  const body = name && (yield* readBody(whose, name));
  const part = name && body && name.part.length > 0 ? partAt(body.index.root, name.part) : null;
  if (!name || !body || (name.part.length > 0 && !part)) throw new SetError("blobNotFound", "", { notFound: [value] });
  const { blobId } = body.reader;
  // What delivery put before an email's body is not copied: it is of that delivery.
  if (!part) return blobId;
  if (!part.message) throw new SetError("invalidEmail", "this is no message");
  const parts: BodyPart[] = [{ blobId, start: part.bodyStart, end: part.bodyEnd }];
  const made = yield* ask("body.make", { parts });
  if ("refused" in made) throw new SetError("overQuota", "the server has no room");
  return made.blobId;
}
