import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { coversDomains, mustCover } from "../access.ts";
import { actorOf } from "../actor.ts";
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
  "x-access": "domain",
  tags,
  summary: "Who may bring mail by HTTP",
  responses: { 200: answer(z.object({ sources: z.array(source) }), "without their tokens"), ...PROBLEMS },
});
const add = createRoute({
  method: "post",
  path: "/inbound-sources",
  "x-access": "domain",
  tags,
  summary: "Let somebody bring mail by HTTP",
  request: { body: body(created) },
  responses: { 201: answer(withToken, "made"), ...PROBLEMS },
});
const get = createRoute({
  method: "get",
  path: "/inbound-sources/{id}",
  "x-access": "domain",
  tags,
  summary: "One who may bring mail",
  request: { params },
  responses: { 200: answer(source, "without its token"), ...PROBLEMS, ...NOT_FOUND },
});
const change = createRoute({
  method: "patch",
  path: "/inbound-sources/{id}",
  "x-access": "domain",
  tags,
  summary: "Change what is given",
  request: { params, body: body(changed) },
  responses: { 200: answer(source, "as it is now"), ...PROBLEMS, ...NOT_FOUND },
});
const remove = createRoute({
  method: "delete",
  path: "/inbound-sources/{id}",
  "x-access": "domain",
  tags,
  summary: "Take no more mail from a source",
  request: { params },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND },
});
const rotate = createRoute({
  method: "post",
  path: "/inbound-sources/{id}/token",
  "x-access": "domain",
  tags,
  summary: "Make a new token; the old one is good for nothing",
  request: { params },
  responses: { 200: answer(withToken, "with the new one"), ...PROBLEMS, ...NOT_FOUND },
});

/** `/inbound-sources`. Administrators of domains have those that are for some of their domains alone. */
export function inboundSources(app: OpenAPIHono, { inbound: desk }: HttpDeps): void {
  const known = async (c: Context): Promise<string> => {
    const { id } = c.req.param() as { id: string };
    const source = await desk.get(id);
    return there(source && coversDomains(actorOf(c), source.domains) ? source : null).id;
  };
  app.openapi(list, async (c) => {
    const all = (await desk.list()).filter(({ domains }) => coversDomains(actorOf(c), domains));
    return c.json({ sources: all.map(print) }, 200);
  });
  app.openapi(add, async (c) => {
    mustCover(actorOf(c), c.req.valid("json").domains);
    const made = await desk.add(c.req.valid("json"));
    if ("refused" in made) throw new ProblemError(problemOf(made.refused, made.text));
    const location = `/api/v1/inbound-sources/${made.source.id}`;
    return c.json({ ...print(made.source), token: made.token }, 201, { location });
  });
  app.openapi(get, async (c) => c.json(print(there(await desk.get(await known(c)))), 200));
  app.openapi(change, async (c) => {
    const given = Object.entries(c.req.valid("json")).filter(([, value]) => value !== undefined);
    const id = await known(c);
    const { domains } = c.req.valid("json");
    if (domains) mustCover(actorOf(c), domains);
    return c.json(print(there(await desk.change(id, Object.fromEntries(given)))), 200);
  });
  app.openapi(remove, async (c) => {
    there(await desk.remove(await known(c)) || null);
    return c.body(null, 204);
  });
  app.openapi(rotate, async (c) => {
    const made = there(await desk.rotate(await known(c)));
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
