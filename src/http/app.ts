import { OpenAPIHono } from "@hono/zod-openapi";
import type { Hono } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { FRAMES_TYPE } from "../archive/frames.ts";
import { acl } from "./admin/acl.ts";
import { accounts } from "./admin/accounts.ts";
import { aliases } from "./admin/aliases.ts";
import { bans } from "./admin/bans.ts";
import { signIn } from "./admin/sign_in.ts";
import { tokens } from "./admin/tokens.ts";
import { dkim } from "./admin/dkim.ts";
import { dns } from "./admin/dns.ts";
import { domains } from "./admin/domains.ts";
import { messages } from "./admin/messages.ts";
import { mailboxes } from "./admin/mailboxes.ts";
import { messagesExport } from "./admin/messages_export.ts";
import { messagesImport } from "./admin/messages_import.ts";
import { accountsRevive } from "./admin/accounts_revive.ts";
import { messagesRestore } from "./admin/messages_restore.ts";
import { messagesDeliver } from "./admin/messages_deliver.ts";
import { messagesSend } from "./admin/messages_send.ts";
import { inbound } from "./admin/inbound.ts";
import { inboundSources } from "./admin/inbound_sources.ts";
import { messageRaw } from "./admin/message_raw.ts";
import { sending } from "./admin/send.ts";
import { suppressions } from "./admin/suppressions.ts";
import { webhooks } from "./admin/webhooks.ts";
import { delivering } from "./admin/delivery.ts";
import { queue } from "./admin/queue.ts";
import { filterRules } from "./admin/rules.ts";
import { sieve } from "./admin/sieve.ts";
import { serverScripts } from "./admin/server_scripts.ts";
import { sieveWork } from "./admin/sieve_work.ts";
import { removed } from "./admin/removed.ts";
import { store } from "./admin/store.ts";
import { reports } from "./admin/reports.ts";
import { guardRoutes } from "./access.ts";
import { addressOf, identify } from "./actor.ts";
import { audit } from "./admin/audit.ts";
import { configuration } from "./admin/configuration.ts";
import { logs } from "./admin/logs.ts";
import { sessions } from "./admin/sessions.ts";
import { statistics } from "./admin/statistics.ts";
import { requestIdOf, requests } from "./request_log.ts";
import { roles } from "./admin/roles.ts";
import type { HttpEnvironment } from "./client.ts";
import type { HttpApp, HttpDeps } from "./deps.ts";
import { jmapRoutes } from "./jmap/mod.ts";
import { oauthRoutes } from "./oauth/mod.ts";
import { peoplePages } from "./sign_in/mod.ts";
import { landing } from "./landing.ts";
import { failureProblem, ProblemError, problemResponse } from "./problem.ts";
import { jsonBody, type MessageBody } from "./request_body.ts";
import { stsPolicies } from "./sts_policies.ts";

const API = "/api/v1";
const BODY_LIMIT = 1024 * 1024;
/** Routes that read messages as they come, and the types of these. No form of a strange page can send one of them. */
const MESSAGE_BODIES = [
  { route: /^POST \/api\/v1\/(messages|deliveries)$/, types: ["message/rfc822"] },
  { route: /^POST \/api\/v1\/accounts\/[^/]+\/messages$/, types: ["message/rfc822", FRAMES_TYPE] },
  { route: /^POST \/api\/v1\/accounts\/[^/]+\/restore$/, types: ["message/rfc822"] },
];
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/**
 * The whole HTTP layer. Loading this module loads Hono and zod; import it where it is needed, not at the start.
 *
 * @example
 * ```ts ignore
 * const app = createHttpApp(deps);
 * const response = await app.fetch(new Request("http://localhost/health"));
 * ```
 */
