/** What a person says to an authorization request, and the code that comes of a yes. */
import { type AccountId, ask, type Program } from "../contract/mod.ts";
import type { AuthorizationRequest } from "./authorize.ts";
import { keepClient } from "./client.ts";
import { type OAuthErrorCode } from "./error.ts";
import { isExclusive, withParameters } from "./redirect_uri.ts";
import { type GrantedScope, isWithin, readScope } from "./scope.ts";
import { secretHash } from "./secret_hash.ts";
import { load, save } from "./stored.ts";

/** Who is signed in. */
export interface Person {
  readonly accountId: AccountId;
  /** The account's own address. */
  readonly address: string;
  /** `credentialsPrint` of the password he signed in under. */
  readonly print: string;
}

/** What a code stands for, until it is given back for tokens. */
export interface Code extends Person {
  readonly clientId: string;
  /** Null: the request did not name it. */
  readonly redirectUri: string | null;
  readonly challenge: string;
  readonly scope: readonly string[];
  readonly grantId: string;
  readonly used: boolean;
  /** It came a second time. */
  readonly reused: boolean;
}

/** RFC 6749 section 4.1.2 allows ten minutes; a browser needs a second. */
const CODE_MS = 60_000;
/** How long an answer is remembered. */
const CONSENT_MS = 400 * 86_400_000;

/** The person agrees: where his browser goes, with a code. */
export function* consent(request: AuthorizationRequest, person: Person, issuer: string): Program<string> {
  const now = yield* ask("clock.now", {});
  const { client, redirectUri, scope } = request;
  const code = yield* ask("text.random", {});
  const value: Code = {
    accountId: person.accountId,
    address: person.address,
    print: person.print,
    clientId: client.clientId,
    redirectUri: request.redirectNamed ? redirectUri : null,
    challenge: request.challenge,
    scope: scope.words,
    grantId: (yield* ask("text.random", {})).slice(0, 24),
    used: false,
    reused: false,
  };
  yield* save("oauth.code", secretHash(code), value, { now, expiresAt: now + CODE_MS, accountId: person.accountId });
  // Whom somebody has let in is kept.
  yield* keepClient(client, true);
  yield* save("oauth.consent", consentKey(request, person), { scope: scope.words }, {
    now,
    expiresAt: now + CONSENT_MS,
    accountId: person.accountId,
  });
  return withParameters(redirectUri, { code, ...stateOf(request), iss: issuer });
}

/** Nobody is let in: where the browser goes. */
export function denied(
  request: AuthorizationRequest,
  issuer: string,
  error: OAuthErrorCode = "access_denied",
): string {
  return withParameters(request.redirectUri, { error, ...stateOf(request), iss: issuer });
}

/** Whether the person has agreed to this before, and nobody else could be the one who gets the code. */
export function* isRemembered(request: AuthorizationRequest, person: Person): Program<boolean> {
  if (request.prompt === "consent" || !isExclusive(request.redirectUri)) return false;
  const now = yield* ask("clock.now", {});
  const found = yield* load<{ scope: readonly string[] }>("oauth.consent", consentKey(request, person), now);
  const before: GrantedScope | null = found && readScope(found.value.scope.join(" "));
  return before !== null && isWithin(request.scope, before);
}

/** Of a client's consents all go when its grants are disconnected. */
function consentKey({ client }: Pick<AuthorizationRequest, "client">, { accountId }: Pick<Person, "accountId">) {
  return `${accountId}.${client.clientId}`;
}

function stateOf({ state }: AuthorizationRequest): { state?: string } {
  return state === null ? {} : { state };
}
