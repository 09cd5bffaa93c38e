/**
 * Checks a parsed script: commands, tests, tags, values, `require` (RFC 5228 sections 2 and 3.2). Like the parser it
 * finds all errors in one pass. What can never run because of `ihave` (RFC 5463) is not looked at.
 */
import type { CheckedNode } from "../script.ts";
import type { CommandNode, TestNode } from "../syntax/tree.ts";
import { checkShape } from "./arguments.ts";
import type { CheckContext } from "./context.ts";
import type { Spec } from "./spec.ts";
import { nearest } from "./nearest.ts";
import { extensionsOf, staticTruth } from "./static_ihave.ts";

/** Checks the commands of a script. Where `errors` got nothing the result can run. */
export function checkCommands(commands: readonly CommandNode[], context: CheckContext): CheckedNode[] {
  let index = 0;
  while (commands[index]?.name === "require") checkRequire(commands[index++]!, context);
  return checkBlock(commands.slice(index), context, []);
}

/** `loops`: names of the `foreverypart` loops around, innermost last. */
function checkBlock(commands: readonly CommandNode[], context: CheckContext, loops: readonly string[]): CheckedNode[] {
  const out: CheckedNode[] = [];
  let chain: Chain | null = null;
  for (const command of commands) {
    if (context.errors.full) return out; // nobody will run it
    const branch = command.name === "if" || command.name === "elsif" || command.name === "else";
    if (branch) {
      const before: Chain | null = command.name === "if" ? { open: true, ended: false, decided: false } : chain;
      chain = checkBranch(command, before, context, loops, out);
      if (chain?.ended) return out; // nothing behind it is ever reached
      continue;
    }
    chain = null;
    const checked = checkCommand(command, context, loops);
    if (checked !== null) out.push(checked);
  }
  return out;
}

/** How far a chain of `if`, `elsif` and `else` came. */
interface Chain {
  /** More branches may follow. */
  readonly open: boolean;
  /** One branch is known to be taken, so those that follow never are. */
  readonly decided: boolean;
  /** That branch stops the script. */
  readonly ended: boolean;
}

function checkBranch(
  command: CommandNode,
  chain: Chain | null,
  context: CheckContext,
  loops: readonly string[],
  out: CheckedNode[],
): Chain | null {
  if (chain === null || !chain.open) {
    context.errors.add(
      command.at,
      `An \`${command.name}\` follows only behind an \`if\` or \`elsif\`.`,
      command.name,
      "if",
    );
  }
  const open = command.name !== "else";
  if (chain?.decided) return { ...chain, open };
  const test = command.tests[0];
  const has = (name: string) => context.required.has("ihave") && context.known.has(name);
  const truth = !open ? true : test === undefined ? null : staticTruth(test, has);
  const node = checkShapeOf(command, context, "command", command.broken === true);
  const tests = command.broken ? [] : checkTests(command, context);
  const dead = truth === false || (chain?.decided ?? false);
  const block = dead ? [] : checkBlock(command.block ?? [], context, loops);
  if (node !== null) out.push({ ...node, tests, block });
  const known = open && truth === true && usesIhave(test);
  const ended = known && command.name === "if" && stops(command.block ?? []);
  return { open, decided: known, ended };
}

function usesIhave(test: TestNode | undefined): boolean {
  return test !== undefined && (test.name === "ihave" || test.tests.some(usesIhave));
}

function stops(block: readonly CommandNode[]): boolean {
  return block.some((command) => command.name === "stop" || command.name === "error");
}

function checkCommand(command: CommandNode, context: CheckContext, loops: readonly string[]): CheckedNode | null {
  const inner = command.name === "foreverypart" ? [...loops, nameOf(command)] : loops;
  if (command.name === "require" && !command.broken) {
    context.errors.add(command.at, "A `require` must stand before all other commands.", "require");
    checkRequire(command, context);
    return null;
  }
  const node = checkShapeOf(command, context, "command", command.broken === true);
  const tests = command.broken ? [] : checkTests(command, context);
  const block = command.block === null ? null : checkBlock(command.block, context, inner);
  if (command.name === "break" && !command.broken) checkBreak(command, context, loops);
  return node === null ? null : { ...node, tests, block };
}

