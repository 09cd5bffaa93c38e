/** How a conversation ends, and what that means for whoever has no result yet. */
import { utf8Bytes } from "../../base/bytes.ts";
import { type Effect, logEvent } from "../../contract/mod.ts";
import { ownTemporary, type RecipientResult } from "./outcome.ts";
import type { Reply } from "./reply_reader.ts";
import type { ClientState, Phase } from "./state.ts";
import { settleRest, verdictOf } from "./transaction.ts";

/** The host will have none of it: other hosts may. */
export function refused(state: ClientState, reply: Reply, out: Effect[]): void {
  const said = verdictOf(reply);
  // A 5yz in answer to a greeting is about us or the host, and no verdict on the message: temporary here.
  const result: RecipientResult = { ...said, kind: "temporary" };
  refuse(state, result, !state.transaction.dotSent, out);
}

/** Trouble with the connection or of our own. */
export function fail(state: ClientState, text: string, enhanced: string, out: Effect[]): void {
  out.push(logEvent("info", "smtp.client.failed", { phase: state.phase, reason: text }));
  refuse(state, ownTemporary(enhanced, text), !state.transaction.dotSent, out);
}

/** The result of all who have none; the connection ends. */
export function refuse(state: ClientState, result: RecipientResult, tryNextHost: boolean, out: Effect[]): void {
  settleRest(state.results, result);
  state.tryNextHost = tryNextHost;
  // Never inside a body: all of that leaves in one step, and a DATA that went ahead is one.
  if (state.ahead === null && !state.abandoned) out.push({ type: "send", bytes: utf8Bytes("QUIT\r\n") });
  end(state, out);
}

/** The connection is gone. */
export function lost(state: ClientState, text: string, enhanced: string, tlsFailed: boolean): void {
  settleRest(state.results, ownTemporary(enhanced, text));
  state.tlsFailed ||= tlsFailed;
  state.tryNextHost = !state.transaction.dotSent;
}

export function quit(state: ClientState, now: number, out: Effect[]): void {
  // RFC 5321 section 4.1.1.10: the reply is waited for, shortly; the results are known.
  say(state, "QUIT", "quit", now, out);
  state.deadline = now + state.timeouts.quit;
}

export function say(state: ClientState, line: string, phase: Phase, now: number, out: Effect[]): void {
  out.push({ type: "send", bytes: utf8Bytes(line + "\r\n") });
  state.phase = phase;
  state.deadline = now + state.timeouts.command;
}

export function end(state: ClientState, out: Effect[]): void {
  if (state.asking) withdraw(state, out);
  state.phase = "done";
  state.deadline = null;
  out.push({ type: "close" });
}

/** The question for the next message is taken back. */
export function withdraw(state: ClientState, out: Effect[]): void {
  state.asking = false;
  out.push({ type: "cancel", id: state.asked });
}

export function timeoutText(state: ClientState): string {
  return `The server did not answer in time ${where(state)}`;
}

export function where(state: ClientState): string {
  switch (state.phase) {
    case "greeting":
      return "before its greeting";
    case "tls":
      return "in the TLS handshake";
    case "transaction":
      return state.transaction.dotSent ? "after the end of the message" : "while the message was being sent";
    default:
      return `after ${state.phase === "ehlo" ? "EHLO" : state.phase === "helo" ? "HELO" : "a command"}`;
  }
}
