import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const tokenRemove: Command = {
  words: ["token", "remove"],
  operands: "ADDRESS ID",
  least: 2,
  most: 2,
  summary: "Remove a token: whoever has it is not let in any more",
  examples: ["palomar token remove alice@example.org k3"],
  options: [],
  async run({ operands: [address = "", tokenId = ""], admin, io }) {
    await (await admin()).request("DELETE", `/accounts/${segment(address)}/tokens/${segment(tokenId)}`);
    io.out(`${printable(tokenId)} of ${printable(address)} is removed.\n`);
  },
};
