import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { EXIT } from "../exit.ts";
import { MOMENT_HELP, parseMoment } from "../moment.ts";
import { shortTime, table } from "../table.ts";
import { formatSize } from "../../server/config/units.ts";

interface Removed {
  readonly removedId: string;
  readonly mailbox: string;
  readonly removedAt: string;
  readonly size: number;
  readonly isElsewhere: boolean;
  readonly subject: string | null;
  readonly author: string | null;
}

const HEADER = ["ID", "REMOVED (UTC)", "MAILBOX", "SIZE", "FROM", "SUBJECT"];

export const undelete: Command = {
  words: ["undelete"],
  operands: "ACCOUNT [ID…]",
  least: 1,
  most: 1000,
  summary: "Bring back messages that were deleted",
  about:
    "What is deleted can be brought back for the time of retention.undelete (7 days). It comes into the mailbox where it\n" +
    "was, with its flags; mail programs see it as new. --list shows what there is.",
  examples: [
    "palomar undelete alice@example.org --list",
    "palomar undelete alice@example.org --mailbox Archive --since 2h",
    "palomar undelete alice@example.org r1a r1b --into Found",
  ],
  options: [
    { name: "mailbox", value: "NAME", help: "only what was in it" },
    { name: "since", value: "TIME", help: `only what was deleted since: ${MOMENT_HELP}` },
    { name: "into", value: "NAME", help: "into this mailbox instead" },
    { name: "list", help: "show what could be brought back, and do nothing" },
    JSON_OPTION,
  ],
  async run({ operands: [address = "", ...ids], options, admin, io }) {
    const account = `/accounts/${segment(address)}`;
    const mailbox = options.get("mailbox");
    const moment = options.get("since");
    const since = moment === undefined ? undefined : parseMoment(moment, Date.now());
    const house = await admin();
    if (options.has("list")) {
      const all: Removed[] = [];
      for (let after: string | null = null;;) {
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries({ mailbox, since, after: after ?? undefined })) {
          if (value !== undefined) query.set(name, value);
        }
        const page = await house.request("GET", `${account}/removed?${query}`) as {
          removed: Removed[];
          next: string | null;
        };
        all.push(...page.removed.filter(({ isElsewhere }) => !isElsewhere));
        if (page.next === null) break;
        after = page.next;
      }
      if (options.has("json")) return io.out(JSON.stringify(all, null, 2) + "\n");
      if (all.length === 0) return io.err("Nothing can be brought back.\n");
      return io.out(table(
        HEADER,
        all.map((one) => [
          one.removedId,
          shortTime(one.removedAt),
          one.mailbox,
          formatSize(one.size),
          one.author ?? "",
          (one.subject ?? "").slice(0, 60),
        ]),
      ));
    }
    const into = options.get("into");
    const wanted = {
      ...(mailbox !== undefined && { mailbox }),
      ...(since !== undefined && { since }),
      ...(into !== undefined && { into }),
      ...(ids.length > 0 && { ids }),
    };
    const answer = await house.request("POST", `${account}/removed/restore`, wanted) as {
      restored: number;
      overQuota: boolean;
    };
    if (options.has("json")) io.out(JSON.stringify(answer) + "\n");
    else io.out(`Brought back: ${answer.restored}.\n`);
    if (!answer.overQuota) return EXIT.ok;
    io.err(`There is no room for more: give ${address} a larger quota, then run it again.\n`);
    return EXIT.refused;
  },
};
