/** include (RFC 6609): scripts in scripts, and variables that they share. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { arg, command, flag, type ValueRule } from "../check/spec.ts";
import { isIdentifier, PLAIN } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import { type Flow, runBlock } from "../run/interpret.ts";
import { partFields } from "../run/parts.ts";
import { newScope, type Run } from "../run/run.ts";
import { type CheckedNode, given, textOf, textsOf } from "../script.ts";

/** Section 3.4.1. */
export const GLOBAL_VARIABLE: ValueRule = { expected: "the name of a variable", holds: isIdentifier, fixed: true };

/** Section 3.1. */
function* include(run: Run, node: CheckedNode): Program<Flow> {
  const location = given(node, ":global") ? "global" : "personal";
  const name = run.text(textOf(node, "script"));
  const key = `${location} ${name}`;
  if (given(node, ":once") && run.included.has(key)) return "on";
  if (run.including.includes(key)) throw new SieveFault(`the script "${name.slice(0, 60)}" includes itself`);
  const { includeDepth, includes } = run.limits;
  if (run.including.length >= includeDepth) {
    throw new SieveFault(`scripts include each other more than ${includeDepth} deep`);
  }
  if (++run.includes > includes) throw new SieveFault(`more than ${includes} scripts are included`);
  const script = yield* run.ask().script(location, name);
  if (script === null) {
    if (given(node, ":optional")) return "on";
    throw new SieveFault(`there is no ${location} script "${name.slice(0, 60)}" that could be included`);
  }
  run.included.add(key);
  run.including.push(key);
  const outer = run.scope;
  const { view, part } = run;
  run.scope = newScope(name, script);
  if (part !== null) run.view = { root: part, fields: yield* partFields(run, part) };
  run.part = null;
  const flow = yield* runBlock(run, script.commands);
  Object.assign(run, { scope: outer, view, part });
  run.including.pop();
  return flow === "stop" ? "stop" : "on";
}

const LOCATION = { group: "the location" };

export const includeExtension: SieveExtension = {
  name: "include",
  commands: [
    command("include", {
      tags: [flag("personal", LOCATION), flag("global", LOCATION), flag("once"), flag("optional")],
      args: [arg("script", "string", PLAIN)],
    }, include),
    command("return", {}, () => "return"),
    command("global", { args: [arg("names", "strings", GLOBAL_VARIABLE)] }, (run, node) => {
      for (const name of run.all(textsOf(node, "names"))) run.scope.globals.add(lowerAscii(name));
    }),
  ],
  namespace: "global", // section 3.4.2
};
