import { chosenSince, EXPORT_OPTIONS } from "../archive/options.ts";
import type { Command } from "../command.ts";

export const exportMaildir: Command = {
  words: ["export", "maildir"],
  operands: "ADDRESS FOLDER",
  least: 2,
  most: 2,
  summary: "Export an account as a Maildir, which Dovecot takes as it is",
  about:
    `With flags, dates, UIDs (dovecot-uidlist), keywords (dovecot-keywords, 26 a mailbox), subscriptions and rights.
What was imported comes back octet by octet, under the names that its files had. Given again, it adds what is new and
follows flags; what was deleted since stays.
A command that was broken off goes on when it is given again. The folder is made where it is not there.`,
  examples: [
    "palomar export maildir alice@example.org /srv/export/alice",
    "palomar export maildir alice@example.org /srv/export/alice --mailbox Sent --since 2026-01-01",
  ],
  options: EXPORT_OPTIONS,
  async run({ operands: [address = "", folder = ""], options, admin, io }) {
    const since = chosenSince(options);
    const [{ maildirTarget }, { runExport }] = await Promise.all([
      import("../../archive/io/maildir_target.ts"),
      import("../archive/export_run.ts"),
    ]);
    const mailbox = options.get("mailbox") ?? null;
    const run = { admin: await admin(), io, address, mailbox, since, asJson: options.has("json") };
    return await runExport(maildirTarget(folder), run);
  },
};
