import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { changesResponse, readChanges } from "../standard/changes.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { parseState, printState } from "../state.ts";
import { printSubmission, readSubmission } from "./status.ts";

const PROPERTIES: ReadonlySet<string> = new Set([
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
  const args = readGet(call, (property) => PROPERTIES.has(property));
  call.done();
  const { accountId } = call.context.user;
  const now = yield* ask("clock.now", {});
  const { state, objects } = args.account.isPersonal
    ? yield* ask("object.list", { accountId, kind: "submission", ids: args.ids })
    : { state: yield* ask("account.state", call.whose(args.account)), objects: [] };
  if (objects.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const found = new Map<string, JsonObject>();
  for (const object of objects) {
    const printed = yield* printSubmission(object.objectId, readSubmission(object), now);
    found.set(object.objectId, pick(printed, args.properties));
  }
  return getResponse(args, printState(state), found);
}

/** EmailSubmission/changes (RFC 8621 section 7.2). */
export function* submissionChanges(call: Call): Program<JsonObject> {
  const args = readChanges(call);
  const since = parseState(args.sinceState);
  const news = yield* ask("object.changes", { accountId: call.context.user.accountId, kind: "submission", since });
  if ("refused" in news) throw new MethodError("cannotCalculateChanges");
  return changesResponse(args, news);
}
