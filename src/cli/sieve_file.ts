/** Scripts that are named on the command line. */
import { isAbsolute, join } from "node:path";
import { EXIT, Exit } from "./exit.ts";
import type { Io } from "./io.ts";
import { printable } from "./table.ts";

/** Octets; what a store takes, too. */
const LARGEST = 1 << 20;

/** The text of a script; the file `-` is what comes from stdin. `read`: of octets, in place of UTF-8. Throws `Exit`. */
export async function readScript(file: string, io: Io, read?: (octets: Uint8Array) => string): Promise<string> {
  const bytes = file === "-" ? await io.readAll(LARGEST) : await readFile(file, io.cwd);
  if (bytes === null) throw new Exit(EXIT.refused, `${printable(file)} has more than ${LARGEST} octets`);
  if (read) return read(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes); // RFC 5228 section 2.1: scripts are UTF-8
  } catch {
    throw new Exit(EXIT.refused, `${printable(file)} is not UTF-8`);
  }
}

async function readFile(file: string, cwd: string): Promise<Uint8Array | null> {
  const path = isAbsolute(file) ? file : join(cwd, file);
  try {
    const { size } = await Deno.stat(path);
    return size > LARGEST ? null : await Deno.readFile(path);
  } catch (error) {
    throw new Exit(EXIT.refused, `${printable(file)} cannot be read: ${(error as Error).message}`);
  }
}
