import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { encodeBase64 } from "../../base/base64.ts";
import { Secret } from "../../base/secret.ts";
import type { Account } from "../../contract/mod.ts";
import { domainOf } from "../access.ts";
import { accountOf, type Actor, actorOf, addressOf, administers, forbidden, tooMany } from "../actor.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError, unlessRefused } from "../problem.ts";
import { nextOf, nextPage, type Page, pageFor, pageOf, pageQuery } from "./pages.ts";
import {
  address,
  answer,
  body,
  CONFLICT,
  domainName,
  NOT_FOUND,
  password,
  personName,
  printTime,
  PROBLEMS,
  quota,
  time,
} from "./words.ts";

const schema = z.object({
  accountId: z.string(),
  address,
  name: z.string(),
  quota,
  usage: z.object({ bytes: z.int(), messages: z.int() }),
  disabled: z.boolean().openapi({ description: "nobody can log in and no mail is taken" }),
  shared: z.boolean().openapi({ description: "nobody logs in; its mailboxes are for those who have rights in them" }),
  createdAt: time,
}).openapi("Account");

const params = z.object({ address });
const tags = ["accounts"];
const NO_LIMIT = { bytes: null, messages: null };

const list = createRoute({
  method: "get",
  path: "/accounts",
  "x-access": "account",
  tags,
  summary: "All accounts, or those of one domain",
  request: { query: z.object({ domain: domainName.optional(), ...pageQuery }) },
  responses: { 200: answer(z.object({ accounts: z.array(schema), next: nextPage }), "by address"), ...PROBLEMS },
});

const add = createRoute({
  method: "post",
  path: "/accounts",
  "x-access": "domain",
  tags,
  summary: "Add an account with its mailboxes",
  request: {
    body: body(
      z.strictObject({
        address,
        password: password.optional().openapi({ description: "needed, but not for a shared account" }),
        name: personName.default(""),
        quota: quota.default(NO_LIMIT),
        shared: z.boolean({ error: "should be true or false" }).default(false),
      }).superRefine(({ password, shared }, context) => {
        if ((password === undefined) === shared) return;
        const message = shared ? "a shared account has none" : "missing; should be a password of 1 to 1024 octets";
        context.addIssue({ code: "custom", path: ["password"], message });
      }),
    ),
  },
  responses: { 201: answer(schema, "the account"), ...PROBLEMS, ...CONFLICT },
});

const get = createRoute({
  method: "get",
  path: "/accounts/{address}",
  "x-access": "account",
  "x-volatile": ["usage"],
  tags,
  summary: "One account",
  request: { params },
  responses: { 200: answer(schema, "the account"), ...PROBLEMS, ...NOT_FOUND },
});

const put = createRoute({
  method: "put",
  path: "/accounts/{address}",
  "x-access": "domain",
  tags,
  summary: "Have an account as this says: added where it is not there",
  description:
    "What is left out gets its usual value. The password of an account that is there stays unless one is given.",
  request: {
    params,
    body: body(z.strictObject({
      password: password.optional().openapi({ description: "needed where the account is not there" }),
      name: personName.default(""),
      quota: quota.default(NO_LIMIT),
      disabled: z.boolean({ error: "should be true or false" }).default(false),
    })),
  },
  responses: { 200: answer(schema, "it was there"), 201: answer(schema, "it was added"), ...PROBLEMS, ...CONFLICT },
});

const change = createRoute({
  method: "patch",
  path: "/accounts/{address}",
  "x-access": "account",
  tags,
  summary: "Change an account; what is left out stays. The account itself may change its name",
  request: {
    params,
    body: body(
      z.strictObject({
        name: personName.optional(),
        quota: quota.optional(),
        disabled: z.boolean({ error: "should be true or false" }).optional(),
      }),
    ),
  },
  responses: { 200: answer(schema, "the account"), ...PROBLEMS, ...NOT_FOUND },
});

const setPassword = createRoute({
  method: "put",
  path: "/accounts/{address}/password",
  "x-access": "account",
  tags,
  summary: "Set the password of an account",
  request: {
    params,
    body: body(z.strictObject({
      password,
      old: password.optional().openapi({ description: "the one before: needed for an account that sets its own" }),
    })),
  },
  responses: { 204: { description: "it is set" }, ...PROBLEMS, ...NOT_FOUND },
});

