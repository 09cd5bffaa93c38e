import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { isIP } from "node:net";
import { domainToAscii, formatAddress, parseAddress } from "../../base/address.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { decodeBase64 } from "../../base/base64.ts";
import { utf8Strict } from "../../base/bytes.ts";
import { Secret } from "../../base/secret.ts";
import type { Refusal } from "../../contract/mod.ts";
import type { HttpClient } from "../client.ts";
import type { HttpDeps } from "../deps.ts";
import { readForm } from "../form_fields.ts";
import type { InboundAnswer, InboundMessage } from "../inbound_desk.ts";
import { ProblemError, problemOf } from "../problem.ts";
import { LargeBodies, steadily } from "../request_body.ts";
import { listOf, refusedProblem } from "./messages_send.ts";
import { answer, PROBLEMS } from "./words.ts";

const MOST_RECIPIENTS = 1000;
/** Octets of a form or of JSON besides the message. */
const AROUND = 256 * 1024;

const text = z.string().max(1100);
const query = z.object({
  sender: text.optional().openapi({ description: "the envelope sender; empty: nobody", example: "zoe@example.net" }),
  recipient: listOf(text).optional().openapi({
    type: "array",
    items: { type: "string" },
    description: "each recipient",
    example: ["alice@example.org"],
  }),
  clientAddress: text.optional().openapi({ description: "from where the source took it, if it may tell" }),
  clientHelo: text.optional().openapi({ description: "what that called itself" }),
});

const bringing = createRoute({
  method: "post",
  path: "/inbound",
  tags: ["inbound"],
  summary: "Bring a message that another server took for domains here",
  description:
    "Through all that mail at port 25 passes, but greylisting. The token is that of a source (`/inbound-sources`), as " +
    "Bearer, or as the password of Basic. The message is the body (`message/rfc822`), with its envelope in the query or " +
    "in the header fields `Envelope-From` and `Envelope-To` (percent-encoded, with commas between), or a field of a form " +
    "or of JSON: `from` or `sender`, `to` or `recipient`, `message` (in JSON in Base64) or `body-mime`. At 200 it is on " +
    "disk for whom it was not refused. 503: bring it again, later; 422 and 413: never, the detail is the reply of SMTP. " +
    "With `Idempotency-Key` it is one message for these recipients, however often it comes within a day.",
  security: [{ source: [] }],
  request: {
    query,
    headers: z.object({
      "idempotency-key": z.string().regex(/^[\x20-\x7e]{1,255}$/, "should be 1 to 255 printable characters of ASCII")
        .optional(),
      "envelope-from": z.string().max(4000).optional(),
      "envelope-to": z.string().max(MOST_RECIPIENTS * 1000).optional(),
      "client-address": text.optional(),
      "client-helo": text.optional(),
    }),
    body: {
      required: false,
      content: {
        "message/rfc822": { schema: z.string().openapi({ format: "binary" }) },
      },
    },
  },
  responses: {
    200: answer(
      z.object({
        traceId: z.string(),
        recipients: z.array(z.object({
          address: z.string(),
          code: z.int().openapi({ description: "of SMTP: 250, or why it was not taken", example: 250 }),
          enhanced: z.string().openapi({ example: "2.1.5" }),
          message: z.string(),
        })),
      }).openapi("Inbound"),
      "taken",
    ),
    ...PROBLEMS,
    413: { ...PROBLEMS[422], description: "the message is larger than this server takes" },
  },
});

/** `POST /inbound`, which has tokens of its own. */
export function inbound(app: OpenAPIHono, deps: HttpDeps): void {
  const { messageSize = 50_000_000 } = deps;
  const large = new LargeBodies();
  app.openAPIRegistry.registerComponent("securitySchemes", "source", { type: "http", scheme: "bearer" });
  app.openapi(bringing, async (c) => {
    const source = await deps.inbound.find(tokenIn(c.req.header("authorization") ?? ""));
    if (!source) throw unauthorized();
    const { sender, recipient, clientAddress, clientHelo } = c.req.valid("query");
    const fields = c.req.valid("header");
    const type = c.req.header("content-type") ?? "";
    const envelope: Envelope = {
      from: sender ?? decoded(fields["envelope-from"]),
      to: recipient ?? fields["envelope-to"]?.split(",").map((one) => decoded(one.trim()) ?? ""),
    };
    const bring = async (from: Envelope, octets: InboundMessage["octets"]) => {
      const message: InboundMessage = {
        sender: senderOf(from.from),
        recipients: recipientsOf(from.to),
        client: {
          address: addressOf(clientAddress ?? fields["client-address"]),
          helo: heloOf(clientHelo ?? fields["client-helo"]),
        },
        octets,
        key: fields["idempotency-key"] ?? null,
        address: (c.env as { client?: HttpClient } | undefined)?.client?.address ?? "",
      };
      return [message, await deps.inbound.receive(source, message)] as const;
    };
    const [message, result] = lowerAscii(type.split(";")[0]!.trim()) === "message/rfc822"
      ? await bring(envelope, c.req.raw.body && steadily(c.req.raw.body))
      : await large.hold(c.req.raw, Math.ceil(messageSize / 3) * 4 + AROUND, async (octets) => {
        const form = readShape(type, octets);
        return await bring({ from: envelope.from ?? form.from, to: envelope.to ?? form.to }, once(form.message));
      });
    const taken = takenOf(result, message.recipients);
    deps.queueChanged();
    // As a service answers `outbound.relay` with `protocol` `http`.
    const recipients = taken.recipients.map((refusal, i) => {
      const { code, enhanced, text } = refusal ?? TAKEN;
      return { address: message.recipients[i]!, code, enhanced, message: text };
    });
    return c.json({ traceId: taken.traceId, recipients }, 200);
  });
}

