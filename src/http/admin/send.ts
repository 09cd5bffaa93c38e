import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { lowerAscii } from "../../base/ascii.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import type { EnvelopeRecipient, Refusal } from "../../contract/mod.ts";
import { actorOf, addressOf } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError, problemOf } from "../problem.ts";
import { steadily } from "../request_body.ts";
import type { DescribedMessage, NotSent, SendActor, SendRequest, SentMessage } from "../send_desk.ts";
import { listOf, path, refusedProblem } from "./messages_send.ts";
import { moment, MOST_RECIPIENTS, type SendBody, sendBody, tagText } from "./send_schema.ts";
import { answer, CONFLICT, idText, NOT_FOUND, printTime, PROBLEMS, time } from "./words.ts";

const tags = ["send"];

const sent = z.object({
  id: z.string().openapi({ description: "/messages/{id} tells its whole story" }),
  messageId: z.string().nullable(),
  from: z.string(),
  createdAt: time,
  sendAt: time.nullable(),
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.string()),
  recipients: z.array(z.object({
    address: z.string(),
    state: z.enum([
      "scheduled",
      "queued",
      "deferred",
      "delivered",
      "bounced",
      "complained",
      "suppressed",
      "canceled",
    ]),
    detail: z.string().nullable().openapi({ description: "the last words about it, for a person" }),
    at: time.nullable(),
    queueId: z.string().nullable(),
    attempts: z.int(),
    nextAttempt: time.nullable(),
  })),
  link: z.string().openapi({ example: "/api/v1/send/k3v9.1" }),
}).openapi("SentMessage");

const query = z.object({
  sender: z.union([z.literal(""), path]).optional().openapi({
    type: "string",
    description: "with message/rfc822: the envelope sender",
    example: "alice@example.org",
  }),
  recipient: listOf(path).pipe(
    z.array(z.string()).max(MOST_RECIPIENTS, `should be there at most ${MOST_RECIPIENTS} times`),
  )
    .optional().openapi({
      type: "array",
      items: { type: "string" },
      description: "with message/rfc822: each recipient",
    }),
  sendAt: moment.optional(),
  tag: listOf(z.string()).pipe(tagText).optional().openapi({ type: "array", items: { type: "string" } }),
  saveToSent: z.enum(["true", "false"]).optional(),
  evenSuppressed: z.enum(["true", "false"]).optional(),
});

const send = createRoute({
  method: "post",
  path: "/send",
  "x-access": "account",
  tags,
  summary: "Send a message that is described in JSON, or as it is",
  description:
    "Through all that submitted mail passes. At 201 the message is on disk; `link` tells what becomes of it. With the " +
    "header `Idempotency-Key` the request may come again within a day: it is one message and has one answer. As " +
    "`message/rfc822` the envelope is in the query.",
  request: {
    query,
    headers: z.object({
      "idempotency-key": z.string().regex(/^[\x20-\x7e]{1,255}$/, "should be 1 to 255 printable characters of ASCII")
        .optional(),
    }),
    body: {
      required: false, // else a message as it is would be read as JSON

      content: {
        "application/json": { schema: sendBody },
        "message/rfc822": { schema: z.string().openapi({ format: "binary" }) },
      },
    },
  },
  responses: {
    201: answer(sent, "taken"),
    ...PROBLEMS,
    ...CONFLICT,
    413: { ...PROBLEMS[422], description: "the message is larger than this server takes" },
  },
});

const params = z.object({ id: idText });
const get = createRoute({
  method: "get",
  path: "/send/{id}",
  "x-access": "account",
  tags,
  summary: "What became of a message, for each recipient; it is kept for 30 days",
  request: { params },
  responses: { 200: answer(sent, "the message"), ...PROBLEMS, ...NOT_FOUND },
});

