/** What a server does by itself: mailboxes with an age limit, and words to people whose mailboxes fill up. */
import assert from "node:assert/strict";
import { demoConfig } from "../../mod.ts";
import { createMetrics } from "../../src/server/metrics.ts";
import { memoryLogger } from "../../src/server/log.ts";
import { createTestClock, type TestClock } from "../../src/server/test_clock.ts";
import { Upkeep } from "../../src/server/upkeep/mod.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { ALL, granted, message, Scene } from "../storage/scene.ts";

const DAY = 86_400_000;
const NO_RETENTION = { undelete: 0, audit: 0, mailboxes: new Map<string, number>() };

interface House {
  readonly s: Scene;
  readonly upkeep: Upkeep;
  readonly clock: TestClock;
  readonly events: () => string[];
  readonly metrics: () => string;
}

async function house(
  retention: { undelete: number; audit: number; mailboxes: Map<string, number> },
  quota: { warnings: number[]; message: boolean },
): Promise<House> {
  const storage = memoryStorage();
  const s = await new Scene(storage).people();
  const clock = createTestClock();
  const logger = memoryLogger();
  const metrics = createMetrics();
  const upkeep = new Upkeep({
    config: { retention, quota, outbound: demoConfig("./data").outbound },
    storage,
    clock,
    logger,
    metrics,
  });
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
  const h = await house({ undelete: 0, audit: 0, mailboxes: new Map([["Trash", 30 * DAY]]) }, {
    warnings: [],
    message: true,
  });
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

Deno.test("upkeep: what a clock that was ahead told the queue is put right, while the server runs or at its start", async () => {
  const h = await house(NO_RETENTION, { warnings: [], message: true });
  const { wall } = h.clock;
  const turn = (ms: number) => h.clock.wall = () => wall.call(h.clock) + ms;
  const now = wall.call(h.clock);
  const queue = async (name: string, dueAt: number) => {
    const queued = [{
      recipient: { forwardPath: `${name}@far.example`, notify: null, orcpt: null },
      domain: "far.example",
      prefix: new Uint8Array(0),
      dueAt,
      expiresAt: h.clock.wall() + 5 * DAY,
    }];
    granted(await h.s.accept(message(name), { queued, now: h.clock.wall() }));
  };
  const settled = async (at: number) => {
    const [job] = await h.s.ask("queue.claim", { owner: "o", now: h.clock.wall(), leaseMs: 60_000, limit: 1 });
    const queueId = job!.recipients[0]!.queueId;
    const outcomes = [{ queueId, outcome: "deferred" as const, reply: "451 later", dueAt: at }];
    await h.s.ask("queue.settle", { owner: "o", outcomes, notices: [], journal: [], traceId: job!.traceId, now: at });
  };
  await h.upkeep.round();
  await queue("tried", now);
  turn(20 * DAY);
  await h.upkeep.round();
  await settled(h.clock.wall() + 60_000);
  await queue("fresh", h.clock.wall() + 1000);
  const [leased] = await h.s.ask("queue.claim", { owner: "o", now: h.clock.wall() + 1000, leaseMs: 60_000, limit: 1 });
  assert.equal(leased!.recipients[0]!.recipient.forwardPath, "fresh@far.example");
  await queue("wanted late", h.clock.wall() + 9 * DAY);
  turn(0);
  await h.upkeep.round();
  const rows = await h.s.ask("queue.list", { after: null, limit: 9 });
  assert.deepEqual(rows.map(({ queuedAt, dueAt, expiresAt }) => [queuedAt, dueAt, expiresAt].map((at) => at - now)), [
    [0, 0, 5 * DAY],
    [0, 1000, 5 * DAY],
    [0, 9 * DAY, 5 * DAY],
  ]);
  assert.equal(await h.s.ask("queue.next", {}), now);
  // The lease of somebody who is gone does not last until then.
  assert.equal((await h.s.ask("queue.claim", { owner: "p", now: now + 600_000, leaseMs: 1, limit: 9 })).length, 2);
  assert.equal(h.events().at(-1), 'queue.putRight {"recipients":3}');

  turn(30 * DAY);
  await h.upkeep.round();
  await queue("before the start", h.clock.wall());
  turn(0);
  const logger = memoryLogger();
  const config = {
    retention: NO_RETENTION,
    quota: { warnings: [], message: true },
    outbound: demoConfig("./data").outbound,
  };
  await new Upkeep({ config, storage: h.s.store, clock: h.clock, logger, metrics: createMetrics() }).round();
  assert.equal((await h.s.ask("queue.list", { after: null, limit: 9 })).at(-1)!.queuedAt, now);
  await new Upkeep({ config, storage: h.s.store, clock: h.clock, logger, metrics: createMetrics() }).round();
  assert.deepEqual(logger.lines.map(({ event }) => event), ["queue.putRight"]);
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