const TAKEN: Refusal = { code: 250, enhanced: "2.1.5", text: "Taken" };

interface Envelope {
  readonly from: string | undefined;
  readonly to: readonly string[] | undefined;
}

/** RFC 6750, or RFC 7617 for those who can be given a URL alone. */
function tokenIn(header: string): Secret {
  const space = header.indexOf(" ");
  const scheme = lowerAscii(header.slice(0, space));
  const rest = header.slice(space + 1).trim();
  if (rest.length > 4096) return new Secret("");
  if (scheme === "bearer") return new Secret(rest);
  const shown = scheme === "basic" ? decodeBase64(rest) : null;
  const login = shown && utf8Strict(shown);
  return new Secret(login ? login.slice(login.indexOf(":") + 1) : "");
}

function unauthorized(): ProblemError {
  return new ProblemError({
    status: 401,
    code: "unauthorized",
    detail: "This needs the token of a source, as Authorization: Bearer, or as the password of Basic.",
    headers: { "www-authenticate": 'Bearer, Basic realm="inbound"' },
  });
}

/** The fields of a form or of JSON. */
function readShape(type: string, octets: Uint8Array): Envelope & { readonly message: Uint8Array } {
  const media = lowerAscii(type.split(";")[0]!.trim());
  if (media === "application/json") return readJson(octets);
  const form = readForm(type, octets);
  if (!form) {
    throw new ProblemError({
      status: media.includes("form") ? 400 : 415,
      code: media.includes("form") ? "notAForm" : "mediaType",
      detail: "The body should be a message (Content-Type: message/rfc822), a form or JSON that has one.",
    });
  }
  const all = (...names: string[]) => form.filter(([name]) => names.includes(name)).map(([, value]) => value);
  const [message] = all("message", "body-mime");
  if (!message) throw new ProblemError(problemOf("invalid", "message: is missing (or body-mime)"));
  const said = (...names: string[]) => all(...names).map((value) => utf8Strict(value) ?? "\0");
  const to = said("to", "recipient").flatMap((value) => value.split(",")).map((one) => one.trim());
  return { from: said("from", "sender")[0]?.trim(), to: to.length > 0 ? to : undefined, message };
}

const shape = z.object({
  from: text.optional(),
  sender: text.optional(),
  to: listOf(text).optional(),
  recipient: listOf(text).optional(),
  message: z.string(),
});

function readJson(octets: Uint8Array): Envelope & { readonly message: Uint8Array } {
  let value: unknown;
  try {
    value = JSON.parse(utf8Strict(octets) ?? "");
  } catch {
    throw new ProblemError({ status: 400, code: "notJson", detail: "The body is not JSON in UTF-8." });
  }
  const read = shape.safeParse(value);
  const message = read.success ? decodeBase64(read.data.message.replace(/\r?\n/g, "")) : null;
  if (!read.success || message === null) {
    throw new ProblemError(
      problemOf("invalid", read.success ? "message: should be Base64" : "body: should have from, to and message"),
    );
  }
  return { from: read.data.from ?? read.data.sender, to: read.data.to ?? read.data.recipient, message };
}

async function* once(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  if (octets.length > 0) yield await Promise.resolve(octets);
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return "\0"; // no address
  }
}

function senderOf(text: string | undefined): string {
  if (text === undefined) throw new ProblemError(problemOf("invalid", "sender: is missing"));
  return text === "" || text === "<>" ? "" : pathOf("sender", text);
}

function recipientsOf(all: readonly string[] | undefined): readonly string[] {
  if (!all || all.length === 0) throw new ProblemError(problemOf("invalid", "recipient: is missing"));
  if (all.length > MOST_RECIPIENTS) {
    throw new ProblemError(problemOf("invalid", `recipient: should be there at most ${MOST_RECIPIENTS} times`));
  }
  return [...new Set(all.map((one) => pathOf("recipient", one)))];
}

function pathOf(name: string, text: string): string {
  const bare = text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
  const parsed = parseAddress(bare);
  if (parsed !== null && domainToAscii(parsed.domain) !== null) return formatAddress(parsed);
  throw new ProblemError(problemOf("invalid", `${name}: ${JSON.stringify(text.slice(0, 80))} should be an address`));
}

function addressOf(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  const bare = lowerAscii(text.replace(/^\[|\]$/g, "").replace(/^::ffff:(?=\d+\.)/i, ""));
  if (isIP(bare) !== 0) return bare;
  throw new ProblemError(
    problemOf("invalid", `clientAddress: ${JSON.stringify(text.slice(0, 80))} should be an address`),
  );
}

/** It stands in a Received field, as what it is. */
function heloOf(text: string | undefined): string | null {
  return text !== undefined && /^[!-~]{1,255}$/.test(text) ? text : null;
}

function takenOf(result: InboundAnswer, recipients: readonly string[]) {
  if ("taken" in result) return result.taken;
  if ("busy" in result) {
    throw new ProblemError({
      status: 503,
      code: "busy",
      detail: result.busy,
      headers: { "retry-after": "10" },
    });
  }
  const { problem } = refusedProblem(result.refused);
  const errors = result.recipients?.flatMap((refusal, i) =>
    refusal === null ? [] : [{ path: recipients[i] ?? "", reason: words(refusal) }]
  );
  throw new ProblemError({
    ...problem,
    ...(errors && errors.length > 0 && { errors: errors.slice(0, 100) }),
    ...(problem.status === 503 && { headers: { "retry-after": "60" } }),
  });
}

function words({ code, enhanced, text }: Refusal): string {
  return `${code} ${enhanced} ${text}`;
}
