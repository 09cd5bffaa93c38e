/** AUTHENTICATE's exchange (RFC 9051 section 6.2.2): Base64 lines outside, a SASL program inside. */
import { decodeBase64, encodeBase64 } from "../base/base64.ts";
import type { Call, Effect, Input, OpFailed } from "../contract/mod.ts";
import { advanceExchange, type SaslInput, type SaslMechanism, startExchange } from "../sasl/mod.ts";
import { bad, no } from "./reply.ts";
import { type ImapState, type Outcome, sendText } from "./session.ts";
import { TEXTS } from "./texts.ts";

/** How the exchange ended, or null while it goes on. */
export type ExchangeEnd = Outcome | { readonly failed: OpFailed } | null;

export function beginExchange(
  state: ImapState,
  mechanism: SaslMechanism,
  initial: Uint8Array | null,
  out: Effect[],
): ExchangeEnd {
  state.exchange = { exchange: startExchange(mechanism, initial, state.tls), waitingFor: 0, waits: "call" };
  return resumeExchange(state, { type: "start" }, out);
}

/** A line of the client; null is a broken one. */
export function authenticateLine(state: ImapState, line: string | null, out: Effect[]): ExchangeEnd {
  // RFC 9051 section 6.2.2: a single "*" cancels.
  const response = line === "*" ? null : line === null ? undefined : decodeBase64(line) ?? undefined;
  if (response !== undefined) return resumeExchange(state, { type: "response", response }, out);
  state.exchange = null;
  return bad(TEXTS.authMalformed);
}

export function resumeExchange(
  state: ImapState,
  input: SaslInput | Extract<Input, { type: "answer" | "failed" }>,
  out: Effect[],
): ExchangeEnd {
  const waiting = state.exchange!;
  const progress = advanceExchange(waiting.exchange, input);
  switch (progress.kind) {
    case "challenge":
      waiting.waits = "line";
      out.push(sendText(`+ ${encodeBase64(progress.data)}\r\n`));
      return null;
    case "call":
      waiting.waits = "call";
      waiting.waitingFor = state.nextCall++;
      out.push({ ...progress.call, id: waiting.waitingFor } as Call);
      return null;
    case "failed":
      state.exchange = null;
      return { failed: progress.error };
    case "done": {
      state.exchange = null;
      const outcome = progress.outcome;
      if ("login" in outcome) return { then: "loggedIn", login: outcome.login };
      if (outcome.refused === "cancelled") return bad(TEXTS.authCancelled);
      if (outcome.refused === "malformed") return no(TEXTS.authMalformed, "AUTHENTICATIONFAILED");
      return { then: "refused", why: outcome.refused, user: "" };
    }
  }
}
