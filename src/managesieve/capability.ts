/** What is offered (RFC 5804 section 1.7). */
import { type Effect, sendLine } from "../contract/mod.ts";
import { offeredMechanisms, type SaslMechanism } from "../sasl/mod.ts";
import { SIEVE_EXTENSIONS, SIEVE_NOTIFY_METHODS } from "../sieve/mod.ts";
import type { ManageSieveOptions, ManageSieveState } from "./state.ts";
import { response, wireString } from "./wire/response.ts";

/** The strongest first; LOGIN is of other protocols. */
const OFFERED: readonly SaslMechanism[] = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "OAUTHBEARER", "XOAUTH2"];

export function offersStartTls({ session, login }: ManageSieveState, { startTls }: ManageSieveOptions): boolean {
  return startTls && login === null && session?.tls === null;
}

/** Mechanisms that may be used now: none where a password would cross the network in the clear. */
export function mechanisms({ session }: ManageSieveState, options: ManageSieveOptions): readonly SaslMechanism[] {
  if (!session || session.tls === null && !options.allowPlaintext) return [];
  return offeredMechanisms(options.mechanisms ?? OFFERED, session.tls);
}

/** All capabilities, and OK with `text`: the greeting, and the answer to CAPABILITY. */
export function capability(state: ManageSieveState, options: ManageSieveOptions, text: string, out: Effect[]): void {
  const say = (name: string, value?: string) =>
    out.push(sendLine(value === undefined ? wireString(name) : `${wireString(name)} ${wireString(value)}`));
  const extensions = options.extensions ?? SIEVE_EXTENSIONS;
  say("IMPLEMENTATION", options.implementation);
  say("SIEVE", extensions.join(" "));
  say("SASL", mechanisms(state, options).join(" "));
  if (offersStartTls(state, options)) say("STARTTLS");
  if (extensions.includes("enotify")) say("NOTIFY", SIEVE_NOTIFY_METHODS.join(" "));
  say("MAXREDIRECTS", String(options.redirects));
  say("LANGUAGE", "en");
  if (state.login !== null) {
    say("OWNER", state.login.login);
    say("UNAUTHENTICATE");
  }
  say("VERSION", "1.0");
  out.push(response("OK", text));
}
