import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { TraceId } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { printRow, queueRow } from "./queue.ts";
import { answer, idText, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const schema = z.object({
  traceId: z.string(),
  journal: z.array(z.object({
    at: time,
    event: z.string().openapi({ example: "delivered" }),
    recipient: z.string().nullable(),
    detail: z.string().openapi({ description: "one sentence for a person" }),
  })),
  waiting: z.array(queueRow).openapi({ description: "recipients that are still in the queue, at most 1000" }),
}).openapi("Message");

const get = createRoute({
  method: "get",
  path: "/messages/{traceId}",
  tags: ["messages"],
  summary: "What was decided on a message's way, and why",
  request: { params: z.object({ traceId: idText }) },
  responses: { 200: answer(schema, "its story"), ...PROBLEMS, ...NOT_FOUND },
});

/** `/messages`. */
export function messages(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(get, async (c) => {
    const traceId = c.req.valid("param").traceId as TraceId;
    const [journal, rows] = await Promise.all([
      deps.perform("journal.read", { traceId }),
      deps.perform("queue.list", { traceId, after: null, limit: 1000 }),
    ]);
    if (journal.length === 0 && rows.length === 0) {
      throw new ProblemError({
        status: 404,
        code: "notFound",
        detail: `Nothing is known of a message ${traceId}. Its id stands in its Received fields and in the log.`,
      });
    }
    const entries = journal.map(({ at, event, recipient, detail }) => ({
      at: printTime(at),
      event,
      recipient,
      detail,
    }));
    return c.json({ traceId, journal: entries, waiting: rows.map((row) => printRow(row, deps)) }, 200);
  });
}
