/** A request as it came: what is wrong with it as a whole (RFC 8620 sections 3.3 and 3.6.1). */
import { isObject, type Json, type JsonObject, member, shortened } from "./json.ts";
import type { JmapLimits } from "./limits.ts";

/** A method call or a response: name, arguments, the client's id of the call. */
export type Invocation = readonly [name: string, args: JsonObject, callId: string];

/** A request whose shape is right; what is in its calls is each method's business. */
export interface JmapRequest {
  readonly using: readonly string[];
  readonly methodCalls: readonly Invocation[];
  /** Ids by creation ids that the client gives on from request to request; null: it does not want them back. */
  readonly createdIds: Readonly<Record<string, string>> | null;
}

/** A problem of the whole request, for an answer of RFC 7807. */
export interface RequestProblem {
  readonly type: "notJSON" | "notRequest" | "unknownCapability" | "limit";
  readonly detail: string;
  /** Which limit. */
  readonly limit?: keyof JmapLimits;
}

/** The URI of such a problem. */
export function problemUri(type: RequestProblem["type"]): string {
  return `urn:ietf:params:jmap:error:${type}`;
}

/** Checks the shape. `known`: capabilities that may be used. */
export function parseRequest(
  value: Json,
  known: ReadonlySet<string>,
  limits: JmapLimits,
): JmapRequest | RequestProblem {
  if (!isObject(value)) return notRequest("the request must be an object");
  const using = member(value, "using");
  if (!Array.isArray(using) || !using.every((one) => typeof one === "string")) {
    return notRequest('"using" must be a list of strings');
  }
  const unknown = (using as string[]).find((one) => !known.has(one));
  if (unknown !== undefined) {
    return {
      type: "unknownCapability",
      detail: `${JSON.stringify(shortened(unknown, 100))} is no capability of this server`,
    };
  }
  const methodCalls = member(value, "methodCalls");
  if (!Array.isArray(methodCalls) || !methodCalls.every(isInvocation)) {
    return notRequest('"methodCalls" must be a list of [name, arguments, id]');
  }
  if (methodCalls.length > limits.maxCallsInRequest) {
    const detail = `at most ${limits.maxCallsInRequest} method calls in a request`;
    return { type: "limit", limit: "maxCallsInRequest", detail };
  }
  const createdIds = member(value, "createdIds") ?? null;
  if (
    createdIds !== null && !(isObject(createdIds) && Object.values(createdIds).every((id) => typeof id === "string"))
  ) {
    return notRequest('"createdIds" must be an object of strings');
  }
  return {
    using: using as string[],
    methodCalls: methodCalls as unknown as Invocation[],
    createdIds: createdIds as Record<string, string> | null,
  };
}

function isInvocation(call: Json): boolean {
  return Array.isArray(call) && call.length === 3 && typeof call[0] === "string" && isObject(call[1]) &&
    typeof call[2] === "string";
}

function notRequest(detail: string): RequestProblem {
  return { type: "notRequest", detail };
}
