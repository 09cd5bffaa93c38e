/** Tests that ask the world about each of some names. */
import type { Program } from "../../contract/program.ts";
import { type CheckedNode, textsOf } from "../script.ts";
import type { Run } from "./run.ts";

/** Whether it holds of all the names in an argument. */
export function* everyAnswer(
  run: Run,
  node: CheckedNode,
  argument: string,
  holds: (name: string) => Program<boolean>,
): Program<boolean> {
  for (const name of run.all(textsOf(node, argument))) if (!(yield* holds(name))) return false;
  return true;
}
