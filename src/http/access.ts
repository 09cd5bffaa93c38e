/**
 * Who may use which route of the admin API. Each route says it in its definition as `x-access`, which stands in the
 * OpenAPI document too; one that says nothing is for the administrators of the server.
 *
 * - `server`: them alone.
 * - `domain`: those of a domain too, with things of their domains. All others look unknown to them.
 * - `account`: an account too, with what is its own.
 *
 * A thing is known by the path: `{address}`, or `{name}` of a domain. What a list shows or a body names, the route itself
 * has to look at.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { accountOf, type Actor, actorOf, administers, forbidden } from "./actor.ts";
import { address as addressSchema, domainName } from "./admin/words.ts";
import type { HttpDeps } from "./deps.ts";
import { ProblemError } from "./problem.ts";
import { covers, roleOf } from "./roles.ts";
import { Changes, type Shape } from "./changes.ts";

/** Who may use a route. */
export type Access = "server" | "domain" | "account";

/** What a domain's administrator may see of whoever may more than he. */
const HARMLESS = /^\/accounts\/\{address\}(\/role)?$/;

type Route = Parameters<OpenAPIHono["openapi"]>[0];

/** From now on routes of `app` are for those only whom they name; those that change something have `Changes` around. */
export function guardRoutes(app: OpenAPIHono, deps: HttpDeps): void {
  const plain = app.openapi;
  const changes = new Changes(app, deps);
  const guarded = (route: Route, handler: never, hook: never) => {
    const access = accessOf(route);
    const own = [route.middleware ?? []].flat() as MiddlewareHandler[];
    const definition = { ...route, "x-access": access, security: securityOf(access) };
    return plain(
      { ...definition, middleware: [guard(access, route, deps), changes.around(route as Shape), ...own] } as never,
      handler,
      hook,
    );
  };
  app.openapi = guarded as typeof plain;
}

/** What `x-access` of a route says. */
function accessOf(route: object): Access {
  return (route as { "x-access"?: Access })["x-access"] ?? "server";
}

/** OpenAPI 3.1, Security Requirement Object: roles that a login needs stand in its list. */
function securityOf(access: Access): Record<string, string[]>[] {
  const role = access === "account" ? [] : access === "domain" ? ["domain"] : ["server"];
  return [{ token: [] }, { password: role }, { accountToken: role }];
}

function guard(access: Access, route: Route, deps: HttpDeps): MiddlewareHandler {
  return async (context, next) => {
    const actor = actorOf(context);
    if (actor.kind !== "server") await check(access, actor, route, context, deps);
    await next();
  };
}

async function check(access: Access, actor: Actor, route: Route, context: Context, deps: HttpDeps): Promise<void> {
  if (access === "server") throw forbidden("This is for administrators of the server.");
  if (access === "domain" && actor.kind === "account") throw forbidden("This is for administrators.");
  const { address, name } = context.req.param() as { address?: string; name?: string };
  // What is no address and no domain is told so by the route.
  if (name !== undefined && route.path.startsWith("/domains/")) {
    const { data } = domainName.safeParse(name);
    if (data !== undefined && !administers(actor, data)) throw unknown(`There is no domain ${data} here.`);
  } else if (address !== undefined) {
    const { data } = addressSchema.safeParse(address);
    if (data !== undefined) await checkAddress(access, actor, data, route, deps);
  }
}

async function checkAddress(
  access: Access,
  actor: Actor,
  address: string,
  route: Route,
  deps: HttpDeps,
): Promise<void> {
  if (access === "account" && accountOf(actor)?.address === address) return;
  if (actor.kind !== "domain" || !administers(actor, domainOf(address))) {
    throw unknown(`There is no account ${address} here.`);
  }
  if (route.method === "get" && HARMLESS.test(route.path)) return;
  const account = await deps.perform("account.get", { address });
  if (account === null || account.accountId === actor.accountId) return;
  if (covers(actor.domains, await roleOf(deps, account.accountId))) return;
  throw forbidden(`${address} may administer more than you.`);
}

/** Whether a thing that is for some domains (none: for all) is for those alone that somebody administers. */
export function coversDomains(actor: Actor, domains: readonly string[]): boolean {
  return actor.kind === "server" || (domains.length > 0 && domains.every((one) => administers(actor, one)));
}

/** Refuses what would be for domains of others. */
export function mustCover(actor: Actor, domains: readonly string[]): void {
  if (!coversDomains(actor, domains)) throw forbidden("domains: should be some of those that you administer.");
}

/** The domain of an address that the API has read. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

/** The same words whether it is there or not. */
function unknown(detail: string): ProblemError {
  return new ProblemError({ status: 404, code: "notFound", detail });
}
