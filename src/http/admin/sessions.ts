import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { domainOf } from "../access.ts";
import { type Actor, actorOf, administers } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import type { SessionRow } from "../session_desk.ts";
import { nextOf, nextPage, pageOf, pageQuery } from "./pages.ts";
import { address, answer, idText, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const PROTOCOLS = ["smtp", "submission", "lmtp", "imap", "pop3", "managesieve"] as const;

const schema = z.object({
  id: z.string().openapi({ description: "the log has it as `session`" }),
  protocol: z.string(),
  account: z.string().nullable().openapi({ description: "who has logged in; null: nobody" }),
  address: z.string(),
  port: z.int(),
  tls: z.string().nullable().openapi({ description: "its version; null: in the clear" }),
  since: time,
}).openapi("Session");
const tags = ["sessions"];

const list = createRoute({
  method: "get",
  path: "/sessions",
  "x-access": "account",
  tags,
  summary: "Sessions of mail protocols at this server now: all, those of your domains, or your own",
  request: {
    query: z.object({
      account: address.optional(),
      protocol: z.enum(PROTOCOLS, { error: `should be one of ${PROTOCOLS.join(", ")}` }).optional(),
      ...pageQuery,
    }),
  },
  responses: { 200: answer(z.object({ sessions: z.array(schema), next: nextPage }), "by id"), ...PROBLEMS },
});

const end = createRoute({
  method: "delete",
  path: "/sessions/{id}",
  "x-access": "account",
  tags,
  summary: "End a session: it says goodbye as when the server stops",
  request: { params: z.object({ id: idText }) },
  responses: { 204: { description: "it was asked to end" }, ...PROBLEMS, ...NOT_FOUND },
});

/** `/sessions`. */
export function sessions(app: OpenAPIHono, { sessions }: HttpDeps): void {
  app.openapi(list, (c) => {
    const { account, protocol, ...rest } = c.req.valid("query");
    const page = pageOf(rest);
    const actor = actorOf(c);
    const found = (sessions?.list() ?? []).filter((one) =>
      maySee(actor, one) && (account === undefined || one.account === account) &&
      (protocol === undefined || one.protocol === protocol) && one.id > (page.after ?? "")
    ).sort((a, b) => a.id < b.id ? -1 : 1).slice(0, page.limit);
    return c.json({ sessions: found.map(print), next: nextOf(c, found, page, ({ id }) => id) }, 200);
  });
  app.openapi(end, (c) => {
    const { id } = c.req.valid("param");
    const actor = actorOf(c);
    const found = sessions?.list().some((one) => one.id === id && maySee(actor, one)) ?? false;
    if (!found || !sessions?.end(id)) {
      throw new ProblemError({ status: 404, code: "notFound", detail: `There is no session ${id} here.` });
    }
    return c.body(null, 204);
  });
}

function maySee(actor: Actor, { account }: SessionRow): boolean {
  if (actor.kind === "server") return true;
  return account !== null && (account === actor.address || administers(actor, domainOf(account)));
}

function print({ since, ...row }: SessionRow): z.output<typeof schema> {
  return { ...row, since: printTime(since) };
}
