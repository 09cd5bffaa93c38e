import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { AuditRow } from "../audit_desk.ts";
import type { HttpDeps } from "../deps.ts";
import { tellNext } from "./pages.ts";
import { answer, idText, printTime, PROBLEMS, time } from "./words.ts";

const shown = z.unknown().openapi({ description: "JSON without secrets; long parts are cut" });
const schema = z.object({
  id: z.string(),
  at: time,
  by: z.string().openapi({ description: "an account, the admin token, or the command line" }),
  from: z.string().openapi({ description: "its address; empty: on the machine itself" }),
  request: z.string().nullable().openapi({ description: "X-Request-Id of the request; the log has it too" }),
  action: z.string().openapi({ example: "PATCH /accounts/{address}" }),
  resource: z.string().openapi({ example: "/accounts/alice@example.org" }),
  given: shown,
  before: shown,
  after: shown,
}).openapi("AuditEntry");
const moment = z.iso.datetime({ offset: true, error: 'should be a time, as "2027-01-31T00:00:00Z"' }).transform((
  text,
) => Date.parse(text)).openapi({ type: "string", format: "date-time" });
const word = (description: string) => z.string().min(1).max(300).optional().openapi({ description });
const MOST = 500;

const list = createRoute({
  method: "get",
  path: "/audit",
  tags: ["audit"],
  summary: "Who changed what, the newest first",
  request: {
    query: z.object({
      by: word("who"),
      resource: word("how the changed thing's name begins, as `/accounts/alice@example.org`"),
      action: word("as `PATCH /accounts/{address}`"),
      request: word("the id of one request"),
      since: moment.optional(),
      until: moment.optional(),
      after: idText.optional().openapi({ description: "`next` of the page before" }),
      limit: z.string().regex(/^[1-9]\d{0,2}$/, `should be a number from 1 to ${MOST}`).transform(Number).pipe(
        z.number().max(MOST, `should be a number from 1 to ${MOST}`),
      ).optional().openapi({ type: "integer", default: 100 }),
    }),
  },
  responses: {
    200: answer(
      z.object({ audit: z.array(schema), next: z.string().nullable() }),
      "a page, which may be short; `next` is null at the end",
    ),
    ...PROBLEMS,
  },
});

/** `/audit`. */
export function audit(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(list, async (c) => {
    const { after = null, limit = 100, ...filter } = c.req.valid("query");
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
    const { rows, next } = await deps.audit?.list(given, after, limit) ?? { rows: [], next: null };
    return c.json({ audit: rows.map(print), next: tellNext(c, next) }, 200);
  });
}

function print({ at, ...row }: AuditRow): z.output<typeof schema> {
  return { ...row, at: printTime(at) };
}
