import type { Config, LoadedConfig } from "../server/config/mod.ts";
import type { Admin } from "./admin.ts";
import type { Io } from "./io.ts";

/** `--name`, or `--name VALUE` where it has a value. */
export interface Option {
  readonly name: string;
  /** What stands for the value in the help; none: the option is there or not. */
  readonly value?: string;
  /** It may stand several times; its values come with commas between. */
  readonly many?: true;
  readonly help: string;
}

/** One command of the command line. */
export interface Command {
  /** Its words: `["account", "add"]`. */
  readonly words: readonly string[];
  /** What stands behind its words: `ADDRESS`, `[ID…]`. */
  readonly operands: string;
  /** How many operands it takes. */
  readonly least: number;
  readonly most: number;
  /** One line. */
  readonly summary: string;
  /** What `--help` says besides; paragraphs of at most 100 columns. */
  readonly about?: string;
  readonly examples: readonly string[];
  readonly options: readonly Option[];
  /** It reads its arguments by itself: they are all operands, `--config FILE` in front of them apart. */
  readonly ownArguments?: boolean;
  run(invocation: Invocation): Promise<number | void>;
}

/** A command as it was called. */
export interface Invocation {
  readonly operands: readonly string[];
  /** Values by option name; `""` for an option without value. */
  readonly options: ReadonlyMap<string, string>;
  readonly io: Io;
  /** Reads the configuration; ends the command where it is wrong. */
  config(): Promise<Config>;
  loaded(): Promise<LoadedConfig>;
  /** The administration: that of the running server, or in this process on the store. Closed by the caller. */
  admin(): Promise<Admin>;
}

export const JSON_OPTION: Option = { name: "json", help: "print JSON, for programs" };
/** Every command has these. */
export const GENERAL: readonly Option[] = [
  { name: "config", value: "FILE", help: "the configuration (default: PALOMAR_CONFIG, ./palomar.jsonc, the demo)" },
  { name: "help", help: "print this" },
];
