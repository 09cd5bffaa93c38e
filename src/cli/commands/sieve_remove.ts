import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const sieveRemove: Command = {
  words: ["sieve", "remove"],
  operands: "ADDRESS NAME",
  least: 2,
  most: 2,
  summary: "Remove a Sieve script that is not active",
  examples: ["palomar sieve remove alice@example.org old"],
  options: [],
  async run({ operands: [address = "", name = ""], admin, io }) {
    await (await admin()).request("DELETE", `/accounts/${segment(address)}/sieve/${segment(name)}`);
    io.err(`${printable(address)} has no script ${printable(name)} any more.\n`);
  },
};
