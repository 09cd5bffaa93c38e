import assert from "node:assert/strict";
import type { Modseq, TraceId } from "../../../src/contract/mod.ts";
import { JOURNAL_MS } from "../../../src/storage/engine/retention.ts";
import { Blobs } from "../../../src/storage/sqlite/blobs.ts";
import { MailTables } from "../../../src/storage/sqlite/mail_tables.ts";
import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { pruneTombstones } from "../../../src/storage/sqlite/prune.ts";
import { openDatabase } from "../../../src/storage/sqlite/schema.ts";
import { Segments } from "../../../src/storage/sqlite/segments.ts";
import { Statements } from "../../../src/storage/sqlite/statements.ts";
import { Scene, tempDir, uids } from "../scene.ts";

Deno.test("pruneTombstones() keeps the newest; whoever asks from before them is told of all that is gone", async () => {
  const folder = tempDir();
  const open = () => openSqlite({ dataDir: folder.path });
  let s = await new Scene(await open()).people();
  const box = await s.filled("INBOX", ..."abcdefgh");
  const where = { accountId: s.ann, mailboxId: box.mailboxId };
  const marks: Modseq[] = [];
  for (const uid of [2, 4, 6, 7]) {
    marks.push((await s.ask("email.expunge", { ...where, ranges: uids(uid), always: true })).modseq);
  }
  await s.store.close();
  prune(folder.path, 2);
  s = new Scene(await open());
  const vanished = async (since: Modseq) => (await s.ask("mailbox.changes", { ...where, since })).vanished;
  assert.deepEqual(await vanished(box.highestModseq), [2, 4, 6, 7]); // by absence
  assert.deepEqual(await vanished(marks[0]!), [2, 4, 6, 7]); // more than asked for, never less
  assert.deepEqual(await vanished(marks[1]!), [6, 7]);
  assert.deepEqual(await vanished(marks[2]!), [7]);
  assert.deepEqual(await vanished(marks[3]!), []);
  await s.store.close();
  folder.remove();
});

function prune(path: string, keep: number): void {
  const db = openDatabase(`${path}/palomar.db`);
  const sql = new Statements(db);
  const segments = new Segments(`${path}/blobs`, new Map());
  const tables = new MailTables(sql, new Blobs(sql, segments));
  pruneTombstones(tables, keep);
  tables.flush();
  segments.close();
  db.close();
}

Deno.test("sqlite: reclaim takes lines of the journal that are a month older than the newest", async () => {
  const folder = tempDir();
  const s = await new Scene(await openSqlite({ dataDir: folder.path })).people();
  const add = (name: string, at: number) =>
    s.ask("journal.add", { traceId: name as TraceId, entries: [{ at, event: "e", recipient: null, detail: name }] });
  const left = async (...names: string[]) => {
    const counts = names.map(async (name) => (await s.ask("journal.read", { traceId: name as TraceId })).length);
    return await Promise.all(counts);
  };
  await add("old", 1000);
  await add("edge", 2000);
  await s.store.reclaim();
  assert.deepEqual(await left("old", "edge"), [1, 1]); // a store that slept loses nothing
  await add("new", 2000 + JOURNAL_MS);
  await s.store.reclaim();
  assert.deepEqual(await left("old", "edge", "new"), [0, 1, 1]);
  await s.store.close();
  folder.remove();
});
