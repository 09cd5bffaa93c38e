import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { HttpDeps } from "../deps.ts";
import { ProblemError, unlessRefused } from "../problem.ts";
import type { ScriptError } from "../sieve_desk.ts";
import { conditions, etagOf, expectedBy } from "./conditions.ts";
import { address, answer, body, CHANGED, CONFLICT, NOT_FOUND, PROBLEMS } from "./words.ts";

const script = z.object({ name: z.string(), octets: z.int(), active: z.boolean() }).openapi("SieveScript");
const tags = ["sieve"];
const name = z.string().min(1, "should be the name of a script").max(512, "should have at most 512 characters");
const content = z.string({ error: "should be the text of a script" });
const named = z.object({ address, name });

const list = createRoute({
  method: "get",
  path: "/accounts/{address}/sieve",
  "x-access": "account",
  tags,
  summary: "The Sieve scripts of an account, without their texts",
  request: { params: z.object({ address }) },
  responses: { 200: answer(z.object({ scripts: z.array(script) }), "sorted by name"), ...PROBLEMS, ...NOT_FOUND },
});

const activate = createRoute({
  method: "patch",
  path: "/accounts/{address}/sieve",
  "x-access": "account",
  tags,
  summary: "Make a script the active one, or none",
  request: { params: z.object({ address }), body: body(z.strictObject({ active: name.nullable() })) },
  responses: { 200: answer(z.object({ active: z.string().nullable() }), "from now on"), ...PROBLEMS, ...NOT_FOUND },
});

const get = createRoute({
  method: "get",
  path: "/accounts/{address}/sieve/{name}",
  "x-access": "account",
  tags,
  summary: "A Sieve script",
  request: { params: named },
  responses: { 200: answer(script.extend({ content: z.string() }), "with its text"), ...PROBLEMS, ...NOT_FOUND },
});

const put = createRoute({
  method: "put",
  path: "/accounts/{address}/sieve/{name}",
  "x-access": "account",
  tags,
  summary: "Make a Sieve script, or replace it; a script that is wrong is refused with all its errors",
  description: "A name that ends in .ts or .js is of a filter in TypeScript.",
  request: {
    params: named,
    headers: conditions,
    body: body(z.strictObject({ content, activate: z.boolean().default(false) })),
  },
  responses: { 200: answer(script, "kept; with its ETag"), ...PROBLEMS, ...NOT_FOUND, ...CONFLICT, ...CHANGED },
});

const remove = createRoute({
  method: "delete",
  path: "/accounts/{address}/sieve/{name}",
  "x-access": "account",
  tags,
  summary: "Remove a Sieve script that is not active",
  request: { params: named, headers: conditions },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND, ...CONFLICT, ...CHANGED },
});

/** `/accounts/{address}/sieve`. */
export function sieve(app: OpenAPIHono, deps: HttpDeps): void {
  const { perform } = deps;
  app.openapi(list, async (c) => {
    const scripts = unlessRefused(await perform("sieve.list", c.req.valid("param")));
    return c.json({ scripts: scripts.map((one) => ({ ...one })) }, 200);
  });
  app.openapi(activate, async (c) => {
    const { active } = c.req.valid("json");
    const args = { ...c.req.valid("param"), name: active };
    if (active !== null) {
      const { content } = unlessRefused(await perform("sieve.get", args));
      unlessWrong(await deps.sieve.check(active, content));
    }
    unlessRefused(await perform("sieve.activate", args));
    return c.json({ active }, 200);
  });
  app.openapi(get, async (c) => {
    const found = unlessRefused(await perform("sieve.get", c.req.valid("param")));
    return c.json({ ...found }, 200, { etag: etagOf(found.content) });
  });
  app.openapi(put, async (c) => {
    const { content, activate } = c.req.valid("json");
    const args = c.req.valid("param");
    unlessWrong(await deps.sieve.check(args.name, content));
    const kept = unlessRefused(await perform("sieve.put", { ...args, content, ...expectedBy(c.req.valid("header")) }));
    const headers = { etag: etagOf(content) };
    if (!activate) return c.json({ ...kept }, 200, headers);
    unlessRefused(await perform("sieve.activate", args));
    return c.json({ ...kept, active: true }, 200, headers);
  });
  app.openapi(remove, async (c) => {
    unlessRefused(await perform("sieve.remove", { ...c.req.valid("param"), ...expectedBy(c.req.valid("header")) }));
    return c.body(null, 204);
  });
}

/** A script that cannot run, with the place of each error. */
export function unlessWrong(errors: readonly ScriptError[]): void {
  const [first] = errors;
  if (!first) return;
  const more = errors.length > 1 ? `; ${errors.length - 1} more` : "";
  throw new ProblemError({
    status: 422,
    code: "script",
    detail: `line ${first.line}, column ${first.column}: ${first.reason}${more}`,
    errors: errors.map(({ line, column, reason }) => ({ path: "content", reason, line, column })),
  });
}
