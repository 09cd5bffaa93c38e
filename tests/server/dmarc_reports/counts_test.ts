import assert from "node:assert/strict";
import { COUNT_LIMITS, DAY_MS, DmarcCounts } from "../../../src/server/dmarc_reports/counts.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";

const NEXT = 2 * DAY_MS;
const message = (domain: string, row: string, now = 0) => ({ domain, policy: "{}", row, now });

async function counts(storage = memoryStorage()) {
  const failures: unknown[] = [];
  const made = new DmarcCounts({ storage, failed: (error) => failures.push(error) });
  await made.load();
  return { made, storage, failures };
}

Deno.test("DmarcCounts keeps so many rows and domains, and says what it left out", async () => {
  const { made } = await counts();
  for (let i = 0; i < COUNT_LIMITS.rows + 5; i++) made.count(message("a.test", `row ${i}`));
  made.count(message("a.test", "row 1"));
  made.count(message("a.test", "x".repeat(COUNT_LIMITS.row + 1)));
  for (let i = 0; i < COUNT_LIMITS.domains + 5; i++) made.count(message(`${i}.test`, "row"));
  const due = made.due(NEXT);
  assert.equal(due.length, COUNT_LIMITS.domains);
  assert.equal(due[0]!.rows.size, COUNT_LIMITS.rows);
  assert.equal(due[0]!.rows.get("row 1"), 2);
  assert.equal(due[0]!.leftOut, 6);
});

Deno.test("DmarcCounts keeps so many characters", async () => {
  const { made } = await counts();
  for (let i = 0; i < 1000; i++) made.count(message(`${i}.test`, `${i} ${"x".repeat(8000)}`));
  const due = made.due(NEXT);
  const kept = due.flatMap(({ rows }) => [...rows.keys()]).join("").length;
  assert(kept <= COUNT_LIMITS.characters && kept > COUNT_LIMITS.characters - 10_000);
});

Deno.test("DmarcCounts writes a few settings for many messages, and reads them again", async () => {
  const { made, storage } = await counts();
  let writes = 0;
  const { perform } = storage;
  storage.perform = ((op: never, args: never) => {
    if (op === "setting.change") writes++;
    return perform.call(storage, op, args);
  }) as typeof perform;
  for (let i = 0; i < 500; i++) made.count(message(`${i % 50}.test`, `row ${i % 7}`));
  await made.save();
  assert(writes <= 17, `${writes}`);
  await made.save();
  assert(writes <= 17);
  const again = (await counts(storage)).made;
  const sum = again.due(NEXT).flatMap(({ rows }) => [...rows.values()]).reduce((a, b) => a + b);
  assert.equal(sum, 500);
  for (const domain of again.due(NEXT)) assert(await again.take(domain));
  await again.save();
  assert.equal((await counts(storage)).made.due(NEXT).length, 0);
  assert.equal(await storage.perform("setting.get", { name: "dmarc.counts.0.3" }), null);
});

Deno.test("DmarcCounts.take() gives a domain once, and not where the store fails", async () => {
  const { made, storage, failures } = await counts();
  made.count(message("a.test", "row"));
  await made.save();
  const [domain] = made.due(NEXT);
  const { perform } = storage;
  storage.perform = () => Promise.reject(new Error("full"));
  assert.equal(await made.take(domain!), false);
  assert.equal(failures.length, 1);
  storage.perform = perform;
  assert.equal(await made.take(made.due(NEXT)[0]!), true);
  assert.equal(await made.take(domain!), false);
  assert.equal(made.due(NEXT).length, 0);
});

Deno.test("DmarcCounts reads nothing from damaged settings, and goes on", async () => {
  const storage = memoryStorage();
  await storage.perform("setting.init", { name: "dmarc.days", value: "[0]" });
  await storage.perform("setting.init", { name: "dmarc.counts.0.0", value: "{oh" });
  const { made, failures } = await counts(storage);
  assert.equal(failures.length, 1);
  made.count(message("a.test", "row"));
  await made.save();
  assert.equal(made.due(NEXT).length, 1);
});