const remove = createRoute({
  method: "delete",
  path: "/accounts/{address}",
  "x-access": "domain",
  tags,
  summary: "Remove an account with all its mail",
  request: { params },
  responses: { 204: { description: "it is gone" }, ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
});

/** `/accounts`. */
export function accounts(app: OpenAPIHono, deps: HttpDeps): void {
  const { perform } = deps;
  const changed = deps.accountChanged ?? (() => {});
  app.openapi(list, async (c) => {
    const { domain, ...rest } = c.req.valid("query");
    const page = pageOf(rest);
    const found = await seenBy(actorOf(c), domain, page, deps);
    return c.json({ accounts: found.map(print), next: nextOf(c, found, page, keyOf) }, 200);
  });
  app.openapi(add, async (c) => {
    const { address, name, quota, password = unguessable(), shared } = c.req.valid("json");
    checkDomain(actorOf(c), address);
    const credentials = unlessRefused(await deps.makeCredentials(new Secret(password)));
    const args = { address, name, quota, credentials, shared, now: deps.now() };
    return c.json(print(unlessRefused(await perform("account.add", args))), 201);
  });
  app.openapi(get, async (c) => {
    const { address } = c.req.valid("param");
    const found = await perform("account.get", { address });
    if (found === null) {
      throw new ProblemError({ status: 404, code: "notFound", detail: `There is no account ${address} here.` });
    }
    return c.json(print(found), 200);
  });
  app.openapi(put, async (c) => {
    const { address } = c.req.valid("param");
    const { password, name, quota, disabled } = c.req.valid("json");
    if (accountOf(actorOf(c))?.address === address && password !== undefined) {
      throw forbidden("One's own password is set by PUT …/password, with the old one.");
    }
    const credentials = password === undefined
      ? undefined
      : unlessRefused(await deps.makeCredentials(new Secret(password)));
    const change = { address, name, quota, disabled, ...(credentials && { credentials }) };
    const changed = await perform("account.change", change);
    if (!("refused" in changed)) {
      if (credentials || disabled) deps.accountChanged?.(changed.address);
      return c.json(print(changed), 200);
    }
    if (changed.refused !== "notFound") unlessRefused(changed);
    if (credentials === undefined) throw missingPassword();
    checkDomain(actorOf(c), address);
    unlessRefused(await perform("account.add", { address, name, quota, credentials, now: deps.now() }));
    const added = unlessRefused(await perform("account.change", { address, disabled }));
    return c.json(print(added), 201);
  });
  app.openapi(change, async (c) => {
    const { address } = c.req.valid("param");
    const { name, quota, disabled } = c.req.valid("json");
    if ((quota !== undefined || disabled !== undefined) && !administers(actorOf(c), domainOf(address))) {
      throw forbidden("Its quota, and whether it is disabled, is for administrators to say.");
    }
    const args = {
      address,
      ...(name !== undefined && { name }),
      ...(quota !== undefined && { quota }),
      ...(disabled !== undefined && { disabled }),
    };
    const account = unlessRefused(await perform("account.change", args));
    if (disabled === true) changed(account.address);
    return c.json(print(account), 200);
  });
  app.openapi(setPassword, async (c) => {
    const { address } = c.req.valid("param");
    const { password, old } = c.req.valid("json");
    if (accountOf(actorOf(c))?.address === address) await proveOwn(deps, address, old, addressOf(c));
    const credentials = unlessRefused(await deps.makeCredentials(new Secret(password)));
    changed(unlessRefused(await perform("account.change", { address, credentials })).address);
    return c.body(null, 204);
  });
  app.openapi(remove, async (c) => {
    const { address } = c.req.valid("param");
    unlessRefused(await perform("account.remove", { address }));
    changed(address);
    return c.body(null, 204);
  });
}

/** What somebody may see of the accounts. */
async function seenBy(
  actor: Actor,
  domain: string | undefined,
  page: Page,
  { perform }: HttpDeps,
): Promise<readonly Account[]> {
  if (actor.kind === "account") {
    const own = page.after === undefined ? await perform("account.get", { address: actor.address }) : null;
    return own === null || (domain ?? domainOf(own.address)) !== domainOf(own.address) ? [] : [own];
  }
  return await pageFor(actor, domain, page, keyOf, (page, domain) => {
    return perform("account.list", { ...page, ...(domain !== undefined && { domain }) });
  });
}

const keyOf = ({ address }: Account): string => address;

function missingPassword(): ProblemError {
  const errors = [{ path: "password", reason: "missing; the account is not there yet" }];
  return new ProblemError({ status: 422, code: "invalid", detail: `password: ${errors[0]!.reason}`, errors });
}

/** For whoever does not administer it, a domain looks as if it were none of ours. */
export function checkDomain(actor: Actor, address: string): void {
  const domain = domainOf(address);
  if (administers(actor, domain)) return;
  throw new ProblemError({
    status: 409,
    code: "noDomain",
    detail: `the domain ${domain} is not ours: add it first`, // as the store says it
  });
}

/** A session that was left open is no reason to let somebody else in for good. */
async function proveOwn(deps: HttpDeps, address: string, old: string | undefined, from: string): Promise<void> {
  if (old === undefined) {
    const errors = [{ path: "old", reason: "missing; should be the password as it is now" }];
    throw new ProblemError({ status: 422, code: "invalid", detail: `old: ${errors[0]!.reason}`, errors });
  }
  const proven = await deps.provePassword?.(address, new Secret(old), from) ?? { refused: "credentials" as const };
  if (!("refused" in proven)) return;
  if (proven.refused === "tooMany") throw tooMany();
  throw new ProblemError({ status: 403, code: "oldPassword", detail: "The old password is not right." });
}

/** What a shared account has in the place of a password: nothing that anybody knows. */
function unguessable(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(32)));
}

function print(account: Account): z.output<typeof schema> {
  const { accountId, address, name, quota, usage, disabled, shared, createdAt } = account;
  return { accountId, address, name, quota, usage, disabled, shared, createdAt: printTime(createdAt) };
}
