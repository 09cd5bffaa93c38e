/** Logging in at a server (RFC 4954). */
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { EMPTY, utf8Bytes } from "../../base/bytes.ts";
import type { Effect } from "../../contract/mod.ts";
import {
  chooseMechanism,
  CLIENT_MECHANISMS,
  type ClientCredentials,
  saysFirst,
  startClientExchange,
} from "../../sasl/mod.ts";
import { fail, refuse, say } from "./ending.ts";
import type { ClientAuth } from "./options.ts";
import { ownTemporary } from "./outcome.ts";
import type { Reply } from "./reply_reader.ts";
import type { ClientState, Login } from "./state.ts";
import { verdictOf } from "./transaction.ts";

export function startAuth(state: ClientState, auth: ClientAuth, now: number, out: Effect[]): void {
  if (state.tls === null && state.options.tls !== "none") {
    return fail(state, "No password is sent without TLS, which the server does not offer", "4.7.11", out);
  }
  const credentials: ClientCredentials = { ...auth, nonce: auth.nonce ?? null };
  const mechanism = chooseMechanism(state.offered.mechanisms, credentials);
  if (mechanism === null) {
    const known = CLIENT_MECHANISMS.join(", ");
    return fail(state, `The server offers no way to log in that we know (${known})`, "4.7.0", out);
  }
  const exchange = startClientExchange(mechanism, credentials);
  state.login = { mechanism, exchange, strict: saysFirst(mechanism) };
  if (!saysFirst(mechanism)) return say(state, `AUTH ${mechanism}`, "auth", now, out);
  const first = state.login.exchange.next();
  if (first.done || first.value.type !== "say") return unable(state, first.done ? first.value : null, out);
  const message = encodeBase64(first.value.data);
  say(state, `AUTH ${mechanism} ${message === "" ? "=" : message}`, "auth", now, out);
}

/** A reply to AUTH, or to what was said after it. True: we are logged in. */
export function onAuth(state: ClientState, reply: Reply, now: number, out: Effect[]): boolean {
  const { login } = state;
  if (login !== null && reply.code === 334) {
    const challenge = login.strict ? decodeBase64(reply.lines[0] ?? "") : EMPTY;
    if (challenge === null) unable(state, "the challenge is no Base64", out);
    else advance(state, login, challenge, now, out);
    return false;
  }
  if (login !== null && reply.code === 235) {
    state.login = null;
    if (believes(login)) return true;
    unable(state, "the server did not prove that it knows the password", out);
    return false;
  }
  const { auth } = state.options;
  // Some offer SCRAM and have no keys for the account. Only under TLS: else whoever is between could ask for this.
  if (auth && login?.mechanism === "SCRAM-SHA-256" && reply.code >= 500 && state.tls !== null && offersMore(state)) {
    startAuth(state, { ...auth, nonce: null }, now, out);
    return false;
  }
  // A wrong password of ours is no reason to return people's mail: temporary, until the operator has mended it.
  const said = verdictOf(reply);
  const text = `The login failed: ${said.code} ${said.text}`;
  refuse(state, { ...ownTemporary("4.7.8", text), remote: true }, false, out);
  return false;
}

/** The key that `relay.derive` was asked for. */
export function onDerived(state: ClientState, key: Uint8Array, now: number, out: Effect[]): void {
  if (state.login !== null) advance(state, state.login, key, now, out);
}

function advance(state: ClientState, login: Login, input: Uint8Array, now: number, out: Effect[]): void {
  const step = login.exchange.next(input);
  if (step.done) return unable(state, step.value ?? "the server asks for more than there is", out);
  if (step.value.type === "say") return say(state, encodeBase64(step.value.data), "auth", now, out);
  const { password, salt, iterations } = step.value;
  state.phase = "derive";
  state.deadline = now + state.timeouts.command;
  out.push({ type: "call", id: ++state.asked, op: "relay.derive", args: { password, salt, iterations } });
}

/** Whether the exchange has nothing more to say: then the server's word counts. */
function believes(login: Login): boolean {
  const step = login.exchange.next(EMPTY);
  return step.done === true && step.value === null;
}

function offersMore({ offered }: ClientState): boolean {
  return offered.mechanisms.includes("PLAIN") || offered.mechanisms.includes("LOGIN");
}

/** `*` and goodbye (RFC 4954 section 4). */
function unable(state: ClientState, why: string | null, out: Effect[]): void {
  out.push({ type: "send", bytes: utf8Bytes("*\r\n") });
  fail(state, `The login failed: ${why ?? "it cannot begin"}`, "4.7.8", out);
}
