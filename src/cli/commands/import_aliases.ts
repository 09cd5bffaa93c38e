import { allPages } from "../all_pages.ts";
import { EXIT, Exit } from "../exit.ts";
import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { readScript } from "../sieve_file.ts";
import { printable } from "../table.ts";

export const importAliases: Command = {
  words: ["import", "aliases"],
  operands: "DOMAIN FILE",
  least: 2,
  most: 2,
  summary: "Make aliases out of a file as /etc/aliases",
  about:
    "Names without a domain belong to DOMAIN. Programs, files and :include: are named and left out. What is there\n" +
    "already stays as it is. The file - is what comes from stdin.",
  examples: [
    "palomar import aliases example.org /etc/aliases --dry-run",
    "palomar import aliases example.org /etc/aliases",
  ],
  options: [{ name: "dry-run", help: "say what would be made, and make nothing" }],
  async run({ operands: [domain = "", file = ""], options, admin, io }) {
    const { readAliasFile } = await import("../../archive/alias_lists.ts");
    const { entries, wrong } = readAliasFile(await readScript(file, io), domain);
    for (const { line, text, reason } of wrong) io.err(`line ${line}: ${printable(text.slice(0, 80))}: ${reason}\n`);
    const desk = await admin();
    type Known = { readonly address: string; readonly targets: readonly string[] };
    const known = await allPages<Known>(desk, `/aliases?domain=${segment(domain)}`, "aliases");
    let left = wrong.length;
    for (const { line, address, targets, own, untranslated } of entries) {
      for (const { text, reason } of untranslated) {
        left++;
        io.err(`line ${line}: ${printable(address)}: ${printable(text.slice(0, 80))}: ${reason}\n`);
      }
      const all = [...new Set([...targets, ...own])];
      if (all.length === 0) continue;
      const before = known.find((alias) => alias.address === address.toLowerCase());
      if (before !== undefined) {
        const same = [...before.targets].sort().join() === all.map((one) => one.toLowerCase()).sort().join();
        if (!same) left++;
        io.err(`${printable(address)} is there already${same ? "" : ", and leads elsewhere: it stays"}.\n`);
        continue;
      }
      if (!options.has("dry-run")) {
        const refused = await desk.request("POST", "/aliases", { address, targets: all }).then(() => null, reasonOf);
        if (refused !== null) {
          left++;
          io.err(`line ${line}: ${printable(address)}: ${refused}\n`);
          continue;
        }
      }
      const leads = options.has("dry-run") ? "would lead" : "leads";
      io.out(`${printable(address)} ${leads} to ${printable(all.join(", "))}.\n`);
    }
    return left === 0 ? EXIT.ok : EXIT.refused;
  },
};

function reasonOf(error: unknown): string {
  if (error instanceof Exit && error.code === EXIT.refused) return error.message;
  throw error;
}
