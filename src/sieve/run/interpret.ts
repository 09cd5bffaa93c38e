/** Runs the commands of a script. */
import type { Program } from "../../contract/program.ts";
import { SieveFault } from "../match/budget.ts";
import { type CheckedNode, given, textOf, textsOf } from "../script.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { discard, fileinto, keep, redirect, reject } from "./act_deliver.ts";
import { addHeader, deleteHeader } from "./act_edit_header.ts";
import { enclose, replacePart } from "./act_mime.ts";
import { notify } from "./act_notify.ts";
import { extractText, setVariable } from "./act_variables.ts";
import { vacation } from "./act_vacation.ts";
import { changeFlags } from "./flags.ts";
import { childrenOf, partFields, partsWithin } from "./parts.ts";
import { newScope, type Run } from "./run.ts";
import { runTest } from "./evaluate.ts";

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
      decided = command.name === "else" || (yield* runTest(run, command.tests[0]!));
      if (decided) flow = yield* runBlock(run, command.block ?? []);
    } else flow = yield* runCommand(run, command);
    if (flow !== "on") return flow;
  }
  return "on";
}

function* runCommand(run: Run, node: CheckedNode): Program<Flow> {
  switch (node.name) {
    case "stop":
      run.say("action", "stop");
      return "stop";
    case "return":
      return "return";
    case "break":
      return { break: run.text(textOf(node, ":name")) };
    case "error": // RFC 5463 section 5
      throw new SieveFault(run.text(textOf(node, "message")).slice(0, 500));
    case "foreverypart":
      return yield* forEveryPart(run, node);
    case "include":
      return yield* include(run, node);
    case "global":
      for (const name of run.all(textsOf(node, "names"))) run.scope.globals.add(lowerAscii(name));
      return "on";
    default:
      yield* runAction(run, node);
      return "on";
  }
}

type Action = (run: Run, node: CheckedNode) => Program<void> | void;

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["keep", keep],
  ["discard", discard],
  ["fileinto", fileinto],
  ["redirect", redirect],
  ["reject", reject],
  ["ereject", reject],
  ["set", setVariable],
  ["setflag", changeFlags],
  ["addflag", changeFlags],
  ["removeflag", changeFlags],
  ["vacation", vacation],
  ["notify", notify],
  ["addheader", addHeader],
  ["deleteheader", deleteHeader],
  ["replace", replacePart],
  ["enclose", enclose],
  ["extracttext", extractText],
]);

function* runAction(run: Run, node: CheckedNode): Program<void> {
  const action = ACTIONS.get(node.name);
  if (action === undefined) throw new Error(`no action ${node.name}`); // the checker lets none through
  const going = action(run, node);
  if (going) yield* going;
}

/** RFC 5703 section 3: a loop in a loop goes over what stands within the current part. */
function* forEveryPart(run: Run, node: CheckedNode): Program<Flow> {
  const outer = run.part;
  const parts = outer === null
    ? partsWithin(run, run.root())
    : childrenOf(outer).flatMap((child) => partsWithin(run, child));
  const name = run.text(textOf(node, ":name"));
  try {
    for (const part of parts) {
      run.budget.spend(1);
      run.part = part;
      const flow = yield* runBlock(run, node.block ?? []);
      if (flow === "on") continue;
      if (typeof flow === "string") return flow;
      return flow.break === "" || flow.break === name ? "on" : flow;
    }
    return "on";
  } finally {
    run.part = outer;
  }
}

/** RFC 6609 section 3.1. */
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
