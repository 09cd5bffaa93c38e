import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const banRemove: Command = {
  words: ["ban", "remove"],
  operands: "NETWORK",
  least: 1,
  most: 1,
  summary: "Lift a ban; NETWORK as the list shows it",
  examples: ["palomar ban remove 192.0.2.7", "palomar ban remove 2001:db8::/64"],
  options: [],
  async run({ operands: [network = ""], admin, io }) {
    await (await admin()).request("DELETE", `/bans/${segment(network)}`);
    io.out(`${printable(network)} is let in again.\n`);
  },
};