export function createHttpApp(deps: HttpDeps): HttpApp {
  const app = new OpenAPIHono();
  app.onError((error, c) => {
    if (error instanceof ProblemError) return problemResponse(error.problem);
    // Hono's own: a body that a route needs is not there.
    if (error instanceof HTTPException) {
      return problemResponse({ status: error.status, code: "badRequest", detail: "The body is missing or not JSON." });
    }
    deps.report?.(error, requestIdOf(c));
    return problemResponse(failureProblem(error));
  });
  app.notFound((c) => missing(app, c.req.method, c.req.path));

  app.use(requests(deps));
  app.use(async (c, next) => {
    await next();
    c.res.headers.set("x-content-type-options", "nosniff");
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  });
  app.get("/", () => landing(deps));
  app.get("/health", () => {
    const health = deps.health();
    return Response.json(health, { status: health.status === "ok" ? 200 : 503 });
  });
  app.get("/ready", async () => {
    const found = await deps.ready?.() ?? { ready: deps.health().status === "ok", checks: {} };
    return Response.json(found, { status: found.ready ? 200 : 503 });
  });
  app.get("/metrics", async (c) => {
    const token = /^bearer +(\S{1,512})$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? null;
    if (deps.maySeeMetrics?.(token, addressOf(c)) === false) {
      throw new ProblemError({
        status: 401,
        code: "unauthorized",
        detail: "The metrics are for whoever http.metrics names.",
        headers: { "www-authenticate": "Bearer" },
      });
    }
    return new Response(await deps.metrics(), {
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
    });
  });
  stsPolicies(app, deps);
  app.use("/.well-known/*", cors({ origin: "*", allowHeaders: ["authorization"], maxAge: 86_400 }));
  if (deps.people && deps.trusted !== true) {
    // Hono's types of paths end where an app is handed on.
    oauthRoutes(app as unknown as Hono, deps.people, deps);
    peoplePages(app as unknown as Hono, { people: deps.people, deps });
  }
  if (deps.jmap) {
    // RFC 8620 section 2.2: where everything begins.
    app.get("/.well-known/jmap", (c) => c.redirect("/jmap/session", 307));
    app.route("/jmap", jmapRoutes(deps.jmap, deps));
  }
  describe(app, deps);
  const door = new OpenAPIHono({ defaultHook });
  inbound(door, deps); // has tokens of its own
  app.route(API, door);
  app.use(`${API}/*`, identify(deps));
  app.use(`${API}/*`, jsonBody(deps.bodyLimit ?? BODY_LIMIT, [...MESSAGE_BODIES, sendBodies(deps)]));
  const admin = new OpenAPIHono({ defaultHook });
  guardRoutes(admin, deps);
  for (const resource of [domains, dkim, dns, reports, accounts, acl, mailboxes, tokens, aliases, queue, messages]) {
    resource(admin, deps);
  }
  messagesSend(admin, deps);
  for (const resource of [sending, suppressions, webhooks, messageRaw, inboundSources]) resource(admin, deps);
  messagesDeliver(admin, deps);
  messagesImport(admin, deps);
  messagesExport(admin, deps);
  messagesRestore(admin, deps);
  accountsRevive(admin, deps);
  for (const resource of [sieve, sieveWork, serverScripts, filterRules, delivering]) resource(admin, deps);
  roles(admin, deps);
  signIn(admin, deps);
  for (const resource of [audit, sessions, logs, statistics, configuration]) resource(admin, deps);
  bans(admin, deps);
  removed(admin, deps);
  store(admin, deps);
  app.route(API, admin);

  return {
    async fetch(request, peer) {
      try {
        const client = deps.seen?.(request, peer) ?? peer;
        const upgrade = peer?.upgrade && { upgrade: peer.upgrade };
        const environment: HttpEnvironment = { client: client && { ...client, ...upgrade }, upgraded: null };
        const response = await app.fetch(request, environment);
        return environment.upgraded === null ? response : environment.upgraded();
      } catch (error) {
        if (error instanceof ProblemError) return problemResponse(error.problem);
        deps.report?.(error);
        return problemResponse(failureProblem(error));
      }
    },
  };
}

/** A message of the largest size, in Base64, and what is said around it. */
function sendBodies({ messageSize = 50_000_000 }: HttpDeps): MessageBody {
  const json = Math.ceil(messageSize / 3) * 4 + BODY_LIMIT;
  return { route: /^POST \/api\/v1\/send$/, types: ["message/rfc822"], json };
}

/** What a value that does not fit its schema is answered with. */
function defaultHook(result: Validated): Response | undefined {
  if (result.success) return undefined;
  const around = result.target === "json" ? "body" : result.target;
  const errors = result.error.issues.map((issue) => ({
    path: issue.path.map(String).join(".") || around,
    reason: issue.message,
  }));
  const detail = errors.map(({ path, reason }) => `${path}: ${reason}`).slice(0, 5).join("; ");
  return problemResponse({ status: 422, code: "invalid", detail, errors: errors.slice(0, 100) });
}

type Validated = { readonly success: true } | {
  readonly success: false;
  readonly target: string;
  readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] };
};

/** The description of the API. It needs no token: it is the same for everyone, and tells nothing of this server. */
function describe(app: OpenAPIHono, deps: HttpDeps): void {
  const scheme = (name: string, scheme: "basic" | "bearer", description: string) =>
    app.openAPIRegistry.registerComponent("securitySchemes", name, { type: "http", scheme, description });
  scheme("token", "bearer", "the admin token: everything");
  scheme(
    "password",
    "basic",
    "an account with its password or an app password: what is its own, and what its role says",
  );
  scheme("accountToken", "bearer", "a token of an account, for everything or for `admin`");
  let document: unknown = null;
  app.get(`${API}/openapi.json`, (c) => {
    document ??= app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "Palomar administration", version: deps.version },
      security: [{ token: [] }],
    });
    return c.json(document as Record<string, unknown>);
  });
}

/** RFC 9110 section 15.5.6: a path that is there for other methods is 405 and names them. */
function missing(app: OpenAPIHono, method: string, path: string): Response {
  const allowed = METHODS.filter((one) =>
    one !== method && app.router.match(one, path)[0].some(([[, route]]) => !route.path.endsWith("*"))
  );
  if (allowed.length > 0) {
    const allow = allowed.flatMap((one) => one === "GET" ? ["GET", "HEAD"] : [one]).join(", ");
    return problemResponse({
      status: 405,
      code: "method",
      detail: `This path does not take ${method.slice(0, 20)}; it takes ${allow}.`,
      headers: { allow },
    });
  }
  return problemResponse({ status: 404, code: "notFound", detail: "There is nothing at this path." });
}
