import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { parseJmapDate } from "../date.ts";
import { MethodError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { readWindow, windowResponse } from "../standard/query.ts";
import { printState } from "../state.ts";
import { pendingRows, readSubmission, type Submission } from "./status.ts";

type Found = Submission & { readonly id: string; readonly undoStatus: string };
type Test = (one: Found) => boolean;

/** EmailSubmission/query (RFC 8621 section 7.3). */
export function* submissionQuery(call: Call): Program<JsonObject> {
  const account = call.account();
  const test = readFilter(call.value("filter") ?? null, 20);
  const compare = readSort(call);
  const window = readWindow(call);
  call.done();
  const { accountId } = call.context.user;
  const now = yield* ask("clock.now", {});
  const { state, objects } = yield* ask("object.list", { accountId, kind: "submission", ids: null });
  const all: Found[] = [];
  for (const object of account.isPersonal ? objects : []) {
    const submission = readSubmission(object);
    const pending = submission.isCanceled ? [] : yield* pendingRows(submission, now);
    const undoStatus = submission.isCanceled ? "canceled" : pending.length > 0 ? "pending" : "final";
    all.push({ ...submission, id: object.objectId, undoStatus });
  }
  const ids = all.filter(test).sort(compare).map(({ id }) => id);
  return {
    accountId: account.accountId,
    queryState: printState(state),
    // Whether one can be taken back changes with time alone.
    canCalculateChanges: false,
    ...windowResponse(window, ids),
  };
}

/** EmailSubmission/queryChanges (RFC 8621 section 7.4): never known. */
// deno-lint-ignore require-yield
export function* submissionQueryChanges(call: Call): Program<JsonObject> {
  call.account();
  throw new MethodError("cannotCalculateChanges");
}

function readFilter(filter: Json, depth: number): Test {
  if (filter === null) return () => true;
  if (!isObject(filter)) throw new MethodError("invalidArguments", "a filter must be an object");
  if (depth === 0) throw new MethodError("unsupportedFilter", "the filter is nested too deep");
  const { operator, conditions } = filter;
  if (operator !== undefined) {
    if (!Array.isArray(conditions) || !["AND", "OR", "NOT"].includes(operator as string)) {
      throw new MethodError("invalidArguments", "operator is AND, OR or NOT, with a list of conditions");
    }
    const tests = conditions.map((one) => readFilter(one as Json, depth - 1));
    if (operator === "AND") return (one) => tests.every((test) => test(one));
    if (operator === "OR") return (one) => tests.some((test) => test(one));
    return (one) => !tests.some((test) => test(one));
  }
  const tests = Object.entries(filter).map(([name, value]) => readCondition(name, value));
  return (one) => tests.every((test) => test(one));
}

const LISTS: Readonly<Record<string, "identityId" | "emailId" | "threadId">> = {
  identityIds: "identityId",
  emailIds: "emailId",
  threadIds: "threadId",
};

function readCondition(name: string, value: Json): Test {
  const wrong = () => new MethodError("invalidArguments", `${name.slice(0, 60)} is not as it must be`);
  const property = Object.hasOwn(LISTS, name) ? LISTS[name]! : null;
  if (property !== null) {
    if (!Array.isArray(value)) throw wrong();
    return (one) => value.includes(one[property]);
  }
  if (name === "undoStatus") return (one) => one.undoStatus === value;
  if (name === "before" || name === "after") {
    const time = typeof value === "string" ? parseJmapDate(value) : null;
    if (time === null) throw wrong();
    return (one) => name === "before" ? one.sendAt < time : one.sendAt >= time;
  }
  throw new MethodError("unsupportedFilter", `there is no condition ${JSON.stringify(name.slice(0, 60))}`);
}

function readSort(call: Call): (a: Found, b: Found) => number {
  const value = call.value("sort") ?? [];
  if (!Array.isArray(value)) throw call.wrong("sort", "a list or null");
  const compares = value.map((one) => {
    const { property, isAscending = true } = isObject(one as Json) ? one as JsonObject : { property: "" };
    if (property !== "emailId" && property !== "threadId" && property !== "sentAt" && property !== "sendAt") {
      throw new MethodError("unsupportedSort");
    }
    const sign = isAscending === false ? -1 : 1;
    const key = (found: Found) => property === "emailId" || property === "threadId" ? found[property] : found.sendAt;
    return (a: Found, b: Found) => sign * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
  });
  return (a, b) => {
    for (const compare of compares) {
      const way = compare(a, b);
      if (way !== 0) return way;
    }
    return b.sendAt - a.sendAt;
  };
}
