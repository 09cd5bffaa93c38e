import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import type { Suppression } from "../suppression_desk.ts";
import { address, answer, body, domainName, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const MOST = 1000;
const tags = ["send"];
const params = z.object({ name: domainName });
const one = params.extend({ address });

const suppression = z.object({
  address: z.string(),
  reason: z.enum(["bounced", "complained", "asked"]),
  detail: z.string().openapi({ description: "what was said, for a person" }),
  id: z.string().nullable().openapi({ description: "the message that brought it here" }),
  at: time,
}).openapi("Suppression");

const list = createRoute({
  method: "get",
  path: "/domains/{name}/suppressions",
  "x-access": "domain",
  tags,
  summary: "Addresses that messages of a domain by /send are not sent to, a page at a time",
  request: {
    params,
    query: z.object({
      after: address.optional().openapi({ description: "`next` of the page before" }),
      limit: z.coerce.number().int().min(1).max(MOST).default(100),
    }),
  },
  responses: {
    200: answer(
      z.object({ suppressions: z.array(suppression), next: z.string().nullable() }),
      "`next` is null at the end",
    ),
    ...PROBLEMS,
  },
});

const get = createRoute({
  method: "get",
  path: "/domains/{name}/suppressions/{address}",
  "x-access": "domain",
  tags,
  summary: "Whether and why an address is left alone",
  request: { params: one },
  responses: { 200: answer(suppression, "it is"), ...PROBLEMS, ...NOT_FOUND },
});

const add = createRoute({
  method: "put",
  path: "/domains/{name}/suppressions/{address}",
  "x-access": "domain",
  tags,
  summary: "Leave an address alone from now on",
  request: {
    params: one,
    body: body(z.strictObject({ detail: z.string().max(500).default("asked for by the administrator") })),
  },
  responses: { 200: answer(suppression, "as it is now; one that was there stays as it was"), ...PROBLEMS },
});

const remove = createRoute({
  method: "delete",
  path: "/domains/{name}/suppressions/{address}",
  "x-access": "domain",
  tags,
  summary: "Send to an address again",
  request: { params: one },
  responses: { 204: { description: "it is not on the list" }, ...PROBLEMS, ...NOT_FOUND },
});

/** `/domains/{name}/suppressions`. */
export function suppressions(app: OpenAPIHono, { suppressions: desk }: HttpDeps): void {
  app.openapi(list, async (c) => {
    const { after, limit } = c.req.valid("query");
    const found = await desk.list(c.req.valid("param").name, after ?? null, limit);
    const next = found.length === limit ? found.at(-1)!.address : null;
    return c.json({ suppressions: found.map(print), next }, 200);
  });
  app.openapi(get, async (c) => {
    const { name, address } = c.req.valid("param");
    const found = await desk.get(name, address);
    if (!found) throw notThere(address);
    return c.json(print(found), 200);
  });
  app.openapi(add, async (c) => {
    const { name: domain, address } = c.req.valid("param");
    const { detail } = c.req.valid("json");
    return c.json(print(await desk.add({ domain, address, reason: "asked", detail, id: null })), 200);
  });
  app.openapi(remove, async (c) => {
    const { name, address } = c.req.valid("param");
    if (!await desk.remove(name, address)) throw notThere(address);
    return c.body(null, 204);
  });
}

function print({ address, reason, detail, id, at }: Suppression) {
  return { address, reason, detail, id, at: printTime(at) };
}

function notThere(address: string): ProblemError {
  return new ProblemError({ status: 404, code: "notFound", detail: `${address} is not on the list.` });
}
