import { chosenLevels, chosenSince, IMPORT_ABOUT, IMPORT_OPTIONS, ONLY_OPTION } from "../archive/options.ts";
import type { Command } from "../command.ts";
import { EXIT, Exit } from "../exit.ts";

export const importMaildir: Command = {
  words: ["import", "maildir"],
  operands: "ADDRESS FOLDER",
  least: 2,
  most: 2,
  summary: "Import a Maildir, as Dovecot, Courier and mbsync keep it",
  about:
    `Flags, keywords and dates are kept; UIDs and UIDVALIDITY where dovecot-uidlist is there and the mailbox here is
still new, so that mail programs need not fetch everything again. Subscriptions (subscriptions) and rights
(dovecot-acl) are taken too. Links are not followed. Stop the other server first, or import again when it has stopped.
${IMPORT_ABOUT}`,
  examples: [
    "palomar import maildir alice@example.org /home/alice/Maildir",
    "palomar import maildir alice@example.org /var/vmail/alice --mailbox Work/2024 --dry-run",
  ],
  options: [ONLY_OPTION, ...IMPORT_OPTIONS],
  async run({ operands: [address = "", folder = ""], options, admin, io }) {
    const since = chosenSince(options);
    const only = options.get("mailbox");
    const name = only === undefined ? null : chosenLevels(only).join("/");
    const [{ openMaildir }, { reasonOf }, { runImport }] = await Promise.all([
      import("../../archive/io/maildir_source.ts"),
      import("../../archive/io/source.ts"),
      import("../archive/import_run.ts"),
    ]);
    const source = await openMaildir(folder).catch((error) => {
      throw new Exit(EXIT.refused, `${folder}: ${reasonOf(error)}`);
    });
    const mailboxes = source.mailboxes.filter(({ levels }) => name === null || levels.join("/") === name);
    if (mailboxes.length === 0) {
      const there = source.mailboxes.map(({ levels }) => levels.join("/")).join(", ");
      const found = there === "" ? "a Maildir has folders cur, new and tmp" : `it has ${there}`;
      throw new Exit(EXIT.refused, `${folder} has no ${name === null ? "Maildir" : `mailbox ${name}`} in it; ${found}`);
    }
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
