import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { coversDomains, mustCover } from "../access.ts";
import { actorOf } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError, problemOf } from "../problem.ts";
import { WEBHOOK_EVENTS, type WebhookDelivery, type WebhookRefused, type WebhookState } from "../webhook_desk.ts";
import { address, answer, body, domainName, idText, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const tags = ["webhooks"];
const params = z.object({ id: idText });

const settings = {
  url: z.string().max(2000).openapi({ format: "uri", example: "https://hooks.example.org/mail" }),
  events: z.array(z.enum(WEBHOOK_EVENTS, { error: `should be of ${WEBHOOK_EVENTS.join(", ")}` })).min(1).transform(
    (all) => [...new Set(all)],
  ),
  domains: z.array(domainName).max(100),
  accounts: z.array(address).max(100),
  onlySends: z.boolean().openapi({ description: "of what leaves only what came by POST /send" }),
  description: z.string().max(200),
  enabled: z.boolean(),
};

const created = z.strictObject({
  ...settings,
  domains: settings.domains.default([]).openapi({
    description: "of the sender, or for `received` of the recipient; none: all",
  }),
  accounts: settings.accounts.default([]),
  onlySends: settings.onlySends.default(false),
  description: settings.description.default(""),
  enabled: settings.enabled.default(true),
});

const changed = z.strictObject(settings).partial();

const webhook = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(z.enum(WEBHOOK_EVENTS)),
  domains: z.array(z.string()),
  accounts: z.array(z.string()),
  onlySends: z.boolean(),
  description: z.string(),
  enabled: z.boolean(),
  disabledBecause: z.string().nullable().openapi({ description: "where the server disabled it" }),
  createdAt: time,
  failingSince: time.nullable(),
  lastSuccessAt: time.nullable(),
  waiting: z.int().openapi({ description: "events that wait" }),
  dropped: z.int().openapi({ description: "events that had no room, since the server started" }),
  oldSecretUntil: time.nullable(),
}).openapi("Webhook");

const withSecret = webhook.extend({
  secret: z.string().openapi({ description: "shown only now", example: "whsec_…" }),
}).openapi("WebhookWithSecret");

const delivery = z.object({
  id: z.string().openapi({ description: "the header `webhook-id`, the same at each attempt" }),
  type: z.string().openapi({ example: "message.bounced" }),
  state: z.enum(["waiting", "delivered", "failed"]),
  createdAt: time,
  attempts: z.int(),
  lastAt: time.nullable(),
  status: z.int().nullable(),
  error: z.string().nullable(),
  tookMs: z.int().nullable(),
  nextAttempt: time.nullable(),
  payload: z.unknown(),
}).openapi("WebhookDelivery");

const result = z.object({
  ok: z.boolean(),
  status: z.int().nullable(),
  error: z.string().nullable(),
  tookMs: z.int(),
});

