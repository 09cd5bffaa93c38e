import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { concatBytes } from "../../base/bytes.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { accountAt, address, answer, CONFLICT, mailboxName, NOT_FOUND, PROBLEMS } from "./words.ts";

const number = (most: number) =>
  z.string().regex(/^\d{1,16}$/, "should be a number").transform(Number).pipe(
    z.number().max(most, `should be at most ${most}`),
  ).openapi({ type: "integer" });
const flag = z.string().min(1).max(255).regex(/^[!-~]+$/, "should be a flag, as \\Seen");
const PREFIX_LIMIT = 1024 * 1024;

const restore = createRoute({
  method: "post",
  path: "/accounts/{address}/restore",
  tags: ["messages"],
  summary: "Put back a message from a backup, as it was; what the mailbox has already is left alone",
  description: "Nothing is changed in it, and it gets a new UID. Octets of the same message that are damaged in the " +
    "store are replaced. The mailbox is made where it is not there.",
  request: {
    params: z.object({ address }),
    query: z.object({
      mailbox: mailboxName,
      internalDate: number(Number.MAX_SAFE_INTEGER).openapi({ description: "milliseconds since 1970" }),
      prefix: number(PREFIX_LIMIT).optional().openapi({
        description: "how many octets in front delivery had added: they are kept apart",
      }),
      flag: z.preprocess((value) => typeof value === "string" ? [value] : value, z.array(flag).max(500)).optional()
        .openapi({ type: "array", items: { type: "string" } }),
    }),
    body: { required: true, content: { "message/rfc822": { schema: z.string().openapi({ format: "binary" }) } } },
  },
  responses: {
    200: answer(
      z.object({ uid: z.int().nullable(), healed: z.boolean() }),
      "uid null: it was there; healed: its octets were damaged, and are not any more",
    ),
    ...PROBLEMS,
    ...NOT_FOUND,
    ...CONFLICT,
  },
});

/** `POST /accounts/{address}/restore`. */
export function messagesRestore(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(restore, async (c) => {
    const accountId = await accountAt(deps, c.req.valid("param").address);
    const { mailbox, internalDate, prefix: prefixOctets = 0, flag: flags = [] } = c.req.valid("query");
    const intake = deps.openBody();
    try {
      const before: Uint8Array[] = [];
      let missing = prefixOctets;
      for await (const chunk of c.req.raw.body ?? []) {
        const own = chunk.subarray(0, missing);
        missing -= own.length;
        if (own.length > 0) before.push(own.slice());
        if (own.length < chunk.length) await intake.write(chunk.subarray(own.length));
      }
      const { blobId } = await intake.seal();
      const healed = await deps.mend?.({ heal: blobId }) ?? false;
      const message = { blobId, prefix: concatBytes(before), flags, internalDate };
      const done = await deps.perform("email.putBack", { accountId, path: mailbox, message, now: deps.now() });
      if (!("refused" in done)) return c.json({ uid: done.uid as number | null, healed }, 200);
      if (done.refused === "overQuota") {
        const detail = "The account has no room for this message; give it more, or no limit, and go on.";
        throw new ProblemError({ status: 409, code: "overQuota", detail });
      }
      throw new ProblemError({ status: 422, code: "mailboxName", detail: `${mailbox} is no name for a mailbox.` });
    } finally {
      intake.close();
    }
  });
}
