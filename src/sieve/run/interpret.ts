/** Runs the commands of a script. */
import type { Program } from "../../contract/program.ts";
import type { CheckedNode } from "../script.ts";
import { runTest } from "./evaluate.ts";
import type { Run } from "./run.ts";

/** How a block ended: at its end, or by a command that ends more than it. */
export type Flow = "on" | "stop" | "return" | { readonly break: string };

/** Runs commands one after the other. */
export function* runBlock(run: Run, commands: readonly CheckedNode[]): Program<Flow> {
  let decided = false; // a branch of the current chain of `if` was taken
  for (const command of commands) {
    run.enter(command);
    let flow: Flow = "on";
    if (command.name === "if" || command.name === "elsif" || command.name === "else") {
      if (command.name === "if") decided = false;
      if (decided) continue;
      if (command.name === "else") decided = true;
      else {
        const result = runTest(run, command.tests[0]!);
        decided = typeof result === "boolean" ? result : yield* result;
      }
      if (decided) flow = yield* runBlock(run, command.block ?? []);
    } else {
      const done = command.spec.act(run, command);
      flow = (isProgram(done) ? yield* done : done) ?? "on";
    }
    if (flow !== "on") return flow;
  }
  return "on";
}

function isProgram(done: ReturnType<CheckedNode["spec"]["act"]>): done is Program<void | Flow> {
  return typeof done === "object" && "next" in done;
}
