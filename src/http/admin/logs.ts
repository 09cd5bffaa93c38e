import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { utf8Bytes } from "../../base/bytes.ts";
import type { HttpDeps } from "../deps.ts";
import type { LogEntry, LogReader } from "../log_desk.ts";
import { ProblemError } from "../problem.ts";
import { printTime, PROBLEMS } from "./words.ts";

/** So often a line that says nothing, so that whoever is in between does not think it over. */
const PING_MS = 20_000;
const MOST = 1_000;
const LONGEST = 1_000;

const tail = createRoute({
  method: "get",
  path: "/logs",
  tags: ["logs"],
  summary: "The log as it is written, by server-sent events; the last lines come first",
  description: "Each event `log` is a line as JSON. Who reads too slowly is told by `lost` how many he did not get.",
  request: {
    query: z.object({
      level: z.enum(["debug", "info", "warn", "error"], { error: 'should be "debug", "info", "warn" or "error"' })
        .default("info"),
      event: z.string().min(1).max(100).optional().openapi({ description: "how its name begins, as `queue.`" }),
      text: z.string().min(1).max(300).optional().openapi({
        description: "a part of one of its values: an account, an address, an id of a message, session or request",
      }),
      last: z.string().regex(/^\d{1,4}$/, `should be a number up to ${MOST}`).transform(Number).pipe(
        z.number().max(MOST, `should be a number up to ${MOST}`),
      ).default(10).openapi({ type: "integer", description: "so many lines that were before" }),
    }),
  },
  responses: {
    200: {
      description: "lines, until you leave or the server stops",
      content: { "text/event-stream": { schema: z.string() } },
    },
    ...PROBLEMS,
  },
});

/** `/logs`. */
export function logs(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(tail, (c) => {
    const { level, event, text, last } = c.req.valid("query");
    const filter = { level, ...(event !== undefined && { event }), ...(text !== undefined && { text }) };
    const reader = deps.logs?.read(filter, last) ?? null;
    if (reader === null) {
      throw new ProblemError({ status: 503, code: "busy", detail: "Too many look at the log already." });
    }
    const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
    return new Response(events(reader), { headers });
  });
}

/** Nothing is taken before the client has what was sent: what comes meanwhile waits, in bounds. */
function events(reader: LogReader): ReadableStream<Uint8Array<ArrayBuffer>> {
  let taking: ReturnType<LogReader["take"]> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new ReadableStream({
    async pull(controller) {
      const ping = new Promise<null>((over) => timer = setTimeout(() => over(null), PING_MS));
      const took = await Promise.race([taking ??= reader.take(), ping]);
      clearTimeout(timer);
      if (took === null) return controller.enqueue(octets(": nothing new\n\n"));
      taking = null;
      const lost = took.lost === 0 ? "" : `event: lost\ndata: {"lines":${took.lost}}\n\n`;
      const said = took.entries.map(print).join("") + lost;
      if (said !== "") controller.enqueue(octets(said));
      if (took.isOver) controller.close();
    },
    cancel() {
      clearTimeout(timer);
      reader.close();
    },
  }, { highWaterMark: 0 });
}

const octets = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(utf8Bytes(text));

function print({ at, level, event, fields }: LogEntry): string {
  const short = Object.entries(fields).map((
    [name, value],
  ) => [name, typeof value === "string" && value.length > LONGEST ? value.slice(0, LONGEST) + "…" : value]);
  const line = { time: printTime(at), level, event, ...Object.fromEntries(short) };
  return `event: log\ndata: ${JSON.stringify(line)}\n\n`;
}
