/** What a method is. */
import type { Program } from "../contract/mod.ts";
import type { Call } from "./call.ts";
import type { JsonObject } from "./json.ts";

/** Reads its arguments, asks the world, answers the arguments of its response. Throws `MethodError`. */
export type Method = (call: Call) => Program<JsonObject>;
