import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { SCOPES, type Token } from "../../contract/mod.ts";
import { accountOf, actorOf, forbidden } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { unlessRefused } from "../problem.ts";
import { address, answer, body, CONFLICT, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const scopes = z.array(z.enum(SCOPES)).openapi({ description: "what it may be used for; null: everything" });
const schema = z.object({
  tokenId: z.string(),
  name: z.string(),
  createdAt: time,
  expiresAt: time.nullable(),
  scopes: scopes.nullable(),
  lastUsedAt: time.nullable().openapi({ description: "to about an hour" }),
  lastUsedFrom: z.string().nullable(),
}).openapi("Token");
const tags = ["tokens"];

const list = createRoute({
  method: "get",
  path: "/accounts/{address}/tokens",
  "x-access": "account",
  tags,
  summary: "The tokens of an account, without their secrets",
  request: { params: z.object({ address }) },
  responses: {
    200: answer(z.object({ tokens: z.array(schema) }), "in the order they were made"),
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

const add = createRoute({
  method: "post",
  path: "/accounts/{address}/tokens",
  "x-access": "account",
  tags,
  summary: "Make a token: an app password, and a bearer token for OAUTHBEARER and XOAUTH2",
  request: {
    params: z.object({ address }),
    body: body(z.strictObject({
      name: z.string().min(1, "should say what the token is for").max(100, "should have at most 100 characters"),
      expiresAt: z.iso.datetime({ offset: true, error: 'should be a time, as "2027-01-31T00:00:00Z"' }).optional(),
      scopes: scopes.min(1, "should name at least one").optional(),
    })),
  },
  responses: {
    201: answer(schema.extend({ token: z.string() }), "the token with its secret, which is not shown again"),
    ...PROBLEMS,
    ...NOT_FOUND,
    ...CONFLICT,
  },
});

const remove = createRoute({
  method: "delete",
  path: "/accounts/{address}/tokens/{tokenId}",
  "x-access": "account",
  tags,
  summary: "Remove a token: whoever has it is not let in any more",
  request: { params: z.object({ address, tokenId: z.string() }) },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND },
});

/** `/accounts/{address}/tokens`. */
export function tokens(app: OpenAPIHono, deps: HttpDeps): void {
  const { perform } = deps;
  app.openapi(list, async (c) => {
    const found = unlessRefused(await perform("token.list", c.req.valid("param")));
    return c.json({ tokens: found.map(print) }, 200);
  });
  app.openapi(add, async (c) => {
    const { name, expiresAt, scopes } = c.req.valid("json");
    const own = accountOf(actorOf(c))?.scopes ?? null;
    if (own !== null && !(scopes?.every((one) => own.includes(one)) ?? false)) {
      throw forbidden(`Your own token is for ${own.join(", ")}: one that it makes can be for no more (scopes).`);
    }
    const { secret, hash } = deps.makeToken();
    const made = unlessRefused(
      await perform("token.add", {
        ...c.req.valid("param"),
        name,
        hash,
        scopes: scopes ?? null,
        expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt),
        now: deps.now(),
      }),
    );
    return c.json({ ...print(made), token: secret.reveal() }, 201);
  });
  app.openapi(remove, async (c) => {
    const { address } = c.req.valid("param");
    unlessRefused(await perform("token.remove", c.req.valid("param")));
    // Who is in by it may be in a session: all of them log in again.
    deps.accountChanged?.(address);
    return c.body(null, 204);
  });
}

function print(token: Token): z.output<typeof schema> {
  const { tokenId, name, createdAt, expiresAt, scopes, lastUsedAt, lastUsedFrom } = token;
  return {
    tokenId,
    name,
    createdAt: printTime(createdAt),
    expiresAt: expiresAt === null ? null : printTime(expiresAt),
    scopes: scopes && [...scopes],
    lastUsedAt: lastUsedAt === null ? null : printTime(lastUsedAt),
    lastUsedFrom,
  };
}
