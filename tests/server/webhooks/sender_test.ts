/** What waits for a webhook: over a restart, with two servers, to its bounds. */
import assert from "node:assert/strict";
import { createTestClock } from "../../../src/server/test_clock.ts";
import { Suppressions } from "../../../src/server/sending/suppressions.ts";
import { Backlog, MOST_WAITING, type Waiting } from "../../../src/server/webhooks/backlog.ts";
import { createWebhooks, type Webhooks } from "../../../src/server/webhooks/mod.ts";
import { makeSecret, signedHeaders } from "../../../src/server/webhooks/sign.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import type { Storage } from "../../../src/storage/storage.ts";
import type { TestClock } from "../../../src/server/test_clock.ts";

type Asked = { readonly id: string; readonly at: number; readonly signal: AbortSignal };

function webhooks(
  storage: Storage,
  clock: TestClock,
  answer: (asked: Asked) => Response | Promise<Response>,
): Webhooks {
  return createWebhooks({
    storage,
    suppressions: new Suppressions({ storage, now: () => clock.wall() }),
    request: async (_, { headers, signal }) => {
      const id = new Headers(headers).get("webhook-id")!;
      return await answer({ id, at: clock.wall(), signal: signal! });
    },
    plain: false,
    clock,
    log: () => {},
  });
}

async function made(one: Webhooks): Promise<string> {
  const settings = { url: "https://x.example/", domains: [], accounts: [], onlySends: false, description: "" };
  const answer = await one.desk.add({ ...settings, events: ["received"], enabled: true });
  assert.ok("webhook" in answer);
  return answer.webhook.id;
}

function event(id: string, clock: TestClock): Waiting {
  const none = { attempts: 0, lastAt: null, status: null, error: null, tookMs: null };
  return { id, type: "message.received", createdAt: clock.wall(), payload: "{}", ...none };
}

Deno.test("what waits is sent after a restart, the earliest first", async () => {
  const storage = memoryStorage();
  const clock = createTestClock();
  const before = webhooks(storage, clock, () => new Response(null, { status: 500 }));
  const hook = await made(before);
  const backlog = new Backlog({ storage, now: () => clock.wall() });
  for (const id of ["b1", "b2", "b3"]) {
    await backlog.add(hook, event(id, clock));
    await clock.advance(10);
  }
  const asked: string[] = [];
  const after = webhooks(storage, clock, ({ id }) => {
    asked.push(id);
    return new Response(null, { status: 200 });
  });
  after.start();
  await after.settled();
  await after.stop();
  assert.deepEqual(asked, ["b1", "b2", "b3"]);
  assert.equal((await after.desk.get(hook))!.waiting, 0);
});

Deno.test("of two servers one sends an event", async () => {
  const storage = memoryStorage();
  const clock = createTestClock();
  const asked: string[] = [];
  const answer = ({ id }: Asked) => {
    asked.push(id);
    return new Response(null, { status: 200 });
  };
  const [one, two] = [webhooks(storage, clock, answer), webhooks(storage, clock, answer)];
  const hook = await made(one);
  const backlog = new Backlog({ storage, now: () => clock.wall() });
  for (let i = 0; i < 20; i++) await backlog.add(hook, event(`e${i}`, clock));
  one.start();
  two.start();
  await Promise.all([one.settled(), two.settled()]);
  await Promise.all([one.stop(), two.stop()]);
  assert.equal(asked.length, 20);
  assert.equal(new Set(asked).size, 20);
});

Deno.test("what another server adds is found, and both count it", async () => {
  const storage = memoryStorage();
  const clock = createTestClock();
  const asked: string[] = [];
  const one = webhooks(storage, clock, ({ id }) => {
    asked.push(id);
    return new Response(null, { status: 200 });
  });
  const hook = await made(one);
  one.start();
  await one.settled();
  await new Backlog({ storage, now: () => clock.wall() }).add(hook, event("e", clock));
  for (let i = 0; i < 8 && asked.length === 0; i++) {
    await clock.advance(1000);
    await one.settled();
  }
  assert.deepEqual(asked, ["e"]);
  await clock.advance(61_000);
  assert.equal((await one.desk.get(hook))!.waiting, 0);
  await one.stop();
});

Deno.test("an attempt that a stop breaks off is made again, and an event is given up after a day and a half", async () => {
  const storage = memoryStorage();
  const clock = createTestClock();
  const hanging = webhooks(
    storage,
    clock,
    ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  const hook = await made(hanging);
  const backlog = new Backlog({ storage, now: () => clock.wall() });
  await backlog.add(hook, event("e", clock));
  hanging.start();
  await clock.advance(1000);
  const stopped = hanging.stop();
  await stopped;
  const at: number[] = [];
  const failing = webhooks(storage, clock, (asked) => {
    at.push(asked.at);
    return new Response(null, { status: 503, headers: { "retry-after": "7200" } });
  });
  failing.start();
  const began = clock.wall();
  for (let i = 0; i < 50; i++) {
    await clock.advance(3600_000);
    await failing.settled();
  }
  const [done] = (await failing.desk.deliveries(hook, 10))!;
  assert.deepEqual([done!.state, done!.status], ["failed", 503]);
  assert.ok(at.length >= 6 && at.length <= 12, String(at.length));
  assert.ok(at.every((time, i) => i === 0 || time - at[i - 1]! >= 7200_000));
  assert.ok(at.at(-1)! - began < 36 * 3600_000);
  await failing.stop();
});

Deno.test("Backlog takes so many and counts what it leaves out; results of the last are kept", async () => {
  const storage = memoryStorage();
  const clock = createTestClock();
  const backlog = new Backlog({ storage, now: () => clock.wall() });
  for (let i = 0; i < MOST_WAITING; i++) assert.ok(await backlog.add("h", event(`e${i}`, clock)));
  assert.equal(await backlog.add("h", event("more", clock)), false);
  assert.deepEqual(await backlog.counts("h"), { waiting: MOST_WAITING, dropped: 1 });
  assert.equal((await new Backlog({ storage, now: () => clock.wall() }).counts("h")).waiting, MOST_WAITING);
  for (let i = 0; i < 300; i++) {
    const [claimed] = await backlog.claim("h", 1);
    await backlog.end("h", claimed!, claimed!.event, "delivered");
  }
  const done = await storage.perform("record.list", { kind: "webhookDone", now: clock.wall(), limit: 1000 });
  assert.ok(done.length <= 250, String(done.length));
  assert.equal((await backlog.counts("h")).waiting, MOST_WAITING - 300);
  await backlog.forget("h");
  assert.equal((await backlog.shown("h", 10)).length, 0);
});

Deno.test("signedHeaders() signs as the example of Standard Webhooks is signed", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const payload = '{"test": 2432232314}';
  const headers = signedHeaders("msg_p5jXN8AQM9LWM0D4loKWxJek", payload, [secret, makeSecret()], 1614265330_000);
  const [first, second] = headers["webhook-signature"]!.split(" ");
  assert.equal(first, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  assert.match(second!, /^v1,[A-Za-z0-9+/]{43}=$/);
  assert.equal(headers["webhook-timestamp"], "1614265330");
});
