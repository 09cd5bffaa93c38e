import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { FilterRule } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError, unlessRefused } from "../problem.ts";
import { unlessWrong } from "./sieve.ts";
import { conditions, etagOf, expectedBy } from "./conditions.ts";
import { address, answer, body, CHANGED, CONFLICT, NOT_FOUND, PROBLEMS } from "./words.ts";

const tags = ["sieve"];
const not = z.boolean().default(false);
const values = z.array(z.string()).openapi({ description: "one of them is enough" });
const headers = z.array(z.string());
const match = z.enum(["contains", "is", "matches"]).default("contains").openapi({
  description: "`matches` knows `*` and `?`",
});

const condition = z.discriminatedUnion("test", [
  z.strictObject({ test: z.enum(["from", "to", "subject", "list"]), match, values, not }),
  z.strictObject({ test: z.literal("header"), headers, match, values, not }),
  z.strictObject({ test: z.literal("exists"), headers, not }),
  z.strictObject({ test: z.literal("body"), values, not }),
  z.strictObject({ test: z.literal("size"), over: z.boolean(), octets: z.int().min(0), not }),
  z.strictObject({ test: z.literal("attachment"), not }),
  z.strictObject({ test: z.literal("duplicate"), seconds: z.int().min(1).default(604_800), not }),
], { error: 'should have a "test": from, to, subject, list, header, exists, body, size, attachment or duplicate' })
  .openapi("RuleCondition");

const action = z.discriminatedUnion("do", [
  z.strictObject({ do: z.enum(["move", "copy"]), mailbox: z.string(), create: z.boolean().default(false) }),
  z.strictObject({ do: z.literal("flag"), flags: z.array(z.string()) }),
  z.strictObject({ do: z.enum(["markRead", "discard", "keep", "stop"]) }),
  z.strictObject({ do: z.literal("forward"), address: z.string(), keep: z.boolean().default(false) }),
  z.strictObject({
    do: z.literal("deliver"),
    to: z.string().openapi({ description: "a program or place of the configuration", example: "maildir:home" }),
    keep: z.boolean().default(false),
  }),
  z.strictObject({
    do: z.literal("reply"),
    text: z.string(),
    subject: z.string().nullable().default(null),
    days: z.int().min(1).max(365).nullable().default(null),
    from: z.string().nullable().default(null),
    addresses: z.array(z.string()).default([]),
  }),
  z.strictObject({ do: z.literal("reject"), text: z.string(), early: z.boolean().default(false) }),
], { error: 'should have a "do": move, copy, flag, markRead, forward, deliver, reply, reject, discard, keep or stop' })
  .openapi("RuleAction");

const name = z.string().default("").openapi({ description: "for people", example: "Newsletters" });
const requires = z.array(z.string()).openapi({ description: "extensions of Sieve that `sieve` needs" });

/** Both kinds in one, so that what is wrong is said of the part where it is. */
const given = z.strictObject({
  name,
  enabled: z.boolean().default(true),
  match: z.enum(["all", "any"]).default("all").openapi({ description: "of the conditions" }),
  conditions: z.array(condition).default([]).openapi({ description: "none: every message" }),
  actions: z.array(action).default([]),
  sieve: z.string().optional().openapi({ description: "in place of conditions and actions: text of a script" }),
  requires: requires.default([]),
}).openapi("NewRule");

const rule = z.union([
  z.object({
    name,
    enabled: z.boolean(),
    match: z.enum(["all", "any"]),
    conditions: z.array(condition),
    actions: z.array(action),
  }).openapi("PlainRule"),
  z.object({ name, sieve: z.string(), requires }).openapi("OpaqueRule"),
]).openapi("Rule");

const rules = z.object({ script: z.string(), active: z.boolean(), rules: z.array(rule) }).openapi("Rules");
const query = z.object({
  script: z.string().min(1).max(512).default("rules").openapi({
    description: "the Sieve script that holds them, as one that Roundcube wrote",
  }),
});

const get = createRoute({
  method: "get",
  path: "/accounts/{address}/rules",
  "x-access": "account",
  tags,
  summary: "The filter rules of an account; what in the script is no such rule comes as its text",
  request: { params: z.object({ address }), query },
  responses: { 200: answer(rules, "in their order; none where there is no script"), ...PROBLEMS, ...NOT_FOUND },
});

const put = createRoute({
  method: "put",
  path: "/accounts/{address}/rules",
  "x-access": "account",
  tags,
  summary: "Replace the filter rules of an account; they become a Sieve script",
  request: {
    params: z.object({ address }),
    query,
    headers: conditions,
    body: body(z.strictObject({
      rules: z.array(given),
      active: z.boolean().optional().openapi({ description: "make it the active script, or not; left out: as it is" }),
    })),
  },
  responses: {
    200: answer(rules, "as they are read back; with the script's ETag"),
    ...PROBLEMS,
    ...NOT_FOUND,
    ...CONFLICT,
    ...CHANGED,
  },
});

/** `/accounts/{address}/rules`: a script as data. */
export function filterRules(app: OpenAPIHono, deps: HttpDeps): void {
  const { perform, sieve } = deps;
  const shown = (script: string, active: boolean, content: string) => {
    // The types differ in `readonly` only.
    return { script, active, rules: sieve.readRules(content) as z.infer<typeof rule>[] };
  };
  app.openapi(get, async (c) => {
    const { address } = c.req.valid("param");
    const { script } = c.req.valid("query");
    const known = unlessRefused(await perform("sieve.list", { address })).find(({ name }) => name === script);
    if (known === undefined) return c.json(shown(script, false, ""), 200);
    const { content, active } = unlessRefused(await perform("sieve.get", { address, name: script }));
    return c.json(shown(script, active, content), 200, { etag: etagOf(content) });
  });
  app.openapi(put, async (c) => {
    const { address } = c.req.valid("param");
    const name = c.req.valid("query").script;
    const { rules, active } = c.req.valid("json");
    const written = sieve.writeRules(rules.map(ruleOf));
    if ("problems" in written) throw wrongRules(written.problems);
    const content = written.script;
    unlessWrong(await sieve.check(name, content));
    const kept = unlessRefused(
      await perform("sieve.put", { address, name, content, ...expectedBy(c.req.valid("header")) }),
    );
    if (active !== undefined && active !== kept.active) {
      unlessRefused(await perform("sieve.activate", { address, name: active ? name : null }));
    }
    return c.json(shown(name, active ?? kept.active, content), 200, { etag: etagOf(content) });
  });
}

function ruleOf(one: z.infer<typeof given>, index: number): FilterRule {
  const { sieve, requires, ...plain } = one;
  const both = sieve !== undefined && plain.conditions.length + plain.actions.length > 0;
  if (both) throw wrongRules([{ path: `rules.${index}.sieve`, reason: "stands in place of conditions and actions" }]);
  if (sieve !== undefined && !plain.enabled) {
    throw wrongRules([{ path: `rules.${index}.enabled`, reason: "Text of a script cannot be switched off." }]);
  }
  return sieve === undefined ? plain : { name: plain.name, sieve, requires };
}

function wrongRules(errors: readonly { readonly path: string; readonly reason: string }[]): ProblemError {
  const [first] = errors;
  const more = errors.length > 1 ? `; ${errors.length - 1} more` : "";
  return new ProblemError({ status: 422, code: "rules", detail: `${first?.path}: ${first?.reason}${more}`, errors });
}
