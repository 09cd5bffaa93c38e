import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { changesResponse, pageOf, readChanges } from "../standard/changes.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { parsePoint, printState } from "../state.ts";
import { lookUp, printSubmission } from "./status.ts";

export const SUBMISSION_PROPERTIES: ReadonlySet<string> = new Set([
  "id",
  "identityId",
  "emailId",
  "threadId",
  "envelope",
  "sendAt",
  "undoStatus",
  "deliveryStatus",
  "dsnBlobIds",
  "mdnBlobIds",
]);

/** EmailSubmission/get (RFC 8621 section 7.1). */
export function* submissionGet(call: Call): Program<JsonObject> {
  const args = readGet(call, (property) => SUBMISSION_PROPERTIES.has(property));
  call.done();
  const { state, found } = yield* lookUp(args.account.accountId, args.ids);
  if (found.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const printed = new Map(found.map((one) => [one.id, pick(printSubmission(one), args.properties)]));
  return getResponse(args, printState(state), printed);
}

/** EmailSubmission/changes (RFC 8621 section 7.2). */
export function* submissionChanges(call: Call): Program<JsonObject> {
  const args = readChanges(call);
  const since = parsePoint(args.sinceState).base;
  const { accountId } = args.account;
  // What became of messages since somebody looked is a change too.
  yield* lookUp(accountId, null);
  const news = yield* ask("object.changes", { accountId, kind: "submission", since });
  if ("refused" in news) throw new MethodError("cannotCalculateChanges");
  return changesResponse(args, pageOf(args, news));
}
