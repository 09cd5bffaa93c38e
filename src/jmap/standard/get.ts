/** What all /get methods share (RFC 8620 section 5.1). */
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import { type Json, type JsonObject, shortened } from "../json.ts";

/** Nobody has more. */
export const PROPERTIES = 500;

export interface GetArguments {
  readonly account: JmapAccount;
  /** Each once; null: all. */
  readonly ids: readonly string[] | null;
  /** `id` is among them. Null: all, or those that the type gives by itself. */
  readonly properties: readonly string[] | null;
}

/** Reads `accountId`, `ids` and `properties`; a property that is not `isKnown` is an error. */
export function readGet(call: Call, isKnown: (property: string) => boolean): GetArguments {
  const account = call.account();
  const ids = call.ids("ids");
  if (ids && ids.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const properties = call.strings("properties");
  if (properties && properties.length > PROPERTIES) throw new MethodError("requestTooLarge", "too many properties");
  const unknown = properties?.find((property) => !isKnown(property));
  if (unknown !== undefined) {
    throw new MethodError("invalidArguments", `${JSON.stringify(shortened(unknown, 100))} is no property`);
  }
  return {
    account,
    ids: ids && [...new Set(ids)],
    properties: properties && [...new Set(["id", ...properties])],
  };
}

/** The response: what was found in the order in which it was asked for, and what was not. */
export function getResponse(
  { account, ids }: GetArguments,
  state: string,
  found: ReadonlyMap<string, JsonObject>,
): JsonObject {
  const list = ids ? ids.flatMap((id) => found.get(id) ?? []) : [...found.values()];
  const notFound = ids ? ids.filter((id) => !found.has(id)) : [];
  return { accountId: account.accountId, state, list, notFound };
}

/** Those members that were asked for. */
export function pick(object: JsonObject, properties: readonly string[] | null): JsonObject {
  if (properties === null) return object;
  const picked: Record<string, Json> = {};
  for (const property of properties) {
    const value = object[property];
    if (value !== undefined) picked[property] = value;
  }
  return picked;
}
