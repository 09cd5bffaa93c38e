/** imap4flags (RFC 5232): flags of the message, and variables that hold flags. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { arg, command, optional, test, valued } from "../check/spec.ts";
import { VARIABLE } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { ComparedText } from "../match/comparator.ts";
import { flagsIn } from "../run/flags.ts";
import { keysFor, keysOf, matchAny } from "../run/matching.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, textOf, textsOf } from "../script.ts";

/** Section 3; `change` makes the new flags out of those before and those that are named. */
function changing(change: (before: readonly string[], named: readonly string[]) => readonly string[]) {
  return (run: Run, node: CheckedNode): void => {
    const named = flagsIn(run.all(textsOf(node, "flags")));
    const variable = textOf(node, "variable");
    const before = variable === null ? run.decisions.flags : flagsIn([run.variable(lowerAscii(run.text(variable)))]);
    const after = change(before, named);
    if (variable === null) run.decide({ flags: after });
    else run.setVariable(run.text(variable), after.join(" "));
  };
}

function without(before: readonly string[], named: readonly string[]): readonly string[] {
  const gone = new Set(named.map(lowerAscii));
  return before.filter((flag) => !gone.has(lowerAscii(flag)));
}

/** Section 4: each flag is a value; what is asked for may be several flags in one string. */
function testHasFlag(run: Run, node: CheckedNode): boolean | Program<boolean> {
  const variables = textsOf(node, "variables");
  const values = variables.length === 0
    ? run.decisions.flags
    : variables.flatMap((name) => flagsIn([run.variable(lowerAscii(run.text(name)))]));
  const compared = values.map((flag) => new ComparedText(flag, node.match.comparator));
  if (!node.match.type.plain) return matchAny(run, node.match, compared, keysOf(run, node, "flags"));
  const words = run.all(textsOf(node, "flags")).flatMap((key) => key.split(" ").filter(Boolean));
  return matchAny(run, node.match, compared, keysFor(run, node.match, words));
}

const ARGUMENTS = { args: [optional("variable", "string", VARIABLE), arg("flags", "strings")] };

export const imap4flags: SieveExtension = {
  name: "imap4flags",
  commands: [
    command("setflag", ARGUMENTS, changing((_, named) => named)),
    command("addflag", ARGUMENTS, changing((before, named) => flagsIn([...before, ...named]))),
    command("removeflag", ARGUMENTS, changing(without)),
  ],
  tests: [
    test(
      "hasflag",
      { slots: ["match"], args: [optional("variables", "strings", VARIABLE), arg("flags", "strings")] },
      testHasFlag,
    ),
  ],
  // Section 5.
  tags: [{
    on: ["filing", "keep"],
    tags: [valued("flags", "strings", {
      files: (run, node, filing) => ({ ...filing, flags: flagsIn(run.all(textsOf(node, ":flags"))) }),
    })],
  }],
};
