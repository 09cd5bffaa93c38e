import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { HttpDeps } from "../deps.ts";
import { answer, PROBLEMS, time } from "./words.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const count = z.int();

const period = z.object({
  from: time,
  received: count.openapi({ description: "messages from other servers and programs" }),
  submitted: count.openapi({ description: "messages from people" }),
  refused: count.openapi({ description: "messages" }),
  commandsRefused: count.openapi({ description: "commands of SMTP, of which recipients are most" }),
  sent: count.openapi({ description: "recipients elsewhere that were reached" }),
  bounced: count.openapi({ description: "those that were given up" }),
  deferred: count.openapi({ description: "attempts after which one was to be tried again" }),
  logins: count,
  loginsRefused: count,
  refusals: z.array(z.object({ reason: z.string().openapi({ example: "RCPT 550 5.1.1" }), times: count })).openapi({
    description: "the most frequent first",
  }),
}).openapi("StatisticsPeriod");
const moment = z.iso.datetime({ offset: true, error: 'should be a time, as "2027-01-31T00:00:00Z"' }).transform((
  text,
) => Date.parse(text)).openapi({ type: "string", format: "date-time" });

const get = createRoute({
  method: "get",
  path: "/statistics",
  tags: ["statistics"],
  summary: "What happened, hour by hour or day by day (UTC), at all servers on the store",
  request: {
    query: z.object({
      by: z.enum(["hour", "day"], { error: 'should be "hour" or "day"' }).default("hour"),
      since: moment.optional().openapi({ description: "left out: a day ago, or 30 days" }),
      until: moment.optional(),
    }),
  },
  responses: {
    200: answer(
      z.object({
        periods: z.array(period),
        queue: z.record(z.string(), count).openapi({ description: "recipients that wait now, by state" }),
      }),
      "in their order; those in which nothing happened are left out",
    ),
    ...PROBLEMS,
  },
});

/** `/statistics`. */
export function statistics(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(get, async (c) => {
    const { by, since, until } = c.req.valid("query");
    const now = deps.now();
    const from = since ?? now - (by === "hour" ? DAY_MS : 30 * DAY_MS);
    const [periods, queue] = await Promise.all([
      deps.statistics?.read(by, from, until ?? now + HOUR_MS) ?? [],
      deps.perform("queue.count", {}),
    ]);
    const shown = periods.map((one) => ({ ...one, refusals: one.refusals.map((each) => ({ ...each })) }));
    return c.json({ periods: shown, queue: { ...queue } }, 200);
  });
}
