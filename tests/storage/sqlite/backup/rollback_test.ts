/** Back to the store before an upgrade: what it says first, what returns, what is set aside. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { imapText } from "../../../../src/imap/imap_text.ts";
import { listSnapshots, rollbackStore, surveyRollback } from "../../../../src/storage/sqlite/backup/rollback.ts";
import { openSqlite } from "../../../../src/storage/sqlite/mod.ts";
import { verifyStore } from "../../../../src/storage/sqlite/verify/mod.ts";
import { MIGRATIONS } from "../../../../src/storage/sqlite/schema.ts";
import { ALL, granted, message, Scene, tempDir } from "../../scene.ts";
import { runMain } from "../../../cli/command_line.ts";

const large = (text: string) => message(`${text} ${"x".repeat(100_000)}`);

/** Makes the newest tables what they were one version before. */
function downgrade(dataDir: string): void {
  const db = new DatabaseSync(`${dataDir}/palomar.db`);
  db.exec("drop table removed; alter table accounts drop column kept_bytes; pragma user_version = 12");
  db.exec("drop table records; drop table objects; drop table destroyed; alter table emails drop column created");
  for (const column of ["scopes", "used_at", "used_from"]) db.exec(`alter table tokens drop column ${column}`);
  db.exec("drop table storage_keys; alter table blobs drop column stored; alter table blobs drop column packing");
  db.close();
}

async function open(dataDir: string): Promise<Scene> {
  const s = new Scene(await openSqlite({ dataDir, prepare: imapText }));
  const ann = await s.ask("account.get", { address: "ann@example.org" });
  if (!ann) return await s.people();
  s.ann = ann.accountId;
  s.bob = (await s.ask("account.get", { address: "bob@example.org" }))!.accountId;
  return s;
}

/** A store of version 12 with mail, upgraded, and mail that came after; closed. */
async function upgraded(dataDir: string, after: (s: Scene) => Promise<void>): Promise<void> {
  let s = await open(dataDir);
  for (const text of ["a", "b"]) granted(await s.append(s.ann, "INBOX", large(text)));
  granted(await s.append(s.bob, "INBOX", message("to bob")));
  await s.store.close();
  downgrade(dataDir);
  s = await open(dataDir);
  await after(s);
  await s.store.close();
}

function version(dataDir: string): unknown {
  const db = new DatabaseSync(`${dataDir}/palomar.db`);
  try {
    return db.prepare("pragma user_version").get()!.user_version;
  } finally {
    db.close();
  }
}

Deno.test("rollback: the store before the upgrade returns, the newer one is set aside whole, UIDs contradict nothing", async () => {
  const folder = tempDir();
  const dataDir = folder.path;
  let validity = 0;
  await upgraded(dataDir, async (s) => {
    granted(await s.append(s.ann, "INBOX", large("later")));
    await s.account("zoe@example.org");
    validity = (await s.mailbox(s.ann, "INBOX")).uidValidity;
  });
  assert.deepEqual(listSnapshots(dataDir).map(({ version }) => version), [12]);
  const loss = surveyRollback({ dataDir });
  assert.deepEqual(loss, { messages: 1, accounts: 1, waiting: 0, bodiless: 0 });
  const { setAside, renewed, damaged, held } = rollbackStore({ dataDir, now: () => 1_900_000_000_000 });
  assert.deepEqual([version(dataDir), damaged, held, renewed > 0], [12, [], 0, true]);
  const s = await open(dataDir); // upgrades it again
  const inbox = await s.mailbox(s.ann, "INBOX");
  assert.ok(inbox.uidValidity > validity);
  const rows = await s.rows(s.ann, inbox.mailboxId);
  assert.equal(rows.length, 2);
  for (const { blobId } of rows) assert.ok((await s.whole(blobId)).length > 100_000);
  await s.store.close();
  for (const place of [dataDir, setAside!]) {
    const found = [...verifyStore({ dataDir: place, prepare: imapText })].filter(({ type }) => type === "finding");
    assert.deepEqual(found, [], place);
  }
  folder.remove();
});

Deno.test("rollback: bodies that moved since are followed, those whose room was given back are told of before", async () => {
  const folder = tempDir();
  const dataDir = folder.path;
  await upgraded(dataDir, async (s) => {
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    const first = [{ first: 1, last: 1 }] as unknown as typeof ALL;
    await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: first, always: true });
    for (let round = 0; round < 3; round++) await s.store.reclaim();
  });
  // The rest of its segment moves, as reclaim does where it is worth it.
  const db = new DatabaseSync(`${dataDir}/palomar.db`);
  const { segment } = db.prepare("select segment from blobs where segment is not null").get()!;
  assert.equal(segment, 1);
  db.exec("update blobs set segment = 2 where segment is not null");
  db.close();
  Deno.renameSync(`${dataDir}/blobs/00000001.seg`, `${dataDir}/blobs/00000002.seg`);
  assert.equal(surveyRollback({ dataDir }).bodiless, 1);
  const { damaged } = rollbackStore({ dataDir, now: () => 1_900_000_000_000 });
  assert.equal(damaged.length, 1);
  const s = await open(dataDir);
  const rows = await s.rows(s.ann, (await s.mailbox(s.ann, "INBOX")).mailboxId);
  assert.equal(rows.length, 2);
  assert.ok((await s.whole(rows[1]!.blobId)).length > 100_000);
  await assert.rejects(s.whole(rows[0]!.blobId));
  await s.store.close();
  folder.remove();
});

Deno.test("rollback: refuses where a server runs, where there is no snapshot, and without a yes", async () => {
  const folder = tempDir();
  const dataDir = `${folder.path}/data`;
  const run = (line: string) => runMain(line.split(" "), { env: { PALOMAR_DATA_DIR: dataDir }, cwd: folder.path });
  assert.match((await run("rollback --list")).err, /There is no snapshot in/);
  await upgraded(dataDir, async () => {});
  assert.match((await run("rollback --list")).out, /^VERSION {2}MADE.*\n12 /);
  const unasked = await run("rollback");
  assert.deepEqual([unasked.code, version(dataDir)], [1, MIGRATIONS.length]);
  assert.match(unasked.err, /missing then: 0 messages, .*\n.*nothing was changed; --yes/s);
  assert.match((await run("rollback --to 4 --yes")).err, /no snapshot of version 4/);
  const s = await open(dataDir);
  assert.match((await run("rollback --yes")).err, /a server works on .*: stop it first, then roll back/);
  await s.store.close();
  const done = await run("rollback --yes");
  assert.equal(done.code, 0, done.err);
  assert.match(done.out, /with tables of version 12\.\n$/);
  assert.match(done.err, /Start the program of that version.*The newer store is in .*replaced-/s);
  assert.equal(version(dataDir), 12);
  folder.remove();
});
