/** Each request has an id: its answer, its problem, the log and the audit log name it. */
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { type Actor, addressOf, nameOf } from "./actor.ts";
import type { HttpDeps } from "./deps.ts";
import { traceRequest } from "./traced.ts";

/** An id that comes in is kept where it is one. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const LONGEST_PATH = 200;

/** The id of a request, behind `requests`. */
export function requestIdOf(context: Context): string | null {
  return (context.get("requestId") as string | undefined) ?? null;
}

/** Gives each request its id, and tells the log and the metrics how it went. */
export function requests({ log, requestDone }: Pick<HttpDeps, "log" | "requestDone">): MiddlewareHandler {
  return async (context, next) => {
    const given = context.req.header("x-request-id") ?? "";
    const id = ID.test(given) ? given : crypto.randomUUID();
    context.set("requestId", id);
    const began = performance.now();
    await next();
    if (isProblem(context.res)) context.res = await withInstance(context.res, id);
    context.res.headers.set("x-request-id", id);
    const seconds = (performance.now() - began) / 1000;
    const { method, path } = context.req;
    const { status } = context.res;
    const route = routeOf(context);
    traceRequest(method.slice(0, 20), route, id);
    requestDone?.({ method, route, status, seconds });
    const matters = status >= 500 ? "warn" : method === "GET" || method === "HEAD" ? "debug" : "info";
    const actor = context.get("actor") as Actor | undefined;
    log?.(matters, "http.request", {
      request: id,
      method: method.slice(0, 20),
      path: readable(path).slice(0, LONGEST_PATH),
      route,
      status,
      seconds: Math.round(seconds * 1000) / 1000,
      address: addressOf(context),
      by: actor ? nameOf(actor) : null,
    });
  };
}

/** Its template, as `/api/v1/accounts/:address`: so there are few of them. */
function routeOf(context: Context): string {
  const routes = matchedRoutes(context).filter(({ path }) => !path.endsWith("*"));
  return routes.at(-1)?.path ?? "none";
}

/** So that an address in it is found as it is written. */
function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function isProblem({ headers }: Response): boolean {
  return headers.get("content-type")?.startsWith("application/problem+json") ?? false;
}

/** RFC 9457 section 3.1.5: what names this one occurrence. */
async function withInstance(response: Response, id: string): Promise<Response> {
  const problem = await response.json() as Record<string, unknown>;
  const text = JSON.stringify({ ...problem, instance: `urn:palomar:request:${id}` }) + "\n";
  return new Response(text, { status: response.status, headers: response.headers });
}
