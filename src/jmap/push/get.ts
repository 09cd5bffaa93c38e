import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { pick } from "../standard/get.ts";
import { printSubscription, readSubscription, SUBSCRIPTION_PROPERTIES } from "./subscription.ts";

/** PushSubscription/get (RFC 8620 section 7.2.1): of no account and without a state. */
export function* pushGet(call: Call): Program<JsonObject> {
  const ids = call.ids("ids");
  const properties = call.strings("properties");
  call.done();
  if (ids && ids.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  if (properties?.some((one) => one === "url" || one === "keys")) {
    throw new MethodError("forbidden", "url and keys are told to nobody");
  }
  const unknown = properties?.find((one) => !SUBSCRIPTION_PROPERTIES.has(one));
  if (unknown !== undefined) {
    throw new MethodError("invalidArguments", `${JSON.stringify(unknown.slice(0, 100))} is no property`);
  }
  const { user: { accountId }, credential } = call.context;
  const now = yield* ask("clock.now", {});
  const { objects } = yield* ask("object.list", { accountId, kind: "push", ids: null });
  const found = new Map<string, JsonObject>();
  for (const object of objects) {
    const one = readSubscription(object);
    if (one.credential !== credential || one.expires <= now) continue;
    const printed = printSubscription(object.objectId, one);
    found.set(object.objectId, pick(printed, properties && ["id", ...properties]));
  }
  const wanted = ids && [...new Set(ids)];
  return {
    list: wanted ? wanted.flatMap((id) => found.get(id) ?? []) : [...found.values()],
    notFound: wanted ? wanted.filter((id) => !found.has(id)) : [],
  };
}
