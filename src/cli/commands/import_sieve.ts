import { isAbsolute, join } from "node:path";
import { EXIT, Exit } from "../exit.ts";
import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { putImported, sieveFolder } from "../imported_script.ts";
import { readScript } from "../sieve_file.ts";
import { printable } from "../table.ts";

const MOST = 100;

export const importSieveScripts: Command = {
  words: ["import", "sieve"],
  operands: "ADDRESS FILE…",
  least: 2,
  most: MOST,
  summary: "Take over the Sieve scripts of another server",
  about:
    "FILE is a script, or a folder as Dovecot keeps it: NAME.sieve is the script NAME, and the link .dovecot.sieve there or\n" +
    "beside says which one is active. Roundcube's rules stay rules. What this server cannot run, as Dovecot's own\n" +
    "extensions, is told with its line and becomes comments; such a script is not made active without --partly.",
  examples: [
    "palomar import sieve alice@example.org /var/vmail/alice/sieve --dry-run",
    "palomar import sieve alice@example.org /var/vmail/alice/sieve --activate",
    "palomar import sieve alice@example.org roundcube.sieve",
  ],
  options: [
    { name: "activate", help: "make the one active that is so there, or the only one" },
    { name: "partly", help: "with --activate: also where something of it is not translated" },
    { name: "dry-run", help: "print the scripts, and change nothing" },
  ],
  async run({ operands: [address = "", ...named], options, admin, io }) {
    const { importSieve } = await import("../../sieve/import/mod.ts");
    const files: { readonly path: string; readonly name: string }[] = [];
    let active: string | null = null;
    for (const one of named) {
      const path = isAbsolute(one) ? one : join(io.cwd, one);
      const folder = await sieveFolder(path);
      if (folder === null) files.push({ path: one, name: nameOf(one) });
      else {
        for (const file of folder.files) files.push({ path: join(path, file), name: nameOf(file) });
        active ??= folder.active === null ? null : nameOf(folder.active);
      }
    }
    if (files.length === 0) throw new Exit(EXIT.refused, "there are no Sieve scripts");
    if (files.length > MOST) throw new Exit(EXIT.refused, `there are more than ${MOST} scripts`);
    if (files.length === 1) active ??= files[0]!.name;
    let left = 0;
    for (const { path, name } of files) {
      const made = importSieve(await readScript(path, io));
      left += made.untranslated.length;
      const whole = made.untranslated.length === 0 || options.has("partly");
      const activate = options.has("activate") && name === active && whole;
      const put = options.has("dry-run") ? null : async (content: string) => {
        const at = `/accounts/${segment(address)}/sieve/${segment(name)}`;
        await (await admin()).request("PUT", at, { content, activate });
      };
      await putImported({ address, name, active: activate }, made, put, io);
    }
    if (active !== null && !options.has("activate")) io.err(`${printable(active)} is the active one there.\n`);
    return left === 0 ? EXIT.ok : EXIT.refused;
  },
};

function nameOf(path: string): string {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return base === ".dovecot.sieve" ? "dovecot" : base.replace(/\.(sieve|script|siv)$/i, "") || "imported";
}
