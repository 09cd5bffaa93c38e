/** Scripts that were made of the filters of other programs, on their way to an account. */
import { basename, dirname, join } from "node:path";
import type { ImportedScript } from "../sieve/import/mod.ts";
import type { Io } from "./io.ts";
import { printable } from "./table.ts";

/** Old files may be in any charset; what is no UTF-8 is read as the one that most of them had. */
export function readOld(octets: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch {
    return new TextDecoder("windows-1252").decode(octets);
  }
}

/** Tells what is left out, and gives the script to `put`; null: it is printed. */
export async function putImported(
  what: { readonly address: string; readonly name: string; readonly active: boolean },
  { script, untranslated }: ImportedScript,
  put: ((content: string) => Promise<void>) | null,
  io: Io,
): Promise<void> {
  for (const { line, text, reason } of untranslated) {
    io.err(`${printable(what.name)}, line ${line}: ${printable(text.slice(0, 80))}: ${printable(reason)}\n`);
  }
  if (put === null) return io.out(script);
  await put(script);
  const rest = untranslated.length === 0 ? "" : `; ${untranslated.length} place(s) of it are comments`;
  const active = what.active ? ", which is active" : "";
  io.err(`${printable(what.address)} has the script ${printable(what.name)}${active}${rest}.\n`);
}

/** A folder of scripts as Pigeonhole has it; null: it is no folder. `.dovecot.sieve` may be a script, too. */
export async function sieveFolder(
  path: string,
): Promise<{ readonly files: readonly string[]; readonly active: string | null } | null> {
  const stat = await Deno.stat(path).catch(() => null);
  if (!stat?.isDirectory) return null;
  const files: string[] = [];
  for await (const { name, isFile } of Deno.readDir(path)) {
    if (isFile && name.endsWith(".sieve")) files.push(name);
  }
  for (const place of [path, dirname(path)]) {
    const link = await Deno.readLink(join(place, ".dovecot.sieve")).catch(() => null);
    if (link !== null && files.includes(basename(link))) return { files: files.sort(), active: basename(link) };
  }
  return { files: files.sort(), active: files.includes(".dovecot.sieve") ? ".dovecot.sieve" : null };
}
