import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { AccountId, AnswerOf, RemovedEmail } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { address, answer, body, idText, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const tags = ["undelete"];
/** Rows a transaction: nobody waits for long. */
const PAGE = 200;
const MOST = 1000;

const moment = z.iso.datetime({ offset: true, error: 'should be a time, as "2026-01-31T12:00:00Z"' });
const mailbox = z.string().min(1, "is empty").max(1024, "is longer than 1024 characters");
const params = z.object({ address });

const schema = z.object({
  removedId: z.string(),
  emailId: z.string(),
  mailbox: z.string(),
  uid: z.int(),
  removedAt: time,
  receivedAt: time,
  size: z.int(),
  isElsewhere: z.boolean().openapi({ description: "it was moved, or is in another mailbox too" }),
  subject: z.string().nullable(),
  author: z.string().nullable(),
}).openapi("Removed");

const list = createRoute({
  method: "get",
  path: "/accounts/{address}/removed",
  "x-access": "account",
  tags,
  summary: "What was removed and can be brought back, the oldest first, a page at a time",
  request: {
    params,
    query: z.object({
      mailbox: mailbox.optional(),
      since: moment.optional(),
      after: idText.optional().openapi({ description: "`next` of the page before" }),
    }),
  },
  responses: {
    200: answer(z.object({ removed: z.array(schema), next: z.string().nullable() }), "`next` is null at the end"),
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

const restore = createRoute({
  method: "post",
  path: "/accounts/{address}/removed/restore",
  "x-access": "account",
  tags,
  summary: "Bring back what was removed, under new UIDs",
  request: {
    params,
    body: body(z.strictObject({
      mailbox: mailbox.optional().openapi({ description: "only what was in it" }),
      since: moment.optional().openapi({ description: "only what was removed then or later" }),
      ids: z.array(idText).min(1).max(MOST).optional().openapi({ description: "only these" }),
      into: mailbox.optional().openapi({ description: "instead of where it was; made where it is not there" }),
    })),
  },
  responses: {
    200: answer(z.object({ restored: z.int(), overQuota: z.boolean() }), "overQuota: there was no room for the rest"),
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

const rewind = createRoute({
  method: "post",
  path: "/accounts/{address}/rewind",
  "x-access": "account",
  tags,
  summary: "Make a mailbox what it was at a moment: what was removed or moved since comes back",
  request: {
    params,
    body: body(z.strictObject({
      mailbox,
      to: moment,
      exact: z.boolean().default(false).openapi({ description: "what came since goes, and can be brought back" }),
    })),
  },
  responses: {
    200: answer(
      z.object({ restored: z.int(), removed: z.int(), overQuota: z.boolean() }),
      "overQuota: there was no room for the rest",
    ),
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

/** `/accounts/{address}/removed` and `…/rewind`. */
export function removed(app: OpenAPIHono, { perform, now }: HttpDeps): void {
  const idOf = async (of: string): Promise<AccountId> => {
    const account = await perform("account.get", { address: of });
    if (account) return account.accountId;
    throw new ProblemError({ status: 404, code: "notFound", detail: `there is no account ${of}` });
  };
  app.openapi(list, async (c) => {
    const { mailbox: path = null, since, after = null } = c.req.valid("query");
    const accountId = await idOf(c.req.valid("param").address);
    const from = since === undefined ? 0 : Date.parse(since);
    const page = await perform("removed.list", { accountId, path, since: from, after, limit: PAGE });
    return c.json({ removed: page.rows.map(print), next: page.next }, 200);
  });
  app.openapi(restore, async (c) => {
    const { mailbox: path = null, since, ids, into = null } = c.req.valid("json");
    const accountId = await idOf(c.req.valid("param").address);
    const args = { accountId, path, since: since === undefined ? 0 : Date.parse(since), into, limit: PAGE, now: now() };
    let restored = 0;
    for (let after: string | null = null;;) {
      const page: AnswerOf<"removed.restore"> = await perform("removed.restore", {
        ...args,
        after,
        ...(ids && { ids }),
      });
      if ("refused" in page) {
        throw new ProblemError({ status: 422, code: "mailboxName", detail: `${into} is no name for a mailbox` });
      }
      restored += page.restored;
      if (page.next === null) return c.json({ restored, overQuota: page.overQuota }, 200);
      after = page.next;
    }
  });
  app.openapi(rewind, async (c) => {
    const { mailbox: path, to, exact } = c.req.valid("json");
    const accountId = await idOf(c.req.valid("param").address);
    const args = { accountId, path, to: Date.parse(to), exact, limit: PAGE, now: now() };
    const total = { restored: 0, removed: 0, overQuota: false };
    for (let after: string | null = null;;) {
      const page: AnswerOf<"mailbox.rewind"> = await perform("mailbox.rewind", { ...args, after });
      if ("refused" in page) {
        throw new ProblemError({ status: 404, code: "notFound", detail: `there is no mailbox ${path} of the account` });
      }
      total.restored += page.restored;
      total.removed += page.removed;
      if (page.next === null) return c.json({ ...total, overQuota: page.overQuota }, 200);
      after = page.next;
    }
  });
}

function print({ path, removedAt, internalDate, ...row }: RemovedEmail): z.output<typeof schema> {
  return { ...row, mailbox: path, removedAt: printTime(removedAt), receivedAt: printTime(internalDate) };
}
