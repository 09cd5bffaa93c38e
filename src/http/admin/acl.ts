import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { AccountId, AclRefused } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { accountAt, address, answer, body, mailboxName as mailbox, NOT_FOUND, PROBLEMS } from "./words.ts";

const RIGHTS = /^[lrswipkxteacd]*$/;

const identifier = z.string({ error: 'should be an address, or "anyone"' }).min(1).max(1024).openapi({
  description: 'an account, or "anyone" for all of the domain; "-" before it takes rights away',
  example: "bob@example.org",
});
const rights = z.string({ error: "should be letters of RFC 4314 section 2.1" }).regex(
  RIGHTS,
  "should be letters of lrswipkxtea (RFC 4314 section 2.1)",
).openapi({ example: "lrs" });

const entry = z.object({ identifier, rights });
const schema = z.object({
  mailboxes: z.array(z.object({ mailbox, entries: z.array(entry) })),
}).openapi("Acl");
const params = z.object({ address });
const tags = ["acl"];

const list = createRoute({
  method: "get",
  path: "/accounts/{address}/acl",
  "x-access": "account",
  tags,
  summary: "Who has rights in an account's mailboxes, or in one of them",
  request: { params, query: z.object({ mailbox: mailbox.optional() }) },
  responses: {
    200: answer(schema, "mailboxes in which others have rights; the owner has all, always"),
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

const set = createRoute({
  method: "put",
  path: "/accounts/{address}/acl",
  "x-access": "account",
  tags,
  summary: "Give somebody these rights in a mailbox, and no others",
  request: { params, body: body(z.strictObject({ mailbox, identifier, rights })) },
  responses: { 204: { description: "they are given" }, ...PROBLEMS, ...NOT_FOUND },
});

const remove = createRoute({
  method: "delete",
  path: "/accounts/{address}/acl",
  "x-access": "account",
  tags,
  summary: "Take an entry out of a mailbox's access control list",
  request: { params, query: z.object({ mailbox, identifier }) },
  responses: { 204: { description: "there is none of this name" }, ...PROBLEMS, ...NOT_FOUND },
});

/** `/accounts/{address}/acl`: done as the account, which may do everything in its mailboxes. */
export function acl(app: OpenAPIHono, deps: HttpDeps): void {
  const { perform } = deps;
  const owner = (address: string): Promise<AccountId> => accountAt(deps, address);
  const change = async (address: string, mailbox: string, identifier: string, rights: string): Promise<void> => {
    const accountId = await owner(address);
    const done = await perform("acl.set", { accountId, path: mailbox, identifier, mode: "replace", rights });
    if ("refused" in done) throw problemOf(done, mailbox, identifier);
  };
  app.openapi(list, async (c) => {
    const accountId = await owner(c.req.valid("param").address);
    const { mailbox } = c.req.valid("query");
    const paths = mailbox === undefined ? await ownPaths(deps, accountId) : [mailbox];
    const mailboxes = [];
    for (const path of paths) {
      const found = await perform("acl.get", { accountId, path });
      if ("refused" in found) throw problemOf(found, path, "");
      const entries = found.entries.slice(1); // without the owner's
      if (mailbox !== undefined || entries.length > 0) mailboxes.push({ mailbox: found.path, entries });
    }
    return c.json({ mailboxes }, 200);
  });
  app.openapi(set, async (c) => {
    const { mailbox, identifier, rights } = c.req.valid("json");
    await change(c.req.valid("param").address, mailbox, identifier, rights);
    return c.body(null, 204);
  });
  app.openapi(remove, async (c) => {
    const { mailbox, identifier } = c.req.valid("query");
    await change(c.req.valid("param").address, mailbox, identifier, "");
    return c.body(null, 204);
  });
}

async function ownPaths({ perform }: HttpDeps, accountId: AccountId): Promise<string[]> {
  const mailboxes = await perform("mailbox.list", { accountId });
  return mailboxes.filter(({ ownerId }) => ownerId === accountId).map(({ path }) => path);
}

function problemOf({ refused }: AclRefused, mailbox: string, identifier: string): ProblemError {
  switch (refused) {
    case "notFound":
    case "noPermission":
      return new ProblemError({ status: 404, code: "notFound", detail: `There is no mailbox ${mailbox} here.` });
    case "noIdentifier":
      return new ProblemError({ status: 422, code: "invalid", detail: `There is no account ${identifier} here.` });
    case "badRights":
      return new ProblemError({ status: 422, code: "invalid", detail: "Rights are letters of lrswipkxtea." });
    case "isOwner":
      return new ProblemError({ status: 422, code: "invalid", detail: "The owner has all rights, and keeps them." });
    case "tooMany":
      return new ProblemError({ status: 422, code: "invalid", detail: "The access control list is full." });
  }
}
