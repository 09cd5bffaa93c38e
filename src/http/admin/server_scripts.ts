import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import type { ServerScriptRefused } from "../server_scripts.ts";
import { conditions, etagOf, expectedBy } from "./conditions.ts";
import { unlessWrong } from "./sieve.ts";
import { answer, body, CHANGED, CONFLICT, NOT_FOUND, PROBLEMS } from "./words.ts";

const script = z.object({
  place: z.string(),
  name: z.string(),
  octets: z.int(),
  problem: z.string().nullable().openapi({ description: "why it does not run, or null" }),
}).openapi("ServerScript");
const tags = ["sieve"];
const place = z.string().min(1).max(255).openapi({ description: "before, after, global, or a domain" });
const name = z.string().min(1, "should be the name of a script").max(64, "should have at most 64 characters");
const named = z.object({ place, name });
const description =
  "Scripts run by their names, behind those of the configuration: the server's before, the domain's, " +
  "the account's, the server's after. Those of global can be included. A name in .ts or .js is of a filter in TypeScript.";

const list = createRoute({
  method: "get",
  path: "/sieve",
  tags,
  summary: "The scripts of the server and of its domains, without their texts",
  description,
  responses: { 200: answer(z.object({ scripts: z.array(script) }), "by place and name"), ...PROBLEMS },
});

const get = createRoute({
  method: "get",
  path: "/sieve/{place}/{name}",
  tags,
  summary: "A script of the server or of a domain",
  request: { params: named },
  responses: { 200: answer(script.extend({ content: z.string() }), "with its text"), ...PROBLEMS, ...NOT_FOUND },
});

const put = createRoute({
  method: "put",
  path: "/sieve/{place}/{name}",
  tags,
  summary: "Make a script of the server or of a domain, or replace it; it runs from the next message on",
  description,
  request: {
    params: named,
    headers: conditions,
    body: body(z.strictObject({ content: z.string({ error: "should be the text of a script" }) })),
  },
  responses: { 200: answer(script, "kept; with its ETag"), ...PROBLEMS, ...NOT_FOUND, ...CONFLICT, ...CHANGED },
});

const remove = createRoute({
  method: "delete",
  path: "/sieve/{place}/{name}",
  tags,
  summary: "Remove a script of the server or of a domain",
  request: { params: named, headers: conditions },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND, ...CHANGED },
});

/** `/sieve`. */
export function serverScripts(app: OpenAPIHono, { serverScripts: desk }: HttpDeps): void {
  app.openapi(list, async (c) => c.json({ scripts: [...await desk.list()] }, 200));
  app.openapi(get, async (c) => {
    const { place, name } = c.req.valid("param");
    const found = await desk.get(place, name);
    if (found === null) throw problem("notFound");
    return c.json({ ...found }, 200, { etag: etagOf(found.content) });
  });
  app.openapi(put, async (c) => {
    const { place, name } = c.req.valid("param");
    const { content } = c.req.valid("json");
    unlessWrong(await desk.check(place, name, content));
    const { expected } = expectedBy(c.req.valid("header"));
    const kept = await desk.put(place, name, content, expected);
    if ("refused" in kept) throw problem(kept.refused);
    return c.json({ ...kept }, 200, { etag: etagOf(content) });
  });
  app.openapi(remove, async (c) => {
    const { place, name } = c.req.valid("param");
    const removed = await desk.remove(place, name, expectedBy(c.req.valid("header")).expected);
    if ("refused" in removed) throw problem(removed.refused);
    return c.body(null, 204);
  });
}

function problem(refused: ServerScriptRefused["refused"]): ProblemError {
  switch (refused) {
    case "notFound":
      return new ProblemError({ status: 404, code: "notFound", detail: "There is no such script or domain." });
    case "changed":
      return new ProblemError({ status: 412, code: "changed", detail: "The script is not what the request expects." });
    case "tooMany":
      return new ProblemError({ status: 409, code: "inUse", detail: "There are 100 scripts in this place, the most." });
    case "invalid":
      return new ProblemError({
        status: 422,
        code: "invalid",
        detail: "A name has 1 to 64 letters, digits, dots, hyphens and underscores; a script at most 512 KiB.",
      });
  }
}
