import { segment } from "../admin.ts";
import { allPages } from "../all_pages.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { table } from "../table.ts";

export const aliasList: Command = {
  words: ["alias", "list"],
  operands: "[DOMAIN]",
  least: 0,
  most: 1,
  summary: "List the aliases, or those of one domain",
  examples: ["palomar alias list", "palomar alias list example.org --json"],
  options: [JSON_OPTION],
  async run({ operands: [domain], options, admin, io }) {
    const query = domain === undefined ? "" : `?domain=${segment(domain)}`;
    const aliases = await allPages<{ address: string; targets: readonly string[] }>(
      await admin(),
      `/aliases${query}`,
      "aliases",
    );
    if (options.has("json")) return io.out(JSON.stringify(aliases, null, 2) + "\n");
    if (aliases.length === 0) return io.err("There are no aliases.\n");
    io.out(table(["ADDRESS", "LEADS TO"], aliases.map((alias) => [alias.address, alias.targets.join(", ")])));
  },
};
