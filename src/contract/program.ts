/**
 * A program is a procedure: a generator that yields effects and is resumed with answers. Whoever runs it numbers the
 * calls. `yield* ask(op, args)` is the only way to ask; it returns the answer with its type.
 */
import type { Effect } from "./effect.ts";
import type { Answer, FailureReason, Input } from "./input.ts";
import type { AnswerOf, Args, Op } from "./ops.ts";

/** A generator that asks by yielding. */
export type Program<R> = Generator<Effect, R, unknown>;

/** Thrown into a program whose question failed. Programs let it pass; their runner turns it into a reply. */
export class OpFailed extends Error {
  override readonly name = "OpFailed";
  readonly op: Op;
  readonly reason: FailureReason;

  constructor(op: Op, reason: FailureReason, text: string) {
    super(`${op}: ${text}`);
    this.op = op;
    this.reason = reason;
  }
}

/** Asks the world and waits for its answer. */
export function* ask<K extends Op>(op: K, args: Args<K>): Program<AnswerOf<K>> {
  // The one cast of the contract: a runner resumes a call with the answer of its op.
  return (yield { type: "call", id: 0, op, args } as Effect) as AnswerOf<K>;
}

/** A program that is under way inside a machine: what waits for which answer. */
export interface Running<R> {
  readonly program: Program<R>;
  /** Id of the call that is out. */
  waitingFor: number;
  /** Its op. */
  op?: Op;
}

/** How far a program came. */
export type Progress<R> =
  | { readonly kind: "waiting" }
  | { readonly kind: "done"; readonly result: R }
  | { readonly kind: "failed"; readonly error: OpFailed };

/**
 * Starts or resumes a program until it asks, ends or fails, and puts its effects into `out`. `nextId` numbers its
 * calls; ids are unique within a session. An error that is no `OpFailed` is a bug and is thrown on.
 */
export function advance<R>(
  running: Running<R>,
  input: Extract<Input, { type: "answer" | "failed" }> | null,
  nextId: () => number,
  out: Effect[],
): Progress<R> {
  try {
    let result = resume(running.program, input);
    while (!result.done) {
      const effect = result.value;
      if (effect.type === "call") {
        running.op = effect.op;
        running.waitingFor = nextId();
        out.push({ ...effect, id: running.waitingFor });
        return { kind: "waiting" };
      }
      out.push(effect);
      result = running.program.next();
    }
    return { kind: "done", result: result.value };
  } catch (error) {
    if (error instanceof OpFailed) return { kind: "failed", error };
    throw error;
  }
}

function resume<R>(
  program: Program<R>,
  input: Extract<Input, { type: "answer" | "failed" }> | null,
): IteratorResult<Effect, R> {
  if (input === null) return program.next();
  if (input.type === "answer") return program.next((input as Answer).value);
  return program.throw(new OpFailed(input.op, input.reason, input.text));
}
