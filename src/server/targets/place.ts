/** A place for mail besides the store, and what it says of a message. */
import type { TargetWay } from "../../mda/mod.ts";
import type { TransportAnswer, TransportMessage, TransportResult } from "../outbound/transports/transport.ts";

/** Takes one message for one account. Rejecting is a temporary failure of the place. */
export type Place = (message: TransportMessage, way: TargetWay, signal: AbortSignal) => Promise<TransportAnswer>;

/** It has it. */
export function taken(text: string): TransportAnswer {
  return { results: [{ kind: "delivered", code: 250, enhanced: "2.0.0", text }] };
}

/** Not now: it is tried again. `busy`: the place itself has trouble, whoever the mail is for. */
export function later(text: string, enhanced = "4.3.0", busy = false): TransportAnswer {
  return { results: [{ kind: "temporary", code: 451, enhanced, text }], busy };
}

/** Never. */
export function never(text: string, enhanced: string): TransportAnswer {
  const result: TransportResult = { kind: "permanent", code: 550, enhanced, text };
  return { results: [result] };
}
