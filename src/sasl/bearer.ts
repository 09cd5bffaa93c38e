/**
 * OAUTHBEARER (RFC 7628) and XOAUTH2 (the form that came before it and that clients still use): a bearer token
 * (RFC 6750) in place of a password. The tokens are those that this server has made.
 */
import { EMPTY, utf8Bytes, utf8Strict } from "../base/bytes.ts";
import { Secret } from "../base/secret.ts";
import { parseLogin } from "./credentials.ts";
import type { SaslExchange } from "./exchange.ts";
import { challenge, outcomeOf, question } from "./request.ts";

/** Octets of a message: a token of other servers may be long, ours is short. */
const MESSAGE_LIMIT = 8192;
const SEPARATOR = "\x01";

interface BearerMessage {
  /** Whom the client asks to be, or null: whose token it is. */
  readonly login: string | null;
  readonly token: Secret;
}

export function oauthBearerExchange(initial: Uint8Array | null): SaslExchange {
  return bearerExchange(initial, parseOauthBearer, '{"status":"invalid_token","schemes":"bearer"}');
}

export function xoauth2Exchange(initial: Uint8Array | null): SaslExchange {
  return bearerExchange(initial, parseXoauth2, '{"status":"401","schemes":"bearer"}');
}

function* bearerExchange(
  initial: Uint8Array | null,
  parse: (text: string) => BearerMessage | null,
  failure: string,
): SaslExchange {
  const bytes = initial ?? (yield* challenge(EMPTY));
  if (bytes === null) return { refused: "cancelled" };
  const text = bytes.length > MESSAGE_LIMIT ? null : utf8Strict(bytes);
  const message = text === null || text.includes("\0") ? null : parse(text);
  if (message === null) return { refused: "malformed" };
  const outcome = outcomeOf(yield* question("auth.bearer", message));
  if (!("refused" in outcome)) return outcome;
  // RFC 7628 section 3.2.3: the reason goes in a challenge, to which the client answers with nothing of meaning.
  const last = yield* challenge(utf8Bytes(failure));
  return last === null ? { refused: "cancelled" } : outcome;
}

/** `gs2-header kvsep *(key "=" value kvsep) kvsep` with `auth=Bearer …` among them (RFC 7628 section 3.1). */
function parseOauthBearer(text: string): BearerMessage | null {
  const [header = "", ...pairs] = text.split(SEPARATOR);
  const [, name] = /^[ny],(?:a=([^,]*))?,$/.exec(header) ?? [];
  if (!/^[ny],/.test(header) || (name === undefined && !/^[ny],,$/.test(header))) return null;
  const login = name === undefined ? null : saslName(name);
  return login === undefined ? null : withToken(login, pairs);
}

/** `user=… ^A auth=Bearer … ^A ^A` */
function parseXoauth2(text: string): BearerMessage | null {
  const [first = "", ...pairs] = text.split(SEPARATOR);
  const login = first.startsWith("user=") ? parseLogin(utf8Bytes(first.slice(5))) : null;
  return login === null ? null : withToken(login, pairs);
}

function withToken(login: string | null, pairs: readonly string[]): BearerMessage | null {
  if (pairs.length < 3 || pairs.at(-1) !== "" || pairs.at(-2) !== "") return null;
  const auth = pairs.find((pair) => /^auth=/i.test(pair));
  const token = /^auth=bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(auth ?? "")?.[1];
  return token === undefined ? null : { login, token: new Secret(token) };
}

/** saslname (RFC 5801): `=2C` and `=3D`; undefined: it is none. */
function saslName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return parseLogin(utf8Bytes(text.replaceAll("=2C", ",").replaceAll("=3D", "="))) ?? undefined;
}
