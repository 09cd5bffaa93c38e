/** The two things an exchange yields, with the types of what comes back. */
import type { AnswerOf, Args, Call, Login, LoginRefused, Op } from "../contract/mod.ts";
import type { SaslOutcome, SaslRequest, SaslResponse } from "./exchange.ts";

/** Sends a challenge; returns the client's response, or null when it cancelled. */
export function* challenge(data: Uint8Array): Generator<SaslRequest, SaslResponse, unknown> {
  return (yield { type: "challenge", data }) as SaslResponse; // the runner resumes a challenge with a response
}

/** Asks the world. */
export function* question<K extends Op>(op: K, args: Args<K>): Generator<SaslRequest, AnswerOf<K>, unknown> {
  return (yield { type: "call", id: 0, op, args } as Call) as AnswerOf<K>; // … and a call with its op's answer
}

/** The world's answer as the exchange's outcome. */
export function outcomeOf(answer: Login | LoginRefused): SaslOutcome {
  return "refused" in answer ? answer : { login: answer };
}
