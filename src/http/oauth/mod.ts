/**
 * OAuth 2.0 over HTTP, for clients: metadata, registration, tokens, devices, revocation. Pages of anybody's may ask here
 * (CORS), because no cookie is looked at; what people see is in `http/sign_in/`.
 */
import type { Context, Hono } from "hono";
import { cors } from "hono/cors";
import { RateTable } from "../../abuse/mod.ts";
import { utf8Strict } from "../../base/bytes.ts";
import {
  answerTokenRequest,
  authorizationServerMetadata,
  type OAuthError,
  protectedResourceMetadata,
  registerClient,
  revokeToken,
  startDevice,
} from "../../oauth/mod.ts";
import type { HttpClient } from "../client.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { readBounded } from "../request_body.ts";
import { onlyPrivate } from "../sign_in/only_private.ts";
import type { PeopleDesk } from "../sign_in/people_desk.ts";
import { readForm } from "./form.ts";
import { originOf } from "./origin.ts";

/** Octets of a registration. */
const METADATA = 16_384;
const [MINUTE, HOUR] = [60_000, 3_600_000];

/** The routes. */
export function oauthRoutes(
  app: Hono,
  people: PeopleDesk,
  deps: Pick<HttpDeps, "now" | "accountChanged" | "openRegistration">,
): void {
  const registration = deps.openRegistration !== false;
  const limits = {
    register: new Limit(20, 500, HOUR, deps.now),
    token: new Limit(600, 20_000, MINUTE, deps.now),
    device: new Limit(30, 1000, 10 * MINUTE, deps.now),
  };
  const open = cors({ origin: "*", allowMethods: ["GET", "POST"], allowHeaders: ["content-type"], maxAge: 86_400 });
  for (const path of ["token", "register", "revoke", "device_authorization"]) app.use(`/oauth/${path}`, open);

  const inTheClear = { error: "invalid_request", description: "this needs HTTPS" } as const;
  app.use("/oauth/*", onlyPrivate(() => answered(inTheClear)));

  app.get(
    "/.well-known/oauth-authorization-server",
    (c) => described(authorizationServerMetadata(originOf(c), registration)),
  );
  // RFC 9728 section 3.1: the path of the resource follows.
  for (const path of ["", "/jmap", "/jmap/*"]) {
    app.get(
      `/.well-known/oauth-protected-resource${path}`,
      (c) => described(protectedResourceMetadata(originOf(c))),
    );
  }

  app.post("/oauth/register", async (c) => {
    if (!registration) {
      return answered({ error: "access_denied", description: "the operator of this server adds clients by hand" });
    }
    if (limits.register.isReached(c)) return busy();
    const metadata = await readJson(c);
    const answer = metadata === undefined
      ? { error: "invalid_client_metadata", description: "the metadata is no JSON in UTF-8" } as const
      : await people.run(registerClient(metadata));
    return answered(answer, 201);
  });
  app.post("/oauth/token", async (c) => {
    if (limits.token.isReached(c)) return busy();
    if (c.req.header("authorization") !== undefined) return noSecrets();
    const answer = await people.run(answerTokenRequest(await readForm(c.req.raw)));
    if ("error" in answer && answer.ended !== undefined) {
      people.note("oauth.reused", { account: answer.ended, from: addressOf(c) });
      deps.accountChanged?.(answer.ended);
    }
    return answered(answer);
  });
  app.post("/oauth/device_authorization", async (c) => {
    if (limits.device.isReached(c)) return busy();
    if (c.req.header("authorization") !== undefined) return noSecrets();
    const page = `${originOf(c)}/device`;
    return answered(await people.run(startDevice(await readForm(c.req.raw), page, addressOf(c))));
  });
  app.post("/oauth/revoke", async (c) => {
    if (limits.token.isReached(c)) return busy();
    if (c.req.header("authorization") !== undefined) return noSecrets();
    const answer = await people.run(revokeToken(await readForm(c.req.raw)));
    if ("error" in answer) return answered(answer);
    if (answer.address !== null) deps.accountChanged?.(answer.address);
    return answered({});
  });
}

/** How often an address, and how often all of them, may do something within a time. */
class Limit {
  readonly #table: RateTable;
  readonly #all: RateTable;
  readonly #now: () => number;

  constructor(most: number, all: number, windowMs: number, now: () => number) {
    this.#table = new RateTable([{ most, windowMs }]);
    this.#all = new RateTable([{ most: all, windowMs }], 1);
    this.#now = now;
  }

  /** Counts it, unless it is too much. */
  isReached(c: Context): boolean {
    const [key, now] = [addressKey(addressOf(c)), this.#now()];
    if (this.#table.check(key, 1, now) || this.#all.check("", 1, now)) return true;
    this.#table.add(key, 1, now);
    this.#all.add("", 1, now);
    return false;
  }
}

/** A household: an IPv4 address, a /64 of IPv6. */
function addressKey(address: string): string {
  return address.includes(":") ? address.split(":").slice(0, 4).join(":") : address;
}

export function addressOf(c: Context): string {
  return (c.env as { client?: HttpClient } | undefined)?.client?.address ?? "";
}

function described(metadata: Readonly<Record<string, unknown>>): Response {
  return Response.json(metadata, { headers: { "cache-control": "max-age=3600", "access-control-allow-origin": "*" } });
}

/** RFC 6749 sections 5.1 and 5.2. */
function answered(answer: OAuthError | object, status = 200, headers: Record<string, string> = {}): Response {
  const about = { "cache-control": "no-store", "pragma": "no-cache", ...headers };
  if (!("error" in answer)) return Response.json(answer, { status, headers: about });
  const { error, description } = answer as OAuthError;
  const body = { error, error_description: description };
  return Response.json(body, { status: error === "invalid_client" ? 401 : 400, headers: about });
}

/** RFC 6749 section 5.2: a client that tried to log in by the header is told of the header. */
function noSecrets(): Response {
  const description = "clients have no secrets here: send client_id in the body and no header Authorization";
  return answered({ error: "invalid_client", description }, 401, { "www-authenticate": 'Basic realm="oauth"' });
}

function busy(): Response {
  const body = { error: "temporarily_unavailable", error_description: "too many requests; wait a while" };
  return Response.json(body, { status: 429, headers: { "retry-after": "60", "cache-control": "no-store" } });
}

/** Undefined: it is none. */
async function readJson(c: Context): Promise<unknown> {
  const type = (c.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new ProblemError({ status: 415, code: "mediaType", detail: "The body should be JSON." });
  }
  const text = utf8Strict(await readBounded(c.req.raw, METADATA));
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
