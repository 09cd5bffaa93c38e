import type { Command } from "../command.ts";
import { PLACES, scriptsPath } from "../sieve_owner.ts";
import { printable } from "../table.ts";

export const sieveRemove: Command = {
  words: ["sieve", "remove"],
  operands: "ADDRESS NAME",
  least: 2,
  most: 2,
  summary: "Remove a Sieve script that is not active",
  about: PLACES,
  examples: ["palomar sieve remove alice@example.org old", "palomar sieve remove before 10-spam"],
  options: [],
  async run({ operands: [address = "", name = ""], admin, io }) {
    await (await admin()).request("DELETE", scriptsPath(address, name));
    io.err(`${printable(address)} has no script ${printable(name)} any more.\n`);
  },
};
