import type { Context } from "hono";
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { QueueChange, QueueChoice, QueueId, QueuePage, QueueRow, TraceId } from "../../contract/mod.ts";
import { actorOf, nameOf } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { tellNext } from "./pages.ts";
import { answer, body, domainName, idText, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

/** A recipient of a message that waits. */
export const queueRow = z.object({
  queueId: z.string(),
  traceId: z.string().openapi({ description: "the message; /messages/{traceId} tells its story" }),
  sender: z.string().openapi({ description: "the reverse-path; empty for bounces" }),
  recipient: z.string(),
  domain: z.string().nullable().openapi({ description: "decides where it goes; null is delivered here" }),
  state: z.enum(["ready", "leased", "held"]),
  priority: z.enum(["urgent", "normal", "bulk"]).openapi({
    description: "urgent mail goes first, bulk mail has a share of the places and else waits for other mail",
  }),
  attempts: z.int(),
  size: z.int(),
  queuedAt: time,
  dueAt: time,
  expiresAt: time,
  waits: z.string().openapi({ description: "why, in words for a person" }),
  lastReply: z.string().nullable().openapi({ description: "what the other side said last, or what went wrong here" }),
  route: z.string().nullable().openapi({ description: "the way a person chose; null is the usual one" }),
}).openapi("QueueRow");

const CHANGES = ["retry", "hold", "release", "remove", "urgent", "normal", "bulk"] as const;
/** Rows of one transaction: some milliseconds. Others are served between two of them. */
const PAGE = 100;
const PAUSE_MS = 1;
const params = z.object({ queueId: idText });
const tags = ["queue"];
const MOST = 1000;

const list = createRoute({
  method: "get",
  path: "/queue",
  tags,
  summary: "What waits, a page at a time",
  request: {
    query: z.object({
      after: idText.optional().openapi({ description: "`next` of the page before" }),
      limit: z.string().regex(/^[1-9]\d{0,3}$/, `should be a number from 1 to ${MOST}`).transform(Number).pipe(
        z.number().max(MOST, `should be a number from 1 to ${MOST}`),
      ).optional().openapi({ type: "integer", default: 100 }),
      state: z.enum(["ready", "leased", "held"], { error: 'should be "ready", "leased" or "held"' }).optional(),
      domain: domainName.optional(),
      traceId: idText.optional(),
    }),
  },
  responses: {
    200: answer(z.object({ queue: z.array(queueRow), next: z.string().nullable() }), "`next` is null at the end"),
    ...PROBLEMS,
  },
});

const get = createRoute({
  method: "get",
  path: "/queue/{queueId}",
  tags,
  summary: "One recipient that waits",
  request: { params },
  responses: { 200: answer(queueRow, "the row"), ...PROBLEMS, ...NOT_FOUND },
});

const ids = z.union([z.literal("all"), z.array(idText).min(1).max(MOST)], {
  error: `should be "all", or a list of 1 to ${MOST} ids`,
});

/** Where `ids` is `all`. */
const range = {
  domain: domainName.optional().openapi({ description: "only what is for this domain" }),
  after: idText.optional().openapi({ description: "with `all`: `next` of the request before" }),
  most: z.int().min(1, "should be 1 or more").optional().openapi({
    description: "with `all`: look at so many, then answer how far it came; left out, all of it is one request",
  }),
};
const changed = answer(
  z.object({
    changed: z.int(),
    next: z.string().nullable().openapi({ description: "`after` of the next request; null at the end" }),
  }),
  "how many were changed",
);

const changeMany = createRoute({
  method: "post",
  path: "/queue/change",
  tags,
  summary: "Retry now, hold, release, remove (without a bounce) or give a priority to many, or all",
  description: "With `all` it is done in pages, while others are served: rows that come meanwhile are reached too.",
  request: {
    body: body(
      z.strictObject({
        change: z.enum(CHANGES, {
          error: 'should be "retry", "hold", "release", "remove", "urgent", "normal" or "bulk"',
        }),
        ids,
        ...range,
      }),
    ),
  },
  responses: { 200: changed, ...PROBLEMS },
});

const way = z.string().min(1, "is empty").max(300, "is longer than 300 characters").openapi({
  example: "mx.example.net:25",
});

const reroute = createRoute({
  method: "post",
  path: "/queue/reroute",
  tags,
  summary: "Send what waits another way from now on, and try it now",
  request: {
    body: body(
      z.strictObject({
        ids,
        ...range,
        to: way.nullable().openapi({ description: "`host:port` or a domain; null is the usual way again" }),
      }),
    ),
  },
  responses: { 200: changed, ...PROBLEMS },
});

const changeOne = createRoute({
  method: "post",
  path: "/queue/{queueId}/{change}",
  tags,
  summary: "Retry now, hold or release one",
  request: { params: params.extend({ change: z.enum(["retry", "hold", "release"]) }) },
  responses: {
    200: answer(z.object({ changed: z.int() }), "1, or 0 where it was so already"),
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

const remove = createRoute({
  method: "delete",
  path: "/queue/{queueId}",
  tags,
  summary: "Remove one without a bounce",
  request: { params },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND },
});

/** `/queue`. */
export function queue(app: OpenAPIHono, deps: HttpDeps): void {
  const { perform } = deps;
  const inPages = async (
    asked: {
      ids: "all" | readonly string[];
      domain?: string | undefined;
      after?: string | undefined;
      most?: number | undefined;
    },
    by: string,
    run: (choice: QueueChoice) => Promise<QueuePage>,
  ): Promise<QueuePage> => {
    const { domain, most = Infinity } = asked;
    let after = (asked.after ?? null) as QueueId | null;
    const ids = asked.ids === "all" ? null : asked.ids as QueueId[];
    const all = { ids, ...(domain !== undefined && { domain }), now: deps.now(), by };
    let changed = 0;
    for (let seen = 0;; seen += PAGE) {
      const page = await run({ ...all, after, limit: Math.min(PAGE, most - seen) });
      changed += page.changed;
      after = page.next;
      if (after === null || seen + PAGE >= most) break;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    if (changed > 0) deps.queueChanged();
    return { changed, next: after };
  };
  const changeOf = (queueId: QueueId, change: QueueChange, by: string): Promise<QueuePage> =>
    inPages({ ids: [queueId] }, by, (choice) => perform("queue.change", { ...choice, change }));
  const find = async (queueId: string): Promise<QueueRow> => {
    const row = await perform("queue.get", { queueId: queueId as QueueId });
    if (row === null) {
      throw new ProblemError({
        status: 404,
        code: "notFound",
        detail: `Nothing of the id ${queueId} waits; it may have gone out meanwhile.`,
      });
    }
    return row;
  };
  app.openapi(list, async (c) => {
    const { after, limit = 100, state, domain, traceId } = c.req.valid("query");
    const rows = await perform("queue.list", {
      after: (after ?? null) as QueueId | null,
      limit,
      ...(state !== undefined && { state }),
      ...(domain !== undefined && { domain }),
      ...(traceId !== undefined && { traceId: traceId as TraceId }),
    });
    return c.json({
      queue: rows.map((row) => printRow(row, deps)),
      next: tellNext(c, rows.length < limit ? null : rows.at(-1)?.queueId ?? null),
    }, 200);
  });
  app.openapi(changeMany, async (c) => {
    const { change, ...asked } = c.req.valid("json");
    return c.json(await inPages(asked, byOf(c), (choice) => perform("queue.change", { ...choice, change })), 200);
  });
  app.openapi(reroute, async (c) => {
    const { to, ...asked } = c.req.valid("json");
    const route = to === null ? null : deps.canonicalWay(to);
    if (to !== null && route === null) {
      const reason = 'should be a host and port, as "mx.example.net:25", or a domain';
      const detail = `${JSON.stringify(to)} ${reason}.`;
      throw new ProblemError({ status: 422, code: "invalid", detail, errors: [{ path: "to", reason }] });
    }
    return c.json(await inPages(asked, byOf(c), (choice) => perform("queue.reroute", { ...choice, route })), 200);
  });
  app.openapi(get, async (c) => c.json(printRow(await find(c.req.valid("param").queueId), deps), 200));
  app.openapi(changeOne, async (c) => {
    const asked = c.req.valid("param");
    const row = await find(asked.queueId);
    const { changed } = await changeOf(row.queueId, asked.change, byOf(c));
    return c.json({ changed }, 200);
  });
  app.openapi(remove, async (c) => {
    const row = await find(c.req.valid("param").queueId);
    await changeOf(row.queueId, "remove", byOf(c));
    return c.body(null, 204);
  });
}

/** Whom the journal names. */
function byOf(context: Context): string {
  const actor = actorOf(context);
  return actor.kind === "server" && actor.account === null ? "the administrator" : nameOf(actor);
}

/** A row as the API shows it. */
export function printRow(row: QueueRow, deps: Pick<HttpDeps, "now" | "waitReason">): z.output<typeof queueRow> {
  return {
    queueId: row.queueId,
    traceId: row.traceId,
    sender: row.sender.reversePath,
    recipient: row.recipient.forwardPath,
    domain: row.domain,
    state: row.state,
    priority: row.priority,
    attempts: row.attempts,
    size: row.size,
    queuedAt: printTime(row.queuedAt),
    dueAt: printTime(row.dueAt),
    expiresAt: printTime(row.expiresAt),
    waits: deps.waitReason(row, deps.now()),
    lastReply: row.lastReply,
    route: row.route,
  };
}
