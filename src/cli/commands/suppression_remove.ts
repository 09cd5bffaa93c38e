import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const suppressionRemove: Command = {
  words: ["suppression", "remove"],
  operands: "DOMAIN ADDRESS",
  least: 2,
  most: 2,
  summary: "Let messages of a domain by POST /send go to an address again",
  examples: ["palomar suppression remove example.org zoe@example.net"],
  options: [],
  async run({ operands: [domain = "", address = ""], admin, io }) {
    await (await admin()).request("DELETE", `/domains/${segment(domain)}/suppressions/${segment(address)}`);
    io.out(`Messages of ${printable(domain)} go to ${printable(address)} again.\n`);
  },
};
