import { type Command, GENERAL, type Option } from "./command.ts";

/** What `palomar help` prints: every command with one line. */
export function overview(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map((command) => signature(command).length));
  const lines = commands.map((command) => `  ${signature(command).padEnd(width)}  ${command.summary}\n`);
  return `Palomar ${version}, a mail server.

Usage: palomar COMMAND [OPTION…]

Commands:
${lines.join("")}
Every command takes --help and --config FILE. Commands work whether the server runs or not.
Exit codes: 0 done, 1 refused, 2 wrong usage, 75 try again later.
`;
}

/** What `--help` of a command prints. */
export function commandHelp(command: Command): string {
  const options = [...command.options, ...GENERAL];
  const width = Math.max(...options.map((option) => optionText(option).length));
  return `${command.summary}.

Usage: palomar ${[signature(command), "[OPTION…]"].join(" ")}
${command.about === undefined ? "" : `\n${command.about}\n`}
Options:
${options.map((option) => `  ${optionText(option).padEnd(width)}  ${option.help}\n`).join("")}
Examples:
${command.examples.map((example) => `  ${example}\n`).join("")}`;
}

/** `account add ADDRESS` */
export function signature(command: Command): string {
  return [...command.words, command.operands].filter((part) => part !== "").join(" ");
}

function optionText(option: Option): string {
  return option.value === undefined ? `--${option.name}` : `--${option.name} ${option.value}`;
}
