/** The description of a message in JSON, as zod reads it into what `SendDesk` takes. Every field is checked here. */
import { z } from "@hono/zod-openapi";
import { domainToAscii, formatAddress, parseAddress } from "../../base/address.ts";
import { isAscii, lowerAscii } from "../../base/ascii.ts";
import { decodeBase64 } from "../../base/base64.ts";
import { decodeWords, parseAddressList } from "../../message/mod.ts";
import type { DescribedMailbox } from "../send_desk.ts";

/** Recipients of one request. */
export const MOST_RECIPIENTS = 1000;
const MOST_HEADERS = 100;
const MOST_ATTACHMENTS = 200;

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f\u2028\u2029]/;
const oneLine = (most: number) =>
  z.string().max(most, `is longer than ${most} characters`).refine(
    (text) => !CONTROLS.test(text) && text.isWellFormed(),
    {
      error: "should be one line, without control characters",
    },
  );

function mailboxOf(name: string, text: string): DescribedMailbox | null {
  const parsed = parseAddress(text);
  const domain = parsed === null ? null : domainToAscii(parsed.domain);
  return parsed === null || domain === null ? null : { name, email: formatAddress({ local: parsed.local, domain }) };
}

/** `zoe@example.net`, `Zoë <zoe@example.net>`, or an object. */
const mailbox = z.union([
  oneLine(2000),
  z.strictObject({ email: oneLine(1000), name: oneLine(1000).default("") }),
], { error: 'should be an address, as "Zoë <zoe@example.net>" or { "email": "zoe@example.net", "name": "Zoë" }' })
  .transform((value, context): DescribedMailbox => {
    const found = typeof value === "string" ? readMailbox(value) : mailboxOf(value.name, value.email);
    if (found) return found;
    const shown = JSON.stringify(value).slice(0, 80);
    context.addIssue({ code: "custom", message: `${shown} should be an address, as "Zoë <zoe@example.net>"` });
    return z.NEVER;
  }).openapi({ type: "string", example: "Zoë <zoe@example.net>" });

function readMailbox(text: string): DescribedMailbox | null {
  const plain = mailboxOf("", text.trim());
  if (plain) return plain;
  const [only, more] = parseAddressList(text);
  if (!only || more || only.host === null || !only.mailbox) return null;
  return mailboxOf(decodeWords(only.name ?? ""), formatAddress({ local: only.mailbox, domain: only.host }));
}

const mailboxes = z.preprocess(
  (value) => value === undefined || Array.isArray(value) ? value : [value],
  z.array(mailbox).max(MOST_RECIPIENTS, `should be at most ${MOST_RECIPIENTS}`).default([]),
).openapi({ type: "array", items: { type: "string" }, description: "one, or a list", example: ["zoe@example.net"] });

/** A field that has a property of its own, describes parts, or is a server's to write. */
const OWN = new Set((
  "from sender to cc bcc reply-to subject date message-id in-reply-to references mime-version received return-path " +
  "delivered-to dkim-signature domainkey-signature authentication-results x-original-to apparently-to"
).split(" "));
const isOwn = (name: string) => OWN.has(name) || /^(content|arc|resent|received)-/.test(name);

const headers = z.record(
  z.string(),
  z.union([oneLine(20_000), z.array(oneLine(20_000)).max(20)], {
    error: "should be a text on one line, or a list of such",
  }),
).default({}).transform((value, context) => {
  const all: [string, string][] = [];
  for (const [name, given] of Object.entries(value)) {
    const wrong = !/^[!-9;-~]{1,76}$/.test(name)
      ? "this is no name of a header field"
      : isOwn(lowerAscii(name))
      ? "this field is not to be written here"
      : null;
    if (wrong) context.addIssue({ code: "custom", path: [name.slice(0, 80)], message: wrong });
    for (const text of Array.isArray(given) ? given : [given]) all.push([name, text]);
  }
  if (all.length <= MOST_HEADERS) return all;
  context.addIssue({ code: "custom", message: `should be at most ${MOST_HEADERS}` });
  return z.NEVER;
}).openapi({
  type: "object",
  additionalProperties: { type: "string" },
  description: "further fields; not those that have a property of their own, nor Content-…, Received, signatures",
  example: { "List-Unsubscribe": "<https://example.org/u/1>" },
});

const ids = z.preprocess(
  (value) => value === undefined || Array.isArray(value) ? value : [value],
  z.array(
    z.string().max(1000).transform((text) => text.replace(/^<|>$/g, "")).refine(
      (text) => /^[!-;=?-~]{1,900}$/.test(text),
      { error: "should be a Message-ID" },
    ),
  ).max(100).default([]),
).openapi({ type: "array", items: { type: "string" }, description: "Message-IDs" });

