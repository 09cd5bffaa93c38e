import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { HttpDeps } from "../deps.ts";
import type { InboundSource } from "../inbound_desk.ts";
import { ProblemError, problemOf } from "../problem.ts";
import { answer, body, domainName, idText, NOT_FOUND, personName, printTime, PROBLEMS, time } from "./words.ts";

const tags = ["inbound"];
const params = z.object({ id: idText });

const settings = {
  name: personName.min(1),
  domains: z.array(domainName).max(1000).openapi({ description: "recipients are of these; none: of any domain here" }),
  believed: z.boolean().openapi({
    description: "what it tells of the client (address, HELO) is believed: SPF and block lists go by it",
  }),
  enabled: z.boolean(),
};
const created = z.strictObject({
  ...settings,
  domains: settings.domains.default([]),
  believed: settings.believed.default(false),
  enabled: settings.enabled.default(true),
});
const changed = z.strictObject(settings).partial();

const source = z.object({
  id: z.string(),
  name: z.string(),
  domains: z.array(z.string()),
  believed: z.boolean(),
  enabled: z.boolean(),
  createdAt: time,
  lastUsedAt: time.nullable(),
}).openapi("InboundSource");
const withToken = source.extend({
  token: z.string().openapi({ description: "shown only now" }),
}).openapi("InboundSourceWithToken");

const list = createRoute({
  method: "get",
  path: "/inbound-sources",
  tags,
  summary: "Who may bring mail by HTTP",
  responses: { 200: answer(z.object({ sources: z.array(source) }), "without their tokens"), ...PROBLEMS },
});
const add = createRoute({
  method: "post",
  path: "/inbound-sources",
  tags,
  summary: "Let somebody bring mail by HTTP",
  request: { body: body(created) },
  responses: { 201: answer(withToken, "made"), ...PROBLEMS },
});
const get = createRoute({
  method: "get",
  path: "/inbound-sources/{id}",
  tags,
  summary: "One who may bring mail",
  request: { params },
  responses: { 200: answer(source, "without its token"), ...PROBLEMS, ...NOT_FOUND },
});
const change = createRoute({
  method: "patch",
  path: "/inbound-sources/{id}",
  tags,
  summary: "Change what is given",
  request: { params, body: body(changed) },
  responses: { 200: answer(source, "as it is now"), ...PROBLEMS, ...NOT_FOUND },
});
const remove = createRoute({
  method: "delete",
  path: "/inbound-sources/{id}",
  tags,
  summary: "Take no more mail from a source",
  request: { params },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND },
});
const rotate = createRoute({
  method: "post",
  path: "/inbound-sources/{id}/token",
  tags,
  summary: "Make a new token; the old one is good for nothing",
  request: { params },
  responses: { 200: answer(withToken, "with the new one"), ...PROBLEMS, ...NOT_FOUND },
});

/** `/inbound-sources`. */
export function inboundSources(app: OpenAPIHono, { inbound: desk }: HttpDeps): void {
  app.openapi(list, async (c) => c.json({ sources: (await desk.list()).map(print) }, 200));
  app.openapi(add, async (c) => {
    const made = await desk.add(c.req.valid("json"));
    if ("refused" in made) throw new ProblemError(problemOf(made.refused, made.text));
    const location = `/api/v1/inbound-sources/${made.source.id}`;
    return c.json({ ...print(made.source), token: made.token }, 201, { location });
  });
  app.openapi(get, async (c) => c.json(print(there(await desk.get(c.req.valid("param").id))), 200));
  app.openapi(change, async (c) => {
    const given = Object.entries(c.req.valid("json")).filter(([, value]) => value !== undefined);
    return c.json(print(there(await desk.change(c.req.valid("param").id, Object.fromEntries(given)))), 200);
  });
  app.openapi(remove, async (c) => {
    there(await desk.remove(c.req.valid("param").id) || null);
    return c.body(null, 204);
  });
  app.openapi(rotate, async (c) => {
    const made = there(await desk.rotate(c.req.valid("param").id));
    return c.json({ ...print(made.source), token: made.token }, 200);
  });
}

function print({ createdAt, lastUsedAt, domains, ...rest }: InboundSource) {
  return {
    ...rest,
    domains: [...domains],
    createdAt: printTime(createdAt),
    lastUsedAt: lastUsedAt === null ? null : printTime(lastUsedAt),
  };
}

function there<T>(found: T | null): T {
  if (found !== null) return found;
  throw new ProblemError({ status: 404, code: "notFound", detail: "There is no such source." });
}
