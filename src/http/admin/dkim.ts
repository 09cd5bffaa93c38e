import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { DkimActivation, DkimKeyInfo, HttpDeps } from "../deps.ts";
import { ProblemError, unlessRefused } from "../problem.ts";
import { answer, body, CONFLICT, domainName, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const schema = z.object({
  selector: z.string(),
  algorithm: z.enum(["rsa", "ed25519"]),
  state: z.enum(["waiting", "active", "retired"]).openapi({
    description: "waiting for its record to be published, active signs, retired signed until a rotation",
  }),
  record: z.object({ name: z.string(), type: z.literal("TXT"), text: z.string() }),
  createdAt: time,
  changedAt: time,
}).openapi("DkimKey");
const keyList = z.object({ keys: z.array(schema) });

const activation = z.object({
  activated: z.array(z.string()).openapi({ description: "selectors that sign now; none: nothing has changed" }),
  lookups: z.array(z.object({
    selector: z.string(),
    status: z.enum(["ok", "missing", "different", "unknown"]),
    detail: z.string(),
  })),
  keys: z.array(schema),
}).openapi("DkimActivation");

const params = z.object({ name: domainName });
const tags = ["dkim"];

const list = createRoute({
  method: "get",
  path: "/domains/{name}/dkim",
  "x-access": "domain",
  tags,
  summary: "The DKIM keys of a domain, without their private halves",
  request: { params },
  responses: { 200: answer(keyList, "in the order they were made"), ...PROBLEMS, ...NOT_FOUND },
});

const rotate = createRoute({
  method: "post",
  path: "/domains/{name}/dkim",
  "x-access": "domain",
  tags,
  summary: "Make new DKIM keys, which wait until their records are published",
  request: { params },
  responses: { 201: answer(keyList, "all keys of the domain"), ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
});

const activate = createRoute({
  method: "post",
  path: "/domains/{name}/dkim/activate",
  "x-access": "domain",
  tags,
  summary: "Let the waiting keys sign if the DNS has their records; the old ones retire",
  request: { params, body: body(z.strictObject({ force: z.boolean().default(false) })) },
  responses: { 200: answer(activation, "what was found, and what signs now"), ...PROBLEMS, ...NOT_FOUND },
});

const remove = createRoute({
  method: "delete",
  path: "/domains/{name}/dkim/{selector}",
  "x-access": "domain",
  tags,
  summary: "Remove a DKIM key; one that signs only by force",
  request: {
    params: params.extend({ selector: z.string().max(63, "should be a selector") }),
    query: z.object({ force: z.enum(["true", "false"], { error: 'should be "true" or "false"' }).optional() }),
  },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
});

/** `/domains/{name}/dkim`. */
export function dkim(app: OpenAPIHono, { dkim, perform, hostname }: HttpDeps): void {
  app.openapi(list, async (c) => {
    const { name } = c.req.valid("param");
    const keys = await dkim.list(name);
    if (
      keys.length === 0 && name !== hostname && await perform("domain.get", { name }) === null
    ) {
      throw new ProblemError({ status: 404, code: "notFound", detail: `There is no domain ${name} here.` });
    }
    return c.json({ keys: keys.map(print) }, 200);
  });
  app.openapi(rotate, async (c) => {
    const keys = unlessRefused(await dkim.rotate(c.req.valid("param").name));
    return c.json({ keys: keys.map(print) }, 201);
  });
  app.openapi(activate, async (c) => {
    const found = unlessRefused(await dkim.activate(c.req.valid("param").name, c.req.valid("json").force));
    return c.json(printActivation(found), 200);
  });
  app.openapi(remove, async (c) => {
    const { name, selector } = c.req.valid("param");
    unlessRefused(await dkim.remove(name, selector, c.req.valid("query").force === "true"));
    return c.body(null, 204);
  });
}

function print(key: DkimKeyInfo): z.output<typeof schema> {
  const { selector, algorithm, state, name, record: text } = key;
  return {
    selector,
    algorithm,
    state,
    record: { name, type: "TXT", text },
    createdAt: printTime(key.createdAt),
    changedAt: printTime(key.changedAt),
  };
}

function printActivation({ activated, lookups, keys }: DkimActivation): z.output<typeof activation> {
  return { activated: [...activated], lookups: [...lookups], keys: keys.map(print) };
}
