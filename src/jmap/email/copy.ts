import { ask, type EmailId, type NewEmail, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { printDate } from "../date.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import { isObject, type JsonObject } from "../json.ts";
import { orNull, readIfState, record } from "../standard/set.ts";
import { printState } from "../state.ts";
import { keywordsOf } from "./keywords.ts";
import { PLACE, printNew, readPlace, setError } from "./place.ts";

/** Email/copy (RFC 8621 section 4.7): from one account into another. */
export function* emailCopy(call: Call): Program<JsonObject> {
  const account = call.account(true);
  const from = call.account(false, "fromAccountId");
  if (from.accountId === account.accountId) throw call.wrong("fromAccountId", "another account");
  const ifFromInState = call.optionalString("ifFromInState");
  const ifState = readIfState(call, "ifInState");
  const create = call.requiredObject("create");
  const isMove = call.boolean("onSuccessDestroyOriginal", false);
  const ifInState = call.optionalString("destroyFromIfInState");
  call.done();
  if (Object.keys(create).length > call.context.limits.maxObjectsInSet) throw new MethodError("requestTooLarge");
  const fromState = yield* ask("account.state", call.whose(from));
  if (ifFromInState !== null && ifFromInState !== printState(fromState)) throw new MethodError("stateMismatch");
  const now = yield* ask("clock.now", {});
  const notCreated = record<JsonObject>();
  const wanted: { readonly creationId: string; readonly original: EmailId; readonly email: NewEmail }[] = [];
  for (const [creationId, email] of Object.entries(create)) {
    if (!isObject(email)) throw call.wrong("create", "an object of objects");
    try {
      wanted.push({ creationId, ...yield* readCopy(call, call.whose(from), email, now) });
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      notCreated[creationId] = error.toJson();
    }
  }
  const emails = wanted.map(({ email }) => email);
  const answer = yield* ask("email.set", { ...call.whose(account), ifState, create: emails, now });
  if ("refused" in answer) throw new MethodError("stateMismatch");
  const created = record<JsonObject>();
  const destroy: EmailId[] = [];
  for (const [i, one] of answer.created.entries()) {
    const { creationId, original } = wanted[i]!;
    if ("refused" in one) {
      notCreated[creationId] = setError(one).toJson();
      continue;
    }
    call.hasChanged = true;
    created[creationId] = printNew(one);
    call.context.createdIds.set(creationId, one.emailId);
    destroy.push(original);
  }
  // RFC 8620 section 5.4: a call of its own, whose response or error comes behind this one.
  if (isMove && destroy.length > 0) call.next.push(["Email/set", { accountId: from.accountId, ifInState, destroy }]);
  return {
    fromAccountId: from.accountId,
    accountId: account.accountId,
    oldState: printState(answer.oldState),
    newState: printState(answer.newState),
    created: orNull(created),
    notCreated: orNull(notCreated),
  };
}

/** Section 4.7: where it goes, its marks and its date may be others; the message stays what it is. */
function* readCopy(
  call: Call,
  whose: ReturnType<Call["whose"]>,
  email: JsonObject,
  now: number,
): Program<{ readonly original: EmailId; readonly email: NewEmail }> {
  const bad = Object.keys(email).filter((name) => name !== "id" && !PLACE.has(name));
  const { id } = email;
  const original = (typeof id === "string" ? call.resolve(id) : "") as EmailId;
  if (typeof id !== "string") bad.push("id");
  const [found] = yield* ask("email.objects", { ...whose, emailIds: [original], fields: [] });
  const as = found && { keywords: keywordsOf(found.flags), receivedAt: printDate(found.internalDate), ...email };
  const place = readPlace(call, as ?? email, now, bad);
  if (bad.length > 0) throw invalidProperties(bad);
  if (!found) throw new SetError("notFound");
  const { internalDate } = found;
  const same = email["receivedAt"] === undefined || email["receivedAt"] === null ? { internalDate } : {};
  return { original, email: { ...place, ...same, blobId: found.blobId, prefix: found.prefix } };
}
