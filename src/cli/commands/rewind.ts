import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { EXIT } from "../exit.ts";
import { MOMENT_HELP, parseMoment } from "../moment.ts";

export const rewind: Command = {
  words: ["rewind"],
  operands: "ACCOUNT MAILBOX TIME",
  least: 3,
  most: 3,
  summary: "Make a mailbox what it was at a moment",
  about: `TIME is ${MOMENT_HELP}.\n` +
    "It reaches back as far as retention.undelete (7 days). What was deleted or moved away since comes back; what was\n" +
    "moved stays where it is now, too. Flags are as they are now, or as they were when a message went.",
  examples: [
    'palomar rewind alice@example.org INBOX "2026-01-31 12:00"',
    "palomar rewind alice@example.org Archive 2h --exact",
  ],
  options: [
    { name: "exact", help: "take out what came since; palomar undelete brings it back" },
    JSON_OPTION,
  ],
  async run({ operands: [address = "", mailbox = "", time = ""], options, admin, io }) {
    const to = parseMoment(time, Date.now());
    const path = `/accounts/${segment(address)}/rewind`;
    const exact = options.has("exact");
    const answer = await (await admin()).request("POST", path, { mailbox, to, exact }) as {
      restored: number;
      removed: number;
      overQuota: boolean;
    };
    if (options.has("json")) io.out(JSON.stringify(answer) + "\n");
    else io.out(`Brought back: ${answer.restored}${exact ? `, taken out: ${answer.removed}` : ""}.\n`);
    if (!answer.overQuota) return EXIT.ok;
    io.err(`There is no room for more: give ${address} a larger quota, then run it again.\n`);
    return EXIT.refused;
  },
};
