/** What waits to be pushed: one piece of news each, in turns, and whoever is slow holds up himself. */
import assert from "node:assert/strict";
import { Outbox, type OutboxLimits } from "../../../src/server/web_push/outbox.ts";
import type { PushAnswer } from "../../../src/web_push/mod.ts";

const LIMITS: OutboxLimits = { total: 4, perHost: 2, perAccount: 2, waiting: 100 };
const TAKEN: PushAnswer = { kind: "taken" };
const later = (waitMs: number | null, tooOften = false): PushAnswer => ({ kind: "later", tooOften, waitMs });

/** An outbox whose pushes end when the test says so. */
function outbox(limits: Partial<OutboxLimits> = {}) {
  const clock = { now: 0 };
  const open = new Map<string, (answer: PushAnswer | null, left?: string[]) => Promise<void>>();
  const sent: [id: string, news: string][] = [];
  const box = new Outbox<string[]>({
    limits: { ...LIMITS, ...limits },
    merge: (before, after) => [...before, ...after],
    now: () => clock.now,
    random: () => 0.5,
    send: ({ id, news }) => {
      sent.push([id, news.join("+")]);
      return new Promise((resolve) => {
        open.set(id, async (answer, left) => {
          open.delete(id);
          resolve(answer && { answer, left: left ?? null });
          await new Promise((done) => setTimeout(done));
        });
      });
    },
  });
  const add = (id: string, news: string, host = "h", accountId = id) => box.add({ id, accountId, host, news: [news] });
  const end = (id: string, answer: PushAnswer | null = TAKEN, left?: string[]) => open.get(id)!(answer, left);
  return { box, add, end, sent, open, clock };
}

Deno.test("Outbox sends one at a time to a subscription, and what comes meanwhile is one more", async () => {
  const { add, end, sent, box } = outbox();
  for (const news of ["1", "2", "3"]) add("a", news);
  assert.deepEqual(sent, [["a", "1"]]);
  await end("a");
  assert.deepEqual(sent.slice(1), [["a", "2+3"]]);
  await end("a", TAKEN, ["rest"]);
  assert.deepEqual(sent.slice(2), [["a", "rest"]]);
  assert.equal(box.isBusyFor("a"), true);
  await end("a");
  assert.deepEqual([box.size, box.isBusyFor("a"), box.next], [0, false, Infinity]);
});

Deno.test("Outbox lets hosts take turns, and no host or account have more than its share", async () => {
  const { add, end, sent, open } = outbox();
  for (const id of ["s1", "s2", "s3", "s4"]) add(id, "x", "slow");
  assert.deepEqual([...open.keys()], ["s1", "s2"]);
  add("f1", "x", "fast");
  add("f2", "x", "fast");
  add("f3", "x", "other");
  assert.deepEqual([...open.keys()], ["s1", "s2", "f1", "f2"]); // four at once
  await end("f1");
  assert.deepEqual([...open.keys()], ["s1", "s2", "f2", "f3"]); // never s3 while two of its host are open
  await end("f2");
  await end("f3");
  assert.deepEqual([...open.keys()], ["s1", "s2"]);
  await end("s1");
  assert.deepEqual([...open.keys()], ["s2", "s3"]);
  for (const id of ["m1", "m2", "m3"]) add(id, "x", id, "mallory");
  assert.deepEqual([...open.keys()], ["s2", "s3", "m1", "m2"]);
  await end("s2");
  assert.equal(open.has("m3"), false);
  await end("m1");
  assert.equal(open.has("m3"), true);
  assert.equal(sent.length, 10);
});

Deno.test("Outbox waits after failures, twice as long each time, and forgets them when it goes well", async () => {
  const { add, end, sent, box, clock } = outbox();
  add("a", "1");
  await end("a", later(null));
  assert.equal(box.next, 15_000);
  add("a", "2");
  clock.now = 14_999;
  box.tick();
  assert.equal(sent.length, 1);
  clock.now = 15_000;
  box.tick();
  assert.deepEqual(sent[1], ["a", "1+2"]);
  await end("a", later(null));
  assert.equal(box.next, 45_000);
  clock.now = 45_000;
  box.tick();
  await end("a", later(100_000));
  assert.equal(box.next, 145_000);
  clock.now = 145_000;
  box.tick();
  await end("a");
  assert.equal(box.size, 0);
  add("a", "3");
  await end("a", later(null));
  assert.equal(box.next, 160_000);
});

Deno.test("Outbox pushes less often where it was told so, and comes back to it by and by", async () => {
  const { add, end, sent, box, clock } = outbox();
  add("a", "1");
  await end("a", later(null, true));
  assert.equal(box.next, 30_000);
  clock.now = 30_000;
  box.tick();
  await end("a");
  // It went well, and still there is a pause.
  add("a", "2");
  assert.equal(sent.length, 2);
  clock.now = 60_000;
  box.tick();
  assert.deepEqual(sent[2], ["a", "2"]);
  await end("a");
  clock.now = 75_000;
  box.tick();
  assert.equal(box.size, 0);
  add("a", "3");
  assert.deepEqual(sent[3], ["a", "3"]);
});

Deno.test("Outbox bears what is gone, removed or too much", async () => {
  const { add, end, sent, box, open } = outbox({ waiting: 3 });
  assert.deepEqual([add("a", "1"), add("b", "1"), add("c", "1"), add("d", "1")], [true, true, true, false]);
  add("a", "2");
  await end("a", { kind: "gone" });
  assert.deepEqual(sent.map(([id]) => id), ["a", "b", "c"]);
  box.remove("b");
  add("b", "again");
  await end("b", later(null)); // of the one that was removed
  assert.equal(box.next, Infinity);
  assert.deepEqual(sent.at(-1), ["b", "again"]);
  await end("c", null);
  await end("b", { kind: "tooLarge" });
  assert.equal(box.size, 0);
  box.stop();
  assert.equal(add("z", "1"), false);
  assert.equal(open.size, 0);
});
