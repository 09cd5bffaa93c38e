import { EXIT, Exit } from "../exit.ts";
import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { readScript } from "../sieve_file.ts";
import { printable } from "../table.ts";

interface Rules {
  readonly active: boolean;
  readonly rules: readonly unknown[];
}

/** What the name of such a rule is. */
const NAME = "From .forward";

export const importForward: Command = {
  words: ["import", "forward"],
  operands: "ADDRESS FILE",
  least: 2,
  most: 2,
  summary: "Make a filter rule out of an account's .forward",
  about: "The rule is put behind those that palomar rules shows. Programs, files and :include: are named, and then\n" +
    "nothing is changed unless --partly says that the rest is right. The file - is what comes from stdin.",
  examples: [
    "palomar import forward alice@example.org /home/alice/.forward --dry-run",
    "palomar import forward alice@example.org /home/alice/.forward --activate",
  ],
  options: [
    { name: "activate", help: "make the rules the active script" },
    { name: "partly", help: "also where something of it cannot be translated" },
    { name: "dry-run", help: "print the rule, and change nothing" },
  ],
  async run({ operands: [address = "", file = ""], options, admin, io }) {
    const text = await readScript(file, io);
    const kind = /^#\s*(exim|sieve)\s+filter/i.exec(text)?.[1]?.toLowerCase();
    if (kind === "sieve") throw new Exit(EXIT.refused, "this is a Sieve script: palomar sieve put takes it");
    if (kind === "exim") throw new Exit(EXIT.refused, "this is a filter in Exim's language, which is not translated");
    const { readForwardFile } = await import("../../archive/alias_lists.ts");
    const { targets, own, untranslated } = readForwardFile(text, address.slice(address.lastIndexOf("@") + 1));
    for (const { text, reason } of untranslated) io.err(`${printable(text.slice(0, 80))}: ${reason}\n`);
    if (untranslated.length > 0 && !options.has("partly")) return EXIT.refused;
    const mine = (one: string) => one.toLowerCase() === address.toLowerCase();
    const away = [...targets, ...own].filter((one) => !mine(one));
    if (away.length === 0) throw new Exit(EXIT.refused, "it leads to no other address");
    const keep = [...targets, ...own].some(mine);
    const rule = { name: NAME, actions: away.map((address) => ({ do: "forward", address, keep })) };
    if (options.has("dry-run")) return io.out(JSON.stringify({ rules: [rule] }, null, 2) + "\n");
    const path = `/accounts/${segment(address)}/rules`;
    const desk = await admin();
    const { rules } = await desk.request("GET", path) as Rules;
    const others = rules.filter((one) => (one as { name: string }).name !== NAME);
    const body = { rules: [...others, rule], ...(options.has("activate") && { active: true }) };
    const { active } = await desk.request("PUT", path, body) as Rules;
    const where = `${printable(away.join(", "))}${keep ? ", and keeps it" : ""}`;
    io.err(
      `${printable(address)} ${active ? "forwards" : "would forward, with the script rules active,"} to ${where}.\n`,
    );
  },
};
