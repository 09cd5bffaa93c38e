/** What is allowed in a script, and hardly meant. */
import type { CheckedNode, SieveScript } from "./script.ts";
import type { SieveError } from "./syntax/tree.ts";

/** At most so many are told. */
const WARNINGS = 20;

/** Commands that nothing leads to, each with its place: those behind `stop` or `return` in the same block. */
export function sieveWarnings(script: SieveScript): readonly SieveError[] {
  const found: SieveError[] = [];
  look(script.commands, found);
  return found.slice(0, WARNINGS);
}

function look(commands: readonly CheckedNode[], found: SieveError[]): void {
  const end = commands.findIndex(({ name }) => name === "stop" || name === "return");
  const behind = end < 0 ? undefined : commands[end + 1];
  if (behind !== undefined) {
    const message = `This is never reached, as it stands behind "${commands[end]!.name}".`;
    found.push({ line: behind.at.line, column: behind.at.column, message, found: "", expected: "" });
  }
  for (const { block } of commands) if (block !== null && found.length < WARNINGS) look(block, found);
}
