import assert from "node:assert/strict";
import { DAY_MS } from "../../../src/server/day_counts.ts";
import { COUNT_LIMITS, DmarcCounts } from "../../../src/server/dmarc_reports/counts.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";

const NEXT = 2 * DAY_MS;
const message = (domain: string, row: string, now = 0) => ({ domain, policy: "{}", row, now });

function counts(storage = memoryStorage()) {
  const failures: unknown[] = [];
  const made = new DmarcCounts({ storage, failed: (error) => failures.push(error) });
  return { made, storage, failures };
}

Deno.test("DmarcCounts keeps so many rows and domains, and says what it left out", async () => {
  const { made } = counts();
  for (let i = 0; i < COUNT_LIMITS.rows + 5; i++) made.count(message("a.test", `row ${i}`));
  made.count(message("a.test", "row 1"));
  made.count(message("a.test", "x".repeat(COUNT_LIMITS.row + 1)));
  await made.save();
  for (let i = 0; i < 3; i++) made.count(message("a.test", `more ${i}`));
  made.count(message("a.test", "row 1"));
  await made.save();
  const [first] = await made.due(NEXT);
  assert.deepEqual([first!.rows.size, first!.rows.get("row 1"), first!.leftOut], [COUNT_LIMITS.rows, 3, 9]);
  for (let i = 0; i < 4000; i++) made.count(message(`${i}.test`, "row"));
  await made.save();
  const due = await made.due(NEXT);
  assert(due.length <= 16 * COUNT_LIMITS.domains && due.length > 15 * COUNT_LIMITS.domains, String(due.length));
});

Deno.test("DmarcCounts keeps so many characters", async () => {
  const { made } = counts();
  for (let i = 0; i < 1000; i++) {
    made.count(message(`${i}.test`, `${i} ${"x".repeat(8000)}`));
    if (i % 100 === 99) await made.save();
  }
  const due = await made.due(NEXT);
  const kept = due.flatMap(({ rows }) => [...rows.keys()]).join("").length;
  assert(kept <= 16 * COUNT_LIMITS.bucket && kept > 12 * COUNT_LIMITS.bucket, String(kept));
  assert(due.some(({ leftOut }) => leftOut > 0));
});

Deno.test("DmarcCounts holds little in memory while the store is away, and stores it when it is back", async () => {
  const { made, storage, failures } = counts();
  const { perform } = storage;
  storage.perform = () => Promise.reject(new Error("away"));
  made.count(message("a.test", "row"));
  await made.save();
  made.count(message("a.test", "row"));
  for (let i = 0; i < 1000; i++) made.count(message(`${i}.test`, `${i} ${"x".repeat(8000)}`));
  await made.save();
  assert.equal(failures.length, 2);
  storage.perform = perform;
  await made.save();
  const due = await made.due(NEXT);
  assert.equal(due.find(({ domain }) => domain === "a.test")!.rows.get("row"), 2);
  const kept = due.flatMap(({ rows }) => [...rows.keys()]).join("").length;
  assert(kept <= COUNT_LIMITS.memory + 9000, String(kept));
});

Deno.test("DmarcCounts writes a few settings for many messages, and another one reads them", async () => {
  const { made, storage } = counts();
  let writes = 0;
  const { perform } = storage;
  storage.perform = ((op: never, args: never) => {
    if (op === "setting.change") writes++;
    return perform.call(storage, op, args);
  }) as typeof perform;
  for (let i = 0; i < 500; i++) made.count(message(`${i % 50}.test`, `row ${i % 7}`));
  await made.save();
  assert(writes <= 17, `${writes}`);
  const before = writes;
  await made.save();
  assert.equal(writes, before);
  const again = counts(storage).made;
  const due = await again.due(NEXT);
  assert.equal(due.flatMap(({ rows }) => [...rows.values()]).reduce((a, b) => a + b), 500);
  assert.deepEqual(await again.due(DAY_MS - 1), []);
  for (const domain of due) assert(await again.take(domain));
  assert.deepEqual(await counts(storage).made.due(NEXT), []);
  assert.equal(await storage.perform("setting.get", { name: "dmarc.counts.0.3" }), null);
  assert.equal(await storage.perform("setting.get", { name: "dmarc.days" }), null);
});

Deno.test("DmarcCounts of several nodes count into one report, which one of them sends", async () => {
  const storage = memoryStorage();
  const nodes = [counts(storage).made, counts(storage).made, counts(storage).made];
  for (let i = 0; i < 30; i++) {
    for (const node of nodes) node.count(message("a.test", `row ${i % 3}`));
    if (i % 10 === 9) await Promise.all(nodes.map((node) => node.save()));
  }
  const due = await Promise.all(nodes.map((node) => node.due(NEXT)));
  assert.deepEqual(due.map(([one]) => [...one!.rows]), Array(3).fill([["row 0", 30], ["row 1", 30], ["row 2", 30]]));
  const taken = await Promise.all(nodes.map((node, i) => node.take(due[i]![0]!)));
  assert.equal(taken.filter(Boolean).length, 1);
  await nodes[0]!.putBack(due[0]![0]!, NEXT + 5);
  assert.deepEqual(await nodes[1]!.due(NEXT), []);
  const [back] = await nodes[1]!.due(NEXT + 5);
  assert.deepEqual([back!.tries, back!.rows.get("row 1")], [1, 30]);
});

Deno.test("DmarcCounts.take() gives a domain once, and not where the store fails", async () => {
  const { made, storage, failures } = counts();
  made.count(message("a.test", "row"));
  await made.save();
  const [domain] = await made.due(NEXT);
  const { perform } = storage;
  storage.perform = () => Promise.reject(new Error("full"));
  assert.equal(await made.take(domain!), false);
  assert.equal(failures.length, 1);
  storage.perform = perform;
  assert.equal(await made.take((await made.due(NEXT))[0]!), true);
  assert.equal(await made.take(domain!), false);
  assert.deepEqual(await made.due(NEXT), []);
});

Deno.test("DmarcCounts reads nothing from damaged settings, and goes on", async () => {
  const storage = memoryStorage();
  await storage.perform("setting.init", { name: "dmarc.days", value: "[0]" });
  await storage.perform("setting.init", { name: "dmarc.counts.0.0", value: "{oh" });
  const { made, failures } = counts(storage);
  assert.deepEqual(await made.due(NEXT), []);
  assert.equal(failures.length, 1);
  made.count(message("a.test", "row"));
  await made.save();
  assert.equal((await made.due(NEXT)).length, 1);
});
