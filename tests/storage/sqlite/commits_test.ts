import assert from "node:assert/strict";
import { indexMessage } from "../../../src/message/mod.ts";
import { Watchers } from "../../../src/storage/engine/watchers.ts";
import { Blobs } from "../../../src/storage/sqlite/blobs.ts";
import { Commits } from "../../../src/storage/sqlite/commits.ts";
import { MailTables } from "../../../src/storage/sqlite/mail_tables.ts";
import { openDatabase } from "../../../src/storage/sqlite/schema.ts";
import { Segments } from "../../../src/storage/sqlite/segments.ts";
import { Statements } from "../../../src/storage/sqlite/statements.ts";
import { StorageError } from "../../../src/storage/storage.ts";
import { Cut, cutAt, dump, life } from "../life.ts";
import { message, tempDir } from "../scene.ts";

Deno.test("Commits takes back an operation cut at any step, not its neighbours, and memory is what the file is", async () => {
  const folder = tempDir();
  const db = openDatabase(`${folder.path}/palomar.db`);
  db.exec("pragma synchronous = off"); // this is not about durability
  const sql = new Statements(db);
  const segments = new Segments(`${folder.path}/blobs`, new Map());
  const blobs = new Blobs(sql, segments);
  const tables = new MailTables(sql, blobs);
  const commits = new Commits(tables, blobs, segments, new Watchers());
  const perform = (run: (tables: MailTables) => unknown) =>
    new Promise((resolve, reject) => commits.add({ run, blobs: [], resolve, reject }));

  const sealed = await Promise.all(["one", "two"].map(async (text) => {
    const bytes = message(text, `Subject: s\r\nMessage-ID: <${text}@x>`);
    const writer = blobs.writer();
    writer.write(bytes);
    return await writer.seal(indexMessage(bytes));
  }));
  let cuts = 0;
  for (const [op, run] of life([sealed[0]!.blobId, sealed[1]!.blobId])) {
    const before = dump(tables);
    for (let n = 1;; n++) {
      const [left, cut, right] = await Promise.allSettled([
        perform((tx) => tx.putSetting("left", `${op} ${n}`)),
        perform((tx) => run(cutAt(tx, n))),
        perform((tx) => tx.putSetting("right", `${op} ${n}`)),
      ]);
      assert.deepEqual([left!.status, right!.status], ["fulfilled", "fulfilled"]);
      assert.deepEqual([tables.setting("left"), tables.setting("right")], [`${op} ${n}`, `${op} ${n}`]);
      if (cut!.status === "fulfilled") break;
      assert.ok(cut!.reason instanceof StorageError && cut!.reason.cause instanceof Cut, `${op}: ${cut!.reason}`);
      assert.deepEqual(dump(tables), before, `${op} cut at its call ${n}`);
      cuts++;
    }
    const inMemory = dump(tables);
    tables.forget();
    assert.deepEqual(dump(tables), inMemory, `${op}: what is in memory is not what was written`);
  }
  assert.ok(cuts > 200, `${cuts}`);
  segments.close();
  db.close();
  folder.remove();
});
