import { formatWay, parseWay } from "../../mta/queue/mod.ts";
import type { Command } from "../command.ts";
import { EXIT, Exit, usage } from "../exit.ts";
import { heldNote } from "../queue_rows.ts";

/** Ids of one request. */
const PAGE = 1000;

export const queueReroute: Command = {
  words: ["queue", "reroute"],
  operands: "[ID…]",
  least: 0,
  most: 100_000,
  summary: "Send waiting mail another way from now on, and try it now",
  about:
    "HOST:PORT is that host, whatever the DNS says; an IP address means port 25. DOMAIN is as if the mail was for\n" +
    "that domain: its route in the configuration, else its mail exchangers. This goes before all routes, for what\n" +
    "waits now; what comes later goes the usual way (outbound.routes).",
  examples: [
    "palomar queue reroute q1 q2 --to mx2.example.net:25",
    "palomar queue reroute --domain example.net --back",
  ],
  options: [
    { name: "to", value: "WAY", help: "HOST:PORT, an IP address or a DOMAIN" },
    { name: "back", help: "the usual way again" },
    { name: "domain", value: "DOMAIN", help: "all that waits for this domain, in place of IDs" },
  ],
  async run({ operands, options, admin, config, io }) {
    const [to, domain] = [options.get("to"), options.get("domain")];
    if ((domain !== undefined) === operands.length > 0) throw usage("give the IDs that queue list shows, or --domain");
    if ((to !== undefined) === options.has("back")) throw usage("give --to or --back");
    const way = to === undefined ? null : parseWay(to);
    if (to !== undefined && way === null) throw usage(`--to ${to} should be HOST:PORT, an IP address or a DOMAIN`);
    const server = await admin();
    let changed = 0;
    for (let at = 0; domain !== undefined ? at === 0 : at < operands.length; at += PAGE) {
      const answer = await server.request("POST", "/queue/reroute", {
        ids: domain === undefined ? operands.slice(at, at + PAGE) : "all",
        ...(domain !== undefined && { domain }),
        to: way && formatWay(way),
      }) as { changed: number };
      changed += answer.changed;
    }
    if (changed === 0) {
      throw new Exit(EXIT.refused, "nothing was changed: nothing like that waits, or it goes there already");
    }
    io.out(`${changed} will go ${way === null ? "the usual way" : `to ${formatWay(way)}`}.\n`);
    io.err(heldNote(await config()));
  },
};