const cancel = createRoute({
  method: "delete",
  path: "/send/{id}",
  "x-access": "account",
  tags,
  summary: "Take back a message whose time (`sendAt`) has not come",
  request: { params },
  responses: { 204: { description: "nobody gets it" }, ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
});

/** `/send`. */
export function sending(app: OpenAPIHono, deps: HttpDeps): void {
  const desk = deps.sending;
  app.openapi(send, async (c) => {
    const key = c.req.valid("header")["idempotency-key"];
    const isJson = lowerAscii(c.req.header("content-type") ?? "").startsWith("application/json");
    const asked = isJson
      ? described(c.req.valid("json") as unknown as SendBody)
      : asItIs(c.req.valid("query"), c.req.raw.body && steadily(c.req.raw.body));
    const digest = c.get("bodyDigest" as never) as Uint8Array | undefined;
    const result = await desk.send({
      ...asked,
      actor: senderOf(c),
      idempotency: key === undefined
        ? null
        : { key, request: digest ?? utf8Bytes(`message/rfc822 ${new URL(c.req.url).search}\n`) },
    });
    if (!("sent" in result)) throw notSent(result);
    if (!result.replayed) deps.queueChanged();
    const shown = print(result.sent);
    return c.json(shown, 201, {
      location: shown.link,
      ...(result.replayed ? { "idempotent-replayed": "true" } : {}),
    });
  });
  app.openapi(get, async (c) => {
    const { id } = c.req.valid("param");
    const found = await desk.get(id, senderOf(c));
    if (!found) throw noSuch(id);
    return c.json(print(found), 200);
  });
  app.openapi(cancel, async (c) => {
    const { id } = c.req.valid("param");
    const done = await desk.cancel(id, senderOf(c));
    if (done === null) throw noSuch(id);
    if (!done) {
      throw new ProblemError({
        status: 409,
        code: "tooLate",
        detail: "Nothing of this message waits for its time any more.",
      });
    }
    return c.body(null, 204);
  });
}

/** Who sends: the server as anybody, a domain's administrator as anybody of it, an account as itself. */
function senderOf(context: Context): SendActor {
  const actor = actorOf(context);
  if (actor.kind === "server") return { kind: "server" };
  const { accountId, address, scopes } = actor;
  if (actor.kind === "domain") return { kind: "domain", domains: actor.domains, accountId };
  return { kind: "account", login: { accountId, login: address, scopes }, address: addressOf(context) };
}

function withOctets({ attachments, ...rest }: SendBody): DescribedMessage {
  return { ...rest, attachments: attachments.map(({ content: octets, ...one }) => ({ ...one, octets })) };
}

type Asked = Omit<SendRequest, "actor" | "idempotency">;

function described(body: SendBody): Asked {
  const { from, to, cc, bcc, envelope, dsn, priority, sendAt, saveToSent, evenSuppressed, tags, metadata } = body;
  const paths = envelope.to ?? [...to, ...cc, ...bcc].map(({ email }) => email);
  return {
    message: { described: withOctets(body) },
    sender: {
      reversePath: envelope.from ?? from.email,
      ret: dsn.ret,
      envid: dsn.envid,
      ...(priority !== undefined && { priority }),
    },
    recipients: recipientsOf(paths, dsn.notify),
    sendAt,
    saveToSent,
    evenSuppressed,
    tags,
    metadata,
  };
}

function asItIs(
  { sender, recipient, sendAt, tag = [], saveToSent, evenSuppressed }: z.output<typeof query>,
  octets: AsyncIterable<Uint8Array> | null,
): Asked {
  const missing = (name: string) =>
    new ProblemError(problemOf("invalid", `query: ${name} is missing; a message as it is needs its envelope`));
  if (sender === undefined) throw missing("sender");
  if (recipient === undefined) throw missing("recipient");
  return {
    message: { octets },
    sender: { reversePath: sender, ret: null, envid: null },
    recipients: recipientsOf(recipient, null),
    sendAt: sendAt ?? null,
    saveToSent: saveToSent === "true",
    evenSuppressed: evenSuppressed === "true",
    tags: tag,
    metadata: {},
  };
}

/** Each once: whoever is in To and in Cc has one mailbox. */
function recipientsOf(paths: readonly string[], notify: EnvelopeRecipient["notify"]): readonly EnvelopeRecipient[] {
  const all = new Map(paths.map((one) => [lowerAscii(one), one]));
  if (all.size === 0) throw new ProblemError(problemOf("invalid", "to: there is no recipient"));
  if (all.size > MOST_RECIPIENTS) {
    throw new ProblemError(problemOf("invalid", `to: there are more than ${MOST_RECIPIENTS} recipients`));
  }
  return [...all.values()].map((forwardPath) => ({ forwardPath, notify, orcpt: null }));
}

function notSent(why: NotSent): ProblemError {
  if ("refused" in why) {
    const problem = problemFor(why.refused);
    if (!why.recipients) return problem;
    const errors = why.recipients.slice(0, 100).map(({ index, refusal: { code, enhanced, text } }) => ({
      path: `recipients.${index}`,
      reason: `${code} ${enhanced} ${text}`,
    }));
    return new ProblemError({ ...problem.problem, errors });
  }
  if ("conflict" in why) {
    return why.conflict === "underWay"
      ? new ProblemError({
        status: 409,
        code: "underWay",
        detail: "A request with this Idempotency-Key is under way.",
        headers: { "retry-after": "1" },
      })
      : new ProblemError(problemOf("keyReused", "This Idempotency-Key was used for another request."));
  }
  if ("suppressed" in why) {
    return new ProblemError(problemOf(
      "suppressed",
      `Not sent: ${why.suppressed.slice(0, 5).join(", ")} ${
        why.suppressed.length === 1 ? "is" : "are"
      } on the list of ` +
        "suppressed addresses (/suppressions). `evenSuppressed` sends all the same.",
    ));
  }
  return new ProblemError(
    "noSent" in why
      ? problemOf("invalid", "saveToSent: the sender has no account here")
      : problemOf("invalid", "sendAt: this server does not hold a message for so long"),
  );
}

/** A server may take fewer recipients than this request may have: it will not take more later. */
function problemFor(refusal: Refusal): ProblemError {
  const { code, enhanced } = refusal;
  if (code === 452 && enhanced === "4.5.3") return refusedProblem({ ...refusal, code: 550, enhanced: "5.5.3" });
  const found = refusedProblem(refusal);
  if (found.problem.status !== 503) return found;
  return new ProblemError({ ...found.problem, headers: { "retry-after": "60" } });
}

function print(message: SentMessage) {
  const at = (ms: number | null) => ms === null ? null : printTime(ms);
  return {
    ...message,
    createdAt: printTime(message.createdAt),
    sendAt: at(message.sendAt),
    tags: [...message.tags],
    recipients: message.recipients.map((one) => ({ ...one, at: at(one.at), nextAttempt: at(one.nextAttempt) })),
    link: `/api/v1/send/${message.id}`,
  };
}

function noSuch(id: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: "notFound",
    detail: `No message ${id} was sent here in the last 30 days.`,
  });
}
