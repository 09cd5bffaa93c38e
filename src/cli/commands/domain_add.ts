import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const domainAdd: Command = {
  words: ["domain", "add"],
  operands: "DOMAIN",
  least: 1,
  most: 1,
  summary: "Add a domain to receive mail for",
  examples: ["palomar domain add example.org"],
  options: [],
  async run({ operands, admin, io }) {
    const domain = await (await admin()).request("POST", "/domains", { name: operands[0] }) as { name: string };
    io.out(`${printable(domain.name)} is added. What to set in DNS: palomar domain dns ${printable(domain.name)}\n`);
  },
};
