import type { Command, Option } from "./command.ts";
import { usage } from "./exit.ts";

/** What stood behind a command's words. */
export interface ParsedArguments {
  readonly operands: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** Finds the command that the first words name; the longest name wins. */
export function findCommand(
  args: readonly string[],
  commands: readonly Command[],
): { readonly command: Command; readonly rest: readonly string[] } | null {
  let found: Command | null = null;
  for (const command of commands) {
    if (command.words.length <= (found?.words.length ?? 0)) continue;
    if (command.words.every((word, i) => args[i] === word)) found = command;
  }
  return found === null ? null : { command: found, rest: args.slice(found.words.length) };
}

/** Options (`--name VALUE`, `--name=VALUE`) and operands in any order; behind `--` all are operands. Throws `Exit`. */
export function parseArguments(args: readonly string[], options: readonly Option[]): ParsedArguments {
  const operands: string[] = [];
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (arg === "-h") given.set("help", "");
    else if (arg.startsWith("--")) {
      const equals = arg.indexOf("=");
      const name = arg.slice(2, equals < 0 ? undefined : equals);
      const option = options.find((one) => one.name === name);
      if (option === undefined) throw usage(unknownOption(name, options));
      if (given.has(name) && !option.many) throw usage(`--${name} stands here twice`);
      if (option.value === undefined) {
        if (equals >= 0) throw usage(`--${name} takes no value`);
        given.set(name, "");
      } else {
        const value = equals >= 0 ? arg.slice(equals + 1) : args[++i];
        if (value === undefined) throw usage(`--${name} needs a value: --${name} ${option.value}`);
        given.set(name, option.many && given.has(name) ? `${given.get(name)},${value}` : value);
      }
    } else if (arg.startsWith("-") && arg.length > 1) throw usage(unknownOption(arg.slice(1), options));
    else operands.push(arg);
  }
  return { operands, options: given };
}

function unknownOption(name: string, options: readonly Option[]): string {
  const near = options.find((one) => one.name.startsWith(name) || name.startsWith(one.name));
  return `there is no option --${name}${near === undefined ? "" : `; did you mean --${near.name}?`}`;
}
