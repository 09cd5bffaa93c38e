/** Tokens for a grant (RFC 6749 section 5.1). */
import { ask, type Program } from "../contract/mod.ts";
import { type Answer, refusal } from "./error.ts";
import { type Grant, GRANT_IDLE_MS, removeGrant, renewGrant } from "./grant.ts";
import { readScope } from "./scope.ts";
import { secretHash } from "./secret_hash.ts";
import { save } from "./stored.ts";

/** By this an access token is told from an app password. */
export const ACCESS_PREFIX = "palomar.access.";
const REFRESH_PREFIX = "palomar.refresh.";
const ACCESS_MS = 3_600_000;
/** A refresh token that was used is known again for so long: who comes with it has stolen it, or was robbed. */
export const REUSE_KNOWN_MS = 7 * 86_400_000;

/** What an access token stands for. */
export interface Access {
  readonly grantId: string;
  readonly clientId: string;
  readonly scope: readonly string[];
}

/** What a refresh token stands for. */
export interface Refresh {
  readonly grantId: string;
  readonly clientId: string;
  readonly used: boolean;
}

export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: "Bearer";
  /** Seconds. */
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly scope: string;
}

/** Fresh tokens; `scope` may be less than the grant's (RFC 6749 section 6). */
export function* issueTokens(
  grant: Pick<Grant, "grantId" | "clientId" | "accountId" | "scope">,
  scope: readonly string[],
  mayRefresh: boolean,
): Program<Answer<TokenAnswer>> {
  const now = yield* ask("clock.now", {});
  const { grantId, clientId, accountId } = grant;
  const refreshed = mayRefresh && readScope(grant.scope.join(" "))?.offline === true;
  const end = now + (refreshed ? GRANT_IDLE_MS : ACCESS_MS);
  if ((yield* renewGrant(grantId, now, end)) === null) return refusal("invalid_grant", "the grant was taken back");
  const access = ACCESS_PREFIX + (yield* ask("text.random", {}));
  yield* save("oauth.access", secretHash(access), { grantId, clientId, scope } satisfies Access, {
    now,
    expiresAt: now + ACCESS_MS,
    accountId,
  });
  const answer = {
    access_token: access,
    token_type: "Bearer",
    expires_in: ACCESS_MS / 1000,
    scope: scope.join(" "),
  } as const;
  if (!refreshed) return answer;
  const refresh = REFRESH_PREFIX + (yield* ask("text.random", {}));
  const kept = yield* save("oauth.refresh", secretHash(refresh), { grantId, clientId, used: false } satisfies Refresh, {
    now,
    expiresAt: end,
    accountId,
  });
  if (!kept) yield* removeGrant(grantId);
  return { ...answer, refresh_token: refresh };
}
