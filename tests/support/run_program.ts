/**
 * Runs a program against answers that are there at once. What it asked and logged is kept in order, so that a test can
 * say not only what came out but what was never asked.
 */
import type { AnswerOf, Args, Call, LogEvent, Op } from "../../src/contract/mod.ts";
import { advance, type Effect, type FailureReason, type Input, type Program } from "../../src/contract/mod.ts";
import type { Answers } from "./run_machine.ts";

export interface Ran<R> {
  readonly result: R;
  readonly calls: readonly Call[];
  readonly logs: readonly LogEvent[];
}

/** Thrown by an answer to make the world fail: the program gets `OpFailed`. */
export class WorldFails extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason = "unavailable") {
    super("the test made the world fail");
    this.reason = reason;
  }
}

/** The result of a program; throws `OpFailed` where the program let a failure pass. */
export function runProgram<R>(program: Program<R>, answers: Answers): Ran<R> {
  const calls: Call[] = [];
  const logs: LogEvent[] = [];
  const running = { program, waitingFor: 0 };
  let id = 0;
  let input: Extract<Input, { type: "answer" | "failed" }> | null = null;
  while (true) {
    const out: Effect[] = [];
    const progress = advance(running, input, () => ++id, out);
    for (const effect of out) {
      if (effect.type === "log") logs.push(effect);
      else if (effect.type === "call") calls.push(effect);
      else throw new Error(`a program without a connection yields ${effect.type}`);
    }
    if (progress.kind === "done") return { result: progress.result, calls, logs };
    if (progress.kind === "failed") throw progress.error;
    input = answer(calls.at(-1)!, answers);
  }
}

function answer(call: Call, answers: Answers): Extract<Input, { type: "answer" | "failed" }> {
  const given = answers[call.op] as ((args: unknown) => unknown) | undefined;
  if (!given) throw new Error(`the test has no answer for ${call.op}`);
  try {
    return { type: "answer", id: call.id, op: call.op, value: given(call.args) } as never;
  } catch (error) {
    const reason = (error as { reason?: FailureReason }).reason;
    if (reason === undefined) throw error;
    return { type: "failed", id: call.id, op: call.op, reason, text: String(error) };
  }
}

/** The arguments of every call of one op, in order. */
export function argsOf<K extends Op>(calls: readonly Call[], op: K): Args<K>[] {
  return calls.filter((call) => call.op === op).map((call) => call.args as unknown as Args<K>);
}

export type { AnswerOf };
