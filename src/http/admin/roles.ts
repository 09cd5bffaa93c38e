import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { accountOf, actorOf } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { MOST_DOMAINS, type Role, roleOf, setRole } from "../roles.ts";
import { accountAt, address, answer, body, CONFLICT, domainName, NOT_FOUND, PROBLEMS } from "./words.ts";

const role = z.enum(["none", "domain", "server"], { error: 'should be "none", "domain" or "server"' });
const schema = z.object({
  role: role.openapi({ description: "what it may administer, besides itself" }),
  domains: z.array(z.string()).openapi({ description: "where the role is `domain`: which" }),
}).openapi("Role");
const me = z.object({
  by: z.string().openapi({ description: "how the audit log names you" }),
  address: z.string().nullable().openapi({ description: "the account that you are; null with the admin token" }),
  scopes: z.array(z.string()).nullable().openapi({ description: "of your token; null: everything" }),
}).extend(schema.shape).openapi("Me");
const params = z.object({ address });
const tags = ["roles"];

const whoAmI = createRoute({
  method: "get",
  path: "/me",
  tags,
  "x-access": "account",
  summary: "Who you are, and what you may administer",
  responses: { 200: answer(me, "you"), ...PROBLEMS },
});

const get = createRoute({
  method: "get",
  path: "/accounts/{address}/role",
  tags,
  "x-access": "account",
  summary: "What an account may administer",
  request: { params },
  responses: { 200: answer(schema, "its role"), ...PROBLEMS, ...NOT_FOUND },
});

const put = createRoute({
  method: "put",
  path: "/accounts/{address}/role",
  tags,
  summary: "Let an account administer the server, some domains, or nothing but itself",
  request: {
    params,
    body: body(
      z.strictObject({
        role,
        domains: z.array(domainName, { error: "should be a list of domains" }).max(MOST_DOMAINS).default([]),
      }).superRefine(({ role, domains }, context) => {
        if ((role === "domain") === domains.length > 0) return;
        const message = role === "domain" ? "should name at least one domain" : "are for the role domain only";
        context.addIssue({ code: "custom", path: ["domains"], message });
      }),
    ),
  },
  responses: { 200: answer(schema, "from now on"), ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
});

/** `/me` and `/accounts/{address}/role`. */
export function roles(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(whoAmI, (c) => {
    const actor = actorOf(c);
    const account = accountOf(actor);
    const role = actor.kind === "account" ? { role: "none" } as const : roleFor(actor);
    const by = actor.kind === "server" ? actor.by : actor.address;
    const scopes = account?.scopes ? [...account.scopes] : null;
    return c.json({ by, address: account?.address ?? null, scopes, ...print(role) }, 200);
  });
  app.openapi(get, async (c) => {
    const accountId = await accountAt(deps, c.req.valid("param").address);
    return c.json(print(await roleOf(deps, accountId)), 200);
  });
  app.openapi(put, async (c) => {
    const { address } = c.req.valid("param");
    const { role, domains } = c.req.valid("json");
    const accountId = await accountAt(deps, address);
    for (const name of domains) {
      if (await deps.perform("domain.get", { name }) !== null) continue;
      throw new ProblemError({ status: 409, code: "noDomain", detail: `There is no domain ${name} here.` });
    }
    const wanted: Role = role === "domain" ? { role, domains: [...new Set(domains)].sort() } : { role };
    if (!await setRole(deps, accountId, wanted)) await accountAt(deps, address);
    return c.json(print(wanted), 200);
  });
}

function roleFor(actor: { kind: "server" } | { kind: "domain"; domains: readonly string[] }): Role {
  return actor.kind === "server" ? { role: "server" } : { role: "domain", domains: actor.domains };
}

function print(role: Role): z.output<typeof schema> {
  return { role: role.role, domains: role.role === "domain" ? [...role.domains] : [] };
}
