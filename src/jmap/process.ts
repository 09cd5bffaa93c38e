/** All calls of a request, one after the other (RFC 8620 section 3.3). */
import { OpFailed, type Program } from "../contract/mod.ts";
import type { JmapUser } from "./account.ts";
import { Call, type RequestContext } from "./call.ts";
import { MethodError } from "./error.ts";
import type { JsonObject } from "./json.ts";
import type { JmapLimits } from "./limits.ts";
import type { Method } from "./method.ts";
import { METHODS } from "./methods.ts";
import { resolveReferences } from "./references.ts";
import type { Invocation, JmapRequest } from "./request.ts";

/** What is answered. */
export interface JmapResponse {
  readonly methodResponses: readonly Invocation[];
  readonly createdIds?: Readonly<Record<string, string>>;
  readonly sessionState: string;
}

/** Answers a request; `credential` names what the user logged in with. Never throws but for bugs: what goes wrong in a call is its response. */
export function* processRequest(
  request: JmapRequest,
  user: JmapUser,
  limits: JmapLimits,
  sessionState: string,
  credential: string,
): Program<JmapResponse> {
  const createdIds = new Map(Object.entries(request.createdIds ?? {}));
  const context: RequestContext = { user, credential, limits, using: new Set(request.using), createdIds };
  const responses: Invocation[] = [];
  for (const [name, args, callId] of request.methodCalls) {
    for (const [answered, result] of yield* respond(context, name, args, responses)) {
      responses.push([answered, result, callId]);
    }
  }
  return {
    methodResponses: responses,
    ...(request.createdIds ? { createdIds: Object.fromEntries(createdIds) } : {}),
    sessionState,
  };
}

function* respond(
  context: RequestContext,
  name: string,
  args: JsonObject,
  responses: readonly Invocation[],
): Program<readonly (readonly [string, JsonObject])[]> {
  try {
    const method = methodFor(context, name);
    const call = new Call(context, name, resolveReferences(args, responses));
    const result = yield* method(call);
    return [[name, result], ...call.also];
  } catch (error) {
    return [["error", problemOf(error).toJson()]];
  }
}

/** A method is there for those who say that they use its capability (RFC 8620 section 3.6.2: else it is unknown). */
function methodFor(context: RequestContext, name: string): Method {
  const found = METHODS.get(name);
  if (!found || !context.using.has(found.uri)) throw new MethodError("unknownMethod");
  return found.method;
}

function problemOf(error: unknown): MethodError {
  if (error instanceof MethodError) return error;
  if (!(error instanceof OpFailed)) throw error;
  if (error.reason === "bug") {
    return new MethodError("serverFail", "something is broken here; the log of the server says what");
  }
  return new MethodError("serverUnavailable", "something that is needed is not there at the moment; try again");
}
