/** `palomar backup` beside a running server, and `palomar restore`. */
import assert from "node:assert/strict";
import { createServer, demoConfig } from "../../mod.ts";
import { DatabaseSync } from "node:sqlite";
import { imapText } from "../../src/imap/imap_text.ts";
import { openSqlite } from "../../src/storage/sqlite/mod.ts";
import { ALL, granted, message, Scene, tempDir } from "../storage/scene.ts";
import { runMain } from "./command_line.ts";

Deno.test("backup and restore: beside a running server, verified, over a newer store, with words for what happens", async () => {
  const folder = tempDir();
  const dataDir = `${folder.path}/data`;
  const run = (line: string) => runMain(line.split(" "), { env: { PALOMAR_DATA_DIR: dataDir }, cwd: folder.path });
  const server = createServer({ ...demoConfig(dataDir), listeners: [] });
  await server.start();
  const made = await run("backup copy --verify --json");
  assert.deepEqual([made.code, JSON.parse(made.out).manifest.accounts, JSON.parse(made.out).found], [0, 2, []]);
  assert.match((await run("restore copy --replace")).err, /a server works on .*: stop it first/);
  await server.stop();
  assert.match((await run("backup copy")).out, /^0 messages of 2 accounts in .*\/copy: /);
  assert.equal((await run("account remove bob@palomar.test")).code, 0);
  const refused = await run("restore copy");
  assert.deepEqual([refused.code, /--replace sets it aside/.test(refused.err)], [1, true]);
  assert.match((await run("restore elsewhere --replace")).err, /is no backup/);
  const { code, out, err } = await run("restore copy --replace");
  assert.equal(code, 0, err);
  assert.match(out, /is as it was at \d{4}-/);
  assert.match(err, /The store that was there is in .*replaced-/);
  assert.match((await run("account list")).out, /bob@palomar\.test/);
  assert.deepEqual(await run("verify"), { code: 0, out: "", err: "All is well.\n" });
  folder.remove();
});

Deno.test("restore --account: a mailbox or a message comes back into a running server, and damaged octets are mended", async () => {
  const folder = tempDir();
  const dataDir = `${folder.path}/data`;
  const run = (...words: string[]) => runMain(words, { env: { PALOMAR_DATA_DIR: dataDir }, cwd: folder.path });
  let s = await new Scene(await openSqlite({ dataDir, prepare: imapText })).people();
  const large = message(`large ${"x".repeat(100_000)}`, "Message-ID: <large@x>");
  granted(await s.append(s.ann, "INBOX", large, ["\\Seen", "Work"], 7));
  const prefix = new TextEncoder().encode("Received: here\r\n");
  granted(await s.accept(message("small"), { deliveries: [s.delivery(s.ann, "ann@example.org", { prefix })] }));
  await s.store.close();
  assert.equal((await run("backup", "copy")).code, 0);
  const db = new DatabaseSync(`${dataDir}/palomar.db`);
  db.exec("update blobs set data = replace(data, 'small', 'wrong') where segment is null");
  db.close();
  s = new Scene(await openSqlite({ dataDir, prepare: imapText }));
  s.ann = (await s.ask("account.get", { address: "ann@example.org" }))!.accountId;
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  const before = await s.rows(s.ann, mailboxId);
  await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: ALL, always: true });
  await s.store.close();

  const server = createServer({ ...demoConfig(dataDir), listeners: [] });
  await server.start();
  const part = (...more: string[]) => run("restore", "copy", "--account", "ann@example.org", ...more);
  const one = await part("--mailbox", "inbox", "--message", "<large@x>", "--into", "Found");
  assert.equal(one.out, "Brought back: 1; there already: 0; octets mended: 0.\n", one.err);
  assert.match((await part()).out, /^Brought back: 2; there already: 0; octets mended: 1\./);
  assert.match((await part("--json")).out, /^\{"restored":0,"there":2,"healed":0\}/);
  assert.match((await part("--message", "999")).err, /no such message/);
  assert.match((await part("--mailbox", "Nothing")).err, /it has Archive, /);
  assert.match((await run("restore", "copy", "--account", "zoe@example.org")).err, /no account zoe@example.org in the/);
  assert.equal((await run("restore", "copy", "--mailbox", "INBOX")).code, 2);
  await server.stop();
  s = new Scene(await openSqlite({ dataDir, prepare: imapText }));
  s.ann = (await s.ask("account.get", { address: "ann@example.org" }))!.accountId;
  const after = await s.rows(s.ann, mailboxId);
  const told = (rows: typeof after) =>
    rows.map(({ flags, internalDate, prefix, size, blobId }) => ({ flags, internalDate, prefix, size, blobId }));
  assert.deepEqual(told(after), told(before));
  assert.ok(after[0]!.uid > before[1]!.uid);
  assert.deepEqual(await s.whole(after[1]!.blobId), message("small"));
  await s.store.close();
  assert.deepEqual(await run("verify"), { code: 0, out: "", err: "All is well.\n" });
  folder.remove();
});
