import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { isAscii } from "../../base/ascii.ts";
import type { HttpDeps } from "../deps.ts";
import { listOf, MOST_RECIPIENTS, path, refusedProblem } from "./messages_send.ts";
import { answer, PROBLEMS } from "./words.ts";

const query = z.object({
  sender: z.union([z.literal(""), path]).openapi({
    type: "string",
    description: "the envelope sender; empty: nobody",
    example: "zoe@example.net",
  }),
  recipient: listOf(path).pipe(
    z.array(z.string()).min(1, "should be there at least once").max(
      MOST_RECIPIENTS,
      `should be there at most ${MOST_RECIPIENTS} times`,
    ),
  ).openapi({ type: "array", items: { type: "string" }, description: "once for each recipient of this server" }),
  original: path.optional().openapi({
    type: "string",
    description: "the recipient that the message was first for, which reports name",
  }),
  bounce: z.enum(["true", "false"]).optional().openapi({
    description: "`true`: the sender is told where a recipient's filter or mailbox refuses the message for good",
  }),
});

const recipient = z.object({
  recipient: z.string(),
  refused: z.string().nullable().openapi({
    description: "the reply of LMTP where it was not taken",
    example: "452 4.2.2 The recipient's mailbox is full",
  }),
  returned: z.boolean().openapi({ description: "it was refused, and its sender will be told" }),
});

const deliver = createRoute({
  method: "post",
  path: "/deliveries",
  tags: ["messages"],
  summary: "Deliver a message into mailboxes of this server",
  description:
    "What a delivery agent does: the message is kept as it is, filters of the accounts run, and each recipient is " +
    "answered by itself, as in LMTP. Lines may end in LF or CRLF. What is not refused at 200 is on disk.",
  request: {
    query,
    body: { required: true, content: { "message/rfc822": { schema: z.string().openapi({ format: "binary" }) } } },
  },
  responses: {
    200: answer(
      z.object({ traceId: z.string(), recipients: z.array(recipient) }).openapi("Delivered"),
      "what became of it for each recipient",
    ),
    ...PROBLEMS,
    413: { ...PROBLEMS[422], description: "the message is larger than this server takes" },
  },
});

/** `POST /deliveries`. */
export function messagesDeliver(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(deliver, async (c) => {
    const { sender, recipient, original, bounce } = c.req.valid("query");
    const orcpt = original === undefined ? null : `${isAscii(original) ? "rfc822" : "utf-8"};${original}`;
    const result = await deps.deliver({
      sender: { reversePath: sender, ret: null, envid: null },
      recipients: recipient.map((forwardPath) => ({ forwardPath, notify: null, orcpt })),
      body: c.req.raw.body,
    }, bounce === "true");
    if ("refused" in result) throw refusedProblem(result.refused);
    deps.queueChanged();
    const recipients = result.recipients.map(({ refusal, returned }, i) => ({
      recipient: recipient[i]!,
      refused: refusal === null ? null : `${refusal.code} ${refusal.enhanced} ${refusal.text}`,
      returned,
    }));
    return c.json({ traceId: result.accepted as string, recipients }, 200);
  });
}
