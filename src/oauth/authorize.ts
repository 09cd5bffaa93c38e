/** The authorization request (RFC 6749 section 4.1.1): what a client wants a person to be asked. */
import { ask, type Program } from "../contract/mod.ts";
import { type Client, findClient } from "./client.ts";
import { type OAuthError, refusal } from "./error.ts";
import type { Parameters } from "./parameters.ts";
import { isRegistered, withParameters } from "./redirect_uri.ts";
import { type GrantedScope, readScope } from "./scope.ts";

/** A request that a person may be asked about. */
export interface AuthorizationRequest {
  readonly client: Client;
  readonly redirectUri: string;
  /** The client named it, so it names it again for the token (RFC 6749 section 4.1.3). */
  readonly redirectNamed: boolean;
  readonly scope: GrantedScope;
  /** Comes back as it was; null: there was none. */
  readonly state: string | null;
  /** RFC 7636: the SHA-256 of what only the client knows, Base64url. */
  readonly challenge: string;
  /** `none`: nobody is to be asked; `login`, `consent`: somebody is, in any case. */
  readonly prompt: "none" | "login" | "consent" | null;
  /** Whom the client thinks it is: an address, or null. */
  readonly loginHint: string | null;
}

export type Authorization =
  /** Whoever sent the browser here is not known: it is told so on a page, and goes nowhere. */
  | { readonly refused: OAuthError }
  /** The client is told, by a redirect. */
  | { readonly redirect: string }
  | { readonly request: AuthorizationRequest };

/** The longest `state` that is carried. */
const STATE = 1000;

/** Reads it. `issuer` goes into answers, so that a client that knows several cannot mix them up (RFC 9207). */
export function* readAuthorization(parameters: Parameters, issuer: string): Program<Authorization> {
  const now = yield* ask("clock.now", {});
  const client = yield* findClient(parameters.get("client_id"), now);
  if (client === null) return { refused: refusal("invalid_client", "this client is not registered here") };
  if (!client.grantTypes.includes("authorization_code")) {
    return { refused: refusal("unauthorized_client", "this client has not registered for codes") };
  }
  const named = parameters.get("redirect_uri");
  const only = client.redirectUris.length === 1 ? client.redirectUris[0] : undefined;
  const redirectUri = named ?? (parameters.unusable.has("redirect_uri") ? undefined : only);
  // RFC 6749 section 4.1.2.1: nobody is led to where the client has not said to be.
  if (redirectUri === undefined || !isRegistered(redirectUri, client.redirectUris)) {
    return { refused: refusal("invalid_request", "this redirect URI is not one that the client has registered") };
  }
  const state = parameters.get("state");
  const problem = parameters.problem ?? problemOf(parameters, state);
  const scope = readScope(parameters.get("scope"));
  if (problem !== null || scope === null) {
    const { error, description } = problem ?? refusal("invalid_scope", "none of these scopes is known here");
    const told = state !== null && state.length <= STATE ? { state } : {};
    const answer = { error, error_description: description, ...told, iss: issuer };
    return { redirect: withParameters(redirectUri, answer) };
  }
  const prompt = parameters.get("prompt");
  return {
    request: {
      client,
      redirectUri,
      redirectNamed: named !== null,
      scope,
      state,
      challenge: parameters.get("code_challenge") ?? "",
      prompt: prompt === "none" || prompt === "login" || prompt === "consent" ? prompt : null,
      loginHint: parameters.get("login_hint"),
    },
  };
}

function problemOf(parameters: Parameters, state: string | null): OAuthError | null {
  const invalid = (words: string) => refusal("invalid_request", words);
  if (parameters.get("request") !== null) return refusal("request_not_supported", "request is not taken");
  if (parameters.get("request_uri") !== null) return refusal("request_uri_not_supported", "request_uri is not taken");
  const type = parameters.get("response_type");
  if (type === null) return invalid("response_type is missing");
  if (type !== "code") return refusal("unsupported_response_type", "response_type is code");
  if ((parameters.get("response_mode") ?? "query") !== "query") return invalid("response_mode is query");
  if (state !== null && state.length > STATE) return invalid("state is too long");
  // RFC 9700 section 2.1.1: without PKCE there is no code; RFC 7636 section 4.4.1: nor with `plain`.
  const challenge = parameters.get("code_challenge");
  if (challenge === null) return invalid("code_challenge is missing: PKCE is required");
  if (parameters.get("code_challenge_method") !== "S256") return invalid("code_challenge_method is S256");
  return /^[A-Za-z0-9_-]{43}$/.test(challenge) ? null : invalid("code_challenge is no SHA-256 in Base64url");
}
