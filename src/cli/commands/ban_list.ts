import { allPages } from "../all_pages.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { shortTime, table } from "../table.ts";

export const banList: Command = {
  words: ["ban", "list"],
  operands: "",
  least: 0,
  most: 0,
  summary: "List the addresses and networks that are refused now",
  examples: ["palomar ban list", "palomar ban list --json"],
  options: [JSON_OPTION],
  async run({ options, admin, io }) {
    const bans = await allPages<{ network: string; reason: string; by: string; since: string; until: string | null }>(
      await admin(),
      "/bans",
      "bans",
    );
    if (options.has("json")) return io.out(JSON.stringify(bans, null, 2) + "\n");
    if (bans.length === 0) return io.err("Nobody is banned.\n");
    io.out(table(
      ["NETWORK", "SINCE (UTC)", "UNTIL (UTC)", "BY", "REASON"],
      bans.map(({ network, since, until, by, reason }) => [
        network,
        shortTime(since),
        until === null ? "it is lifted" : shortTime(until),
        by,
        reason,
      ]),
    ));
  },
};
