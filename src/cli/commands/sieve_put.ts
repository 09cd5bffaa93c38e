import { EXIT, Exit } from "../exit.ts";
import type { Command } from "../command.ts";
import { readScript } from "../sieve_file.ts";
import { isPlace, PLACES, scriptsPath } from "../sieve_owner.ts";
import { printable } from "../table.ts";

export const sievePut: Command = {
  words: ["sieve", "put"],
  operands: "ADDRESS NAME FILE",
  least: 3,
  most: 3,
  summary: "Give an account a Sieve script, or replace it",
  about:
    "A script that is wrong is refused; sieve check says all of its errors. The file - is what comes from stdin.\n" +
    "A NAME in .ts or .js is of a filter in TypeScript.\n" +
    PLACES,
  examples: [
    "palomar sieve put alice@example.org main filter.sieve --activate",
    "palomar sieve put alice@example.org draft -",
    "palomar sieve put alice@example.org main.ts filter.ts",
    "palomar sieve put before 10-spam spam.sieve",
    "palomar sieve put example.org footer footer.sieve",
  ],
  options: [{ name: "activate", help: "make it the active one" }],
  async run({ operands: [address = "", name = "", file = ""], options, admin, io }) {
    const activate = options.has("activate");
    if (activate && isPlace(address)) throw new Exit(EXIT.usage, "scripts of the server run without being activated");
    const content = await readScript(file, io);
    const path = scriptsPath(address, name);
    const { active } = await (await admin()).request("PUT", path, {
      content,
      ...(!isPlace(address) && { activate }),
    }) as { active?: boolean };
    io.err(`${printable(address)} has the script ${printable(name)}${active ? ", which is active" : ""}.\n`);
  },
};
