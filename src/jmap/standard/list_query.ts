/** Queries over lists that are short enough to be read whole (RFC 8620 sections 5.5 and 5.6): filters, orders, and what changed. */
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import { isObject, type Json, type JsonObject, member } from "../json.ts";
import { readWindow, windowResponse } from "./query.ts";

/** Conditions of a type by name: the test that a value makes, or null where the value is not as it must be. */
export type Conditions<T> = Readonly<Record<string, (value: Json) => ((one: T) => boolean) | null>>;
/** What a type can be sorted by. */
export type SortKeys<T> = Readonly<Record<string, (one: T) => string | number | boolean>>;

/** What is asked for, and in which order. */
export interface ListQuery<T> {
  readonly account: JmapAccount;
  readonly test: (one: T) => boolean;
  readonly compare: (a: T, b: T) => number;
}

const DEPTH = 20;
const COMPARATORS = 20;

/** Reads `accountId`, `filter` and `sort`. What is equal in all keys stays in the order of the list. */
export function readListQuery<T>(call: Call, conditions: Conditions<T>, keys: SortKeys<T>): ListQuery<T> {
  return {
    account: call.account(),
    test: readFilter(call.value("filter") ?? null, conditions, DEPTH),
    compare: readSort(call, keys),
  };
}

/** The ids of those that match, sorted. */
export function matching<T extends { readonly id: string }>(query: ListQuery<T>, all: readonly T[]): readonly string[] {
  return all.filter(query.test).sort(query.compare).map(({ id }) => id);
}

/** The response of a /query; reads the window, and is the last to read arguments. */
export function listQueryResponse(
  call: Call,
  { account }: { readonly account: JmapAccount },
  find: () => { readonly state: string; readonly ids: readonly string[]; readonly canCalculateChanges: boolean },
): JsonObject {
  const window = readWindow(call);
  call.done();
  const { state, ids, canCalculateChanges } = find();
  return { accountId: account.accountId, queryState: state, canCalculateChanges, ...windowResponse(window, ids) };
}

/** The arguments of a /queryChanges besides filter and sort. */
export interface ListChangesArguments {
  readonly sinceQueryState: string;
  readonly maxChanges: number | null;
  readonly calculateTotal: boolean;
}

export function readListChanges(call: Call): ListChangesArguments {
  const sinceQueryState = call.string("sinceQueryState");
  const maxChanges = call.unsigned("maxChanges");
  call.optionalString("upToId");
  const calculateTotal = call.boolean("calculateTotal", false);
  call.done();
  return { sinceQueryState, maxChanges, calculateTotal };
}

/** The response of a /queryChanges. The list is short: where anything changed, all that match have a new place. */
export function listChangesResponse(
  { account }: { readonly account: JmapAccount },
  args: ListChangesArguments,
  now: { readonly state: string; readonly ids: readonly string[] },
  changed: {
    readonly updated: readonly string[];
    readonly destroyed: readonly string[];
    readonly created: readonly string[];
  },
): JsonObject {
  const isSame = changed.created.length + changed.updated.length + changed.destroyed.length === 0;
  // RFC 8620 section 5.6: what may have been among the results and is not, or has another place.
  const removed = isSame ? [] : [...new Set([...changed.destroyed, ...changed.updated, ...now.ids])];
  const added = isSame ? [] : now.ids.map((id, index) => ({ id, index }));
  if (args.maxChanges !== null && removed.length + added.length > args.maxChanges) {
    throw new MethodError("tooManyChanges");
  }
  return {
    accountId: account.accountId,
    oldQueryState: args.sinceQueryState,
    newQueryState: now.state,
    ...(args.calculateTotal && { total: now.ids.length }),
    removed,
    added,
  };
}

function readFilter<T>(filter: Json, conditions: Conditions<T>, depth: number): (one: T) => boolean {
  if (filter === null) return () => true;
  if (!isObject(filter)) throw new MethodError("invalidArguments", "a filter must be an object");
  if (depth === 0) throw new MethodError("unsupportedFilter", "the filter is nested too deep");
  const operator = member(filter, "operator");
  if (operator !== undefined) {
    const inner = member(filter, "conditions");
    if (!Array.isArray(inner) || !["AND", "OR", "NOT"].includes(operator as string)) {
      throw new MethodError("invalidArguments", "operator is AND, OR or NOT, with a list of conditions");
    }
    const tests = inner.map((one) => readFilter(one as Json, conditions, depth - 1));
    if (operator === "AND") return (one) => tests.every((test) => test(one));
    if (operator === "OR") return (one) => tests.some((test) => test(one));
    return (one) => !tests.some((test) => test(one));
  }
  const tests = Object.entries(filter).map(([name, value]) => {
    if (!Object.hasOwn(conditions, name)) {
      throw new MethodError("unsupportedFilter", `there is no condition ${JSON.stringify(name.slice(0, 60))}`);
    }
    const test = conditions[name]!(value);
    if (!test) throw new MethodError("invalidArguments", `${JSON.stringify(name)} is not as it must be`);
    return test;
  });
  return (one) => tests.every((test) => test(one));
}

function readSort<T>(call: Call, keys: SortKeys<T>): (a: T, b: T) => number {
  const value = call.value("sort") ?? [];
  if (!Array.isArray(value) || !value.every(isObject)) throw call.wrong("sort", "a list of comparators or null");
  if (value.length > COMPARATORS) throw new MethodError("unsupportedSort", "these are too many");
  const compares = (value as readonly JsonObject[]).map((comparator) => {
    const property = member(comparator, "property");
    const isAscending = member(comparator, "isAscending") ?? true;
    if (typeof property !== "string" || typeof isAscending !== "boolean") {
      throw call.wrong("sort", "a list of comparators or null");
    }
    const collation = member(comparator, "collation") ?? null;
    if (!Object.hasOwn(keys, property) || collation !== null) throw new MethodError("unsupportedSort");
    const key = keys[property]!;
    const sign = isAscending ? 1 : -1;
    return (a: T, b: T) => {
      const [left, right] = [key(a), key(b)];
      return sign * (left < right ? -1 : left > right ? 1 : 0);
    };
  });
  return (a, b) => {
    for (const compare of compares) {
      const way = compare(a, b);
      if (way !== 0) return way;
    }
    return 0;
  };
}
