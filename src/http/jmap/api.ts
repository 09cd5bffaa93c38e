/** POST /jmap/api: requests of JMAP (RFC 8620 section 3). */
import type { Hono } from "hono";
import { utf8Strict } from "../../base/bytes.ts";
import { CAPABILITIES, parseIJson, parseRequest, problemUri, type RequestProblem } from "../../jmap/mod.ts";
import { ProblemError } from "../problem.ts";
import { readBounded } from "../request_body.ts";
import type { JmapDesk } from "./desk.ts";
import type { JmapVariables } from "./login.ts";
import { sessionState } from "./session.ts";

/** Requests that one account has under way. */
export class UnderWay {
  readonly #counts = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs it, or answers null where there are too many. */
  async run<R>(accountId: string, work: () => Promise<R>): Promise<R | null> {
    const count = this.#counts.get(accountId) ?? 0;
    if (count >= this.#limit) return null;
    this.#counts.set(accountId, count + 1);
    try {
      return await work();
    } finally {
      const left = this.#counts.get(accountId)! - 1;
      if (left > 0) this.#counts.set(accountId, left);
      else this.#counts.delete(accountId);
    }
  }
}

/** The route; `underWay` is shared with whatever else takes requests. */
export function api(app: Hono<{ Variables: JmapVariables }>, desk: JmapDesk, underWay: UnderWay): void {
  const { limits } = desk;
  app.post("/api", async (c) => {
    const user = c.get("user");
    const answer = await underWay.run(user.accountId, async () => {
      const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
      if (type !== "application/json") {
        return problem({ type: "notJSON", detail: "Content-Type is not application/json" });
      }
      const octets = await bounded(c.req.raw, limits.maxSizeRequest);
      if (octets === null) return tooMuch("maxSizeRequest", `at most ${limits.maxSizeRequest} octets in a request`);
      const text = utf8Strict(octets);
      const value = text === null ? undefined : parseIJson(text);
      if (value === undefined) return problem({ type: "notJSON", detail: "the request is not I-JSON (RFC 7493)" });
      const request = parseRequest(value, CAPABILITIES, limits);
      if ("type" in request) return problem(request);
      const [credential, address] = [c.get("credential"), c.get("address")];
      const state = sessionState(user, limits, await desk.applicationServerKey());
      return Response.json(await desk.process(request, { user, credential, sessionState: state, address }));
    });
    return answer ?? tooMuch("maxConcurrentRequests", `at most ${limits.maxConcurrentRequests} requests at once`);
  });
}

async function bounded(request: Request, limit: number): Promise<Uint8Array | null> {
  try {
    return await readBounded(request, limit);
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 413) return null;
    throw error;
  }
}

function tooMuch(limit: NonNullable<RequestProblem["limit"]>, detail: string): Response {
  return problem({ type: "limit", limit, detail });
}

/** RFC 8620 section 3.6.1. */
export function problem({ type, detail, limit }: RequestProblem): Response {
  const body = { type: problemUri(type), status: 400, detail, ...(limit && { limit }) };
  return new Response(JSON.stringify(body) + "\n", {
    status: 400,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}
