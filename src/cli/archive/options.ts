import { JSON_OPTION, type Option } from "../command.ts";
import { usage } from "../exit.ts";

export const SINCE_OPTION: Option = {
  name: "since",
  value: "DATE",
  help: "only messages that came on this day or later, as 2026-01-31 (UTC)",
};
export const DRY_RUN_OPTION: Option = {
  name: "dry-run",
  help: "read everything, store nothing, say what would be done",
};
export const ONLY_OPTION: Option = { name: "mailbox", value: "NAME", help: "only this mailbox" };
export const IMPORT_OPTIONS: readonly Option[] = [SINCE_OPTION, DRY_RUN_OPTION, JSON_OPTION];
export const EXPORT_OPTIONS: readonly Option[] = [ONLY_OPTION, SINCE_OPTION, JSON_OPTION];

/** What all imports say of themselves. */
export const IMPORT_ABOUT =
  "A command that was broken off, or is given again, goes on: what is there already is passed over. What is\n" +
  "wrong with single messages is told, with file and place, and does not stop the rest (exit code 1 then).";

/** Milliseconds since 1970, or null where nothing is said. Throws `Exit`. */
export function chosenSince(options: ReadonlyMap<string, string>): number | null {
  const text = options.get("since");
  if (text === undefined) return null;
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (Number.isNaN(time)) throw usage(`--since ${text} is no day; it should be as 2026-01-31`);
  return time;
}

/** The levels of a mailbox's name. Throws `Exit`. */
export function chosenLevels(name: string): string[] {
  const levels = name.split("/");
  if (levels.some((level) => level === "")) throw usage(`--mailbox ${name} is no name of a mailbox`);
  return levels;
}
