import type { Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { printState } from "../state.ts";
import { allQuotas } from "./quotas.ts";

const PROPERTIES = new Set([
  "id",
  "resourceType",
  "used",
  "hardLimit",
  "scope",
  "name",
  "types",
  "warnLimit",
  "softLimit",
  "description",
]);

/** Quota/get (RFC 9425 section 4.2). */
export function* quotaGet(call: Call): Program<JsonObject> {
  const args = readGet(call, (property) => PROPERTIES.has(property));
  call.done();
  const { state, quotas } = yield* allQuotas(call, args.account);
  const found = new Map(quotas.map((quota) => [quota.id, pick(quota, args.properties)]));
  return getResponse(args, printState(state), found);
}
