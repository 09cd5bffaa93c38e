/** What the queue asks of SQLite is found by an index, however long the queue is. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { QueueEntry, QueueId, TraceId } from "../../../src/contract/mod.ts";
import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { granted, message, Scene, tempDir } from "../scene.ts";

const entry = (forwardPath: string): QueueEntry => ({
  recipient: { forwardPath, notify: null, orcpt: null },
  domain: forwardPath.slice(forwardPath.indexOf("@") + 1),
  prefix: new Uint8Array(0),
  dueAt: 100,
  expiresAt: 9000,
});

/** Everything that is done with a queue, once. */
async function everything(path: string): Promise<void> {
  const s = await new Scene(await openSqlite({ dataDir: path })).people();
  granted(await s.accept(message("x"), { queued: ["a@one.example", "b@two.example", "c@one.example"].map(entry) }));
  await s.ask("queue.next", {});
  await s.ask("queue.count", {});
  const [job] = await s.ask("queue.claim", { owner: "n", now: 100, leaseMs: 50, limit: 1 });
  const queueId = job!.recipients[0]!.queueId;
  for (const state of [undefined, "ready", "leased", "held"] as const) {
    for (const more of [{}, { domain: "one.example" }, { traceId: "t.1" as TraceId }]) {
      for (const after of [null, "q1" as QueueId]) {
        await s.ask("queue.list", { after, limit: 10, ...(state && { state }), ...more });
      }
    }
  }
  await s.ask("queue.renew", { owner: "n", queueIds: [queueId], leaseUntil: 200 });
  await s.ask("queue.putBack", { owner: "n", rows: [{ queueId, dueAt: 100 }] });
  for (const change of ["hold", "release", "bulk", "retry", "remove"] as const) {
    await s.ask("queue.reroute", { ids: null, route: change, now: 10, domain: "one.example" });
    await s.ask("queue.change", { ids: null, change, now: 10 });
  }
  await s.reclaimAll();
  await s.store.close();
}

Deno.test("sqlite: no statement of the queue goes through all rows, or sorts them", async () => {
  const dir = tempDir();
  const prepare = DatabaseSync.prototype.prepare;
  const asked = new Set<string>();
  DatabaseSync.prototype.prepare = function (sql: string) {
    if (/\bqueue\b/.test(sql)) asked.add(sql);
    return prepare.call(this, sql);
  };
  try {
    await everything(dir.path);
    await everything(dir.path).catch(() => {}); // a store that is there: people exist, the rest is the same
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
  assert.ok(asked.size > 20, `only ${asked.size} statements`);
  const db = new DatabaseSync(join(dir.path, "palomar.db"));
  db.exec("create temp table due (blob integer primary key)");
  for (const sql of asked) {
    // Once, when the store is opened, by its smallest index.
    if (sql === "select count(*) from queue") continue;
    const values = [...sql.matchAll(/\?/g)].map(() => 1);
    const plan = db.prepare(`explain query plan ${sql}`).all(...values).map(({ detail }) => String(detail));
    for (const step of plan) {
      assert.doesNotMatch(step, /SCAN (q|queue|b|blobs)\b/, `${sql}\n${plan.join("\n")}`);
      // Recipients of one message are few enough to be sorted.
      if (!sql.includes("q.trace =")) assert.doesNotMatch(step, /TEMP B-TREE/, `${sql}\n${plan.join("\n")}`);
    }
  }
  db.close();
  dir.remove();
});
