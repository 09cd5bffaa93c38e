/** Logging in at a server (RFC 4954). */
import { encodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import type { Effect } from "../../contract/mod.ts";
import { fail, refuse, say } from "./ending.ts";
import type { ClientAuth } from "./options.ts";
import { ownTemporary } from "./outcome.ts";
import type { Reply } from "./reply_reader.ts";
import type { ClientState } from "./state.ts";
import { verdictOf } from "./transaction.ts";

export function startAuth(state: ClientState, auth: ClientAuth, now: number, out: Effect[]): void {
  if (state.tls === null && state.options.tls !== "none") {
    return fail(state, "No password is sent without TLS, which the server does not offer", "4.7.11", out);
  }
  const { mechanisms } = state.offered;
  if (mechanisms.includes("PLAIN")) {
    // RFC 4616: authzid NUL authcid NUL passwd
    const message = encodeBase64(utf8Bytes(`\0${auth.username}\0${auth.password.reveal()}`));
    say(state, `AUTH PLAIN ${message}`, "authDone", now, out);
  } else if (mechanisms.includes("LOGIN")) say(state, "AUTH LOGIN", "authLoginUser", now, out);
  else fail(state, "The server offers no way to log in that we know (PLAIN, LOGIN)", "4.7.0", out);
}

/** True: we are logged in. */
export function onAuth(state: ClientState, reply: Reply, now: number, out: Effect[]): boolean {
  const auth = state.options.auth;
  if (reply.code === 235) return true;
  if (reply.code === 334 && auth && state.phase === "authLoginUser") {
    say(state, encodeBase64(utf8Bytes(auth.username)), "authLoginPassword", now, out);
    return false;
  }
  if (reply.code === 334 && auth && state.phase === "authLoginPassword") {
    say(state, encodeBase64(utf8Bytes(auth.password.reveal())), "authDone", now, out);
    return false;
  }
  // A wrong password of ours is no reason to return people's mail: temporary, until the operator has mended it.
  const said = verdictOf(reply);
  const text = `The login failed: ${said.code} ${said.text}`;
  refuse(state, { ...ownTemporary("4.7.8", text), remote: true }, false, out);
  return false;
}
