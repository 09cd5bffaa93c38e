import { chosenSince, EXPORT_OPTIONS } from "../archive/options.ts";
import type { Command } from "../command.ts";

export const exportEml: Command = {
  words: ["export", "eml"],
  operands: "ADDRESS FOLDER",
  least: 2,
  most: 2,
  summary: "Export an account as .eml files, one folder a mailbox",
  about: `Beside them, messages.jsonl lists the flags, dates and UIDs.
A command that was broken off goes on when it is given again. The folder is made where it is not there.`,
  examples: [
    "palomar export eml alice@example.org /srv/export/alice-eml",
    "palomar export eml alice@example.org /srv/export/alice-eml --mailbox Sent --since 2026-01-01",
  ],
  options: EXPORT_OPTIONS,
  async run({ operands: [address = "", folder = ""], options, admin, io }) {
    const since = chosenSince(options);
    const [{ emlTarget }, { runExport }] = await Promise.all([
      import("../../archive/io/eml_target.ts"),
      import("../archive/export_run.ts"),
    ]);
    const mailbox = options.get("mailbox") ?? null;
    const run = { admin: await admin(), io, address, mailbox, since, asJson: options.has("json") };
    return await runExport(emlTarget(folder), run);
  },
};
