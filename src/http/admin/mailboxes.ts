import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { AccountId, Mailbox, MailboxRole } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { accountAt, address, answer, body, CONFLICT, mailboxName, NOT_FOUND, PROBLEMS } from "./words.ts";

const ROLES = ["drafts", "sent", "trash", "junk", "archive"] as const satisfies readonly MailboxRole[];

const schema = z.object({
  mailbox: mailboxName,
  role: z.string().nullable().openapi({ description: "special use (RFC 6154), or inbox" }),
  subscribed: z.boolean(),
  uidValidity: z.int(),
  uidNext: z.int(),
  messages: z.int(),
  unseen: z.int(),
  size: z.int().openapi({ description: "octets" }),
}).openapi("Mailbox");
const params = z.object({ address });
const tags = ["mailboxes"];
const wished = z.int("should be a whole number").min(1).max(4_294_967_295);

const list = createRoute({
  method: "get",
  path: "/accounts/{address}/mailboxes",
  "x-access": "account",
  tags,
  summary: "The mailboxes of an account",
  request: { params },
  responses: { 200: answer(z.object({ mailboxes: z.array(schema) }), "by name"), ...PROBLEMS, ...NOT_FOUND },
});

const put = createRoute({
  method: "put",
  path: "/accounts/{address}/mailboxes",
  "x-access": "account",
  tags,
  summary: "Have a mailbox: made where it is not there, with what it was elsewhere as far as that can be kept",
  request: {
    params,
    body: body(z.strictObject({
      mailbox: mailboxName,
      role: z.enum(ROLES).optional().openapi({ description: "taken where no other mailbox has it" }),
      subscribed: z.boolean({ error: "should be true or false" }).optional(),
      uidValidity: wished.optional().openapi({
        description: "the UIDVALIDITY it had elsewhere; taken where the mailbox never had a message",
      }),
      uidNext: wished.optional().openapi({ description: "UIDs below are not given to new messages" }),
    })),
  },
  responses: {
    200: answer(schema.extend({ adopted: z.boolean().openapi({ description: "it has that UIDVALIDITY" }) }), "it"),
    ...PROBLEMS,
    ...NOT_FOUND,
    ...CONFLICT,
  },
});

/** `/accounts/{address}/mailboxes`: done as the account. */
export function mailboxes(app: OpenAPIHono, deps: HttpDeps): void {
  const { perform } = deps;
  app.openapi(list, async (c) => {
    const accountId = await accountAt(deps, c.req.valid("param").address);
    return c.json({ mailboxes: (await own(deps, accountId)).map(print) }, 200);
  });
  app.openapi(put, async (c) => {
    const accountId = await accountAt(deps, c.req.valid("param").address);
    const { mailbox: path, role, subscribed, uidValidity = null, uidNext = null } = c.req.valid("json");
    if (await perform("mailbox.get", { accountId, path }) === null) {
      const made = await perform("mailbox.create", { accountId, path, role: null });
      if ("refused" in made && made.refused !== "exists") throw refused(path, made.refused);
    }
    if (role !== undefined && !(await own(deps, accountId)).some((other) => other.role === role)) {
      await perform("metadata.set", { accountId, path, values: [], role });
    }
    if (subscribed !== undefined) await perform("mailbox.subscribe", { accountId, path, subscribed });
    const adopted = await perform("mailbox.adopt", { accountId, path, uidValidity, uidNext });
    if ("refused" in adopted) throw refused(path, adopted.refused);
    const mailbox = await perform("mailbox.get", { accountId, path });
    if (mailbox === null) throw refused(path, "notFound");
    return c.json({ ...print(mailbox), adopted: adopted.adopted }, 200);
  });
}

async function own({ perform }: HttpDeps, accountId: AccountId): Promise<Mailbox[]> {
  return (await perform("mailbox.list", { accountId })).filter(({ ownerId }) => ownerId === accountId);
}

function print({ path, role, subscribed, uidValidity, uidNext, messages, unseen, size }: Mailbox) {
  return { mailbox: path, role, subscribed, uidValidity, uidNext, messages, unseen, size };
}

function refused(path: string, code: string): ProblemError {
  const shown = JSON.stringify(path.slice(0, 200));
  const words: Readonly<Record<string, string>> = {
    notFound: `There is no mailbox ${shown} here.`,
    noPermission: `${shown} is the name of another account's mailbox.`,
    invalidName: `${shown} can be no name of a mailbox.`,
    tooDeep: `${shown} has too many levels.`,
  };
  const status = code === "notFound" ? 404 : code === "noPermission" ? 409 : 422;
  return new ProblemError({ status, code, detail: words[code] ?? `${shown} was refused: ${code}.` });
}
