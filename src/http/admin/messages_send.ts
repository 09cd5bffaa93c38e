import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { domainToAscii, formatAddress, parseAddress } from "../../base/address.ts";
import { isAscii, upperAscii } from "../../base/ascii.ts";
import type { Notify, Refusal } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { answer, PROBLEMS } from "./words.ts";

/** Of one request. */
export const MOST_RECIPIENTS = 1000;
const ENVID_LIMIT = 100; // RFC 3461 section 4.4

/** An address of an envelope: unlike one of the directory it keeps its letters. */
export const path = z.string().max(1024).transform((text, context): string => {
  const parsed = parseAddress(text);
  if (parsed !== null && domainToAscii(parsed.domain) !== null) return formatAddress(parsed);
  const shown = JSON.stringify(text.slice(0, 80));
  context.addIssue({ code: "custom", message: `${shown} should be an address, as "alice@example.org"` });
  return z.NEVER;
});

export const listOf = <S extends z.ZodType>(one: S) =>
  z.preprocess((value) => value === undefined || Array.isArray(value) ? value : [value], z.array(one));

const notify = z.string().max(40).transform((text, context): Notify => {
  if (text === "") return null; // of one recipient among several
  const words = upperAscii(text).split(",");
  const known = words.filter((word) => ["SUCCESS", "FAILURE", "DELAY"].includes(word));
  if (words.length === 1 && words[0] === "NEVER") return [];
  if (known.length === words.length) return [...new Set(known)].map((word) => word.toLowerCase()) as unknown as Notify;
  context.addIssue({ code: "custom", message: 'should be "never", or some of "success,failure,delay"' });
  return z.NEVER;
});

const query = z.object({
  sender: z.union([z.literal(""), path]).openapi({
    type: "string",
    description: "the envelope sender, whom reports go to; empty: nobody",
    example: "alice@example.org",
  }),
  recipient: listOf(path).pipe(
    z.array(z.string()).min(1, "should be there at least once").max(
      MOST_RECIPIENTS,
      `should be there at most ${MOST_RECIPIENTS} times`,
    ),
  ).openapi({ type: "array", items: { type: "string" }, description: "once for each recipient" }),
  notify: listOf(notify).optional().openapi({
    type: "array",
    items: { type: "string" },
    description: "when the sender is told (RFC 3461): `never`, or some of `success,failure,delay`; once for all " +
      "recipients, or once for each",
  }),
  orcpt: listOf(
    z.string().max(500).refine((text) => text === "" || /^[A-Za-z0-9-]+;[\x21-\x7e]+$/.test(text), {
      error: 'should be a type and an address, as "rfc822;alice@example.org"',
    }),
  ).optional().openapi({
    type: "array",
    items: { type: "string" },
    description: "the original recipients (RFC 3461), once for each recipient; empty where there is none",
  }),
  verp: z.enum(["true", "false"]).optional().openapi({
    description: "`true`: each recipient elsewhere gets a sender of its own, which names it: " +
      "`alice+bob=example.net@example.org`",
  }),
  ret: z.enum(["full", "headers"]).optional().openapi({ description: "what a report returns of the message" }),
  envid: z.string().min(1).max(ENVID_LIMIT).refine((text) => isAscii(text) && !/[^\x20-\x7e]/.test(text), {
    error: "should be printable ASCII",
  }).optional().openapi({ description: "the sender's name for the message, which reports repeat" }),
  priority: z.enum(["urgent", "normal", "bulk"], { error: 'should be "urgent", "normal" or "bulk"' }).optional()
    .openapi({
      description: "how soon it leaves where not all can at once; left out, mailings (by Precedence, List-Id, " +
        "List-Unsubscribe, or more than 50 recipients elsewhere) are bulk, and all else is normal",
    }),
});

const send = createRoute({
  method: "post",
  path: "/messages",
  tags: ["messages"],
  summary: "Send a message, as whoever you like",
  description:
    "What a program for mail would submit: a Bcc field is removed, From, Date and Message-ID are added where " +
    "they are missing. Lines may end in LF or CRLF. At 201 the message is on disk: in mailboxes, or in the queue.",
  request: {
    query,
    body: { required: true, content: { "message/rfc822": { schema: z.string().openapi({ format: "binary" }) } } },
  },
  responses: {
    201: answer(z.object({ traceId: z.string() }).openapi("Sent"), "taken; /messages/{traceId} tells its story"),
    ...PROBLEMS,
    413: { ...PROBLEMS[422], description: "the message is larger than this server takes" },
  },
});

/** `POST /messages`. */
export function messagesSend(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(send, async (c) => {
    const { sender, recipient, notify = [], orcpt = [], ret = null, envid = null, priority, verp } = c.req.valid(
      "query",
    );
    const each = notify.length > 1 || recipient.length === 1;
    if (each && notify.length > 0) sameNumber("notify", notify.length, recipient.length);
    if (orcpt.length > 0) sameNumber("orcpt", orcpt.length, recipient.length);
    const result = await deps.submit({
      sender: {
        reversePath: sender,
        ret,
        envid,
        ...(priority !== undefined && { priority }),
        ...(verp === "true" && { verp: true }),
      },
      recipients: recipient.map((forwardPath, i) => ({
        forwardPath,
        notify: notify[each ? i : 0] ?? null,
        orcpt: orcpt[i] || null,
      })),
      body: c.req.raw.body,
    });
    if ("refused" in result) throw refusedProblem(result.refused);
    deps.queueChanged();
    return c.json({ traceId: result.accepted as string }, 201);
  });
}

function sameNumber(name: string, given: number, recipients: number): void {
  if (given === recipients) return;
  const detail = `${name} is there ${given} times, and recipient ${recipients} times`;
  throw new ProblemError({ status: 422, code: "invalid", detail });
}

/** The reply of SMTP is the detail: its codes say more than a status. */
export function refusedProblem({ code, enhanced, text }: Refusal): ProblemError {
  const detail = `${code} ${enhanced} ${text}`;
  if (code < 500) return new ProblemError({ status: 503, code: "temporary", detail });
  if (code === 552) return new ProblemError({ status: 413, code: "tooLarge", detail });
  return new ProblemError({ status: 422, code: "refused", detail });
}
