import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { printState } from "../state.ts";
import { allIdentities, IDENTITY_PROPERTIES } from "./identities.ts";

/** Identity/get (RFC 8621 section 6.1). */
export function* identityGet(call: Call): Program<JsonObject> {
  const args = readGet(call, (property) => IDENTITY_PROPERTIES.has(property));
  call.done();
  const state = yield* ask("account.state", call.whose(args.account));
  const all = yield* allIdentities(call, args.account.name);
  const found = new Map(all.map((one) => [one.id, pick(one as unknown as JsonObject, args.properties)]));
  return getResponse(args, printState(state), found);
}
