import { ask, type EmailId, type NewEmail, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import { isObject, type JsonObject } from "../json.ts";
import { parseState, printState } from "../state.ts";
import { keywordsOf } from "./keywords.ts";
import { printDate } from "../date.ts";
import { readPlace, setError } from "./set.ts";

/** Email/copy (RFC 8621 section 4.7): from one account into another. */
export function* emailCopy(call: Call): Program<JsonObject> {
  const account = call.account(true);
  const from = call.account(false, "fromAccountId");
  if (from.accountId === account.accountId) throw call.wrong("fromAccountId", "another account");
  const ifFromInState = call.optionalString("ifFromInState");
  const ifInState = call.optionalString("ifInState");
  const create = call.object("create") ?? {};
  const isMove = call.boolean("onSuccessDestroyOriginal", false);
  const destroyFrom = call.optionalString("destroyFromIfInState");
  call.done();
  if (Object.keys(create).length > call.context.limits.maxObjectsInSet) throw new MethodError("requestTooLarge");
  const fromState = yield* ask("account.state", call.whose(from));
  if (ifFromInState !== null && ifFromInState !== printState(fromState)) throw new MethodError("stateMismatch");
  const now = yield* ask("clock.now", {});
  const notCreated: Record<string, JsonObject> = {};
  const wanted: { readonly creationId: string; readonly original: EmailId; readonly email: NewEmail }[] = [];
  for (const [creationId, email] of Object.entries(create)) {
    try {
      if (!isObject(email) || typeof email["id"] !== "string") throw invalidProperties(["id"]);
      const original = call.resolve(email["id"]) as EmailId;
      const [found] = yield* ask("email.objects", { ...call.whose(from), emailIds: [original], fields: [] });
      if (!found) throw new SetError("notFound");
      const as = { keywords: keywordsOf(found.flags), receivedAt: printDate(found.internalDate), ...email };
      wanted.push({ creationId, original, email: { ...readPlace(call, as, now), blobId: found.blobId } });
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      notCreated[creationId] = error.toJson();
    }
  }
  const ifState = ifInState === null ? null : parseState(ifInState);
  const answer = yield* ask("email.set", {
    ...call.whose(account),
    ifState,
    create: wanted.map(({ email }) => email),
    now,
  });
  if ("refused" in answer) throw new MethodError("stateMismatch");
  const created: Record<string, JsonObject> = {};
  const moved: EmailId[] = [];
  for (const [i, one] of answer.created.entries()) {
    const { creationId, original } = wanted[i]!;
    if ("refused" in one) {
      notCreated[creationId] = setError(one).toJson();
      continue;
    }
    created[creationId] = { id: one.emailId, blobId: one.emailId, threadId: one.threadId, size: one.size };
    call.context.createdIds.set(creationId, one.emailId);
    moved.push(original);
  }
  if (isMove && moved.length > 0) {
    call.also.push(["Email/set", yield* destroyOriginals(call, from, moved, destroyFrom, now)]);
  }
  return {
    fromAccountId: from.accountId,
    accountId: account.accountId,
    oldState: printState(answer.oldState),
    newState: printState(answer.newState),
    created: Object.keys(created).length > 0 ? created : null,
    notCreated: Object.keys(notCreated).length > 0 ? notCreated : null,
  };
}

/** RFC 8620 section 5.4: the response of an Email/set of its own. */
function* destroyOriginals(
  call: Call,
  from: ReturnType<Call["account"]>,
  destroy: readonly EmailId[],
  ifInState: string | null,
  now: number,
): Program<JsonObject> {
  const ifState = ifInState === null ? null : parseState(ifInState);
  const answer = yield* ask("email.set", { ...call.whose(from), ifState, destroy, now });
  if ("refused" in answer) return new MethodError("stateMismatch").toJson();
  const destroyed: string[] = [];
  const notDestroyed: Record<string, JsonObject> = {};
  for (const [i, one] of answer.destroyed.entries()) {
    if ("refused" in one) notDestroyed[destroy[i]!] = setError(one).toJson();
    else destroyed.push(destroy[i]!);
  }
  return {
    accountId: from.accountId,
    oldState: printState(answer.oldState),
    newState: printState(answer.newState),
    destroyed,
    notDestroyed: Object.keys(notDestroyed).length > 0 ? notDestroyed : null,
  };
}
