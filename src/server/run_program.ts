import type { AnswerOf, Args, LogEvent, Op, Program } from "../contract/mod.ts";
import { OpFailed } from "../contract/mod.ts";
import type { Resolver } from "../dns/mod.ts";
import type { Storage } from "../storage/storage.ts";
import type { Clock } from "./clock.ts";
import { failureReason } from "./failure.ts";

/** Answers one question of a program. */
export type Perform = <K extends Op>(op: K, args: Args<K>) => AnswerOf<K> | Promise<AnswerOf<K>>;

/**
 * Runs a program outside of a machine: a question is awaited, a log effect is logged, any other effect is a bug,
 * because there is no connection here. A failed question is thrown into the program as `OpFailed`. A program that has
 * worked for `sliceMs` since it last let others have a turn does so at its next question; left out, it never does.
 */
export async function runProgram<R>(
  program: Program<R>,
  perform: Perform,
  log: (event: LogEvent) => void,
  sliceMs = Infinity,
): Promise<R> {
  let worked = 0;
  let since = performance.now();
  let result = program.next();
  while (!result.done) {
    const effect = result.value;
    if (effect.type === "log") {
      log(effect);
      result = program.next();
    } else if (effect.type === "call") {
      worked += performance.now() - since;
      if (worked >= sliceMs) {
        // Not `setImmediate`: as long as there is one, the runtime looks at no socket.
        await new Promise<void>((resolve) => setTimeout(resolve, 1));
        worked = 0;
      }
      let value: unknown;
      try {
        value = await perform(effect.op, effect.args as never);
      } catch (error) {
        const reason = failureReason(error);
        since = performance.now();
        result = program.throw(new OpFailed(effect.op, reason, String((error as Error)?.message ?? error)));
        continue;
      }
      since = performance.now();
      result = program.next(value);
    } else throw new Error(`a program without a connection yielded ${effect.type}`);
  }
  return result.value;
}

/** What programs outside of any session ask: the store, the DNS and the clock. */
export interface RunnerParts {
  readonly storage: Pick<Storage, "perform">;
  readonly resolver: Pick<Resolver, "resolve">;
  readonly clock: Pick<Clock, "wall">;
  readonly log: (event: LogEvent) => void;
}

/** Runs programs that ask for no more than that. */
export function programRunner({ storage, resolver, clock, log }: RunnerParts): <R>(program: Program<R>) => Promise<R> {
  const perform = ((op: string, args: never) => {
    if (op === "dns.resolve") {
      const { name, type } = args as Args<"dns.resolve">;
      return resolver.resolve(name, type);
    }
    return op === "clock.now" ? clock.wall() : storage.perform(op as never, args);
  }) as Perform;
  return (program) => runProgram(program, perform, log);
}
