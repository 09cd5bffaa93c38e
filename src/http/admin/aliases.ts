import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Alias } from "../../contract/mod.ts";
import { type Actor, actorOf } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { unlessRefused } from "../problem.ts";
import { checkDomain } from "./accounts.ts";
import { address, answer, body, CONFLICT, domainName, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const schema = z.object({ address, targets: z.array(z.string()), createdAt: time }).openapi("Alias");
const tags = ["aliases"];

const list = createRoute({
  method: "get",
  path: "/aliases",
  "x-access": "domain",
  tags,
  summary: "All aliases, or those of one domain",
  request: { query: z.object({ domain: domainName.optional() }) },
  responses: { 200: answer(z.object({ aliases: z.array(schema) }), "by address"), ...PROBLEMS },
});

const targets = z.array(address, { error: "should be a list of addresses" }).min(1, "should name at least one address")
  .max(1000, "should name at most 1000 addresses");

const add = createRoute({
  method: "post",
  path: "/aliases",
  "x-access": "domain",
  tags,
  summary: "Add an address that leads to others, ours or outside",
  request: { body: body(z.strictObject({ address, targets })) },
  responses: { 201: answer(schema, "the alias"), ...PROBLEMS, ...CONFLICT },
});

const remove = createRoute({
  method: "delete",
  path: "/aliases/{address}",
  "x-access": "domain",
  tags,
  summary: "Remove an alias",
  request: { params: z.object({ address }) },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND },
});

/** `/aliases`. */
export function aliases(app: OpenAPIHono, deps: HttpDeps): void {
  const { perform } = deps;
  app.openapi(list, async (c) => {
    const { domain } = c.req.valid("query");
    const found = await seenBy(actorOf(c), domain, deps);
    return c.json({ aliases: found.map(print) }, 200);
  });
  app.openapi(add, async (c) => {
    const { address, targets } = c.req.valid("json");
    checkDomain(actorOf(c), address);
    const args = { address, targets: [...new Set(targets)], now: deps.now() };
    return c.json(print(unlessRefused(await perform("alias.add", args))), 201);
  });
  app.openapi(remove, async (c) => {
    unlessRefused(await perform("alias.remove", c.req.valid("param")));
    return c.body(null, 204);
  });
}

async function seenBy(actor: Actor, domain: string | undefined, { perform }: HttpDeps): Promise<readonly Alias[]> {
  if (actor.kind === "server") return await perform("alias.list", domain === undefined ? {} : { domain });
  if (actor.kind === "account") return [];
  const domains = actor.domains.filter((one) => domain === undefined || one === domain);
  return (await Promise.all(domains.map((one) => perform("alias.list", { domain: one })))).flat();
}

function print(alias: Alias): z.output<typeof schema> {
  return { address: alias.address, targets: [...alias.targets], createdAt: printTime(alias.createdAt) };
}
