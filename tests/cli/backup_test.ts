/** `palomar backup` beside a running server, and `palomar restore`. */
import assert from "node:assert/strict";
import type { Credentials } from "../../src/contract/mod.ts";
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

Deno.test("backup --file: one file that is looked through and brought back, whole or in part; what is none is refused", async () => {
  const folder = tempDir();
  const dataDir = `${folder.path}/data`;
  const run = (line: string, stdin?: Uint8Array) =>
    runMain(line.split(" "), { env: { PALOMAR_DATA_DIR: dataDir }, cwd: folder.path, ...(stdin && { stdin }) });
  const s = await new Scene(await openSqlite({ dataDir, prepare: imapText })).people();
  granted(await s.append(s.ann, "INBOX", message(`large ${"x".repeat(100_000)}`)));
  await s.store.close();
  const made = await run("backup --file x.palomar --verify");
  assert.match(made.out, /^1 messages of 2 accounts in .*x\.palomar: /, made.err);
  const stream = await run("backup --file -");
  assert.deepEqual([stream.code, /^1 messages of 2 accounts/.test(stream.err)], [0, true]);
  const octets = Uint8Array.from(stream.out, (letter) => letter.charCodeAt(0));
  assert.deepEqual(await run("verify x.palomar"), { code: 0, out: "", err: "All is well.\n" });
  assert.equal((await run("account remove ann@example.org")).code, 0);
  const part = await run("restore x.palomar --account ann@example.org");
  assert.equal(part.out, "Brought back: 1; there already: 0; octets mended: 0.\n", part.err);
  const whole = await run("restore - --replace", octets);
  assert.match(whole.out, /is as it was at/, whole.err);
  assert.deepEqual(await run("verify"), { code: 0, out: "", err: "All is well.\n" });
  const names = [...Deno.readDirSync(dataDir), ...Deno.readDirSync(folder.path)].map(({ name }) => name);
  assert.deepEqual(names.filter((name) => /palomar-backup|partial/.test(name)), []);
  for (
    const [broken, why] of [
      [octets.subarray(0, 90_000), /ends early/],
      [octets.subarray(0, octets.length - 600), /ends early/],
      [new Uint8Array(2000).fill(65), /no tar archive/],
      [new Uint8Array(1024), /is missing in it/],
    ] as const
  ) {
    const { code, err } = await run("restore - --replace", broken.slice());
    assert.deepEqual([code, why.test(err)], [1, true], err);
  }
  assert.equal((await run("backup")).code, 2);
  assert.equal((await run("backup folder --file x")).code, 2);
  folder.remove();
});

Deno.test("restore --account: an account that is gone comes back with its password, scripts, aliases, mailboxes and mail", async () => {
  const folder = tempDir();
  const dataDir = `${folder.path}/data`;
  const run = (...words: string[]) => runMain(words, { env: { PALOMAR_DATA_DIR: dataDir }, cwd: folder.path });
  const open = async () => new Scene(await openSqlite({ dataDir, prepare: imapText }));
  const address = "ann@example.org";
  let s = await (await open()).people();
  granted(await s.append(s.ann, "INBOX", message("kept"), ["\\Seen"], 7));
  granted(await s.ask("mailbox.create", { accountId: s.ann, path: "Empty/Deep", role: null }));
  granted(await s.ask("mailbox.subscribe", { accountId: s.ann, path: "Empty/Deep", subscribed: true }));
  granted(await s.ask("sieve.put", { address, name: "main", content: "keep;\r\n" }));
  granted(await s.ask("sieve.activate", { address, name: "main" }));
  granted(await s.ask("alias.add", { address: "a@example.org", targets: [address, "bob@example.org"], now: 1 }));
  granted(await s.ask("token.add", { address, name: "phone", hash: "f".repeat(64), expiresAt: null, now: 1 }));
  granted(await s.ask("account.change", { address, name: "Ann", quota: { bytes: 5_000_000, messages: null } }));
  granted(await s.ask("delivery.change", { address, change: { subaddressFolders: true } }));
  const all = async () => ({
    credentials: secretsOf((await s.ask("account.credentials", { login: address }))!.credentials),
    scripts: await s.ask("sieve.list", { address }),
    alias: (await s.ask("alias.list", {})).map(({ address, targets }) => [address, targets]),
    settings: await s.ask("delivery.settings", { address }),
    subscriptions: await s.ask("mailbox.subscriptions", { accountId: s.ann }),
    mailboxes: (await s.ask("mailbox.list", { accountId: s.ann })).map((
      { path, role, messages },
    ) => [path, role, messages]),
    named: (await s.ask("account.get", { address }))!.name,
    quota: (await s.ask("account.get", { address }))!.quota,
    token: (await s.ask("token.find", { hash: "f".repeat(64), now: 1 }))?.address,
  });
  const before = await all();
  await s.store.close();
  assert.equal((await run("backup", "copy")).code, 0);
  assert.equal((await run("alias", "remove", "a@example.org")).code, 0);
  assert.equal((await run("account", "remove", address)).code, 0);
  assert.match((await run("restore", "copy", "--account", address, "--message", "1")).err, /no account ann@example/);
  const done = await run("restore", "copy", "--account", address);
  assert.deepEqual([done.code, done.out], [0, "Brought back: 1; there already: 0; octets mended: 0.\n"], done.err);
  assert.match(done.err, /is back with its password, 1 Sieve scripts, 1 aliases and 1 app passwords/);
  s = await open();
  s.ann = (await s.ask("account.get", { address }))!.accountId;
  assert.deepEqual(await all(), before);
  await s.store.close();
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

function secretsOf({ password, scramSha256, scramSha1 }: Credentials): unknown {
  const { salt, iterations, storedKey, serverKey } = scramSha256;
  return [password.reveal(), salt, iterations, storedKey.reveal(), serverKey.reveal(), scramSha1];
}
