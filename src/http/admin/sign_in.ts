import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { factorState, removeTotp } from "../../factors/mod.ts";
import {
  forgetClient,
  type Grant,
  listClients,
  listGrants,
  type OAuthError,
  registerClient,
  removeGrant,
  removeGrants,
} from "../../oauth/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { listPasskeys, removePasskey } from "../sign_in/passkey_store.ts";
import type { PeopleDesk } from "../sign_in/people_desk.ts";
import { endSessions } from "../sign_in/sessions.ts";
import { accountAt, address, answer, body, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const tags = ["sign-in"];
const account = z.object({ address });
const PAGE = 1000;

const state = z.object({
  totp: z.boolean().openapi({ description: "signing in needs a code of an app" }),
  recoveryCodes: z.int().openapi({ description: "how many are left" }),
  passwordAtDoors: z.boolean().openapi({ description: "mail programs may use the account's password" }),
  passkeys: z.array(z.object({ name: z.string(), createdAt: time, usedAt: time.nullable() })),
  browsers: z.int().openapi({ description: "sessions of browsers" }),
}).openapi("SignIn");

const grant = z.object({
  grantId: z.string(),
  clientId: z.string(),
  name: z.string().openapi({ description: "what the program calls itself" }),
  place: z.string().nullable().openapi({ description: "where its answers went; null: it is a device" }),
  scope: z.array(z.string()),
  createdAt: time,
  usedAt: time,
}).openapi("OAuthGrant");

const client = z.object({
  clientId: z.string(),
  name: z.string(),
  redirectUris: z.array(z.string()),
  grantTypes: z.array(z.string()),
  createdAt: time,
  kept: z.boolean().openapi({ description: "the operator has added it: it does not go by itself" }),
}).openapi("OAuthClient");

const show = createRoute({
  "x-access": "account",
  method: "get",
  path: "/accounts/{address}/sign-in",
  tags,
  summary: "How somebody signs in to the pages for people",
  request: { params: account },
  responses: { 200: answer(state, "without secrets"), ...PROBLEMS, ...NOT_FOUND },
});

const change = createRoute({
  method: "post",
  path: "/accounts/{address}/sign-in",
  tags,
  summary: "Help somebody who has lost a device, or shut out whoever has found it",
  request: {
    params: account,
    body: body(z.strictObject({
      removeTotp: z.boolean().default(false).openapi({ description: "the password alone opens the account again" }),
      removePasskeys: z.boolean().default(false),
      signOut: z.boolean().default(false).openapi({ description: "browsers and mail programs log in again" }),
    })),
  },
  responses: {
    200: answer(
      z.object({ totp: z.boolean(), passkeys: z.int(), browsers: z.int() }),
      "what was removed, and how many",
    ),
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

const grants = createRoute({
  "x-access": "account",
  method: "get",
  path: "/accounts/{address}/grants",
  tags,
  summary: "Programs that somebody has let in by OAuth",
  request: { params: account },
  responses: { 200: answer(z.object({ grants: z.array(grant) }), "all of them"), ...PROBLEMS, ...NOT_FOUND },
});

const disconnectAll = createRoute({
  "x-access": "account",
  method: "delete",
  path: "/accounts/{address}/grants",
  tags,
  summary: "Disconnect all programs of an account; each has to ask its owner again",
  request: { params: account },
  responses: { 200: answer(z.object({ removed: z.int() }), "how many"), ...PROBLEMS, ...NOT_FOUND },
});

const disconnect = createRoute({
  "x-access": "account",
  method: "delete",
  path: "/accounts/{address}/grants/{grantId}",
  tags,
  summary: "Disconnect one program",
  request: { params: account.extend({ grantId: z.string().max(64) }) },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND },
});

const clients = createRoute({
  method: "get",
  path: "/oauth/clients",
  tags,
  summary: "Programs that have registered for OAuth, by id",
  request: { query: z.object({ after: z.string().max(64).default("") }) },
  responses: {
    200: answer(z.object({ clients: z.array(client) }), `at most ${PAGE}; go on with the last id as \`after\``),
    ...PROBLEMS,
  },
});

const add = createRoute({
  method: "post",
  path: "/oauth/clients",
  tags,
  summary: "Add a client that stays until it is removed",
  request: {
    body: body(z.strictObject({
      name: z.string().min(1, "should say which program it is").max(100, "should have at most 100 characters"),
      redirectUris: z.array(z.string().max(1000)).max(10).default([]),
      grantTypes: z.array(z.string().max(100)).max(10).optional().openapi({
        description: "as RFC 7591 has them; left out: all that fit",
      }),
    })),
  },
  responses: { 201: answer(z.object({ clientId: z.string() }), "by this it names itself"), ...PROBLEMS },
});

const forget = createRoute({
  method: "delete",
  path: "/oauth/clients/{clientId}",
  tags,
  summary: "Forget a client: it gets no new tokens, and what it has ends within an hour",
  request: { params: z.object({ clientId: z.string().max(64) }) },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND },
});

/** How people sign in, and what they have let in. Where there are no pages for people there is nothing of it. */
export function signIn(app: OpenAPIHono, deps: HttpDeps): void {
  if (deps.people) routes(app, deps, deps.people);
}

function routes(app: OpenAPIHono, deps: HttpDeps, people: PeopleDesk): void {
  const missing = (detail: string) => new ProblemError({ status: 404, code: "notFound", detail });

  app.openapi(show, async (c) => {
    const accountId = await accountAt(deps, c.req.valid("param").address);
    const { on, recoveryLeft, passwordAtDoors } = await people.run(factorState(accountId));
    const passkeys = await listPasskeys(deps, accountId);
    const now = deps.now();
    const browsers = await deps.perform("record.list", { kind: "web.session", now, accountId, limit: PAGE });
    return c.json({
      totp: on,
      recoveryCodes: recoveryLeft,
      passwordAtDoors,
      passkeys: passkeys.map(({ name, createdAt, usedAt }) => ({
        name,
        createdAt: printTime(createdAt),
        usedAt: usedAt === null ? null : printTime(usedAt),
      })),
      browsers: browsers.length,
    }, 200);
  });

  app.openapi(change, async (c) => {
    const { address } = c.req.valid("param");
    const wanted = c.req.valid("json");
    const accountId = await accountAt(deps, address);
    const done = { totp: false, passkeys: 0, browsers: 0 };
    if (wanted.removeTotp) done.totp = await people.run(removeTotp(accountId));
    if (wanted.removePasskeys) {
      for (const { id } of await listPasskeys(deps, accountId)) {
        if (await removePasskey(deps, accountId, id)) done.passkeys++;
      }
    }
    if (wanted.signOut) {
      done.browsers = await endSessions(deps, accountId, null);
      deps.accountChanged?.(address);
    }
    return c.json(done, 200);
  });

  app.openapi(grants, async (c) => {
    const accountId = await accountAt(deps, c.req.valid("param").address);
    return c.json({ grants: (await people.run(listGrants(accountId, null))).map(print) }, 200);
  });

  app.openapi(disconnectAll, async (c) => {
    const { address } = c.req.valid("param");
    const removed = await people.run(removeGrants(await accountAt(deps, address), null));
    if (removed > 0) deps.accountChanged?.(address);
    return c.json({ removed }, 200);
  });

  app.openapi(disconnect, async (c) => {
    const { address, grantId } = c.req.valid("param");
    const mine = await people.run(listGrants(await accountAt(deps, address), null));
    if (!mine.some((one) => one.grantId === grantId)) throw missing(`${address} has let in no program ${grantId}.`);
    await people.run(removeGrant(grantId));
    deps.accountChanged?.(address);
    return c.body(null, 204);
  });

  app.openapi(clients, async (c) => {
    const found = await people.run(listClients(c.req.valid("query").after, PAGE));
    return c.json({
      clients: found.map(({ clientId, name, redirectUris, grantTypes, createdAt, kept }) => ({
        kept,
        clientId,
        name,
        redirectUris: [...redirectUris],
        grantTypes: [...grantTypes],
        createdAt: printTime(createdAt),
      })),
    }, 200);
  });

  app.openapi(add, async (c) => {
    const { name, redirectUris, grantTypes } = c.req.valid("json");
    const fitting = [
      ...(redirectUris.length > 0 ? ["authorization_code"] : []),
      "urn:ietf:params:oauth:grant-type:device_code",
      "refresh_token",
    ];
    const metadata = { client_name: name, redirect_uris: redirectUris, grant_types: grantTypes ?? fitting };
    const made = await people.run(registerClient(metadata, true));
    if ("error" in made) {
      const { error, description } = made as OAuthError;
      throw new ProblemError({ status: 422, code: error, detail: `That is no client: ${description}.` });
    }
    return c.json({ clientId: made["client_id"] as string }, 201);
  });

  app.openapi(forget, async (c) => {
    const { clientId } = c.req.valid("param");
    if (!/^[\x21-\x7e]+$/.test(clientId) || !await people.run(forgetClient(clientId))) {
      throw missing(`There is no client ${clientId}.`);
    }
    return c.body(null, 204);
  });
}

function print({ grantId, clientId, clientName, place, scope, createdAt, usedAt }: Grant): z.output<typeof grant> {
  return {
    grantId,
    clientId,
    name: clientName,
    place,
    scope: [...scope],
    createdAt: printTime(createdAt),
    usedAt: printTime(usedAt),
  };
}
