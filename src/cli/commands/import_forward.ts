import { EXIT, Exit } from "../exit.ts";
import type { Command } from "../command.ts";
import { readScript } from "../sieve_file.ts";
import { printable } from "../table.ts";
import { changeList, whereTo } from "./forward.ts";

export const importForward: Command = {
  words: ["import", "forward"],
  operands: "ADDRESS FILE",
  least: 2,
  most: 2,
  summary: "Let an account's mail go where its .forward says",
  about: "The addresses come to those that palomar forward shows. Programs, files and :include: are named, and then\n" +
    "nothing is changed unless --partly says that the rest is right. The file - is what comes from stdin.",
  examples: [
    "palomar import forward alice@example.org /home/alice/.forward --dry-run",
    "palomar import forward alice@example.org /home/alice/.forward",
  ],
  options: [
    { name: "partly", help: "also where something of it cannot be translated" },
    { name: "dry-run", help: "say where it would go, and change nothing" },
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
    if (options.has("dry-run")) return io.out(JSON.stringify({ forward: away, keep }, null, 2) + "\n");
    io.err(whereTo(address, await changeList(await admin(), address, "forward", { add: away }, { keep })));
  },
};
