import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { decodeBase64 } from "../../base/base64.ts";
import { Secret } from "../../base/secret.ts";
import { parseAddress } from "../../base/address.ts";
import { type MailboxRole, SCOPES, type StoredScramKeys } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { unlessRefused } from "../problem.ts";
import { address, answer, body, CONFLICT, mailboxName, personName, PROBLEMS, quota } from "./words.ts";

const MOST = 5_000;
const base64 = z.string().max(1024).transform((text, context): Uint8Array => {
  const octets = decodeBase64(text);
  if (octets) return octets;
  context.addIssue({ code: "custom", message: "should be Base64" });
  return z.NEVER;
}).openapi({ type: "string", format: "byte" });
const keys = z.strictObject({
  iterations: z.int().min(1).max(10_000_000),
  salt: base64,
  storedKey: base64,
  serverKey: base64,
});
const time = z.int().nullable();

const revive = createRoute({
  method: "post",
  path: "/accounts/{address}/revive",
  tags: ["accounts"],
  summary: "Make an account as a backup knows it: with its password, app passwords, mailboxes and aliases",
  description:
    "Its domain is made where it is not there. Aliases that lead elsewhere by now stay as they are. Scripts " +
    "and messages are put back by their own requests.",
  request: {
    params: z.object({ address }),
    body: body(z.strictObject({
      name: personName,
      quota,
      disabled: z.boolean(),
      shared: z.boolean(),
      credentials: z.strictObject({
        password: z.string().max(1024).openapi({ description: "as the store keeps it: a hash" }),
        scramSha256: keys,
        scramSha1: keys.nullable().default(null),
      }),
      tokens: z.array(z.strictObject({
        name: z.string().max(200),
        hash: z.string().max(200),
        expiresAt: time,
        scopes: z.array(z.enum(SCOPES)).nullable().default(null), // a backup may be older than these
      })).max(MOST),
      aliases: z.array(z.strictObject({ address, targets: z.array(z.string().max(1024)).min(1).max(MOST) })).max(MOST),
      mailboxes: z.array(z.strictObject({
        path: mailboxName,
        role: z.string().max(50).nullable(),
        subscribed: z.boolean(),
      })).max(MOST),
      delivery: z.strictObject({
        subaddressFolders: z.boolean(),
        lists: z.record(z.string().max(256), z.array(z.string().max(256))),
        // a backup may be older than these
        forward: z.array(z.string().max(256)).default([]),
        targets: z.array(z.string().max(80)).default([]),
        keep: z.boolean().default(true),
        duplicates: z.int().nullable().default(null),
        vacation: z.strictObject({
          enabled: z.boolean(),
          from: time,
          to: time,
          subject: z.string().max(500).nullable(),
          text: z.string().max(65_536),
        }).nullable(),
      }).nullable(),
    })),
  },
  responses: {
    201: answer(
      z.object({ aliases: z.int(), tokens: z.int(), mailboxes: z.int() }),
      "it is there; how many of each were put back",
    ),
    ...PROBLEMS,
    ...CONFLICT,
  },
});

/** `POST /accounts/{address}/revive`. */
export function accountsRevive(app: OpenAPIHono, { perform, now }: HttpDeps): void {
  app.openapi(revive, async (c) => {
    const { address } = c.req.valid("param");
    const wanted = c.req.valid("json");
    const domain = parseAddress(address)!.domain;
    const known = await perform("domain.get", { name: domain }) !== null;
    if (!known) unlessRefused(await perform("domain.add", { name: domain, now: now() }));
    const { password, scramSha256, scramSha1 } = wanted.credentials;
    const credentials = {
      password: new Secret(password),
      scramSha256: secretKeys(scramSha256),
      ...(scramSha1 && { scramSha1: secretKeys(scramSha1) }),
    };
    const { name, quota, shared } = wanted;
    const account = unlessRefused(
      await perform("account.add", { address, name, quota, shared, credentials, now: now() }),
    );
    const { accountId } = account;
    const done = { aliases: 0, tokens: 0, mailboxes: 0 };
    const took = (answer: object) => "refused" in answer ? 0 : 1;
    for (const { path, role, subscribed } of wanted.mailboxes) {
      if (!await perform("mailbox.get", { accountId, path })) {
        done.mailboxes += took(await perform("mailbox.create", { accountId, path, role: role as MailboxRole | null }));
      }
      await perform("mailbox.subscribe", { accountId, path, subscribed });
    }
    for (const alias of wanted.aliases) done.aliases += took(await perform("alias.add", { ...alias, now: now() }));
    for (const token of wanted.tokens) {
      done.tokens += took(await perform("token.add", { address, ...token, now: now() }));
    }
    if (wanted.delivery) await perform("delivery.change", { address, change: wanted.delivery });
    if (wanted.disabled) await perform("account.change", { address, disabled: true });
    return c.json(done, 201);
  });
}

function secretKeys({ iterations, salt, storedKey, serverKey }: z.infer<typeof keys>): StoredScramKeys {
  return { iterations, salt, storedKey: new Secret(storedKey), serverKey: new Secret(serverKey) };
}
