/** Sessions of people in browsers: records under the hash of a cookie. */
import type { AccountId } from "../../contract/mod.ts";
import type { Person } from "../../oauth/mod.ts";
import type { HttpDeps } from "../deps.ts";
import type { PeopleDesk } from "./people_desk.ts";
import { type Visitor, visitorKey } from "./visitor.ts";

/** What is kept of one. Times in milliseconds since 1970. */
export interface WebSession {
  readonly accountId: AccountId;
  readonly address: string;
  /** Of the password at the time: another one ends it. */
  readonly print: string;
  /** When the person proved who he is. */
  readonly at: number;
  readonly from: string;
  /** What the browser calls itself. */
  readonly browser: string;
}

const LIFE_MS = 14 * 86_400_000;
/** What changes how one signs in wants a sign-in not older than this. */
export const FRESH_MS = 15 * 60_000;
const MOST = 200;

type Deps = Pick<HttpDeps, "perform" | "now">;

/** Begins one for a visitor. */
export async function beginSession(
  deps: Deps,
  visitor: Visitor,
  person: Person,
  where: { readonly from: string; readonly browser: string },
): Promise<void> {
  const now = deps.now();
  const { accountId, address, print } = person;
  const value: WebSession = {
    accountId,
    address,
    print,
    at: now,
    from: where.from,
    browser: where.browser.slice(0, 200),
  };
  const mine = await deps.perform("record.list", { kind: "web.session", now, accountId, limit: MOST + 1 });
  for (const { key } of mine.slice(MOST)) await deps.perform("record.remove", { kind: "web.session", key });
  await deps.perform("record.put", {
    kind: "web.session",
    key: visitorKey(visitor),
    value: JSON.stringify(value),
    now,
    accountId,
    expiresAt: now + LIFE_MS,
  });
}

/** The session of a visitor whose account is as it was; null: he has to sign in. */
export async function sessionOf(deps: Deps, people: PeopleDesk, visitor: Visitor): Promise<WebSession | null> {
  if (visitor.fresh) return null;
  const found = await deps.perform("record.get", { kind: "web.session", key: visitorKey(visitor), now: deps.now() });
  if (found === null) return null;
  const session = JSON.parse(found.value) as WebSession;
  const person = await people.person(session.address);
  return person?.accountId === session.accountId && person.print === session.print ? session : null;
}

export async function endSession(deps: Deps, visitor: Visitor): Promise<void> {
  await deps.perform("record.remove", { kind: "web.session", key: visitorKey(visitor) });
}

/** All of an account, but that of `but`. */
export async function endSessions(deps: Deps, accountId: AccountId, but: Visitor | null): Promise<number> {
  const found = await deps.perform("record.list", { kind: "web.session", now: deps.now(), accountId, limit: 1000 });
  const kept = but && visitorKey(but);
  const gone = found.filter(({ key }) => key !== kept);
  for (const { key } of gone) await deps.perform("record.remove", { kind: "web.session", key });
  return gone.length;
}

/** Those of an account that count. */
export async function listSessions(deps: Deps, session: WebSession): Promise<readonly WebSession[]> {
  const { accountId, print } = session;
  const found = await deps.perform("record.list", { kind: "web.session", now: deps.now(), accountId, limit: MOST });
  return found.map(({ value }) => JSON.parse(value) as WebSession).filter((one) => one.print === print);
}
