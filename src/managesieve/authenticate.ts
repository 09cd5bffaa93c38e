/** AUTHENTICATE and what comes of it (RFC 5804 section 2.1). */
import { decodeBase64 } from "../base/base64.ts";
import { latin1String } from "../base/bytes.ts";
import { type Effect, logEvent } from "../contract/mod.ts";
import { parseMechanism, type SaslOutcome, type SaslResponse, startExchange } from "../sasl/mod.ts";
import { mechanisms, offersStartTls } from "./capability.ts";
import type { ManageSieveOptions, ManageSieveState, Then } from "./state.ts";
import { response } from "./wire/response.ts";

/** `initial` null: none was sent. */
export function authenticate(
  state: ManageSieveState,
  name: Uint8Array,
  initial: Uint8Array | null,
  options: ManageSieveOptions,
  out: Effect[],
): Then {
  const offered = mechanisms(state, options);
  if (offered.length === 0) {
    const text = offersStartTls(state, options)
      ? "Encryption is required first: use STARTTLS"
      : "Encryption is required";
    return void out.push(response("NO", text, "ENCRYPT-NEEDED"));
  }
  const mechanism = parseMechanism(latin1String(name), offered);
  if (mechanism === null) return void out.push(response("NO", "This authentication mechanism is not offered"));
  const data = initial === null ? null : decodeBase64(latin1String(initial));
  if (initial !== null && data === null) return void out.push(response("NO", "The initial data is not Base64"));
  return { sasl: startExchange(mechanism, data, state.session?.tls ?? null) };
}

/** A client's response; `*` and what is no Base64 give up. */
export function saslResponse(text: Uint8Array): SaslResponse {
  const octets = latin1String(text);
  return octets === "*" ? null : decodeBase64(octets);
}

const REFUSED: Readonly<
  Record<Extract<SaslOutcome, { refused: unknown }>["refused"], { text: string; code?: string }>
> = {
  credentials: { text: "Wrong name or password" },
  disabled: { text: "This account is disabled" },
  tooMany: { text: "Too many failed logins, try again later", code: "TRYLATER" },
  malformed: { text: "The credentials cannot be understood" },
  cancelled: { text: "Authentication was given up" },
};

/** False: it was one failure too many. */
export function authenticated(state: ManageSieveState, outcome: SaslOutcome, attempts: number, out: Effect[]): boolean {
  if ("login" in outcome) {
    state.login = outcome.login;
    out.push(logEvent("info", "login", { protocol: "managesieve", login: outcome.login.login }));
    out.push(response("OK", "Logged in"));
    return true;
  }
  const { text, code } = REFUSED[outcome.refused];
  out.push(response("NO", text, code));
  out.push(logEvent("info", "login.refused", { protocol: "managesieve", reason: outcome.refused }));
  return ++state.authFailures < attempts;
}
