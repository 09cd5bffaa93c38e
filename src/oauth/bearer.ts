/** What a token that somebody shows stands for, and how it is taken back. */
import { ask, type Program, type Scope } from "../contract/mod.ts";
import type { OAuthError } from "./error.ts";
import { type Grant, removeGrant } from "./grant.ts";
import type { Access, Refresh } from "./issue.ts";
import type { Parameters } from "./parameters.ts";
import { refusal } from "./error.ts";
import { readScope } from "./scope.ts";
import { secretHash } from "./secret_hash.ts";
import { load } from "./stored.ts";

export { ACCESS_PREFIX } from "./issue.ts";

/** Whom an access token lets in, and where. */
export interface BearerGrant {
  readonly grantId: string;
  readonly address: string;
  readonly scopes: readonly Scope[];
  /** `credentialsPrint` that the account must still have. */
  readonly print: string;
}

/** What an access token stands for; null: nothing (any more). */
export function* findAccess(token: string): Program<BearerGrant | null> {
  const now = yield* ask("clock.now", {});
  const access = yield* load<Access>("oauth.access", secretHash(token), now);
  const grant = access && (yield* load<Grant>("oauth.grant", access.value.grantId, now));
  const scope = access && readScope(access.value.scope.join(" "));
  if (!grant || !scope) return null;
  const { grantId, address, print } = grant.value;
  return { grantId, address, print, scopes: scope.doors };
}

/** RFC 7009: a refresh token takes its grant along, an access token goes alone. What is unknown is gone already. */
export function* revokeToken(parameters: Parameters): Program<OAuthError | { readonly address: string | null }> {
  if (parameters.problem) return parameters.problem;
  const [token, clientId] = [parameters.get("token"), parameters.get("client_id")];
  if (token === null) return refusal("invalid_request", "token is missing");
  if (clientId === null) return refusal("invalid_request", "client_id is missing");
  const now = yield* ask("clock.now", {});
  const key = secretHash(token);
  const refresh = yield* load<Refresh>("oauth.refresh", key, now);
  const access = yield* load<Access>("oauth.access", key, now);
  const found = refresh ?? access;
  if (found === null || found.value.clientId !== clientId) return { address: null };
  const grant = yield* load<Grant>("oauth.grant", found.value.grantId, now);
  if (refresh) yield* removeGrant(refresh.value.grantId);
  else yield* ask("record.remove", { kind: "oauth.access", key });
  return { address: grant?.value.address ?? null };
}
