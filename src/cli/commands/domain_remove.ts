import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const domainRemove: Command = {
  words: ["domain", "remove"],
  operands: "DOMAIN",
  least: 1,
  most: 1,
  summary: "Remove a domain that has no accounts and aliases",
  examples: ["palomar domain remove example.org"],
  options: [],
  async run({ operands: [name = ""], admin, io }) {
    await (await admin()).request("DELETE", `/domains/${segment(name)}`);
    io.out(`${printable(name)} is removed.\n`);
  },
};
