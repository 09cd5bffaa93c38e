/** Of several servers on one store one tells, until it is gone. */
import assert from "node:assert/strict";
import { SenderLease } from "../../../src/server/web_push/sender_lease.ts";
import { createTestClock } from "../../../src/server/test_clock.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";

Deno.test("SenderLease is held by one, renewed, given up, and taken over when its holder says nothing more", async () => {
  const clock = createTestClock();
  const storage = memoryStorage({ wall: () => clock.wall() });
  const [one, other] = [1, 2].map(() => new SenderLease({ storage, clock, isShared: true })) as [
    SenderLease,
    SenderLease,
  ];
  assert.deepEqual([await one.hold(), await other.hold()], [true, false]);
  for (let i = 0; i < 5; i++) {
    await clock.advance(120_000);
    assert.deepEqual([await one.hold(), await other.hold()], [true, false]);
  }
  await other.giveUp();
  assert.equal(await other.hold(), false);
  await one.giveUp();
  assert.deepEqual([await other.hold(), await one.hold()], [true, false]);
  await clock.advance(300_000);
  assert.deepEqual([await one.hold(), await other.hold()], [true, false]);
  const alone = new SenderLease({ storage, clock, isShared: false });
  assert.equal(await alone.hold(), true);
  await storage.close();
});
