import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const aliasRemove: Command = {
  words: ["alias", "remove"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Remove an alias",
  examples: ["palomar alias remove info@example.org"],
  options: [],
  async run({ operands: [address = ""], admin, io }) {
    await (await admin()).request("DELETE", `/aliases/${segment(address)}`);
    io.out(`${printable(address)} is removed.\n`);
  },
};