const attachment = z.strictObject({
  name: oneLine(1000).nullable().default(null)
    // What a path leads to is nobody's business.
    .transform((text) =>
      text === null ? null : text.slice(Math.max(text.lastIndexOf("/"), text.lastIndexOf("\\")) + 1) || null
    )
    .openapi({ type: "string", example: "invoice.pdf" }),
  type: z.string().regex(
    /^(?!multipart\/)[a-z0-9!#$&^_.+-]{1,120}\/[a-z0-9!#$&^_.+-]{1,120}(; ?[a-z0-9-]{1,40}=("[^"\\\r\n\0]{0,200}"|[a-z0-9!#$&^_.+-]{1,200}))*$/i,
    'should be a type, as "application/pdf"',
  ).default("application/octet-stream"),
  content: z.string().transform((text, context): Uint8Array => {
    const octets = decodeBase64(text.replace(/\r?\n/g, ""));
    if (octets) return octets;
    context.addIssue({ code: "custom", message: "should be Base64 (RFC 4648 section 4)" });
    return z.NEVER;
  }).openapi({ type: "string", format: "byte" }),
  contentId: z.string().regex(/^[!-;=?-~]{1,900}$/, "should be an id without < and >, as logo@example.org").nullable()
    .default(null).openapi({ type: "string", description: "the HTML shows it as `cid:…`" }),
});

const path = oneLine(1024).transform((text, context): string => {
  const found = mailboxOf("", text);
  if (found) return found.email;
  const shown = JSON.stringify(text.slice(0, 80));
  context.addIssue({ code: "custom", message: `${shown} should be an address, as "alice@example.org"` });
  return z.NEVER;
}).openapi({ type: "string", example: "bounces@example.org" });

/** RFC 3339. */
export const moment = z.string().transform((text, context): number => {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isFinite(ms)) return ms;
  context.addIssue({ code: "custom", message: 'should be a time, as "2026-01-31T12:00:00Z"' });
  return z.NEVER;
}).openapi({ type: "string", format: "date-time" });

export const tagText = z.array(oneLine(100).min(1)).max(20);

const body = z.string().refine((text) => text.isWellFormed() && !text.includes("\0"), {
  error: "should be a text in Unicode, without NUL",
});

/** What `POST /send` takes as JSON. */
export const sendBody = z.strictObject({
  from: mailbox,
  to: mailboxes,
  cc: mailboxes,
  bcc: mailboxes,
  replyTo: mailboxes,
  subject: oneLine(2000).default(""),
  text: body.nullable().default(null),
  html: body.nullable().default(null),
  attachments: z.array(attachment).max(MOST_ATTACHMENTS).default([]),
  inReplyTo: ids,
  references: ids,
  headers,
  tags: tagText.default([]).openapi({ description: "come again in events" }),
  metadata: z.record(z.string().min(1).max(100), z.string().max(1000)).default({}).refine(
    (all) => Object.keys(all).length <= 50,
    { error: "should have at most 50 names" },
  ).openapi({ description: "comes again in events" }),
  sendAt: moment.nullable().default(null).openapi({ description: "not before; left out: now" }),
  saveToSent: z.boolean().default(false).openapi({ description: "a copy goes into the sender's Sent mailbox" }),
  evenSuppressed: z.boolean().default(false).openapi({
    description: "also to addresses on the domain's list of suppressed ones",
  }),
  envelope: z.strictObject({
    from: z.union([z.literal(""), path]).optional(),
    to: z.array(path).min(1).max(MOST_RECIPIENTS).optional(),
  }).default({}).openapi({ description: "in place of what the fields say: who is told of failures, and who gets it" }),
  dsn: z.strictObject({
    notify: z.array(z.enum(["success", "failure", "delay"])).nullable().default(null),
    ret: z.enum(["full", "headers"]).nullable().default(null),
    envid: z.string().min(1).max(100).refine((text) => isAscii(text) && !CONTROLS.test(text), {
      error: "should be printable ASCII",
    }).nullable().default(null),
  }).default({ notify: null, ret: null, envid: null }).openapi({
    description: "what the sender is told by mail (RFC 3461); `notify: []`: nothing",
  }),
  priority: z.enum(["urgent", "normal", "bulk"], { error: 'should be "urgent", "normal" or "bulk"' }).optional(),
}).openapi("SendRequest");

export type SendBody = z.output<typeof sendBody>;
