import { isAbsolute, join } from "node:path";
import { EXIT, Exit } from "../exit.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { printable } from "../table.ts";

/** Octets; what a store takes, too. */
const LARGEST = 1 << 20;

export const sieveCheck: Command = {
  words: ["sieve", "check"],
  operands: "FILE",
  least: 1,
  most: 1,
  summary: "Check a Sieve script, and say all that is wrong with it",
  about: "Nothing is stored and no server is asked. Each error is a line: FILE, line and column, what is wrong.\n" +
    "The file - is what comes from stdin.",
  examples: ["palomar sieve check vacation.sieve", "palomar sieve check - --json"],
  options: [JSON_OPTION],
  async run({ operands: [file = ""], options, io }) {
    const { checkSieve, formatSieveError } = await import("../../sieve/mod.ts");
    const bytes = file === "-" ? await io.readAll(LARGEST) : await readFile(file, io.cwd);
    if (bytes === null) throw new Exit(EXIT.refused, `${printable(file)} has more than ${LARGEST} octets`);
    const errors = checkSieve(textOf(bytes, file));
    if (options.has("json")) io.out(JSON.stringify(errors, null, 2) + "\n");
    else for (const error of errors) io.out(`${printable(file)}:${printable(formatSieveError(error))}\n`);
    if (errors.length > 0) return EXIT.refused;
    io.err(`${printable(file)} can run.\n`);
  },
};

async function readFile(file: string, cwd: string): Promise<Uint8Array | null> {
  const path = isAbsolute(file) ? file : join(cwd, file);
  try {
    const { size } = await Deno.stat(path);
    return size > LARGEST ? null : await Deno.readFile(path);
  } catch (error) {
    throw new Exit(EXIT.refused, `${printable(file)} cannot be read: ${(error as Error).message}`);
  }
}

/** RFC 5228 section 2.1: scripts are UTF-8. */
function textOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Exit(EXIT.refused, `${printable(file)} is not UTF-8`);
  }
}
