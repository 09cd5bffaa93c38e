/** Grants: who may act for whom, until the person or the client says otherwise. Tokens are worth what their grant is. */
import { type AccountId, ask, type Program } from "../contract/mod.ts";
import { credentialsPrint } from "./credentials_print.ts";
import { type OAuthError, refusal } from "./error.ts";
import { load, read, save } from "./stored.ts";

/** A client that a person has connected. Times in milliseconds since 1970. */
export interface Grant {
  readonly grantId: string;
  readonly clientId: string;
  readonly clientName: string;
  /** Where its answers went, for a person; null: it came by the device flow. */
  readonly place: string | null;
  readonly accountId: AccountId;
  readonly address: string;
  readonly scope: readonly string[];
  readonly print: string;
  readonly createdAt: number;
  readonly usedAt: number;
}

/** Without a refresh the grant ends after so long. */
export const GRANT_IDLE_MS = 90 * 86_400_000;
const BEGUN_MS = 60_000;
/** Somebody else changed it in between. */
const TRIES = 3;
/** Of one account; the one that was not used for longest goes. */
const MOST = 100;

/** Begins it; it ends unless tokens are made of it. False: the account is gone. */
export function* beginGrant(grant: Grant): Program<boolean> {
  const { accountId, createdAt: now } = grant;
  const others = yield* ask("record.list", { kind: "oauth.grant", now, accountId, limit: MOST + 1 });
  if (others.length > MOST) {
    const [oldest] = others.map((row) => read<Grant>(row).value).sort((a, b) => a.usedAt - b.usedAt);
    if (oldest) yield* removeGrant(oldest.grantId);
  }
  return yield* save("oauth.grant", grant.grantId, grant, {
    now,
    expiresAt: now + BEGUN_MS,
    accountId,
    ifVersion: null,
  });
}

/** It is used, and goes on until `expiresAt`. Null: it is gone, and does not come back by this. */
export function* renewGrant(grantId: string, now: number, expiresAt: number): Program<Grant | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = yield* load<Grant>("oauth.grant", grantId, now);
    if (found === null) return null;
    const grant = { ...found.value, usedAt: now };
    const more = { now, expiresAt, accountId: grant.accountId, ifVersion: found.version };
    if (yield* save("oauth.grant", grantId, grant, more)) return grant;
  }
  return null;
}

/** Those of an account that count under its present password; `print` null: all. */
export function* listGrants(accountId: AccountId, print: string | null): Program<readonly Grant[]> {
  const now = yield* ask("clock.now", {});
  const rows = yield* ask("record.list", { kind: "oauth.grant", now, accountId, limit: MOST + 1 });
  return rows.map((row) => read<Grant>(row).value).filter((grant) => print === null || grant.print === print);
}

/** All that came of it is worth nothing at once. False: there was none. */
export function* removeGrant(grantId: string): Program<boolean> {
  return yield* ask("record.remove", { kind: "oauth.grant", key: grantId });
}

/** Disconnects a client from an account, or all of them; its next request asks the person. Answers how many. */
export function* removeGrants(accountId: AccountId, clientId: string | null): Program<number> {
  let count = 0;
  for (const grant of yield* listGrants(accountId, null)) {
    if (clientId !== null && grant.clientId !== clientId) continue;
    if (yield* removeGrant(grant.grantId)) count++;
  }
  const now = yield* ask("clock.now", {});
  for (const row of yield* ask("record.list", { kind: "oauth.consent", now, accountId, limit: 1000 })) {
    if (clientId !== null && row.key !== `${accountId}.${clientId}`) continue;
    yield* ask("record.remove", { kind: "oauth.consent", key: row.key });
  }
  return count;
}

/** Why the account gets nothing any more: it is gone, disabled, or has another password. */
export function* accountProblem({ address, accountId, print, grantId }: Grant): Program<OAuthError | null> {
  const account = yield* ask("account.credentials", { login: address });
  const same = account !== null && account.accountId === accountId && !account.disabled &&
    credentialsPrint(account.credentials) === print;
  if (same) return null;
  yield* removeGrant(grantId);
  return refusal("invalid_grant", "the account has changed: the person is to be asked again");
}
