/** Arguments that stand in the response of a call before (RFC 8620 section 3.7). */
import { MethodError } from "./error.ts";
import { isObject, type Json, type JsonObject, member, octetsOf, pointed } from "./json.ts";
import type { Invocation } from "./request.ts";
import type { Room } from "./room.ts";

/** Items that a reference may give. */
const ITEMS = 100_000;

/** The arguments with what their references lead to. What all of a request give has to fit into `room`. */
export function resolveReferences(args: JsonObject, responses: readonly Invocation[], room: Room): JsonObject {
  if (!Object.keys(args).some((name) => name[0] === "#")) return args;
  const resolved: Record<string, Json> = Object.create(null);
  for (const [name, value] of Object.entries(args)) {
    if (name[0] !== "#") {
      resolved[name] = value;
      continue;
    }
    const plain = name.slice(1);
    if (Object.hasOwn(args, plain)) {
      throw new MethodError("invalidArguments", "an argument is there both by itself and as a reference");
    }
    const found = resolve(value, responses);
    // A response that is given twice to the next call, and that twice again, doubles with each: so they are measured.
    if (!room.take(octetsOf(found, room.left))) throw unresolved("references lead to more than a request may have");
    resolved[plain] = found;
  }
  return resolved;
}

function resolve(reference: Json, responses: readonly Invocation[]): Json {
  if (!isObject(reference)) throw unresolved("a reference must be an object");
  const [resultOf, name, path] = ["resultOf", "name", "path"].map((key) => member(reference, key));
  if (typeof resultOf !== "string" || typeof name !== "string" || typeof path !== "string") {
    throw unresolved("a reference has resultOf, name and path");
  }
  // "the first response with this id": the others are implicit.
  const response = responses.find(([, , callId]) => callId === resultOf);
  if (!response || response[0] !== name) throw unresolved("there is no such response before");
  const found = pointed(response[1], path, ITEMS);
  if (found === undefined) throw unresolved("the path leads nowhere");
  return found;
}

function unresolved(description: string): MethodError {
  return new MethodError("invalidResultReference", description);
}
