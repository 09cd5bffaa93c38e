/** Dynamic registration (RFC 7591) of public clients, and what the operator sees of them. */
import { ask, type Program } from "../contract/mod.ts";
import { type Client, GRANT_TYPES, type GrantType, keepClient } from "./client.ts";
import { type Answer, type OAuthError, refusal } from "./error.ts";
import { isRedirectUri } from "./redirect_uri.ts";
import { read } from "./stored.ts";

const NAME = 100;
const URIS = 10;

/** Takes what a client says of itself, as JSON has it, and answers what is kept of it; `kept`: until it is removed. */
export function* registerClient(metadata: unknown, kept = false): Program<Answer<Readonly<Record<string, unknown>>>> {
  const client = readMetadata(metadata);
  if ("error" in client) return client;
  const now = yield* ask("clock.now", {});
  const clientId = (yield* ask("text.random", {})).slice(0, 32);
  yield* keepClient({ ...client, clientId, createdAt: now, kept }, false);
  return {
    client_id: clientId,
    client_id_issued_at: Math.floor(now / 1000),
    client_name: client.name,
    ...(client.uri !== null && { client_uri: client.uri }),
    redirect_uris: client.redirectUris,
    grant_types: client.grantTypes,
    response_types: client.grantTypes.includes("authorization_code") ? ["code"] : [],
    token_endpoint_auth_method: "none",
  };
}

/** Those that are registered, by id. */
export function* listClients(after: string, limit: number): Program<readonly Client[]> {
  const now = yield* ask("clock.now", {});
  const rows = yield* ask("record.list", { kind: "oauth.client", now, after, limit });
  return rows.map((row) => read<Client>(row).value);
}

/** False: there is none. Its grants cannot be refreshed any more; access that it has ends within the hour. */
export function* forgetClient(clientId: string): Program<boolean> {
  return yield* ask("record.remove", { kind: "oauth.client", key: clientId });
}

function readMetadata(given: unknown): Answer<Omit<Client, "clientId" | "createdAt" | "kept">> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return bad("the metadata is no object");
  const member = (name: string): unknown => Object.hasOwn(given, name) ? given[name as never] : undefined;
  const method = member("token_endpoint_auth_method") ?? "none";
  if (method !== "none") return bad("clients are public here: token_endpoint_auth_method is none");
  const grantTypes = readGrantTypes(member("grant_types"));
  if ("error" in grantTypes) return grantTypes;
  const responses = member("response_types");
  if (responses !== undefined && !isList(responses, (one) => one === "code")) {
    return bad("response_types is code alone");
  }
  const redirectUris = member("redirect_uris") ?? [];
  if (!isList(redirectUris, (one) => typeof one === "string") || redirectUris.length > URIS) {
    return uriProblem(`redirect_uris is a list of at most ${URIS}`);
  }
  if (!(redirectUris as string[]).every(isRedirectUri)) {
    return uriProblem("a redirect URI is https, http to a loopback address, or a scheme with a dot; without fragment");
  }
  if (grantTypes.includes("authorization_code") && redirectUris.length === 0) return uriProblem("there is none");
  const name = member("client_name") ?? "";
  if (typeof name !== "string" || name.length > NAME || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) {
    return bad(`client_name is a text of at most ${NAME} characters`);
  }
  const uri = member("client_uri");
  const isPage = typeof uri === "string" && uri.startsWith("https://") && isRedirectUri(uri);
  if (uri !== undefined && !isPage) return bad("client_uri is an https URL");
  return { name: name.trim(), uri: isPage ? uri : null, redirectUris: redirectUris as string[], grantTypes };
}

function readGrantTypes(given: unknown): readonly GrantType[] | OAuthError {
  if (given === undefined) return ["authorization_code"]; // RFC 7591 section 2
  if (!isList(given, (one) => typeof one === "string")) return bad("grant_types is a list");
  const types = GRANT_TYPES.filter((type) => given.includes(type));
  return types.some((type) => type !== "refresh_token") ? types : bad(`grant_types are ${GRANT_TYPES.join(", ")}`);
}

function isList(value: unknown, fits: (one: unknown) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= 20 && value.every(fits);
}

const bad = (words: string): OAuthError => refusal("invalid_client_metadata", words);
const uriProblem = (words: string): OAuthError => refusal("invalid_redirect_uri", words);
