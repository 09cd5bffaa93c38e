import { segment } from "../admin.ts";
import type { Command } from "../command.ts";

export const sieveGet: Command = {
  words: ["sieve", "get"],
  operands: "ADDRESS NAME",
  least: 2,
  most: 2,
  summary: "Print a Sieve script of an account",
  examples: ["palomar sieve get alice@example.org main"],
  options: [],
  async run({ operands: [address = "", name = ""], admin, io }) {
    const path = `/accounts/${segment(address)}/sieve/${segment(name)}`;
    const { content } = await (await admin()).request("GET", path) as { content: string };
    io.out(content);
  },
};
