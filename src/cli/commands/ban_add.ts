import { parseDuration } from "../../server/config/units.ts";
import type { Command } from "../command.ts";
import { usage } from "../exit.ts";
import { printable, shortTime } from "../table.ts";

export const banAdd: Command = {
  words: ["ban", "add"],
  operands: "NETWORK",
  least: 1,
  most: 1,
  summary: "Refuse an address or a network at every door but HTTP",
  about: "Loopback, proxies and the networks of abuse.trusted are let in whatever is banned.",
  examples: ["palomar ban add 192.0.2.7", 'palomar ban add 2001:db8::/48 --for 7d --reason "floods us"'],
  options: [
    { name: "for", value: "TIME", help: "how long, as 2h or 7d (default: until it is lifted)" },
    { name: "reason", value: "TEXT", help: "why, for whoever reads the list" },
  ],
  async run({ operands: [network = ""], options, admin, io }) {
    const time = options.get("for");
    const ms = time === undefined ? null : parseDuration(time);
    if (time !== undefined && (ms === null || ms < 60_000)) {
      throw usage(`--for ${time} should be a time of a minute or more, as 30m, 2h or 7d`);
    }
    const reason = options.get("reason");
    const ban = await (await admin()).request("POST", "/bans", {
      network,
      minutes: ms === null ? null : Math.ceil(ms / 60_000),
      ...(reason === undefined ? {} : { reason }),
    }) as { network: string; until: string | null };
    const until = ban.until === null ? "until it is lifted" : `until ${shortTime(ban.until)} (UTC)`;
    io.out(`${printable(ban.network)} is refused ${until}.\n`);
  },
};
