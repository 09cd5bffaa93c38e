import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { decodeBase64 } from "../../base/base64.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError, unlessRefused } from "../problem.ts";
import type { ScriptQuestion, ScriptReport } from "../sieve_desk.ts";
import { unlessWrong } from "./sieve.ts";
import { address, answer, body, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const DAY_MS = 86_400_000;
const MOST = 5_000;
const tags = ["sieve"];

const message = z.object({
  mailbox: z.string(),
  uid: z.int(),
  from: z.string(),
  subject: z.string(),
  at: time,
  actions: z.array(z.string()).openapi({ description: "what the script says, each with the line that says so" }),
  before: z.array(z.string()).optional().openapi({ description: "what the active script says" }),
  done: z.array(z.string()).optional(),
  failures: z.array(z.string()),
}).openapi("ScriptedMessage");
const report = z.object({
  looked: z.int(),
  more: z.boolean().openapi({ description: "there are more messages than are looked at in one go" }),
  messages: z.array(message),
}).openapi("ScriptReport");

const question = {
  name: z.string().max(512).optional().openapi({ description: "a script of the account; left out: the active one" }),
  content: z.string().optional().openapi({ description: "in its place: the text of a script, which name names" }),
  mailbox: z.string().max(4096).optional().openapi({ description: "left out: all but Sent, Drafts and Trash" }),
  limit: z.int().min(1).max(MOST).default(MOST),
};
const days = z.number().min(0.01).max(36_500);

const diff = createRoute({
  method: "post",
  path: "/accounts/{address}/sieve-diff",
  "x-access": "account",
  tags,
  summary: "Which messages of the last days would go elsewhere by this script than by the active one",
  request: {
    params: z.object({ address }),
    body: body(z.strictObject({ ...question, days: days.default(30) })),
  },
  responses: { 200: answer(report, "only those that would go elsewhere"), ...PROBLEMS, ...NOT_FOUND },
});

const run = createRoute({
  method: "post",
  path: "/accounts/{address}/sieve-run",
  "x-access": "account",
  tags,
  summary: "Run a script over mail that is there",
  description: "Filing, flags and discarding (into Trash) are done; nothing is sent, refused or changed in itself.",
  request: {
    params: z.object({ address }),
    body: body(z.strictObject({ ...question, days: days.optional(), apply: z.boolean().default(false) })),
  },
  responses: { 200: answer(report, "what the script says, and what was done"), ...PROBLEMS, ...NOT_FOUND },
});

const tryOn = createRoute({
  method: "post",
  path: "/accounts/{address}/sieve-test",
  "x-access": "account",
  tags,
  summary:
    "What a script would do with a message that is not here, with the account's mailboxes, annotations and lists",
  description: "Nothing is stored or sent, and nothing counts as seen before.",
  request: {
    params: z.object({ address }),
    body: body(z.strictObject({
      name: question.name,
      content: question.content,
      message: z.base64({ error: "should be a message in Base64" }),
      from: z.string().max(1_000).nullable().default(null).openapi({ description: "null: its Return-Path or From" }),
      to: z.string().max(1_000).nullable().default(null).openapi({ description: "null: the account" }),
    })),
  },
  responses: {
    200: answer(
      z.object({ actions: z.array(z.string()), failures: z.array(z.string()), log: z.array(z.string()) })
        .openapi("TriedScript"),
      "what it says, and each test and action of its run",
    ),
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

/** `/accounts/{address}/sieve-diff`, `sieve-run` and `sieve-test`. */
export function sieveWork(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(diff, async (c) => {
    const asked = c.req.valid("json");
    return c.json(print(await deps.sieve.diff(await ask(c.req.valid("param").address, asked, deps))), 200);
  });
  app.openapi(tryOn, async (c) => {
    const { message, from, to, ...asked } = c.req.valid("json");
    const { name, content } = await ask(c.req.valid("param").address, { ...asked, limit: 1 }, deps);
    const { address } = c.req.valid("param");
    const octets = decodeBase64(message);
    if (octets === null) throw new ProblemError({ status: 422, code: "invalid", detail: "message is no Base64." });
    const found = await deps.sieve.tryOn({ address, name, content, message: octets, from, to });
    if (found === null) throw notThere();
    return c.json({ actions: [...found.actions], failures: [...found.failures], log: [...found.log] }, 200);
  });
  app.openapi(run, async (c) => {
    const asked = c.req.valid("json");
    const what = await ask(c.req.valid("param").address, asked, deps);
    return c.json(print(await deps.sieve.run({ ...what, apply: asked.apply })), 200);
  });
}

async function ask(
  address: string,
  asked: { name?: string | undefined; content?: string | undefined; mailbox?: string | undefined; limit: number } & {
    days?: number | undefined;
  },
  deps: HttpDeps,
): Promise<ScriptQuestion> {
  const { name, content: given, mailbox = null, limit, days } = asked;
  let script = { name: name ?? "given", content: given ?? "" };
  if (given === undefined) script = unlessRefused(await deps.perform("sieve.get", { address, name: name ?? null }));
  unlessWrong(await deps.sieve.check(script.name, script.content));
  const since = days === undefined ? null : deps.now() - days * DAY_MS;
  return { address, name: script.name, content: script.content, mailbox, limit, since };
}

const notThere = () =>
  new ProblemError({ status: 404, code: "notFound", detail: "There is no such account or mailbox." });

function print(found: ScriptReport | null): z.output<typeof report> {
  if (found === null) {
    throw notThere();
  }
  const { looked, more, messages } = found;
  return {
    looked,
    more,
    messages: messages.map(({ at, actions, before, done, failures, ...rest }) => ({
      ...rest,
      at: printTime(at),
      actions: [...actions],
      ...(before && { before: [...before] }),
      ...(done && { done: [...done] }),
      failures: [...failures],
    })),
  };
}
