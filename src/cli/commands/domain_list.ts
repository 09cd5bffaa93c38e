import { allPages } from "../all_pages.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { shortTime, table } from "../table.ts";

interface Domain {
  readonly name: string;
  readonly catchAll: string | null;
  readonly createdAt: string;
}

export const domainList: Command = {
  words: ["domain", "list"],
  operands: "",
  least: 0,
  most: 0,
  summary: "List the domains",
  examples: ["palomar domain list", "palomar domain list --json"],
  options: [JSON_OPTION],
  async run({ options, admin, io }) {
    const domains = await allPages<Domain>(await admin(), "/domains", "domains");
    if (options.has("json")) return io.out(JSON.stringify(domains, null, 2) + "\n");
    if (domains.length === 0) return io.err("There are no domains yet. Add one: palomar domain add example.org\n");
    const rows = domains.map((domain) => [domain.name, domain.catchAll ?? "-", shortTime(domain.createdAt)]);
    io.out(table(["DOMAIN", "CATCH-ALL", "CREATED"], rows));
  },
};
