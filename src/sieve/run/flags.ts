/** Flags of messages and variables that hold flags (RFC 5232). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { type CheckedNode, textOf, textsOf } from "../script.ts";
import type { Template } from "../check/template.ts";
import { matchAny } from "./matching.ts";
import type { Run } from "./run.ts";

const FLAGS = 100;

/** The flags in some strings, each once; several may stand in one string, and what is no flag is passed over. */
export function flagsIn(texts: readonly string[]): string[] {
  const found = new Map<string, string>();
  for (const text of texts) {
    for (const word of text.split(/[ \t\r\n]+/)) {
      const flag = lowerAscii(word);
      // RFC 9051 section 9, flag-keyword: an atom of ASCII; \Recent is the server's own.
      if (!/^\\?[!#$&'+-[^-z|}~]{1,256}$/.test(word) || flag === "\\recent" || found.has(flag)) continue;
      if (found.size < FLAGS) found.set(flag, word);
    }
  }
  return [...found.values()];
}

/** `setflag`, `addflag`, `removeflag` (section 3). */
export function changeFlags(run: Run, node: CheckedNode): void {
  const named = flagsIn(run.all(textsOf(node, "flags")));
  const variable = textOf(node, "variable");
  const before = variable === null ? run.decisions.flags : flagsIn([run.variable(lowerAscii(run.text(variable)))]);
  const lower = new Set(named.map(lowerAscii));
  const after = node.name === "setflag"
    ? named
    : node.name === "addflag"
    ? flagsIn([...before, ...named])
    : before.filter((flag) => !lower.has(lowerAscii(flag)));
  if (variable === null) run.decide({ flags: after });
  else run.setVariable(run.text(variable), after.join(" "));
}

/** `hasflag` (section 4): each flag is a value; what is asked for may be several flags in one string. */
export function* testHasFlag(run: Run, node: CheckedNode): Program<boolean> {
  const variables = textsOf(node, "variables");
  const values = variables.length === 0
    ? run.decisions.flags
    : variables.flatMap((name) => flagsIn([run.variable(lowerAscii(run.text(name)))]));
  const keys = run.all(textsOf(node, "flags"));
  const { type } = node.match;
  const patterns = type === "matches" || type === "regex" || type === "count" || type === "value";
  return yield* matchAny(
    run,
    node.match,
    values,
    patterns ? keys : keys.flatMap((key) => key.split(" ").filter(Boolean)),
  );
}

/** The flags of a stored copy: those of `:flags`, else those that are set at this point (section 5). */
export function flagsFor(run: Run, given: readonly Template[] | null): readonly string[] {
  return given === null ? run.decisions.flags : flagsIn(run.all(given));
}