/** RFC 5703 section 3.2. */
function checkBreak(command: CommandNode, context: CheckContext, loops: readonly string[]): void {
  const name = nameOf(command);
  if (loops.length === 0) context.errors.add(command.at, "A `break` stands only inside of `foreverypart`.", "break");
  else if (name !== "" && !loops.includes(name)) {
    context.errors.add(command.at, `No \`foreverypart\` around this \`break\` has the name "${name}".`, name);
  }
}

function nameOf(command: CommandNode): string {
  const tag = command.args.findIndex((arg) => arg.kind === "tag" && arg.name === "name");
  const value = tag < 0 ? undefined : command.args[tag + 1];
  return value?.kind === "string" ? value.value : "";
}

function checkTests(node: TestNode, context: CheckContext): CheckedNode[] {
  const out: CheckedNode[] = [];
  const has = (name: string) => context.required.has("ihave") && context.known.has(name);
  for (const test of node.tests) {
    if (test.name === "ihave" && context.required.has("ihave")) {
      // RFC 5463 section 4: what is there can be used where the test was true, without a require.
      for (const name of extensionsOf(test)) if (context.known.has(name)) addExtension(name, context);
    }
    const shape = checkShapeOf(test, context, "test", false);
    const tests = checkTests(test, context);
    if (shape !== null) out.push({ ...shape, tests });
    if (node.name === "allof" && staticTruth(test, has) === false) break;
    if (node.name === "anyof" && staticTruth(test, has) === true && usesIhave(test)) break;
  }
  return out;
}

function checkShapeOf(
  node: TestNode,
  context: CheckContext,
  what: "command" | "test",
  broken: boolean,
): CheckedNode | null {
  if (broken) return null;
  const { commands, tests } = context.language;
  const [specs, others] = what === "test" ? [tests, commands] : [commands, tests];
  const spec = specs.get(node.name);
  if (spec !== undefined) {
    if (spec.needs !== null && !context.required.has(spec.needs)) {
      const expected = `require "${spec.needs}"`;
      context.errors.add(node.at, `The ${what} \`${node.name}\` needs \`${expected}\`.`, node.name, expected);
    }
    return checkShape(node, spec, context);
  }
  unknown(node, specs, others, context, what);
  return null;
}

function unknown(
  node: TestNode,
  specs: ReadonlyMap<string, Spec>,
  others: ReadonlyMap<string, Spec>,
  context: CheckContext,
  what: "command" | "test",
): void {
  if (others.has(node.name)) {
    const is = what === "test" ? "an action, not a test" : "a test, not a command";
    context.errors.add(node.at, `\`${node.name}\` is ${is}.`, node.name, `a ${what}`);
    return;
  }
  const like = nearest(node.name, specs.keys());
  context.errors.add(node.at, `There is no ${what} \`${node.name}\`.`, node.name, like ?? `a ${what}`);
}

/** RFC 5228 section 3.2. */
function checkRequire(command: CommandNode, context: CheckContext): void {
  checkShapeOf(command, context, "command", command.broken === true);
  for (const arg of command.args) {
    for (const item of arg.kind === "list" ? arg.items : arg.kind === "string" ? [arg] : []) {
      if (context.errors.full) return;
      if (context.known.has(item.value)) addExtension(item.value, context);
      else {
        const like = nearest(item.value, context.known);
        context.errors.add(
          item.at,
          `There is no extension "${item.value.slice(0, 100)}" here.`,
          item.value,
          like ?? "",
        );
      }
    }
  }
}

function addExtension(name: string, context: CheckContext): void {
  context.required.add(name);
  for (const more of context.language.brings.get(name) ?? []) context.required.add(more);
}
