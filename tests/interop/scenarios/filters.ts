import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { openImap } from "../mailbox.ts";
import type { Account, Palomar } from "../palomar.ts";
import type { Scenario } from "../scenario.ts";

/** Programs that look through a mailbox, or keep a copy of all of them. */
export const filters: readonly Scenario[] = [
  {
    name: "imapfilter: finds by subject, size, flag and body, marks, and moves to a mailbox that it makes",
    needs: ["imapfilter"],
    async run(stage) {
      const { palomar } = stage;
      const account = await palomar.account("fiona");
      await fill(palomar, account, 12);
      await Deno.writeTextFile(
        join(stage.folder, "config.lua"),
        `options.timeout = 30
options.create = true
options.info = false
account = IMAP {
  server = "localhost", port = ${palomar.ports.imaps}, ssl = "tls1.2",
  username = "${account.address}", password = "${account.password}",
}
account.INBOX:contain_subject("number 3"):mark_flagged()
local found = account.INBOX:is_flagged() + account.INBOX:contain_body("line of 7")
assert(#found == 2, "found " .. #found)
assert(#account.INBOX:is_larger(1000000) == 0)
assert(#account.INBOX:is_unseen() == 12)
found:move_messages(account["Kept/here"])
account.INBOX:contain_from("nobody"):delete_messages()
account.INBOX:contain_field("Message-ID", "<1@filters"):delete_messages()
local names = account:list_all()
assert(#names >= 2, #names)
`,
      );
      await stage.run("imapfilter", ["-t", palomar.caFile, "-c", join(stage.folder, "config.lua")], {
        env: { HOME: stage.folder },
      });
      deepStrictEqual(await subjects(palomar, account, "Kept/here"), ["number 3", "number 7"]);
      const left = await subjects(palomar, account, "INBOX");
      deepStrictEqual(left, [0, 2, 4, 5, 6, 8, 9, 10, 11].map((number) => `number ${number}`));
    },
  },
  {
    name: "OfflineIMAP: copies all mailboxes to Maildirs, and changes go both ways",
    needs: ["offlineimap"],
    seconds: 120,
    async run(stage) {
      const { palomar } = stage;
      const account = await palomar.account("otto");
      await fill(palomar, account, 20);
      const imap = await openImap(palomar, account);
      await imap.mailboxCreate("Work/Ünterlagen");
      await imap.append("Work/Ünterlagen", Buffer.from(textOf(100)), ["\\Flagged"]);
      const rc = join(stage.folder, "rc");
      await Deno.writeTextFile(
        rc,
        `[general]
accounts = otto
metadata = ${stage.folder}/metadata
[Account otto]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = ${stage.folder}/mail
[Repository far]
type = IMAP
remotehost = localhost
remoteport = ${palomar.ports.imaps}
remoteuser = ${account.address}
remotepass = ${account.password}
ssl = yes
sslcacertfile = ${palomar.caFile}
`,
      );
      const sync = () => stage.run("offlineimap", ["-o", "-c", rc, "-u", "basic"], { env: { HOME: stage.folder } });
      await sync();
      const inbox = join(stage.folder, "mail", "INBOX");
      strictEqual(filesOf(inbox).length, 20);
      // Here: one read, one removed. There: one flagged, one new.
      const [first, second] = filesOf(inbox);
      await Deno.rename(first!, join(inbox, "cur", first!.split("/").at(-1)!.replace(/:2,.*/, ":2,S")));
      await Deno.remove(second!);
      await imap.mailboxOpen("INBOX");
      await imap.messageFlagsAdd("20", ["\\Flagged"]);
      await imap.append("INBOX", Buffer.from(textOf(50)));
      await sync();
      strictEqual(filesOf(inbox).length, 20);
      await imap.noop();
      strictEqual((await subjects(palomar, account, "INBOX")).length, 20);
      const seen = await imap.search({ seen: true }, { uid: true });
      strictEqual(seen && seen.length, 1);
      strictEqual(filesOf(inbox).filter((name) => name.endsWith(":2,F")).length, 1);
      strictEqual([...Deno.readDirSync(join(stage.folder, "mail"))].length, (await imap.list()).length);
      await imap.logout();
    },
  },
];

function textOf(number: number): string {
  return `From: x@outside.test\r\nSubject: number ${number}\r\nMessage-ID: <${number}@filters.test>\r\n` +
    `Date: Tue, 1 Jan 2002 00:00:00 +0000\r\n\r\nline of ${number}.\r\n`;
}

async function fill(palomar: Palomar, account: Account, count: number): Promise<void> {
  const imap = await openImap(palomar, account);
  for (let number = 0; number < count; number++) await imap.append("INBOX", Buffer.from(textOf(number)));
  await imap.logout();
}

async function subjects(palomar: Palomar, account: Account, path: string): Promise<string[]> {
  const imap = await openImap(palomar, account);
  await imap.mailboxOpen(path);
  const found: string[] = [];
  for await (const row of imap.fetch("1:*", { envelope: true })) found.push(row.envelope?.subject ?? "");
  await imap.logout();
  return found;
}

function filesOf(maildir: string): string[] {
  return ["cur", "new"].flatMap((part) => {
    const folder = join(maildir, part);
    return [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name));
  }).sort();
}
