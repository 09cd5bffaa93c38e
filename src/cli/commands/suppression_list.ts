import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { printable, shortTime, table } from "../table.ts";

interface Shown {
  readonly address: string;
  readonly reason: string;
  readonly detail: string;
  readonly at: string;
}

export const suppressionList: Command = {
  words: ["suppression", "list"],
  operands: "DOMAIN",
  least: 1,
  most: 1,
  summary: "List addresses that messages of a domain by POST /send are not sent to",
  examples: ["palomar suppression list example.org", "palomar suppression list example.org --json"],
  options: [JSON_OPTION],
  async run({ operands: [domain = ""], options, admin, io }) {
    const server = await admin();
    const all: Shown[] = [];
    for (let next: string | null = ""; next !== null;) {
      const after: string = next === "" ? "" : `&after=${segment(next)}`;
      const page = await server.request("GET", `/domains/${segment(domain)}/suppressions?limit=1000${after}`) as {
        suppressions: readonly Shown[];
        next: string | null;
      };
      all.push(...page.suppressions);
      next = page.next;
    }
    if (options.has("json")) return io.out(JSON.stringify(all, null, 2) + "\n");
    if (all.length === 0) return io.err("Nobody is left alone.\n");
    io.out(table(
      ["ADDRESS", "SINCE (UTC)", "REASON", "DETAIL"],
      all.map(({ address, at, reason, detail }) => [printable(address), shortTime(at), reason, printable(detail)]),
    ));
  },
};
