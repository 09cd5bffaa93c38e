import type { Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";

/** Core/echo (RFC 8620 section 4): what came, back. */
// deno-lint-ignore require-yield
export function* echo(call: Call): Program<JsonObject> {
  return call.args;
}
