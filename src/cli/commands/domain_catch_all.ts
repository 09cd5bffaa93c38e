import { segment } from "../admin.ts";
import type { Command } from "../command.ts";
import { usage } from "../exit.ts";
import { printable } from "../table.ts";

export const domainCatchAll: Command = {
  words: ["domain", "catch-all"],
  operands: "DOMAIN [ADDRESS]",
  least: 1,
  most: 2,
  summary: "Send mail for unknown names of a domain to one address",
  examples: ["palomar domain catch-all example.org alice@example.org", "palomar domain catch-all example.org --none"],
  options: [{ name: "none", help: "refuse mail for unknown names, as it is at first" }],
  async run({ operands: [name = "", address], options, admin, io }) {
    if (options.has("none") === (address !== undefined)) throw usage("give either an ADDRESS or --none");
    await (await admin()).request("PATCH", `/domains/${segment(name)}`, { catchAll: address ?? null });
    io.out(
      address === undefined
        ? `Mail for unknown names of ${printable(name)} is refused.\n`
        : `Mail for unknown names of ${printable(name)} goes to ${printable(address)}.\n`,
    );
  },
};
