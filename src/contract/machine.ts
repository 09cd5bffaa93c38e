/**
 * A machine is a connection's protocol as a pure function. "Pure" means that the same inputs give the same effects;
 * it does not mean copying: `step` consumes the state it is given.
 */
import type { Effect } from "./effect.ts";
import type { Input } from "./input.ts";

/** What one input came to. */
export interface Step<S> {
  readonly state: S;
  readonly effects: readonly Effect[];
}

/** The protocol; states are handed in and out. */
export interface Machine<S> {
  /**
   * Deterministic; no IO, clock, randomness or promises. Use only the state it returns. `now` is a monotonic time in
   * milliseconds that is good for deadlines and nothing else.
   */
  step(state: S, input: Input, now: number): Step<S>;
  /** Whether the driver may read. False is back-pressure. */
  wantsBytes(state: S): boolean;
  /** When to send the input `deadline` (same clock as `now`), or null. */
  deadline(state: S): number | null;
}

/** A machine with the state to start from: what a listener needs for one connection. */
export interface Session<S> {
  readonly machine: Machine<S>;
  readonly state: S;
}

/** A session whose state type nobody needs to know. */
// deno-lint-ignore no-explicit-any
export type AnySession = Session<any>;
