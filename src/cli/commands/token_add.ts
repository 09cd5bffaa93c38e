import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const tokenAdd: Command = {
  words: ["token", "add"],
  operands: "ADDRESS NAME",
  least: 2,
  most: 2,
  summary: "Make an app password for one program or device",
  examples: ["palomar token add alice@example.org phone", "palomar token add alice@example.org backup"],
  options: [],
  async run({ operands: [address = "", name = ""], admin, io }) {
    const { token } = await (await admin()).request("POST", `/accounts/${segment(address)}/tokens`, { name }) as {
      token: string;
    };
    io.err(`A token for ${printable(address)}, in place of the password; it is shown only now:\n`);
    io.out(`${token}\n`);
  },
};
