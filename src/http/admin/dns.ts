import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { answer, domainName, NOT_FOUND, PROBLEMS } from "./words.ts";

const schema = z.object({
  kind: z.string().openapi({ description: "what the record is for; for programs" }),
  need: z.enum(["required", "recommended", "optional"]),
  name: z.string().openapi({ description: "absolute, or a hint in angle brackets" }),
  type: z.string(),
  value: z.string().openapi({ description: "as in a zone file; what the server cannot know is in angle brackets" }),
  why: z.string(),
  selector: z.string().optional(),
}).openapi("DnsRecord");

const finding = schema.extend({
  status: z.enum(["ok", "missing", "different", "unknown"]),
  found: z.array(z.string()).openapi({ description: "what the DNS has instead, or for it" }),
  detail: z.string().openapi({ description: "what to do, for people" }),
}).openapi("DnsFinding");

const params = z.object({ name: domainName });
const tags = ["dns"];

const list = createRoute({
  method: "get",
  path: "/domains/{name}/dns",
  "x-access": "domain",
  tags,
  summary: "The DNS records that a domain needs",
  request: { params },
  responses: { 200: answer(z.object({ records: z.array(schema) }), "the records"), ...PROBLEMS, ...NOT_FOUND },
});

const check = createRoute({
  method: "get",
  path: "/domains/{name}/dns/check",
  "x-access": "domain",
  tags,
  summary: "The same, compared with what the DNS says now",
  request: { params },
  responses: { 200: answer(z.object({ records: z.array(finding) }), "what was found"), ...PROBLEMS, ...NOT_FOUND },
});

/** `/domains/{name}/dns`. */
export function dns(app: OpenAPIHono, { dns, perform }: HttpDeps): void {
  const known = async (name: string): Promise<string> => {
    if (await perform("domain.get", { name }) !== null) return name;
    throw new ProblemError({ status: 404, code: "notFound", detail: `There is no domain ${name} here.` });
  };
  app.openapi(list, async (c) => {
    const name = await known(c.req.valid("param").name);
    return c.json({ records: [...await dns.records(name)] }, 200);
  });
  app.openapi(check, async (c) => {
    const name = await known(c.req.valid("param").name);
    const found = await dns.check(name);
    return c.json({ records: found.map((one) => ({ ...one, found: [...one.found] })) }, 200);
  });
}
