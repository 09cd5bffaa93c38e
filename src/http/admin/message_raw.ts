import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { MailboxId, Uid } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { accountAt, address, idText, NOT_FOUND, PROBLEMS } from "./words.ts";

const PIECE = 128 * 1024;

const get = createRoute({
  method: "get",
  path: "/accounts/{address}/mailboxes/{mailboxId}/messages/{uid}",
  "x-access": "account",
  tags: ["messages"],
  summary: "A message as it is in a mailbox; events of webhooks link to it",
  request: {
    params: z.object({
      address,
      mailboxId: idText,
      uid: z.string().regex(/^[1-9]\d{0,9}$/, "should be a number").transform(Number).openapi({ type: "integer" }),
    }),
  },
  responses: {
    200: {
      description: "its octets",
      content: { "message/rfc822": { schema: z.string().openapi({ format: "binary" }) } },
    },
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

/** `GET /accounts/{address}/mailboxes/{mailboxId}/messages/{uid}`. */
export function messageRaw(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(get, async (c) => {
    const { address, mailboxId, uid } = c.req.valid("param");
    const accountId = await accountAt(deps, address);
    const own = await deps.perform("mailbox.list", { accountId });
    const isOwn = own.some((one) => one.mailboxId === mailboxId && one.ownerId === accountId);
    const { rows: [row] } = isOwn
      ? await deps.perform("email.read", {
        accountId,
        mailboxId: mailboxId as MailboxId,
        ranges: [{ first: uid as Uid, last: uid as Uid }],
        fields: [],
        limit: 1,
      })
      : { rows: [] };
    if (!row) throw new ProblemError({ status: 404, code: "notFound", detail: "There is no such message." });
    const { blobId, blobSize, prefix } = row;
    async function* octets() {
      if (prefix.length > 0) yield prefix;
      for (let start = 0; start < blobSize; start += PIECE) {
        const end = Math.min(blobSize, start + PIECE);
        yield await deps.perform("blob.read", { accountId, blobId, start, end });
      }
    }
    return c.body(ReadableStream.from(octets()) as ReadableStream, 200, {
      "content-type": "message/rfc822",
      // Nothing in it is for a browser to show.
      "content-disposition": "attachment; filename=message.eml",
    });
  });
}
