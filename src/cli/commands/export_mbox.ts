import { chosenSince, EXPORT_OPTIONS } from "../archive/options.ts";
import type { Command } from "../command.ts";

export const exportMbox: Command = {
  words: ["export", "mbox"],
  operands: "ADDRESS FOLDER",
  least: 2,
  most: 2,
  summary: "Export an account as mbox files, one a mailbox",
  about:
    `As mboxrd: lines that begin as From lines are quoted so that they can be read back. Flags stand in Status, X-Status and
X-Keywords, where a message does not bear them already.
A command that was broken off goes on when it is given again. The folder is made where it is not there.`,
  examples: [
    "palomar export mbox alice@example.org /srv/export/alice-mbox",
    "palomar export mbox alice@example.org /srv/export/alice-mbox --mailbox Sent --since 2026-01-01",
  ],
  options: EXPORT_OPTIONS,
  async run({ operands: [address = "", folder = ""], options, admin, io }) {
    const since = chosenSince(options);
    const [{ mboxTarget }, { runExport }] = await Promise.all([
      import("../../archive/io/mbox_target.ts"),
      import("../archive/export_run.ts"),
    ]);
    const mailbox = options.get("mailbox") ?? null;
    const run = { admin: await admin(), io, address, mailbox, since, asJson: options.has("json") };
    return await runExport(mboxTarget(folder), run);
  },
};
