import { type Call, type Input, OpFailed } from "../contract/mod.ts";
import type { SaslExchange, SaslOutcome, SaslRequest, SaslResponse } from "./exchange.ts";

/** What resumes an exchange: nothing at its start, the client's response, or the world's answer. */
export type SaslInput =
  | { readonly type: "start" }
  | { readonly type: "response"; readonly response: SaslResponse }
  | Extract<Input, { type: "answer" | "failed" }>;

/** What an exchange wants next, or how it ended. `failed` is an infrastructure failure: neither yes nor no. */
export type SaslProgress =
  | { readonly kind: "challenge"; readonly data: Uint8Array }
  /** The caller numbers the call (its `id` is 0) and resumes the exchange with its answer. */
  | { readonly kind: "call"; readonly call: Call }
  | { readonly kind: "done"; readonly outcome: SaslOutcome }
  | { readonly kind: "failed"; readonly error: OpFailed };

/** Starts or resumes an exchange until it wants something or ends. */
export function advanceExchange(exchange: SaslExchange, input: SaslInput): SaslProgress {
  try {
    const result = resume(exchange, input);
    if (result.done) return { kind: "done", outcome: result.value };
    const request = result.value;
    return request.type === "challenge" ? { kind: "challenge", data: request.data } : { kind: "call", call: request };
  } catch (error) {
    if (error instanceof OpFailed) return { kind: "failed", error };
    throw error;
  }
}

function resume(exchange: SaslExchange, input: SaslInput): IteratorResult<SaslRequest, SaslOutcome> {
  switch (input.type) {
    case "start":
      return exchange.next();
    case "response":
      return exchange.next(input.response);
    case "answer":
      return exchange.next(input.value);
    case "failed":
      return exchange.throw(new OpFailed(input.op, input.reason, input.text));
  }
}
