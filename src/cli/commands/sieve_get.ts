import type { Command } from "../command.ts";
import { PLACES, scriptsPath } from "../sieve_owner.ts";

export const sieveGet: Command = {
  words: ["sieve", "get"],
  operands: "ADDRESS NAME",
  least: 2,
  most: 2,
  summary: "Print a Sieve script of an account",
  about: PLACES,
  examples: ["palomar sieve get alice@example.org main", "palomar sieve get before 10-spam"],
  options: [],
  async run({ operands: [address = "", name = ""], admin, io }) {
    const path = scriptsPath(address, name);
    const { content } = await (await admin()).request("GET", path) as { content: string };
    io.out(content);
  },
};
