import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Alias } from "../../contract/mod.ts";
import { actorOf } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError, unlessRefused } from "../problem.ts";
import { checkDomain } from "./accounts.ts";
import { nextOf, nextPage, pageFor, pageOf, pageQuery } from "./pages.ts";
import { address, answer, body, CONFLICT, domainName, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const schema = z.object({ address, targets: z.array(z.string()), createdAt: time }).openapi("Alias");
const tags = ["aliases"];

const list = createRoute({
  method: "get",
  path: "/aliases",
  "x-access": "domain",
  tags,
  summary: "All aliases, or those of one domain",
  request: { query: z.object({ domain: domainName.optional(), ...pageQuery }) },
  responses: { 200: answer(z.object({ aliases: z.array(schema), next: nextPage }), "by address"), ...PROBLEMS },
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

const params = z.object({ address });

const get = createRoute({
  method: "get",
  path: "/aliases/{address}",
  "x-access": "domain",
  tags,
  summary: "One alias",
  request: { params },
  responses: { 200: answer(schema, "the alias"), ...PROBLEMS, ...NOT_FOUND },
});

const put = createRoute({
  method: "put",
  path: "/aliases/{address}",
  "x-access": "domain",
  tags,
  summary: "Have an alias that leads there, and nowhere else",
  request: { params, body: body(z.strictObject({ targets })) },
  responses: { 200: answer(schema, "it was there"), 201: answer(schema, "it was added"), ...PROBLEMS, ...CONFLICT },
});

const member = {
  params: z.object({ address, target: address }),
};

const putTarget = createRoute({
  method: "put",
  path: "/aliases/{address}/targets/{target}",
  "x-access": "domain",
  tags,
  summary: "Have an alias (a group) lead to this address too",
  request: member,
  responses: { 200: answer(schema, "the alias"), ...PROBLEMS, ...NOT_FOUND },
});

const removeTarget = createRoute({
  method: "delete",
  path: "/aliases/{address}/targets/{target}",
  "x-access": "domain",
  tags,
  summary: "Have an alias lead to this address no more; one target has to stay",
  request: member,
  responses: { 200: answer(schema, "the alias"), ...PROBLEMS, ...NOT_FOUND },
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
    const { domain, ...rest } = c.req.valid("query");
    const page = pageOf(rest);
    const found = await pageFor(actorOf(c), domain, page, keyOf, (page, domain) => {
      return perform("alias.list", { ...page, ...(domain !== undefined && { domain }) });
    });
    return c.json({ aliases: found.map(print), next: nextOf(c, found, page, keyOf) }, 200);
  });
  app.openapi(add, async (c) => {
    const { address, targets } = c.req.valid("json");
    checkDomain(actorOf(c), address);
    const args = { address, targets: [...new Set(targets)], now: deps.now() };
    return c.json(print(unlessRefused(await perform("alias.add", args))), 201);
  });
  const find = async (address: string): Promise<Alias> => {
    const found = await perform("alias.get", { address });
    if (found !== null) return found;
    throw new ProblemError({ status: 404, code: "notFound", detail: `there is no alias ${address}` });
  };
  const changeTo = async (address: string, targets: readonly string[]) =>
    print(unlessRefused(await perform("alias.change", { address, targets })));
  app.openapi(get, async (c) => c.json(print(await find(c.req.valid("param").address)), 200));
  app.openapi(put, async (c) => {
    const { address } = c.req.valid("param");
    const { targets } = c.req.valid("json");
    const changed = await perform("alias.change", { address, targets });
    if (!("refused" in changed)) return c.json(print(changed), 200);
    if (changed.refused !== "notFound") unlessRefused(changed);
    return c.json(print(unlessRefused(await perform("alias.add", { address, targets, now: deps.now() }))), 201);
  });
  app.openapi(putTarget, async (c) => {
    const { address, target } = c.req.valid("param");
    const { targets } = await find(address);
    return c.json(await changeTo(address, [...targets, target]), 200);
  });
  app.openapi(removeTarget, async (c) => {
    const { address, target } = c.req.valid("param");
    const { targets } = await find(address);
    return c.json(await changeTo(address, targets.filter((one) => one !== target)), 200);
  });
  app.openapi(remove, async (c) => {
    unlessRefused(await perform("alias.remove", c.req.valid("param")));
    return c.body(null, 204);
  });
}

const keyOf = ({ address }: Alias): string => address;

function print(alias: Alias): z.output<typeof schema> {
  return { address: alias.address, targets: [...alias.targets], createdAt: printTime(alias.createdAt) };
}
