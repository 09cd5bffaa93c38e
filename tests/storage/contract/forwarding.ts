/** What forwarding keeps: keys that change, and senders that are too long for an address. */
import assert from "node:assert/strict";
import type { TraceId } from "../../../src/contract/mod.ts";
import { granted, message, type Open, type Scene, sceneTest } from "../scene.ts";

const DAY = 24 * 3600_000;
const hex = async (s: Scene, now: number) =>
  (await s.ask("forwarding.keys", { now })).map((key) => key.reveal().toHex());

export function forwardingContract(name: string, open: Open): void {
  sceneTest(`${name}: a key is made at first need, signs a month, and is believed a month more`, open, async (s) => {
    const [first, ...none] = await hex(s, 0);
    assert.match(first!, /^[0-9a-f]{64}$/);
    assert.deepEqual(none, []);
    assert.deepEqual(await hex(s, 30 * DAY - 1), [first]);
    assert.deepEqual(await hex(s, -DAY), [first]); // a clock that was set back makes none
    const [second, ...old] = await hex(s, 30 * DAY);
    assert.notEqual(second, first);
    assert.deepEqual(old, [first]);
    assert.deepEqual(await hex(s, 60 * DAY - 1), [second, first]);
    const third = await hex(s, 60 * DAY);
    assert.deepEqual(third.slice(1), [second]);
    const [fourth, ...before] = await hex(s, 200 * DAY); // nobody forwarded for long
    assert.deepEqual(before, [third[0]]);
    assert.deepEqual(await hex(s, 230 * DAY - 1), [fourth, third[0]]);
    assert.match(JSON.stringify(await s.ask("forwarding.keys", { now: 200 * DAY })), /^\["‹secret›"/);
  });

  sceneTest(`${name}: a long sender is kept until its time, and lengthened but never shortened`, open, async (s) => {
    const keep = (key: string, now: number, until: number) =>
      s.ask("forwarding.remember", { key, address: `${key}@else.example`, now, until });
    const recall = (key: string, now: number) => s.ask("forwarding.recall", { key, now });
    await keep("aa", 0, 100);
    assert.equal(await recall("aa", 99), "aa@else.example");
    assert.equal(await recall("aa", 100), null);
    assert.equal(await recall("bb", 0), null);
    await keep("aa", 10, 150);
    await keep("aa", 20, 50);
    assert.equal(await recall("aa", 149), "aa@else.example");
    await keep("bb", 150, 300); // what is over goes
    assert.equal(await recall("aa", 0), null);
    assert.equal(await recall("bb", 299), "bb@else.example");
  });

  sceneTest(`${name}: a recipient's own sender is the row's, and keeps it out of the others' job`, open, async (s) => {
    const entry = (forwardPath: string) => ({
      recipient: { forwardPath, notify: null, orcpt: null },
      domain: "else.example",
      prefix: new Uint8Array(),
      dueAt: 100,
      expiresAt: 900,
    });
    const traceId = "t.1" as TraceId;
    const sender = {
      reversePath: "SRS0=x@ours.example",
      size: null,
      body: "8bitmime",
      smtputf8: true,
      requireTls: false,
      ret: "full",
      envid: "e",
    } as const;
    const queued = [entry("a@else.example"), { ...entry("b@else.example"), sender }, entry("c@else.example")];
    granted(await s.accept(message("x"), { traceId, queued }));
    const jobs = await s.ask("queue.claim", { owner: "n", now: 100, leaseMs: 50, limit: 10 });
    assert.deepEqual(jobs.map((job) => job.recipients.map(({ recipient }) => recipient.forwardPath[0])), [
      ["a", "c"],
      ["b"],
    ]);
    assert.deepEqual(jobs[1]!.sender, sender);
    assert.notEqual(jobs[0]!.sender.reversePath, sender.reversePath);
  });
}
