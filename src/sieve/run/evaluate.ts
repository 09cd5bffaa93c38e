/** Runs the tests of a script and notes what they said. Most are true or false at once; some read or ask first. */
import type { Program } from "../../contract/program.ts";
import type { CheckedNode } from "../script.ts";
import { describeTest } from "./describe.ts";
import type { Run } from "./run.ts";

/** Whether a test is true. */
export function runTest(run: Run, node: CheckedNode): boolean | Program<boolean> {
  run.enter(node);
  const result = node.spec.test(run, node);
  if (typeof result !== "boolean") return later(run, node, result);
  if (!node.spec.quiet) note(run, node, result);
  return result;
}

function* later(run: Run, node: CheckedNode, asked: Program<boolean>): Program<boolean> {
  const result = yield* asked;
  if (!node.spec.quiet) note(run, node, result);
  return result;
}

function note(run: Run, node: CheckedNode, result: boolean): void {
  if (run.log.length >= run.limits.logLines) return;
  run.say("test", node.memo.description ??= describeTest(node), result);
}

/** Whether all tests are true, or with `wanted` false whether none is: stops where that is clear. */
export function allAre(run: Run, tests: readonly CheckedNode[], wanted: boolean): boolean | Program<boolean> {
  for (const [index, test] of tests.entries()) {
    const result = runTest(run, test);
    if (typeof result !== "boolean") return restAre(run, tests.slice(index + 1), wanted, result);
    if (result !== wanted) return false;
  }
  return true;
}

function* restAre(
  run: Run,
  tests: readonly CheckedNode[],
  wanted: boolean,
  first: Program<boolean>,
): Program<boolean> {
  if ((yield* first) !== wanted) return false;
  for (const test of tests) {
    const result = runTest(run, test);
    if ((typeof result === "boolean" ? result : yield* result) !== wanted) return false;
  }
  return true;
}
