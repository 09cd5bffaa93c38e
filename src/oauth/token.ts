/** The token endpoint (RFC 6749 section 3.2): what a client gets for a code, a refresh token or a device code. */
import { ask, type Program } from "../contract/mod.ts";
import { decodeBase64 } from "../base/base64.ts";
import { utf8Bytes } from "../base/bytes.ts";
import { digest, equalSecretBytes } from "../base/hash.ts";
import { type Client, findClient, GRANT_TYPES } from "./client.ts";
import type { Code } from "./consent.ts";
import { redeemDevice } from "./device.ts";
import { type Answer, refusal } from "./error.ts";
import { accountProblem, beginGrant, type Grant, removeGrant } from "./grant.ts";
import { issueTokens, type Refresh, REUSE_KNOWN_MS, type TokenAnswer } from "./issue.ts";
import type { Parameters } from "./parameters.ts";
import { placeOf } from "./redirect_uri.ts";
import { isWithin, readScope } from "./scope.ts";
import { secretHash } from "./secret_hash.ts";
import { load, save } from "./stored.ts";

/** A code that was used is known again for so long: what came of it lives no longer without a refresh. */
const CODE_KNOWN_MS = 3_600_000;

/** Answers a request. A client that the endpoint cannot know is `invalid_client`. */
export function* answerTokenRequest(parameters: Parameters): Program<Answer<TokenAnswer>> {
  if (parameters.problem) return parameters.problem;
  const type = parameters.get("grant_type");
  if (type === null) return refusal("invalid_request", "grant_type is missing");
  const known = GRANT_TYPES.find((one) => one === type);
  if (known === undefined) return refusal("unsupported_grant_type", "this grant_type is not known here");
  // RFC 6749 section 3.2.1: a public client says who it is.
  const clientId = parameters.get("client_id");
  if (clientId === null) return refusal("invalid_request", "client_id is missing");
  const now = yield* ask("clock.now", {});
  const client = yield* findClient(clientId, now);
  if (client === null) return refusal("invalid_client", "this client is not registered here");
  if (!client.grantTypes.includes(known)) {
    return refusal("unauthorized_client", "the client has not registered for this grant_type");
  }
  if (known === "authorization_code") return yield* redeemCode(client, parameters, now);
  if (known === "refresh_token") return yield* refresh(client, parameters, now);
  return yield* redeemDevice(client, parameters.get("device_code"), now);
}

const INVALID_CODE = refusal("invalid_grant", "the code is wrong, over, used, or was given to another client");
const INVALID_REFRESH = refusal("invalid_grant", "the refresh token is wrong, over, or used");

/** RFC 6749 section 4.1.3. The code is used up by whoever shows it first, right or wrong. */
function* redeemCode(client: Client, parameters: Parameters, now: number): Program<Answer<TokenAnswer>> {
  const [code, verifier] = [parameters.get("code"), parameters.get("code_verifier")];
  if (code === null) return refusal("invalid_request", "code is missing");
  if (verifier === null) return refusal("invalid_request", "code_verifier is missing");
  const key = secretHash(code);
  const found = yield* load<Code>("oauth.code", key, now);
  if (found === null) return INVALID_CODE;
  const { value, version } = found;
  const mine = !value.used && (yield* save("oauth.code", key, { ...value, used: true }, {
    now,
    expiresAt: now + CODE_KNOWN_MS,
    accountId: value.accountId,
    ifVersion: version,
  }));
  if (!mine) {
    // RFC 6749 section 4.1.2: a second time revokes what came of the first, or what is just coming of it.
    const again = { ...value, used: true, reused: true };
    yield* save("oauth.code", key, again, { now, expiresAt: now + CODE_KNOWN_MS, accountId: value.accountId });
    yield* removeGrant(value.grantId);
    return { ...INVALID_CODE, ended: value.address };
  }
  if (value.clientId !== client.clientId || value.redirectUri !== parameters.get("redirect_uri")) return INVALID_CODE;
  if (!fits(verifier, value.challenge)) return refusal("invalid_grant", "code_verifier is not the challenge's");
  const { grantId, accountId, address, print, scope, redirectUri } = value;
  const grant = {
    grantId,
    clientId: client.clientId,
    clientName: client.name,
    place: placeOf(redirectUri ?? client.redirectUris[0] ?? ""),
    accountId,
    address,
    scope,
    print,
    createdAt: now,
    usedAt: now,
  };
  const problem = yield* accountProblem(grant);
  if (problem) return problem;
  yield* beginGrant(grant);
  if ((yield* load<Code>("oauth.code", key, now))?.value.reused !== false) {
    yield* removeGrant(grantId);
    return INVALID_CODE;
  }
  return yield* issueTokens(grant, scope, client.grantTypes.includes("refresh_token"));
}

/** RFC 7636 section 4.6. */
function fits(verifier: string, challenge: string): boolean {
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false;
  const wanted = decodeBase64(challenge.replaceAll("-", "+").replaceAll("_", "/") + "=");
  return wanted !== null && equalSecretBytes(digest("sha256", utf8Bytes(verifier)), wanted);
}

/** RFC 6749 section 6, with rotation as RFC 9700 section 4.14.2 has it. */
function* refresh(client: Client, parameters: Parameters, now: number): Program<Answer<TokenAnswer>> {
  const token = parameters.get("refresh_token");
  if (token === null) return refusal("invalid_request", "refresh_token is missing");
  const key = secretHash(token);
  const found = yield* load<Refresh>("oauth.refresh", key, now);
  // One of another client is left alone: whoever shows it there has no right to end it.
  if (found === null || found.value.clientId !== client.clientId) return INVALID_REFRESH;
  const { value, version } = found;
  const stored = yield* load<Grant>("oauth.grant", value.grantId, now);
  if (stored === null) return INVALID_REFRESH;
  const grant = stored.value;
  const granted = readScope(grant.scope.join(" "));
  const asked = parameters.get("scope") === null ? granted : readScope(parameters.get("scope"));
  if (!value.used && (granted === null || asked === null || !isWithin(asked, granted))) {
    return refusal("invalid_scope", "this is more than was granted");
  }
  const mine = !value.used && (yield* save("oauth.refresh", key, { ...value, used: true }, {
    now,
    expiresAt: Math.min(found.expiresAt ?? Infinity, now + REUSE_KNOWN_MS),
    accountId: grant.accountId,
    ifVersion: version,
  }));
  if (!mine || asked === null) {
    yield* removeGrant(value.grantId); // one of the two is a thief, and nobody can say which
    return { ...INVALID_REFRESH, ended: grant.address };
  }
  return (yield* accountProblem(grant)) ?? (yield* issueTokens(grant, asked.words, true));
}
