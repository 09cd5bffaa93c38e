/** The command line: `deno task palomar COMMAND`, and `deno task start`. */
import type { Admin } from "./admin.ts";
import { findCommand, parseArguments, type ParsedArguments } from "./arguments.ts";
import { type Command, GENERAL, type Invocation } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT, Exit, usage } from "./exit.ts";
import { commandHelp, overview, signature } from "./help.ts";
import { type Io, processIo } from "./io.ts";
import type { Config, LoadedConfig } from "../server/config/mod.ts";
import { VERSION } from "../server/version.ts";

/** What a test puts in the place of the real thing. */
export interface MainParts {
  readonly openAdmin?: (config: Config) => Promise<Admin>;
}

/** Runs one command line and answers its exit code. Never rejects. */
export async function main(args: readonly string[], io: Io, parts: MainParts = {}): Promise<number> {
  const opened: Admin[] = [];
  try {
    const [first = "help"] = args;
    if (first === "help" || first === "--help" || first === "-h") return help(args.slice(1), io);
    if (first === "--version") return (io.out(`palomar ${VERSION}\n`), EXIT.ok);
    const found = findCommand(args, COMMANDS);
    if (found === null) throw usage(unknownCommand(args));
    const { command, rest } = found;
    const { operands, options } = command.ownArguments
      ? ownArguments(rest)
      : parseArguments(rest, [...command.options, ...GENERAL]);
    if (options.has("help")) return (io.out(commandHelp(command)), EXIT.ok);
    checkCount(command, operands.length);
    const loaded = memo(() => readConfig(io, options.get("config")));
    const admin = memo(async () => {
      const { config } = await loaded();
      const open = parts.openAdmin ?? (await import("./admin.ts")).openAdmin;
      const one = await open(config);
      opened.push(one);
      return one;
    });
    const invocation: Invocation = {
      operands,
      options,
      io,
      loaded,
      admin,
      config: async () => (await loaded()).config,
    };
    return await command.run(invocation) ?? EXIT.ok;
  } catch (error) {
    if (error instanceof Exit) {
      io.err(`palomar: ${error.message}\n`);
      return error.code;
    }
    io.err(`palomar: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.temporary;
  } finally {
    for (const admin of opened) await admin.close().catch(() => {});
  }
}

function help(args: readonly string[], io: Io): number {
  if (args.length === 0) return (io.out(overview(COMMANDS, VERSION)), EXIT.ok);
  const found = findCommand(args, COMMANDS);
  if (found === null) throw usage(unknownCommand(args));
  io.out(commandHelp(found.command));
  return EXIT.ok;
}

/** For a command that is called as another program is: only what stands in front is ours. */
function ownArguments(rest: readonly string[]): ParsedArguments {
  if (rest[0] === "--help" || rest.join(" ") === "-h") return { operands: [], options: new Map([["help", ""]]) };
  const [first, file] = rest;
  if (first !== "--config" || file === undefined) return { operands: rest, options: new Map() };
  return { operands: rest.slice(2), options: new Map([["config", file]]) };
}

function checkCount(command: Command, count: number): void {
  if (count >= command.least && count <= command.most) return;
  throw usage(`${count < command.least ? "something is missing" : "too much"}; it is: palomar ${signature(command)}`);
}

function unknownCommand(args: readonly string[]): string {
  const group = COMMANDS.filter((command) => command.words[0] === args[0]);
  const words = group.map((command) => command.words.slice(1).join(" ")).filter((word) => word !== "");
  return words.length > 0
    ? `${args[0]} goes on with one of: ${words.join(", ")}`
    : `there is no command "${args.slice(0, 2).join(" ")}"; palomar help lists them`;
}

async function readConfig(io: Io, file: string | undefined): Promise<LoadedConfig> {
  const { formatProblem, loadConfig } = await import("../server/config/mod.ts");
  const loaded = loadConfig({ ...(file !== undefined && { file }), env: io.env, cwd: io.cwd });
  if ("config" in loaded) return loaded;
  throw usage(
    `the configuration is wrong\n${loaded.map((problem) => `  ${formatProblem(problem)}\n`).join("")}`.trimEnd(),
  );
}

/** Computed at the first call. */
function memo<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => made ??= make();
}

if (import.meta.main) Deno.exit(await main(Deno.args, processIo()));
