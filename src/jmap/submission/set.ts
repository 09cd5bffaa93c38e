import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { afterCreates, readSet, type SetArguments, SetResults } from "../standard/set.ts";
import { printState } from "../state.ts";
import { readSubmission } from "./stored.ts";
import { submit } from "./submit.ts";
import { updateSubmission } from "./update.ts";

/** Emails of submissions that were made, changed or destroyed, by the id of these. */
type Emails = Map<string, string>;

/** EmailSubmission/set (RFC 8621 section 7.5): each message is taken as submission takes it, and is on disk then. */
export function* submissionSet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  const onSuccessUpdateEmail = call.object("onSuccessUpdateEmail");
  const onSuccessDestroyEmail = call.strings("onSuccessDestroyEmail");
  if (Object.values(onSuccessUpdateEmail ?? {}).some((patch) => !isObject(patch))) {
    throw call.wrong("onSuccessUpdateEmail", "an object of patches");
  }
  call.done();
  const { accountId } = args.account;
  const oldState = yield* ask("account.state", { accountId });
  if (args.ifState !== null && args.ifState !== oldState) throw new MethodError("stateMismatch");
  const results = new SetResults(call);
  const emails: Emails = new Map();
  for (const [creationId, object] of args.create) {
    try {
      const { told, emailId } = yield* submit(call, args.account, object);
      results.created(creationId, told);
      emails.set(told.id, emailId);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notCreated(creationId, error);
    }
  }
  const { update, destroy } = afterCreates(call, args);
  for (const [id, patch] of update) {
    try {
      emails.set(id, yield* updateSubmission(accountId, id, patch));
      results.updated(id);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
  yield* destroyAll(accountId, destroy, results, emails);
  onSuccess(call, args, emails, onSuccessUpdateEmail, onSuccessDestroyEmail);
  const newState = yield* ask("account.state", { accountId });
  return results.response(args, printState(oldState), printState(newState));
}

/** RFC 8621 section 7.5: to destroy one does not change whether the message is sent. */
function* destroyAll(
  accountId: SetArguments["account"]["accountId"],
  destroy: readonly string[],
  results: SetResults,
  emails: Emails,
): Program<void> {
  if (destroy.length === 0) return;
  const { objects } = yield* ask("object.list", { accountId, kind: "submission", ids: destroy });
  const emailOf = new Map(objects.map((object) => [object.objectId, readSubmission(object).emailId]));
  const answer = yield* ask("object.set", { accountId, kind: "submission", destroy });
  for (const [i, id] of destroy.entries()) {
    if ("refused" in answer || !answer.destroyed[i]) {
      results.notDestroyed(id, new SetError("notFound"));
      continue;
    }
    results.destroyed(id);
    const emailId = emailOf.get(id);
    if (emailId !== undefined) emails.set(id, emailId);
  }
}

/** What is to become of the emails of those that went well: an Email/set of its own, with its own response. */
function onSuccess(
  call: Call,
  args: SetArguments,
  emails: ReadonlyMap<string, string>,
  updates: JsonObject | null,
  destroys: readonly string[] | null,
): void {
  const update: Record<string, Json> = {};
  for (const [id, patch] of Object.entries(updates ?? {})) {
    const emailId = emails.get(call.resolve(id));
    // Two submissions may be of one email.
    if (emailId !== undefined) {
      update[emailId] = { ...(update[emailId] as JsonObject | undefined), ...patch as JsonObject };
    }
  }
  const destroy = (destroys ?? []).flatMap((id) => emails.get(call.resolve(id)) ?? []);
  if (Object.keys(update).length + destroy.length === 0) return;
  call.next.push(["Email/set", { accountId: args.account.accountId, update, destroy }]);
}
