/** What the resources of the admin API are made of, as zod schemas with their documentation. */
import { z } from "@hono/zod-openapi";
import { lowerAscii } from "../../base/ascii.ts";
import type { AccountId } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { domainToAscii, formatAddress, parseAddress, parseDomain } from "../../base/address.ts";

const word = (issue: { input?: unknown }, wanted: string): string =>
  `${issue.input === undefined ? "missing;" : JSON.stringify(issue.input)?.slice(0, 80)} should be ${wanted}`;

const AN_ADDRESS = 'an address, as "alice@example.org"';

const textOf = (wanted: string) =>
  z.string({ error: (issue) => word(issue, wanted) }).max(1024, "is longer than 1024 characters");

/** `local@domain`; ASCII letters become lower case and U-labels A-labels, which is how the store knows addresses. */
export const address = textOf(AN_ADDRESS).transform((text, context): string => {
  const parsed = parseAddress(text);
  const domain = parsed === null ? null : domainToAscii(parsed.domain);
  if (parsed !== null && domain !== null) return lowerAscii(formatAddress({ local: parsed.local, domain }));
  context.addIssue({ code: "custom", message: `${JSON.stringify(text.slice(0, 80))} should be ${AN_ADDRESS}` });
  return z.NEVER;
}).openapi({ type: "string", example: "alice@example.org" });

/** The path of a mailbox, with `/` between its levels. */
export const mailboxName = z.string({ error: "should be the name of a mailbox" }).min(1).max(12_750).openapi({
  example: "Work",
});

/** The account of an address, or 404. */
export async function accountAt({ perform }: Pick<HttpDeps, "perform">, address: string): Promise<AccountId> {
  const account = await perform("account.get", { address });
  if (account) return account.accountId;
  throw new ProblemError({ status: 404, code: "notFound", detail: `There is no account ${address} here.` });
}

/** A domain name; U-labels become A-labels. */
export const domainName = textOf('a domain, as "example.org"').transform((text, context): string => {
  const domain = text.startsWith("[") ? null : parseDomain(text);
  const ascii = domain === null ? null : domainToAscii(domain);
  if (ascii !== null) return ascii;
  context.addIssue({
    code: "custom",
    message: `${JSON.stringify(text.slice(0, 80))} should be a domain, as "example.org"`,
  });
  return z.NEVER;
}).openapi({ type: "string", example: "example.org" });

export const personName = textOf("a name of at most 200 characters").max(200, "should have at most 200 characters")
  .refine(
    // deno-lint-ignore no-control-regex
    (text) => !/[\x00-\x1f\x7f]/.test(text),
    "should have no control characters",
  ).openapi({ example: "Alice Liddell" });

/** Bounds only; what a password may be is decided where it is hashed. */
export const password = textOf("a password of 1 to 1024 octets").max(1024, "is longer than 1024 octets").openapi({
  format: "password",
  example: "correct horse battery staple",
});

const amount = (wanted: string) =>
  z.number({ error: (issue) => word(issue, wanted) }).int(`should be ${wanted}`).min(0, `should be ${wanted}`).max(
    Number.MAX_SAFE_INTEGER,
    `should be ${wanted}`,
  ).nullable();

export const quota = z.strictObject({
  bytes: amount("a number of octets, or null for no limit").default(null).openapi({ example: 1_073_741_824 }),
  messages: amount("a number of messages, or null for no limit").default(null),
}).openapi("Quota");

export const time = z.string().openapi({ format: "date-time", example: "2026-01-31T12:00:00.000Z" });

/** Milliseconds since 1970 as RFC 3339 has them. */
export const printTime = (ms: number): string => new Date(ms).toISOString();

/** An id of the store (RFC 8620 section 1.2) or of a message on its way. */
export const idText = z.string().regex(/^[A-Za-z0-9_.-]{1,255}$/, "should be an id, as a listing shows it");

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().openapi({ description: "for programs; stays the same" }),
  detail: z.string().openapi({ description: "for people" }),
  errors: z.array(
    z.object({ path: z.string(), reason: z.string(), line: z.int().optional(), column: z.int().optional() }),
  ).optional(),
}).openapi("Problem");

const problemContent = { "application/problem+json": { schema: problem } };

/** What may go wrong anywhere. */
export const PROBLEMS = {
  400: { description: "the request cannot be read", content: problemContent },
  401: { description: "the token or login is missing or wrong", content: problemContent },
  403: { description: "it is not yours to do", content: problemContent },
  422: { description: "a value does not fit", content: problemContent },
  503: { description: "at the moment not; try again", content: problemContent },
} as const;

export const NOT_FOUND = { 404: { description: "there is none of this name", content: problemContent } } as const;
export const CHANGED = {
  412: { description: "somebody else has changed it; what to do is said", content: problemContent },
} as const;
export const CONFLICT = { 409: { description: "the change is refused", content: problemContent } } as const;

/** A JSON answer of a route. */
export const answer = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

/** A JSON body of a route. */
export const body = <S extends z.ZodType>(schema: S) => ({
  required: true,
  content: { "application/json": { schema } },
});
