import { ask, type MailboxObject, type Modseq, type Program } from "../../contract/mod.ts";
import { collationKey, compareKeys, fold } from "../../message/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { readWindow, windowResponse } from "../standard/query.ts";
import { parseState, printState } from "../state.ts";

type Test = (mailbox: MailboxObject) => boolean;
type Compare = (a: MailboxObject, b: MailboxObject) => number;

interface MailboxQuery {
  readonly account: ReturnType<Call["account"]>;
  readonly test: Test;
  readonly compare: Compare;
  readonly sortAsTree: boolean;
  readonly filterAsTree: boolean;
}

const DEPTH = 20;

/** Mailbox/query (RFC 8621 section 2.3). */
export function* mailboxQuery(call: Call): Program<JsonObject> {
  const query = readQuery(call);
  const window = readWindow(call);
  call.done();
  const { state, ids } = yield* find(call, query);
  return {
    accountId: query.account.accountId,
    queryState: printState(state),
    canCalculateChanges: true,
    ...windowResponse(window, ids),
  };
}

/** Mailbox/queryChanges (RFC 8621 section 2.4). Mailboxes are few: where any changed, all have a new place. */
export function* mailboxQueryChanges(call: Call): Program<JsonObject> {
  const query = readQuery(call);
  const sinceQueryState = call.string("sinceQueryState");
  const maxChanges = call.unsigned("maxChanges");
  call.optionalString("upToId");
  const calculateTotal = call.boolean("calculateTotal", false);
  call.done();
  const since = parseState(sinceQueryState);
  const news = yield* ask("mailbox.objectChanges", { ...call.whose(query.account), since });
  if ("refused" in news) throw new MethodError("cannotCalculateChanges");
  const { state, ids } = yield* find(call, query);
  // Counts are no part of any filter or order.
  const isSame = news.created.length + news.updated.length + news.destroyed.length === 0;
  const removed = isSame ? [] : [...new Set([...news.destroyed, ...ids])];
  const added = isSame ? [] : ids.map((id, index) => ({ id, index }));
  if (maxChanges !== null && removed.length + added.length > maxChanges) throw new MethodError("tooManyChanges");
  return {
    accountId: query.account.accountId,
    oldQueryState: sinceQueryState,
    newQueryState: printState(state),
    ...(calculateTotal && { total: ids.length }),
    removed,
    added,
  };
}

function readQuery(call: Call): MailboxQuery {
  return {
    account: call.account(),
    test: readFilter(call.value("filter") ?? null, DEPTH),
    compare: readSort(call),
    sortAsTree: call.boolean("sortAsTree", false),
    filterAsTree: call.boolean("filterAsTree", false),
  };
}

function* find(call: Call, query: MailboxQuery): Program<{ readonly state: Modseq; readonly ids: readonly string[] }> {
  const { state, mailboxes } = yield* ask("mailbox.objects", call.whose(query.account));
  const byId = new Map(mailboxes.map((mailbox) => [mailbox.mailboxId, mailbox]));
  const lineOf = (mailbox: MailboxObject): MailboxObject[] => {
    const line = [mailbox];
    for (let at = mailbox.parentId; at !== null;) {
      const parent = byId.get(at);
      if (!parent) break;
      line.unshift(parent);
      at = parent.parentId;
    }
    return line;
  };
  const found = mailboxes.filter((one) => query.filterAsTree ? lineOf(one).every(query.test) : query.test(one));
  const lines = query.sortAsTree ? new Map(found.map((one) => [one, lineOf(one)])) : null;
  found.sort((a, b) => lines ? compareLines(lines.get(a)!, lines.get(b)!, query.compare) : query.compare(a, b));
  return { state, ids: found.map(({ mailboxId }) => mailboxId) };
}

/** Section 2.3: the nearest ancestors that have the same parent are compared. */
function compareLines(a: readonly MailboxObject[], b: readonly MailboxObject[], compare: Compare): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return compare(a[i]!, b[i]!);
  }
  return a.length - b.length;
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
    if (operator === "AND") return (mailbox) => tests.every((test) => test(mailbox));
    if (operator === "OR") return (mailbox) => tests.some((test) => test(mailbox));
    return (mailbox) => !tests.some((test) => test(mailbox));
  }
  const tests = Object.entries(filter).map(([name, value]) => readCondition(name, value));
  return (mailbox) => tests.every((test) => test(mailbox));
}

function readCondition(name: string, value: Json): Test {
  const wrong = () => new MethodError("invalidArguments", `${name.slice(0, 60)} is not as it must be`);
  switch (name) {
    case "parentId":
      if (value !== null && typeof value !== "string") throw wrong();
      return ({ parentId }) => parentId === value;
    case "name": {
      if (typeof value !== "string") throw wrong();
      const wanted = fold(value);
      return (mailbox) => fold(mailbox.name).includes(wanted);
    }
    case "role":
      if (value !== null && typeof value !== "string") throw wrong();
      return ({ role }) => role === value;
    case "hasAnyRole":
      if (typeof value !== "boolean") throw wrong();
      return ({ role }) => (role !== null) === value;
    case "isSubscribed":
      if (typeof value !== "boolean") throw wrong();
      return ({ subscribed }) => subscribed === value;
  }
  throw new MethodError("unsupportedFilter", `there is no condition ${JSON.stringify(name.slice(0, 60))}`);
}

function readSort(call: Call): Compare {
  const value = call.value("sort") ?? null;
  if (value === null) return bySortOrder;
  if (!Array.isArray(value)) throw call.wrong("sort", "a list or null");
  const compares = value.map((one): Compare => {
    if (!isObject(one as Json)) throw call.wrong("sort", "a list of comparators");
    const { property, isAscending = true } = one as JsonObject;
    if (property !== "sortOrder" && property !== "name") throw new MethodError("unsupportedSort");
    const sign = isAscending === false ? -1 : 1;
    return (a, b) => sign * (property === "name" ? byName(a, b) : a.sortOrder - b.sortOrder);
  });
  return (a, b) => {
    for (const compare of compares) {
      const way = compare(a, b);
      if (way !== 0) return way;
    }
    return byName(a, b);
  };
}

function bySortOrder(a: MailboxObject, b: MailboxObject): number {
  return a.sortOrder - b.sortOrder || byName(a, b);
}

function byName(a: MailboxObject, b: MailboxObject): number {
  return compareKeys(collationKey(a.name), collationKey(b.name)) || (a.path < b.path ? -1 : 1);
}
