/** All calls of a request, one after the other (RFC 8620 section 3.3). */
import { type LogEvent, OpFailed, type Program } from "../contract/mod.ts";
import type { JmapUser } from "./account.ts";
import { Call, type RequestContext } from "./call.ts";
import { MethodError } from "./error.ts";
import type { JsonObject } from "./json.ts";
import type { JmapLimits } from "./limits.ts";
import type { Method } from "./method.ts";
import { METHODS } from "./methods.ts";
import { resolveReferences } from "./references.ts";
import type { Invocation, JmapRequest } from "./request.ts";
import { Room } from "./room.ts";

/** Octets that the answers of one request may have, as far as its methods measure them. */
const ANSWERED = 100_000_000;

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
  const context: RequestContext = {
    user,
    credential,
    limits,
    using: new Set(request.using),
    createdIds,
    referred: new Room(limits.maxSizeRequest),
    answered: new Room(ANSWERED),
  };
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

type Response = readonly [name: string, args: JsonObject];

function* respond(
  context: RequestContext,
  name: string,
  args: JsonObject,
  responses: readonly Invocation[],
): Program<readonly Response[]> {
  let method: ReturnType<typeof methodFor>;
  let resolved: JsonObject;
  try {
    method = methodFor(context, name);
    resolved = resolveReferences(args, responses, context.referred);
  } catch (error) {
    return [["error", problemOf(error, false).toJson()]];
  }
  return yield* run(context, name, resolved, method);
}

function* run(
  context: RequestContext,
  name: string,
  args: JsonObject,
  { method, uri }: ReturnType<typeof methodFor>,
): Program<readonly Response[]> {
  const call = new Call(context, name, args, uri);
  const answered: Response[] = [];
  try {
    answered.push([name, yield* method(call)]);
  } catch (error) {
    if (!(error instanceof MethodError || error instanceof OpFailed)) yield bugged(name, error);
    return [["error", problemOf(error, call.hasChanged).toJson()]];
  }
  // RFC 8620 section 5.4: one that fails is an error of its own, behind the response.
  for (const [name, args] of call.next) answered.push(...yield* run(context, name, args, METHODS.get(name)!));
  return answered;
}

/** A method is there for those who say that they use its capability (RFC 8620 section 3.6.2: else it is unknown). */
function methodFor(context: RequestContext, name: string): { readonly uri: string; readonly method: Method } {
  const found = METHODS.get(name);
  if (!found || !context.using.has(found.uri)) throw new MethodError("unknownMethod");
  return found;
}

/** RFC 8620 section 3.6.2: an error says that nothing changed, but for one. */
function problemOf(error: unknown, hasChanged: boolean): MethodError {
  if (hasChanged) return new MethodError("serverPartialFail", "some of it is done; ask what is there now");
  if (error instanceof MethodError) return error;
  if (error instanceof OpFailed && error.reason !== "bug") {
    return new MethodError("serverUnavailable", "something that is needed is not there at the moment; try again");
  }
  return new MethodError("serverFail", "something is broken here; the log of the server says what");
}

/** A bug of a method is told as one of the world's is: in the response, and in the log. */
function bugged(method: string, error: unknown): LogEvent {
  return {
    type: "log",
    level: "warn",
    event: "jmap.failed",
    fields: { method, error: error instanceof Error ? error.stack ?? String(error) : String(error) },
  };
}
