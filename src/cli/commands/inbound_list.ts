import { type Command, JSON_OPTION } from "../command.ts";
import { printable, shortTime, table } from "../table.ts";

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly domains: readonly string[];
  readonly believed: boolean;
  readonly enabled: boolean;
  readonly lastUsedAt: string | null;
}

export const inboundList: Command = {
  words: ["inbound", "list"],
  operands: "",
  least: 0,
  most: 0,
  summary: "List who may bring mail by HTTP",
  examples: ["palomar inbound list", "palomar inbound list --json"],
  options: [JSON_OPTION],
  async run({ options, admin, io }) {
    const { sources } = await (await admin()).request("GET", "/inbound-sources") as { sources: readonly Shown[] };
    if (options.has("json")) return io.out(JSON.stringify(sources, null, 2) + "\n");
    if (sources.length === 0) return io.err("Nobody brings mail by HTTP.\n");
    io.out(table(
      ["ID", "NAME", "DOMAINS", "BELIEVED", "LAST USED (UTC)"],
      sources.map(({ id, name, domains, believed, enabled, lastUsedAt }) => [
        id,
        printable(name),
        domains.length === 0 ? "all" : domains.join(" "),
        believed ? "yes" : "no",
        !enabled ? "disabled" : lastUsedAt === null ? "never" : shortTime(lastUsedAt),
      ]),
    ));
  },
};
