import { type CheckedNode, tagsWith } from "../script.ts";
import type { Run } from "./run.ts";

/** RFC 5229 section 4.1: a text by the modifiers that were given, in the order of their precedence, whatever theirs. */
export function modified(run: Run, node: CheckedNode, text: string): string {
  run.budget.look(text.length);
  return tagsWith(node, "modifies")
    .toSorted((a, b) => b.modifies.precedence - a.modifies.precedence)
    .reduce((out, { modifies }) => modifies.change(out), text);
}
