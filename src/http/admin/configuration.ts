import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { HttpDeps } from "../deps.ts";
import { answer, body, PROBLEMS } from "./words.ts";

const tags = ["configuration"];
const LONGEST = 512 * 1024;

const get = createRoute({
  method: "get",
  path: "/configuration",
  tags,
  summary: "The configuration as it holds: sizes in octets, times in milliseconds, secrets as ***",
  responses: { 200: answer(z.record(z.string(), z.unknown()), "by the keys of the file"), ...PROBLEMS },
});

const check = createRoute({
  method: "post",
  path: "/configuration/check",
  tags,
  summary: "Whether a configuration file would be right; nothing is applied",
  request: {
    body: body(z.strictObject({
      text: z.string({ error: "should be the text of a file" }).max(LONGEST, `is longer than ${LONGEST} characters`),
    })),
  },
  responses: {
    200: answer(
      z.object({
        ok: z.boolean(),
        problems: z.array(z.object({
          path: z.string().openapi({ example: "listeners.0.port" }),
          reason: z.string(),
          line: z.int().optional(),
          column: z.int().optional(),
        })),
      }).openapi("ConfigurationCheck"),
      "what is wrong, all of it",
    ),
    ...PROBLEMS,
  },
});

/** `/configuration`. */
export function configuration(app: OpenAPIHono, { configuration }: HttpDeps): void {
  app.openapi(get, (c) => c.json(configuration?.show() ?? {}, 200));
  app.openapi(check, (c) => {
    const problems = configuration?.check(c.req.valid("json").text) ?? [];
    return c.json({ ok: problems.length === 0, problems: problems.slice(0, 1000).map((one) => ({ ...one })) }, 200);
  });
}
