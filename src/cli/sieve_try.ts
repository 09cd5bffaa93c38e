/** Trying a script on messages that are files: nothing is stored, sent or asked of a server. */
import { isAbsolute, join } from "node:path";
import { triedMessage } from "../mda/mod.ts";
import { runSieve, type SieveResult, type SieveScript, sieveWorld } from "../sieve/mod.ts";
import { runProgram } from "../server/run_program.ts";
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

/** What a script says of a message. */
export async function trySieve(
  script: SieveScript,
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
  const program = runSieve(script, facts, world);
  const result = await runProgram(program, () => Promise.reject(new Error("nobody to ask")), () => {});
  return renamed(result, name);
}

/** Logs and actions call the script by its file. */
function renamed(result: SieveResult, script: string): SieveResult {
  return {
    ...result,
    actions: result.actions.map((action) => action.at === null ? action : { ...action, at: { ...action.at, script } }),
    log: result.log.map((line) => ({ ...line, script })),
    failures: result.failures.map((failure) => ({ ...failure, script })),
  };
}

/** Throws `Exit`. */
export async function unlessLarger(file: string, octets: number): Promise<void> {
  const { size } = await Deno.stat(file);
  if (size > octets) throw new Exit(EXIT.refused, `${printable(file)} has more than ${octets} octets`);
}
