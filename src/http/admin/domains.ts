import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Domain } from "../../contract/mod.ts";
import { domainOf } from "../access.ts";
import { actorOf, administers } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError, unlessRefused } from "../problem.ts";
import { forgetDomain } from "../roles.ts";
import { nextOf, nextPage, pageFor, pageOf, pageQuery } from "./pages.ts";
import { address, answer, body, CONFLICT, domainName, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const schema = z.object({
  name: domainName,
  catchAll: z.string().nullable().openapi({ description: "where mail for unknown names goes; null refuses it" }),
  createdAt: time,
}).openapi("Domain");

const params = z.object({ name: domainName });
const tags = ["domains"];

const list = createRoute({
  method: "get",
  path: "/domains",
  "x-access": "domain",
  tags,
  summary: "All domains",
  request: { query: z.object(pageQuery) },
  responses: { 200: answer(z.object({ domains: z.array(schema), next: nextPage }), "by name"), ...PROBLEMS },
});

const add = createRoute({
  method: "post",
  path: "/domains",
  tags,
  summary: "Add a domain, with DKIM keys that sign at once",
  request: { body: body(z.strictObject({ name: domainName })) },
  responses: { 201: answer(schema, "the domain"), ...PROBLEMS, ...CONFLICT },
});

const get = createRoute({
  method: "get",
  path: "/domains/{name}",
  "x-access": "domain",
  tags,
  summary: "One domain",
  request: { params },
  responses: { 200: answer(schema, "the domain"), ...PROBLEMS, ...NOT_FOUND },
});

const put = createRoute({
  method: "put",
  path: "/domains/{name}",
  tags,
  summary: "Have a domain as this says: added where it is not there",
  request: { params, body: body(z.strictObject({ catchAll: address.nullable().default(null) })) },
  responses: {
    200: answer(schema, "it was there"),
    201: answer(schema, "it was added"),
    ...PROBLEMS,
    ...NOT_FOUND,
    ...CONFLICT,
  },
});

const change = createRoute({
  method: "patch",
  path: "/domains/{name}",
  "x-access": "domain",
  tags,
  summary: "Set or unset the catch-all of a domain",
  request: { params, body: body(z.strictObject({ catchAll: address.nullable() })) },
  responses: { 200: answer(schema, "the domain"), ...PROBLEMS, ...NOT_FOUND },
});

const remove = createRoute({
  method: "delete",
  path: "/domains/{name}",
  tags,
  summary: "Remove a domain that has no accounts and aliases",
  request: { params },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
});

/** `/domains`. */
export function domains(app: OpenAPIHono, deps: HttpDeps): void {
  const { perform } = deps;
  app.openapi(list, async (c) => {
    const actor = actorOf(c);
    const page = pageOf(c.req.valid("query"));
    const found = await pageFor(actor, undefined, page, keyOf, async (page, name) => {
      if (name === undefined) return await perform("domain.list", page);
      const one = name > (page.after ?? "") ? await perform("domain.get", { name }) : null;
      return one === null ? [] : [one];
    });
    return c.json({ domains: found.map(print), next: nextOf(c, found, page, keyOf) }, 200);
  });
  app.openapi(add, async (c) => {
    const { name } = c.req.valid("json");
    const added = unlessRefused(await perform("domain.add", { name, now: deps.now() }));
    // The domain is there without keys too: its mail goes unsigned until `rotate`.
    await deps.dkim.begin(name).catch((error) => deps.report?.(error));
    return c.json(print(added), 201);
  });
  app.openapi(get, async (c) => {
    const { name } = c.req.valid("param");
    const found = await perform("domain.get", { name });
    if (found === null) {
      throw new ProblemError({ status: 404, code: "notFound", detail: `There is no domain ${name} here.` });
    }
    return c.json(print(found), 200);
  });
  app.openapi(put, async (c) => {
    const { name } = c.req.valid("param");
    const { catchAll } = c.req.valid("json");
    const added = await perform("domain.add", { name, now: deps.now() });
    const isNew = !("refused" in added);
    if (!isNew && added.refused !== "exists") unlessRefused(added);
    if (isNew) await deps.dkim.begin(name).catch((error) => deps.report?.(error));
    return c.json(print(unlessRefused(await perform("domain.change", { name, catchAll }))), isNew ? 201 : 200);
  });
  app.openapi(change, async (c) => {
    const args = { ...c.req.valid("param"), ...c.req.valid("json") };
    if (args.catchAll !== null && !administers(actorOf(c), domainOf(args.catchAll))) {
      // As the store says it of an address that is nobody's.
      throw new ProblemError({
        status: 404,
        code: "notFound",
        detail: `there is no account or alias ${args.catchAll}`,
      });
    }
    return c.json(print(unlessRefused(await perform("domain.change", args))), 200);
  });
  app.openapi(remove, async (c) => {
    const { name } = c.req.valid("param");
    unlessRefused(await perform("domain.remove", { name }));
    await deps.dkim.forget(name);
    await deps.reports.forget(name);
    await deps.serverScripts.forget(name);
    await deps.suppressions.forget(name);
    await forgetDomain(deps, name);
    return c.body(null, 204);
  });
}

const keyOf = ({ name }: Domain): string => name;

function print(domain: Domain): z.output<typeof schema> {
  return { name: domain.name, catchAll: domain.catchAll, createdAt: printTime(domain.createdAt) };
}
