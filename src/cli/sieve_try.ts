/** Trying a script on messages that are files: nothing is stored, sent or asked of a server. */
import { isAbsolute, join } from "node:path";
import type { AccountId, Args } from "../contract/mod.ts";
import { triedMessage, typedStep } from "../mda/mod.ts";
import { runSieveSequence, SIEVE_LIMITS, type SieveResult, type SieveScript, sieveWorld } from "../sieve/mod.ts";
import { type Perform, runProgram } from "../server/run_program.ts";
import { runInRealm } from "../server/typed_filters/mod.ts";
import { EXIT, Exit } from "./exit.ts";
import { printable } from "./table.ts";

/** The largest message, octets. */
const LARGEST = 256 << 20;
const FOLDER_LIMIT = 100_000;

/** Who writes to whom, where the message itself does not say. */
export interface TryEnvelope {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** The files of messages that are named: a folder stands for what is in it, a Maildir for `new` and `cur`. */
export async function messageFiles(named: readonly string[], cwd: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of named) {
    const path = isAbsolute(name) ? name : join(cwd, name);
    try {
      const { isDirectory } = await Deno.stat(path);
      if (isDirectory) await addFolder(path, files);
      else files.push(path);
    } catch (error) {
      throw new Exit(EXIT.refused, `${printable(name)} cannot be read: ${(error as Error).message}`);
    }
  }
  return files;
}

async function addFolder(path: string, files: string[]): Promise<void> {
  const entries = [];
  for await (const entry of Deno.readDir(path)) entries.push(entry);
  for (const { name, isFile, isDirectory } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (files.length >= FOLDER_LIMIT) throw new Exit(EXIT.refused, `more than ${FOLDER_LIMIT} messages`);
    if (isFile && !name.startsWith(".")) files.push(join(path, name));
    else if (isDirectory && (name === "cur" || name === "new")) await addFolder(join(path, name), files);
  }
}

/** A filter in TypeScript. It is of whoever tries it, so it runs in this process, and for as long as it likes. */
export interface TriedFilter {
  readonly source: string;
}

/** What a script says of a message. */
export async function trySieve(
  script: SieveScript | TriedFilter,
  name: string,
  file: string,
  envelope: TryEnvelope,
): Promise<SieveResult> {
  await unlessLarger(file, LARGEST);
  const { octets, facts: told } = triedMessage(await Deno.readFile(file), {
    from: envelope.from ?? null,
    to: envelope.to ?? null,
  }, null);
  const facts = { ...told, now: Date.now(), zoneMinutes: -new Date().getTimezoneOffset() };
  const world = sieveWorld({
    // deno-lint-ignore require-yield -- answers are programs
    *read(start, end) {
      return octets.slice(start, end);
    },
    // deno-lint-ignore require-yield -- answers are programs
    *mailboxExists() {
      return true; // nobody knows here; a script is tried for what it does where all is well
    },
  });
  const step = "source" in script
    ? typedStep({ name, source: script.source, shared: true }, "" as AccountId, facts, world, SIEVE_LIMITS)
    : { name, script };
  const answer = ((op: string, args: never) => {
    if (op === "mailbox.list") return [];
    if (op === "filter.run" && "source" in script) return runInRealm(args as Args<"filter.run">);
    throw new Error("nobody to ask");
  }) as Perform;
  const result = await runProgram(runSieveSequence([step], facts, world), answer, () => {});
  return result;
}

/** Throws `Exit`. */
export async function unlessLarger(file: string, octets: number): Promise<void> {
  const { size } = await Deno.stat(file);
  if (size > octets) throw new Exit(EXIT.refused, `${printable(file)} has more than ${octets} octets`);
}
