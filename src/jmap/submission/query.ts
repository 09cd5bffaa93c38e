import { ask, type Program } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { parseUtcDate } from "../date.ts";
import { MethodError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import { comparing, readComparators } from "../standard/comparators.ts";
import { noCondition, readTest, type Test, wrongCondition } from "../standard/filter.ts";
import { readWindow, windowResponse } from "../standard/query.ts";
import { parseState, printState } from "../state.ts";
import { type FoundSubmission, lookUp } from "./status.ts";

interface SubmissionQuery {
  readonly account: JmapAccount;
  readonly test: Test<FoundSubmission>;
  readonly compare: (a: FoundSubmission, b: FoundSubmission) => number;
}

/** EmailSubmission/query (RFC 8621 section 7.3). */
export function* submissionQuery(call: Call): Program<JsonObject> {
  const query = readQuery(call);
  const window = readWindow(call);
  call.done();
  const { state, ids } = yield* find(query);
  return {
    accountId: query.account.accountId,
    queryState: printState(state),
    canCalculateChanges: true,
    ...windowResponse(window, ids),
  };
}

/** EmailSubmission/queryChanges (RFC 8621 section 7.4): where one stands depends on itself alone. */
export function* submissionQueryChanges(call: Call): Program<JsonObject> {
  const query = readQuery(call);
  const sinceQueryState = call.string("sinceQueryState");
  const maxChanges = call.unsigned("maxChanges");
  call.optionalString("upToId"); // undoStatus changes: it is ignored (RFC 8620 section 5.6)
  const calculateTotal = call.boolean("calculateTotal", false);
  call.done();
  const since = parseState(sinceQueryState);
  const { state, ids } = yield* find(query);
  const { accountId } = query.account;
  const news = yield* ask("object.changes", { accountId, kind: "submission", since });
  if ("refused" in news || state < since) throw new MethodError("cannotCalculateChanges");
  const removed = [...news.created, ...news.updated, ...news.destroyed];
  const touched = new Set(removed);
  const added = ids.flatMap((id, index) => touched.has(id) ? [{ id, index }] : []);
  if (maxChanges !== null && removed.length + added.length > maxChanges) throw new MethodError("tooManyChanges");
  return {
    accountId,
    oldQueryState: sinceQueryState,
    newQueryState: printState(state),
    ...(calculateTotal && { total: ids.length }),
    removed,
    added,
  };
}

function readQuery(call: Call): SubmissionQuery {
  return { account: call.account(), test: readTest(call.value("filter"), readCondition), compare: readSort(call) };
}

function* find({ account, test, compare }: SubmissionQuery) {
  const { state, found } = yield* lookUp(account.accountId, null);
  return { state, ids: found.filter(test).sort(compare).map(({ id }) => id) };
}

const LISTS: Readonly<Record<string, "identityId" | "emailId" | "threadId">> = {
  identityIds: "identityId",
  emailIds: "emailId",
  threadIds: "threadId",
};

function readCondition(name: string, value: Json): Test<FoundSubmission> {
  const property = Object.hasOwn(LISTS, name) ? LISTS[name]! : null;
  if (property !== null) {
    if (!Array.isArray(value) || !value.every((id) => typeof id === "string")) throw wrongCondition(name);
    const ids: ReadonlySet<Json> = new Set(value as readonly string[]);
    return (one) => ids.has(one[property]);
  }
  if (name === "undoStatus") {
    if (typeof value !== "string") throw wrongCondition(name);
    return ({ status }) => status.undoStatus === value;
  }
  if (name !== "before" && name !== "after") throw noCondition(name);
  const time = typeof value === "string" ? parseUtcDate(value) : null;
  if (time === null) throw wrongCondition(name);
  return ({ sendAt }) => name === "before" ? sendAt < time : sendAt >= time;
}

function readSort(call: Call): SubmissionQuery["compare"] {
  const comparators = readComparators(call, ["emailId", "threadId", "sentAt", "sendAt"]);
  return comparing<FoundSubmission>(comparators, (a, b, { property }) => {
    // Section 7.3 calls it sentAt; the property is sendAt.
    const key = (one: FoundSubmission) =>
      property === "emailId" || property === "threadId" ? one[property] : one.sendAt;
    const [left, right] = [key(a), key(b)];
    return left === right ? 0 : left < right ? -1 : 1;
  }, (a, b) => b.sendAt - a.sendAt || (a.id.length - b.id.length || (a.id < b.id ? -1 : 1)));
}
