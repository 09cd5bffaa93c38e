import { resolve } from "node:path";
import { placeOfStore, restoreAny } from "../../server/store_copies.ts";
import { withBackup } from "../backup_file.ts";
import { type Command, type Invocation, JSON_OPTION } from "../command.ts";
import { EXIT, Exit, usage } from "../exit.ts";
import { Progress } from "../progress.ts";
import { storePlace } from "./verify.ts";

export const restore: Command = {
  words: ["restore"],
  operands: "BACKUP",
  least: 1,
  most: 1,
  summary: "Bring back a backup: the whole store, or an account, a mailbox, a message",
  about: "BACKUP is a folder, or a file of palomar backup --file (- is stdin).\n" +
    "With --account, what the account has not (any more) is put back, under new UIDs, while the server runs or not; what\n" +
    "is damaged in the store is mended; an account that is gone is made again, with its password, app passwords, scripts\n" +
    "and aliases. Without, it is the whole store, and the server must not run. Mailboxes that\n" +
    "changed since the backup get a new UIDVALIDITY, so that mail programs fetch them anew instead of taking one message\n" +
    "for another. Mail that waited to be sent is held, for it may have been sent since: palomar queue list --state held\n" +
    "shows it, queue release or remove decides. A backup of one driver becomes a store of the other: to move, make one,\n" +
    "change storage in the configuration, and restore it with --exact.",
  examples: [
    "palomar restore /srv/backup --replace",
    "palomar restore /srv/today.palomar --replace",
    "palomar restore /srv/backup --account alice@example.org",
    "palomar restore /srv/backup --account alice@example.org --mailbox INBOX --message 4711 --into Found",
  ],
  options: [
    { name: "account", value: "ADDRESS", help: "only this account, into the store as it is now" },
    { name: "mailbox", value: "NAME", help: "only this mailbox of it" },
    { name: "message", value: "ID", help: "only this message of it: its UID in the backup, or its Message-ID" },
    { name: "into", value: "NAME", help: "into this mailbox instead" },
    { name: "replace", help: "set aside the store that is there, in the data folder" },
    { name: "exact", help: "nothing happened since: keep UIDVALIDITYs, send what waits" },
    JSON_OPTION,
  ],
  async run(invocation) {
    const { options } = invocation;
    const { operands: [backup = ""], io, config } = invocation;
    const { dataDir } = await config();
    const within = (run: (folder: string) => Promise<number>) => withBackup(resolve(io.cwd, backup), dataDir, io, run);
    if (options.has("account")) {
      const { restorePart } = await import("../restore_part.ts");
      return await within((folder) => restorePart(folder, invocation));
    }
    for (const name of ["mailbox", "message", "into"]) {
      if (options.has(name)) throw usage(`--${name} goes with --account ADDRESS`);
    }
    return await within((folder) => restoreAll(folder, invocation));
  },
};

async function restoreAll(backup: string, invocation: Invocation): Promise<number> {
  const { options, io } = invocation;
  const place = await storePlace(invocation);
  const progress = new Progress(io);
  try {
    const result = await restoreAny(place, {
      backup,
      replace: options.has("replace"),
      exact: options.has("exact"),
      now: () => Date.now(),
      tell: (part, done, total) => progress.show(part, done, total, part === "bodies"),
    });
    progress.clear();
    const { manifest, damaged, renewed, mailboxes, held, setAside } = result;
    if (options.has("json")) io.out(JSON.stringify(result, null, 2) + "\n");
    else {
      const madeAt = new Date(manifest.madeAt).toISOString().slice(0, 19).replace("T", " ");
      io.out(
        `${
          placeOfStore(place)
        } is as it was at ${madeAt} UTC: ${manifest.messages} messages of ${manifest.accounts} accounts.\n`,
      );
    }
    if (renewed > 0) io.err(`${renewed} of ${mailboxes} mailboxes are fetched anew by mail programs.\n`);
    if (held > 0) io.err(`${held} recipients that waited are held: palomar queue list --state held\n`);
    if (setAside !== null) io.err(`The store that was there is in ${setAside}; remove it when you are sure.\n`);
    for (const { blobId, problem } of damaged) io.err(`${blobId}: ${problem}\n`);
    return damaged.length > 0 ? EXIT.refused : EXIT.ok;
  } catch (error) {
    progress.clear();
    throw new Exit(EXIT.refused, (error as Error).message);
  }
}
