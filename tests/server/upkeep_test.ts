/** What a server does by itself: mailboxes with an age limit, and words to people whose mailboxes fill up. */
import assert from "node:assert/strict";
import { createMetrics } from "../../src/server/metrics.ts";
import { memoryLogger } from "../../src/server/log.ts";
import { createTestClock, type TestClock } from "../../src/server/test_clock.ts";
import { Upkeep } from "../../src/server/upkeep/mod.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { ALL, granted, message, Scene } from "../storage/scene.ts";

const DAY = 86_400_000;
const NO_RETENTION = { undelete: 0, mailboxes: new Map<string, number>() };

interface House {
  readonly s: Scene;
  readonly upkeep: Upkeep;
  readonly clock: TestClock;
  readonly events: () => string[];
  readonly metrics: () => string;
}

async function house(
  retention: { undelete: number; mailboxes: Map<string, number> },
  quota: { warnings: number[]; message: boolean },
): Promise<House> {
  const storage = memoryStorage();
  const s = await new Scene(storage).people();
  const clock = createTestClock();
  const logger = memoryLogger();
  const metrics = createMetrics();
  const upkeep = new Upkeep({ config: { retention, quota }, storage, clock, logger, metrics });
  return {
    s,
    upkeep,
    clock,
    events: () => logger.lines.map(({ event, fields }) => `${event} ${JSON.stringify(fields)}`),
    metrics: () => metrics.print(),
  };
}

async function append(h: House, path: string, text: string): Promise<void> {
  const blob = await h.s.seal(message(text));
  const messages = [{ blobId: blob.blobId, flags: [], internalDate: null }];
  granted(await h.s.ask("email.append", { accountId: h.s.ann, path, messages, now: h.clock.wall() }));
  blob.release();
}

const count = async (h: House, path: string) => (await h.s.mailbox(h.s.ann, path)).messages;

Deno.test("upkeep: mailboxes with an age limit lose what is older, others nothing", async () => {
  const h = await house({ undelete: 0, mailboxes: new Map([["Trash", 30 * DAY]]) }, { warnings: [], message: true });
  for (const path of ["Trash", "INBOX"]) await append(h, path, "old");
  await h.clock.advance(29 * DAY);
  await append(h, "Trash", "new");
  await h.upkeep.round();
  assert.equal(await count(h, "Trash"), 2);
  await h.clock.advance(1 * DAY + 1);
  await h.upkeep.round();
  assert.deepEqual([await count(h, "Trash"), await count(h, "INBOX")], [1, 1]);
  assert.deepEqual(h.events(), ['retention.expired {"account":"ann@example.org","mailbox":"Trash","messages":1}']);
});

Deno.test("upkeep: a wall clock that leaps is told once, in both directions", async () => {
  const h = await house(NO_RETENTION, { warnings: [], message: true });
  await h.upkeep.round();
  const { wall } = h.clock;
  for (const years of [1, 1, 0]) {
    h.clock.wall = () => wall.call(h.clock) + years * 365 * DAY;
    await h.upkeep.round();
  }
  assert.deepEqual(h.events(), ['clock.leapt {"seconds":31536000}', 'clock.leapt {"seconds":-31536000}']);
});

Deno.test("upkeep: people are told once at each step that their mailboxes fill up, and again after they had room", async () => {
  const h = await house(NO_RETENTION, { warnings: [95, 50], message: true });
  const quota = { bytes: null, messages: 20 };
  granted(await h.s.ask("account.change", { address: "ann@example.org", quota }));
  for (let i = 0; i < 9; i++) await append(h, "Archive", `${i}`);
  await h.upkeep.round();
  assert.equal(await count(h, "INBOX"), 0);
  await append(h, "Archive", "half");
  for (let round = 0; round < 3; round++) await h.upkeep.round();
  assert.equal(await count(h, "INBOX"), 1);
  assert.match(h.metrics(), /palomar_accounts_near_quota\{percent="50"\} 1\n/);
  assert.match(h.metrics(), /palomar_accounts_near_quota\{percent="95"\} 0\n/);
  const [row] = await h.s.rows(h.s.ann, (await h.s.mailbox(h.s.ann, "INBOX")).mailboxId);
  const text = new TextDecoder().decode(await h.s.whole(row!.blobId));
  assert.match(text, /^Subject: Your mailboxes are 50 % full\r$/m);
  assert.match(text, /10 of 20 messages/);
  assert.match(text, /^Auto-Submitted: auto-generated\r$/m);
  for (let i = 0; i < 8; i++) await append(h, "Archive", `more ${i}`);
  await h.upkeep.round();
  assert.equal(await count(h, "INBOX"), 2);
  const archive = { accountId: h.s.ann, mailboxId: (await h.s.mailbox(h.s.ann, "Archive")).mailboxId };
  await h.s.ask("email.expunge", { ...archive, ranges: ALL, always: true });
  await h.upkeep.round();
  for (let i = 0; i < 9; i++) await append(h, "Archive", `again ${i}`);
  await h.upkeep.round();
  await h.upkeep.round();
  assert.equal(await count(h, "INBOX"), 3);
  assert.equal(h.events().filter((event) => event.startsWith("quota.near")).length, 3);
});

Deno.test("upkeep: where there is no room for the message there is none, and where none is wanted only the log tells", async () => {
  for (const wanted of [true, false]) {
    const h = await house(NO_RETENTION, { warnings: [90], message: wanted });
    await append(h, "Archive", "one");
    granted(await h.s.ask("account.change", { address: "ann@example.org", quota: { bytes: null, messages: 1 } }));
    await h.upkeep.round();
    assert.equal(await count(h, "INBOX"), 0);
    assert.deepEqual(
      h.events().map((event) => event.split(" ")[0]),
      wanted ? ["quota.near", "quota.notTold"] : ["quota.near"],
    );
    await h.upkeep.stop();
  }
});
