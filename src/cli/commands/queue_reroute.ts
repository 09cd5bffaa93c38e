import { formatWay, parseWay } from "../../mta/queue/mod.ts";
import type { Command } from "../command.ts";
import { changeRows, CHOICE_OPTIONS } from "../queue_change.ts";
import { EXIT, Exit, usage } from "../exit.ts";
import { heldNote } from "../queue_rows.ts";

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
    ...CHOICE_OPTIONS,
  ],
  async run(invocation) {
    const { operands, options, config, io } = invocation;
    const to = options.get("to");
    if ((to !== undefined) === options.has("back")) throw usage("give --to or --back");
    const way = to === undefined ? null : parseWay(to);
    if (to !== undefined && way === null) throw usage(`--to ${to} should be HOST:PORT, an IP address or a DOMAIN`);
    const changed = await changeRows(invocation, operands, "/queue/reroute", { to: way && formatWay(way) });
    if (changed === 0) {
      throw new Exit(EXIT.refused, "nothing was changed: nothing like that waits, or it goes there already");
    }
    io.out(`${changed} will go ${way === null ? "the usual way" : `to ${formatWay(way)}`}.\n`);
    io.err(heldNote(await config()));
  },
};
