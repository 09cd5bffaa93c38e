import type { MboxVariant } from "../../archive/io/mbox_source.ts";
import { chosenLevels, chosenSince, IMPORT_ABOUT, IMPORT_OPTIONS } from "../archive/options.ts";
import type { Command } from "../command.ts";
import { EXIT, Exit, usage } from "../exit.ts";

const VARIANTS: readonly string[] = ["auto", "mboxrd", "mboxo", "mboxcl", "mboxcl2"] satisfies MboxVariant[];

export const importMbox: Command = {
  words: ["import", "mbox"],
  operands: "ADDRESS FILE",
  least: 2,
  most: 2,
  summary: "Import an mbox, or a folder of them",
  about:
    `A file goes into INBOX, or the mailbox that is named. In a folder each file is a mailbox of its name: Work.mbox,
Work/2024.mbox or Work.sbd/2024. Flags are read from Status, X-Status, X-Keywords and X-Mozilla-Status, dates from the
From lines (UTC where they have no zone), UIDs where X-IMAPbase says that a server kept them. Lines as ">From " lose
a ">", but not where messages have a true Content-Length (mboxcl2); --variant says otherwise.
${IMPORT_ABOUT}`,
  examples: [
    "palomar import mbox alice@example.org /var/mail/alice",
    "palomar import mbox alice@example.org archive.mbox --mailbox Archive/2024",
    "palomar import mbox alice@example.org /home/alice/mail",
  ],
  options: [
    { name: "mailbox", value: "NAME", help: "into this mailbox; of a folder, only this one" },
    { name: "variant", value: "KIND", help: "auto (default), mboxrd, mboxo, mboxcl or mboxcl2" },
    ...IMPORT_OPTIONS,
  ],
  async run({ operands: [address = "", path = ""], options, admin, io }) {
    const since = chosenSince(options);
    const variant = options.get("variant") ?? "auto";
    if (!VARIANTS.includes(variant)) throw usage(`--variant ${variant} should be one of ${VARIANTS.join(", ")}`);
    const levels = chosenLevels(options.get("mailbox") ?? "INBOX");
    const [{ openMboxFile, openMboxFolder }, { reasonOf }, { runImport }] = await Promise.all([
      import("../../archive/io/mbox_source.ts"),
      import("../../archive/io/source.ts"),
      import("../archive/import_run.ts"),
    ]);
    const found = await Deno.stat(path).catch((error) => {
      throw new Exit(EXIT.refused, `${path}: ${reasonOf(error)}`);
    });
    if (!found.isFile && !found.isDirectory) throw new Exit(EXIT.refused, `${path} is neither a file nor a folder`);
    const source = found.isDirectory
      ? await openMboxFolder(path, variant as MboxVariant)
      : await openMboxFile(path, levels, variant as MboxVariant);
    const all = found.isFile || !options.has("mailbox");
    const mailboxes = source.mailboxes.filter((one) => all || one.levels.join("/") === levels.join("/"));
    if (mailboxes.length === 0) throw new Exit(EXIT.refused, `${path} has no such mbox in it`);
    const run = {
      admin: await admin(),
      io,
      address,
      since,
      dryRun: options.has("dry-run"),
      asJson: options.has("json"),
    };
    return await runImport({ ...source, mailboxes }, run);
  },
};
