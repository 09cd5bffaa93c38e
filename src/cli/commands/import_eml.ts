import { chosenLevels, chosenSince, IMPORT_ABOUT, IMPORT_OPTIONS } from "../archive/options.ts";
import type { Command } from "../command.ts";
import { EXIT, Exit } from "../exit.ts";

export const importEml: Command = {
  words: ["import", "eml"],
  operands: "ADDRESS FOLDER",
  least: 2,
  most: 2,
  summary: "Import folders of .eml files",
  about:
    `The files of the folder go into INBOX, or the mailbox that is named; folders in it are mailboxes of their names.
Dates are those of the Date fields. What an export left beside them (messages.jsonl) gives flags, dates and UIDs.
${IMPORT_ABOUT}`,
  examples: [
    "palomar import eml alice@example.org /home/alice/export",
    "palomar import eml alice@example.org saved --mailbox Archive",
  ],
  options: [{ name: "mailbox", value: "NAME", help: "into this mailbox" }, ...IMPORT_OPTIONS],
  async run({ operands: [address = "", folder = ""], options, admin, io }) {
    const since = chosenSince(options);
    const levels = chosenLevels(options.get("mailbox") ?? "INBOX");
    const [{ openEmlFolder }, { reasonOf }, { runImport }] = await Promise.all([
      import("../../archive/io/eml_source.ts"),
      import("../../archive/io/source.ts"),
      import("../archive/import_run.ts"),
    ]);
    const source = await openEmlFolder(folder, levels).catch((error) => {
      throw new Exit(EXIT.refused, `${folder}: ${reasonOf(error)}`);
    });
    if (source.mailboxes.length === 0) throw new Exit(EXIT.refused, `${folder} has no .eml files in it`);
    const run = {
      admin: await admin(),
      io,
      address,
      since,
      dryRun: options.has("dry-run"),
      asJson: options.has("json"),
    };
    return await runImport(source, run);
  },
};
