import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const aliasAdd: Command = {
  words: ["alias", "add"],
  operands: "ADDRESS TARGET…",
  least: 2,
  most: 1001,
  summary: "Let an address lead to others, here or outside",
  examples: [
    "palomar alias add info@example.org alice@example.org",
    "palomar alias add team@example.org alice@example.org bob@example.net",
  ],
  options: [],
  async run({ operands: [address, ...targets], admin, io }) {
    const alias = await (await admin()).request("POST", "/aliases", { address, targets }) as {
      address: string;
      targets: readonly string[];
    };
    io.out(`${printable(alias.address)} leads to ${printable(alias.targets.join(", "))}.\n`);
  },
};