const list = createRoute({
  method: "get",
  path: "/webhooks",
  "x-access": "domain",
  tags,
  summary: "All webhooks",
  responses: { 200: answer(z.object({ webhooks: z.array(webhook) }), "without their secrets"), ...PROBLEMS },
});
const add = createRoute({
  method: "post",
  path: "/webhooks",
  "x-access": "domain",
  tags,
  summary: "Tell a URL of events",
  description: "Events are posted as Standard Webhooks (https://www.standardwebhooks.com) have it: JSON, signed with " +
    "the secret. They are tried for a day and a half; a receiver that took nothing for five days is disabled.",
  request: { body: body(created) },
  responses: { 201: answer(withSecret, "made"), ...PROBLEMS },
});
const get = createRoute({
  method: "get",
  path: "/webhooks/{id}",
  "x-access": "domain",
  tags,
  summary: "One webhook",
  request: { params },
  responses: { 200: answer(webhook, "without its secret"), ...PROBLEMS, ...NOT_FOUND },
});
const change = createRoute({
  method: "patch",
  path: "/webhooks/{id}",
  "x-access": "domain",
  tags,
  summary: "Change what is given",
  request: { params, body: body(changed) },
  responses: { 200: answer(webhook, "as it is now"), ...PROBLEMS, ...NOT_FOUND },
});
const remove = createRoute({
  method: "delete",
  path: "/webhooks/{id}",
  "x-access": "domain",
  tags,
  summary: "Forget a webhook and what waits for it",
  request: { params },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND },
});
const rotate = createRoute({
  method: "post",
  path: "/webhooks/{id}/secret",
  "x-access": "domain",
  tags,
  summary: "Make a new secret; the old one signs beside it for a day",
  request: { params },
  responses: { 200: answer(withSecret, "with the new one"), ...PROBLEMS, ...NOT_FOUND },
});
const deliveries = createRoute({
  method: "get",
  path: "/webhooks/{id}/deliveries",
  "x-access": "domain",
  tags,
  summary: "What waits, then what is done, the latest first",
  request: { params, query: z.object({ limit: z.coerce.number().int().min(1).max(500).default(50) }) },
  responses: {
    200: answer(z.object({ deliveries: z.array(delivery) }), "the last 200 that are done are kept for a week"),
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});
const redeliver = createRoute({
  method: "post",
  path: "/webhooks/{id}/deliveries/{delivery}/redeliver",
  "x-access": "domain",
  tags,
  summary: "Send an event that is done again, under its id",
  request: { params: params.extend({ delivery: idText }) },
  responses: { 202: { description: "it waits" }, ...PROBLEMS, ...NOT_FOUND },
});
const test = createRoute({
  method: "post",
  path: "/webhooks/{id}/test",
  "x-access": "domain",
  tags,
  summary: "Post an event of type webhook.test now",
  request: { params },
  responses: { 200: answer(result, "what came of it"), ...PROBLEMS, ...NOT_FOUND },
});

/** `/webhooks`. Administrators of domains have those that are for some of their domains alone. */
export function webhooks(app: OpenAPIHono, { webhooks: desk }: HttpDeps): void {
  const known = async (c: Context): Promise<string> => {
    const { id } = c.req.param() as { id: string };
    const state = await desk.get(id);
    return there(state && coversDomains(actorOf(c), state.domains) ? state : null).id;
  };
  app.openapi(list, async (c) => {
    const all = (await desk.list()).filter(({ domains }) => coversDomains(actorOf(c), domains));
    return c.json({ webhooks: all.map(print) }, 200);
  });
  app.openapi(add, async (c) => {
    mustCover(actorOf(c), c.req.valid("json").domains);
    const made = taken(await desk.add(c.req.valid("json")));
    return c.json({ ...print(made.webhook), secret: made.secret }, 201, {
      location: `/api/v1/webhooks/${made.webhook.id}`,
    });
  });
  app.openapi(get, async (c) => c.json(print(there(await desk.get(await known(c)))), 200));
  app.openapi(change, async (c) => {
    const given = Object.entries(c.req.valid("json")).filter(([, value]) => value !== undefined);
    const id = await known(c);
    const { domains } = c.req.valid("json");
    if (domains) mustCover(actorOf(c), domains);
    const state = taken(there(await desk.change(id, Object.fromEntries(given))));
    return c.json(print(state), 200);
  });
  app.openapi(remove, async (c) => {
    there(await desk.remove(await known(c)) || null);
    return c.body(null, 204);
  });
  app.openapi(rotate, async (c) => {
    const { webhook, secret } = there(await desk.rotate(await known(c)));
    return c.json({ ...print(webhook), secret }, 200);
  });
  app.openapi(deliveries, async (c) => {
    const found = there(await desk.deliveries(await known(c), c.req.valid("query").limit));
    return c.json({ deliveries: found.map(printDelivery) }, 200);
  });
  app.openapi(redeliver, async (c) => {
    const { delivery } = c.req.valid("param");
    there(await desk.redeliver(await known(c), delivery) || null);
    return c.body(null, 202);
  });
  app.openapi(test, async (c) => c.json(there(await desk.test(await known(c))), 200));
}

const at = (ms: number | null) => ms === null ? null : printTime(ms);

function print(state: WebhookState) {
  const { id, url, events, domains, accounts, onlySends, description, enabled, disabledBecause, waiting, dropped } =
    state;
  return {
    id,
    url,
    events: [...events],
    domains: [...domains],
    accounts: [...accounts],
    onlySends,
    description,
    enabled,
    disabledBecause,
    createdAt: printTime(state.createdAt),
    failingSince: at(state.failingSince),
    lastSuccessAt: at(state.lastSuccessAt),
    waiting,
    dropped,
    oldSecretUntil: at(state.oldSecretUntil),
  };
}

function printDelivery(one: WebhookDelivery) {
  const { createdAt, lastAt, nextAttempt, payload, ...rest } = one;
  return { ...rest, createdAt: printTime(createdAt), lastAt: at(lastAt), nextAttempt: at(nextAttempt), payload };
}

function there<T>(found: T | null): T {
  if (found !== null) return found;
  throw new ProblemError({
    status: 404,
    code: "notFound",
    detail: "There is no such webhook, or no such event of it.",
  });
}

function taken<T extends object>(answer: T | WebhookRefused): T {
  if (!("refused" in answer)) return answer as T;
  throw new ProblemError(problemOf(answer.refused, answer.text));
}
