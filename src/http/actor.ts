/**
 * Who asks the admin API: the admin token or the control socket, or an account by its own login, with what its role lets
 * it administer.
 */
import type { Context, MiddlewareHandler } from "hono";
import { utf8Bytes } from "../base/bytes.ts";
import { digest, equalSecretBytes } from "../base/hash.ts";
import type { AccountId, Login, Scope } from "../contract/mod.ts";
import type { HttpClient } from "./client.ts";
import type { HttpDeps } from "./deps.ts";
import { shownIn } from "./shown.ts";
import { ProblemError } from "./problem.ts";
import { roleOf } from "./roles.ts";

interface OfAccount {
  readonly accountId: AccountId;
  readonly address: string;
  /** What the token that was shown is for; null: everything. */
  readonly scopes: readonly Scope[] | null;
}

/** Somebody who may do something here. */
export type Actor =
  | { readonly kind: "server"; readonly account: OfAccount | null; readonly by: string }
  | (OfAccount & { readonly kind: "domain"; readonly domains: readonly string[] })
  | (OfAccount & { readonly kind: "account" });

/** Variables of a request behind `identify`. */
export type ActorVariables = { actor: Actor };

/** Whoever reaches the control socket, or runs the command line on the store itself. */
const OPERATOR: Actor = { kind: "server", account: null, by: "the command line" };
const BEARER_OF_SERVER: Actor = { kind: "server", account: null, by: "the admin token" };
const LONGEST = 4096;

/** Who asks, behind `identify`; in a request that the API makes of itself, for whom. */
export function actorOf(context: Context): Actor {
  return (context.get("actor") ?? (context.env as { actor?: Actor } | undefined)?.actor) as Actor;
}

/** The account that somebody asks as, or null: none. */
export function accountOf(actor: Actor): OfAccount | null {
  return actor.kind === "server" ? actor.account : actor;
}

/** How the log and the journal name somebody. */
export function nameOf(actor: Actor): string {
  return actor.kind === "server" ? actor.by : actor.address;
}

/** Where somebody is; empty: on this machine, or it is not known. */
export function addressOf(context: Context): string {
  return clientOf(context)?.address ?? "";
}

/** Whether somebody may do anything with all of a domain. */
export function administers(actor: Actor, domain: string): boolean {
  return actor.kind === "server" || (actor.kind === "domain" && actor.domains.includes(domain));
}

/** Lets in whoever is known, and puts them into `actor`. What they may do is decided by each route. */
export function identify(deps: HttpDeps): MiddlewareHandler<{ Variables: ActorVariables }> {
  const wanted = digest("sha256", utf8Bytes(deps.adminToken.reveal()));
  return async (context, next) => {
    context.set("actor", deps.trusted === true ? OPERATOR : await find(deps, context, wanted));
    await next();
  };
}

async function find(deps: HttpDeps, context: Context, wanted: Uint8Array): Promise<Actor> {
  refuseOtherOrigins(context);
  const header = context.req.header("authorization") ?? "";
  // Hashes are compared, so time tells neither text nor length.
  const shown = /^bearer +/i.test(header.slice(0, 64)) ? header.slice(header.indexOf(" ")).trim() : null;
  const address = clientOf(context)?.address;
  if (shown !== null && shown.length <= LONGEST && equalSecretBytes(digest("sha256", utf8Bytes(shown)), wanted)) {
    if (address !== undefined) deps.adminSeen?.(address);
    return BEARER_OF_SERVER;
  }
  const login = await logIn(deps, context, header);
  const account = await deps.perform("account.get", { address: login.login });
  if (account === null || account.disabled || account.accountId !== login.accountId) throw unauthorized(deps, true);
  const known = { accountId: login.accountId, address: account.address, scopes: login.scopes };
  const role = await roleOf(deps, login.accountId);
  if (role.role === "server") return { kind: "server", account: known, by: account.address };
  return role.role === "domain" ? { kind: "domain", domains: role.domains, ...known } : { kind: "account", ...known };
}

/** As at every door: with its delays, and by a token only where that is for `admin`, or for sending. */
async function logIn(deps: HttpDeps, context: Context, header: string): Promise<Login> {
  const shown = deps.logIn ? shownIn(header) : null;
  if (shown === null) throw unauthorized(deps, /^bearer +./i.test(header.slice(0, 64)));
  if (!isPrivate(context)) {
    throw new ProblemError({
      status: 403,
      code: "insecure",
      detail: "Accounts log in over HTTPS only. A proxy that speaks it says so by X-Forwarded-Proto (http.proxies).",
    });
  }
  // Whoever sends passes the door of those who send.
  const door = /^\/api\/v1\/send(\/|$)/.test(context.req.path) ? "submission" : "admin";
  const answer = await deps.logIn!(shown, addressOf(context), door);
  if (!("refused" in answer)) return answer;
  if (answer.refused === "tooMany") throw tooMany();
  if (answer.refused === "disabled") {
    throw new ProblemError({ status: 403, code: "disabled", detail: "This account is disabled." });
  }
  throw unauthorized(deps, true);
}

/** Somebody guesses. */
export function tooMany(): ProblemError {
  return new ProblemError({
    status: 429,
    code: "tooMany",
    detail: "There were too many failed logins; wait a while.",
    headers: { "retry-after": "60" },
  });
}

/** What somebody may not do, though it is no secret that it can be done. */
export function forbidden(detail: string): ProblemError {
  return new ProblemError({ status: 403, code: "forbidden", detail });
}

/** A browser that keeps a password gives it to whatever page asks: pages of others may ask for nothing. */
function refuseOtherOrigins(context: Context): void {
  const origin = context.req.header("origin");
  const site = context.req.header("sec-fetch-site");
  const own = clientOf(context)?.origin ?? new URL(context.req.url).origin;
  const other = (origin !== undefined && origin !== own) || site === "cross-site" || site === "same-site";
  if (!other || context.req.method === "GET" || context.req.method === "HEAD") return;
  throw forbidden("Pages of other origins change nothing here.");
}

function isPrivate(context: Context): boolean {
  const client = clientOf(context);
  if (client === undefined || client.address === "" || client.origin?.startsWith("https:")) return true;
  if (client.origin === undefined && context.req.url.startsWith("https:")) return true;
  return client.address === "::1" || client.address.startsWith("127.");
}

function clientOf(context: Context): HttpClient | undefined {
  return (context.env as { client?: HttpClient } | undefined)?.client;
}

function unauthorized(deps: HttpDeps, wrong: boolean): ProblemError {
  const basic = deps.logIn ? 'Basic realm="Palomar", charset="UTF-8", ' : "";
  return new ProblemError({
    status: 401,
    code: "unauthorized",
    detail: wrong
      ? deps.logIn ? "This is neither the admin token nor a login of an account." : "This is not the admin token."
      : "This needs the header Authorization: Bearer with the admin token" +
        (deps.logIn ? ", or the login of an account." : "."),
    // RFC 6750 section 3: an error code only where something was shown.
    headers: { "www-authenticate": `${basic}Bearer${wrong ? ' error="invalid_token"' : ""}` },
  });
}
