import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const oauthForget: Command = {
  words: ["oauth", "forget"],
  operands: "CLIENT",
  least: 1,
  most: 1,
  summary: "Forget a registered program: it gets no new tokens from anybody",
  examples: ["palomar oauth forget 0123456789abcdef0123456789abcdef"],
  options: [],
  async run({ operands: [client = ""], admin, io }) {
    await (await admin()).request("DELETE", `/oauth/clients/${segment(client)}`);
    io.out(`${printable(client)} is forgotten; what it has ends within an hour.\n`);
  },
};
