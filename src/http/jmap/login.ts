/** Who asks: Basic (RFC 7617) or a bearer token (RFC 6750) in each request. What was right a moment ago is not checked anew. */
import type { MiddlewareHandler } from "hono";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import type { Login } from "../../contract/mod.ts";
import type { JmapUser } from "../../jmap/mod.ts";
import type { HttpClient } from "../client.ts";
import { ProblemError } from "../problem.ts";
import { shownIn } from "../shown.ts";
import type { JmapDesk, Shown } from "./desk.ts";

/** How long a login is believed, and how many are. */
const BELIEVED_MS = 60_000;
const BELIEVED = 10_000;

/** Variables of a request behind `logIn`. */
export type JmapVariables = { user: JmapUser; login: Login; credential: string; address: string };

/** A login that was right, and what it was made with (`JmapDesk.credential`). */
interface Known {
  readonly login: Login;
  readonly credential: string;
}

/** Logins that were right, by a digest of what was shown. */
export class Believed {
  readonly #logins = new Map<string, Known & { readonly until: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  find(key: string): Known | null {
    const found = this.#logins.get(key);
    if (!found || found.until <= this.#now()) return null;
    return found;
  }

  add(key: string, known: Known): void {
    this.#logins.delete(key);
    this.#logins.set(key, { ...known, until: this.#now() + BELIEVED_MS });
    const [oldest] = this.#logins.keys();
    if (this.#logins.size > BELIEVED && oldest !== undefined) this.#logins.delete(oldest);
  }

  /** The password or the account changed: none of its logins is believed any more. */
  forget(address: string): void {
    for (const [key, { login }] of this.#logins) if (login.login === address) this.#logins.delete(key);
  }
}

/** Lets in whoever has an account, and puts it into `user`. */
export function logIn(
  desk: JmapDesk,
  believed: Believed,
): MiddlewareHandler<{ Variables: JmapVariables }> {
  return async (context, next) => {
    const header = context.req.header("authorization") ?? "";
    const shown = shownIn(header);
    const client = (context.env as { client?: HttpClient } | undefined)?.client;
    const base = client?.origin ?? new URL(context.req.url).origin;
    const unauthorized = (detail: string) => notIn(detail, base, shown !== null && "token" in shown);
    if (shown === null) throw unauthorized("This needs the header Authorization: Basic or Bearer.");
    const address = client?.address ?? "";
    // The address belongs to it: a ban or a delay is for one of them.
    const key = digest("sha256", utf8Bytes(`${address} ${header}`)).toHex();
    const known = believed.find(key) ?? await check(desk, shown, address, unauthorized);
    const user = await desk.user(known.login);
    if (user === null) throw unauthorized("This account is gone.");
    believed.add(key, known);
    context.set("user", user);
    context.set("login", known.login);
    context.set("credential", known.credential);
    context.set("address", address);
    await next();
  };
}

async function check(
  desk: JmapDesk,
  shown: Shown,
  address: string,
  unauthorized: (detail: string) => ProblemError,
): Promise<Known> {
  const answer = await desk.logIn(shown, address);
  if (!("refused" in answer)) return { login: answer, credential: await desk.credential(shown, answer) };
  if (answer.refused === "tooMany") {
    throw new ProblemError({
      status: 429,
      code: "tooMany",
      detail: "There were too many failed logins; wait a while.",
      headers: { "retry-after": "60" },
    });
  }
  if (answer.refused === "disabled") {
    throw new ProblemError({ status: 403, code: "disabled", detail: "This account is disabled." });
  }
  throw unauthorized("These are no credentials of an account.");
}

/** RFC 9728 section 5.1: where a client learns who gives out tokens; RFC 6750 section 3: an error where one was shown. */
function notIn(detail: string, origin: string, wrongToken: boolean): ProblemError {
  const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource/jmap"`;
  const bearer = `Bearer realm="mail", ${metadata}${wrongToken ? ', error="invalid_token"' : ""}`;
  const headers = { "www-authenticate": `Basic realm="mail", charset="UTF-8", ${bearer}` };
  return new ProblemError({ status: 401, code: "unauthorized", detail, headers });
}
