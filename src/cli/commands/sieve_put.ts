import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { readScript } from "../sieve_file.ts";
import { printable } from "../table.ts";

export const sievePut: Command = {
  words: ["sieve", "put"],
  operands: "ADDRESS NAME FILE",
  least: 3,
  most: 3,
  summary: "Give an account a Sieve script, or replace it",
  about:
    "A script that is wrong is refused; sieve check says all of its errors. The file - is what comes from stdin.\n" +
    "A NAME in .ts or .js is of a filter in TypeScript.",
  examples: [
    "palomar sieve put alice@example.org main filter.sieve --activate",
    "palomar sieve put alice@example.org draft -",
    "palomar sieve put alice@example.org main.ts filter.ts",
  ],
  options: [{ name: "activate", help: "make it the active one" }],
  async run({ operands: [address = "", name = "", file = ""], options, admin, io }) {
    const content = await readScript(file, io);
    const activate = options.has("activate");
    const path = `/accounts/${segment(address)}/sieve/${segment(name)}`;
    const { active } = await (await admin()).request("PUT", path, { content, activate }) as { active: boolean };
    io.err(`${printable(address)} has the script ${printable(name)}${active ? ", which is active" : ""}.\n`);
  },
};
