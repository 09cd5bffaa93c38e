import type { Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { printState } from "../state.ts";
import { allScripts, ownAccount, printScript } from "./scripts.ts";

const PROPERTIES = new Set(["id", "name", "blobId", "isActive"]);

/** SieveScript/get (RFC 9661 section 2.2). */
export function* sieveGet(call: Call): Program<JsonObject> {
  const args = readGet(call, (property) => PROPERTIES.has(property));
  call.done();
  ownAccount(args.account);
  const { state, scripts } = yield* allScripts(call);
  const found = new Map(scripts.map((script) => [script.objectId, pick(printScript(script), args.properties)]));
  return getResponse(args, printState(state), found);
}
