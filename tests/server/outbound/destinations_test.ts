import assert from "node:assert/strict";
import fc from "fast-check";
import { Destinations } from "../../../src/server/outbound/destinations.ts";
import { FairQueue } from "../../../src/server/outbound/fair_queue.ts";
import { type Claimed, Place } from "../../../src/server/outbound/attempt.ts";

const job = (key: string, reversePath = "a@ours.example") =>
  ({ job: { domain: key, sender: { reversePath }, recipients: [] }, owner: "w", key }) as unknown as Claimed;
const lanes = (most: number) => new Destinations(() => ({ start: most, most, first: 60_000, longest: 3600_000 }));
const NOW = 1_000_000;
const UP = { reached: true } as const;
const DOWN = { reached: false, why: "mx refuses connections" } as const;

Deno.test("FairQueue lets the lines take turns, each in its own order", () => {
  const queue = new FairQueue<string>();
  for (let i = 0; i < 4; i++) queue.push("large", `l${i}`);
  queue.push("small", "s0");
  queue.push("other", "o0");
  queue.push("other", "o1");
  assert.equal(queue.size, 7);
  assert.equal(queue.of("large"), 4);
  assert.deepEqual(queue.drain(), ["l0", "s0", "o0", "l1", "o1", "l2", "l3"]);
  assert.equal(queue.size, 0);
  assert.equal(queue.shift(), null);
  for (let i = 0; i < 500; i++) queue.push("long", String(i));
  assert.deepEqual(queue.drain(), Array.from({ length: 500 }, (_, i) => String(i)));
});

Deno.test("Destinations lets so many go, keeps some, and puts back the rest for the time it will take", () => {
  const slots = lanes(10);
  const kinds = Array.from({ length: 212 }, () => slots.admit(job("a"), NOW).kind);
  assert.deepEqual(kinds.slice(9, 11), ["begin", "wait"]);
  assert.deepEqual(kinds.slice(209), ["wait", "park", "park"]);
  assert.equal(slots.admit(job("b"), NOW).kind, "begin");
  const parked = slots.admit(job("a"), NOW);
  assert.equal(parked.kind === "park" && parked.ms, 2_040); // behind the two before it
  for (let i = 0; i < 50; i++) {
    assert.equal(slots.ended("a", 1, NOW).length, 1);
    assert.equal(slots.admit(job("a"), NOW).kind, "wait");
  }
});

Deno.test("Destinations keeps none waiting longer than a lease bears", () => {
  const slots = lanes(1);
  assert.equal(slots.admit(job("slow"), NOW).kind, "begin");
  assert.equal(slots.admit(job("slow"), NOW).kind, "wait");
  assert.equal(slots.ended("slow", 400_000, NOW).length, 1);
  const parked = slots.admit(job("slow"), NOW);
  assert.ok(parked.kind === "park" && parked.ms > 60_000 && parked.ms <= 3600_000);
});

Deno.test("Destinations hands a place on, and frees it when nobody waits", () => {
  const slots = lanes(1);
  const [first, second] = [job("a"), job("a")];
  assert.equal(slots.admit(first, NOW).kind, "begin");
  assert.equal(slots.admit(second, NOW).kind, "wait");
  assert.equal(slots.ended("a", 1, NOW)[0]!.claimed, second);
  assert.equal(slots.admit(job("a"), NOW).kind, "wait");
  assert.equal(slots.drain().length, 1);
  assert.deepEqual(slots.ended("a", 1, NOW), []);
  assert.deepEqual(slots.ended("a", 1, NOW), []); // of a destination that is forgotten
  assert.equal(slots.admit(job("a"), NOW).kind, "begin");
});

/** A destination that takes one message in `pace(now)`, and rows that come back when they are due; how often each did. */
function simulated(length: number, pace: (now: number) => number) {
  const slots = lanes(1);
  const due = new Map(Array.from({ length }, (_, i) => [`q${i}`, 0]));
  const claimed = (queueId: string) =>
    ({ ...job("a"), job: { ...job("a").job, recipients: [{ queueId }] } }) as unknown as Claimed;
  let asked = 0;
  let sent = 0;
  let busyUntil = Infinity;
  let now = 0;
  for (; sent < length; now += 100) {
    assert.ok(now < 4 * length * 1000, "it is done in about the time that it must take");
    if (busyUntil <= now) {
      sent++;
      busyUntil = slots.ended("a", pace(now), now).length > 0 ? now + pace(now) : Infinity;
      for (const queueId of slots.recall("a", now)) due.set(queueId, now);
    }
    for (const [queueId, at] of due) {
      if (at > now) continue;
      asked++;
      const admission = slots.admit(claimed(queueId), now);
      due.delete(queueId);
      if (admission.kind === "park") due.set(queueId, now + admission.ms);
      if (admission.kind === "begin") busyUntil = now + pace(now);
    }
  }
  return { asked: asked / length, took: now };
}

Deno.test("Destinations asks for each job of a long queue a few times, whatever the length, and wastes no time", () => {
  for (const length of [500, 2_000]) {
    const steady = simulated(length, () => 1000);
    assert.ok(steady.asked < 4, `${length}: each was asked for ${steady.asked} times`);
    assert.ok(steady.took < 1.1 * length * 1000 + 60_000, `${length}: ${steady.took}`);
  }
  // A tenth of the time from then on: what was put back for longer is called back.
  const faster = simulated(2_000, (now) => now < 100_000 ? 1000 : 100);
  assert.ok(faster.asked < 4, `each was asked for ${faster.asked} times`);
  assert.ok(faster.took < 400_000, String(faster.took));
});

Deno.test("a large mailing delays nobody's single message", () => {
  const slots = lanes(2);
  for (let i = 0; i < 500; i++) slots.admit(job("a", "mailing@ours.example"), NOW);
  const [single, another] = [job("a", "bob@ours.example"), job("a", "carol@ours.example")];
  assert.equal(slots.admit(single, NOW).kind, "wait"); // although others were put back
  assert.equal(slots.admit(another, NOW).kind, "wait");
  const next = Array.from({ length: 4 }, () => slots.ended("a", 1, NOW)[0]!.claimed);
  assert.ok(next.includes(single) && next.includes(another));
});

Deno.test("a destination that is left alone has no job begun, and those that waited are told so", () => {
  const slots = lanes(5);
  for (let i = 0; i < 5; i++) assert.equal(slots.admit(job("a"), NOW).kind, "begin");
  for (let i = 0; i < 30; i++) assert.equal(slots.admit(job("a"), NOW).kind, "wait");
  let until = 0;
  const turns = [];
  for (let i = 0; i < 5; i++) {
    until = slots.learn("a", DOWN, NOW) || until;
    turns.push(...slots.ended("a", 1, NOW));
  }
  assert.ok(until > NOW + 59_000);
  assert.equal(turns.length, 30);
  assert.ok(turns.every(({ admission }) => admission.kind === "suspend" && admission.why === DOWN.why));
  assert.equal(slots.suspended(NOW), 1);
  assert.equal(slots.admit(job("a"), NOW).kind, "suspend");
  assert.equal(slots.admit(job("b"), NOW).kind, "begin");
  // Then one asks, and the others follow as it goes well.
  assert.deepEqual(["begin", "wait"], [slots.admit(job("a"), until).kind, slots.admit(job("a"), until).kind]);
  slots.admit(job("a"), until);
  assert.equal(slots.learn("a", UP, until), 0);
  assert.equal(slots.ended("a", 1, until).length, 2);
});

Deno.test("a person's word ends the waiting for a destination", () => {
  const slots = lanes(1);
  slots.admit(job("a"), NOW);
  assert.ok(slots.learn("a", DOWN, NOW) > NOW);
  slots.ended("a", 1, NOW);
  assert.equal(slots.admit(job("a"), NOW).kind, "suspend");
  slots.forgive();
  assert.equal(slots.admit(job("a"), NOW).kind, "begin");
});

Deno.test("destinations in trouble are forgotten when they become too many", () => {
  const slots = lanes(1);
  for (let i = 0; i < 10_050; i++) {
    slots.admit(job(`d${i}`), NOW);
    slots.learn(`d${i}`, DOWN, NOW);
    slots.ended(`d${i}`, 1, NOW);
  }
  assert.equal(slots.suspended(NOW), 10_000);
});

Deno.test("behind a message that is out another begins without a place, and gets one when an attempt ends", () => {
  const slots = lanes(2);
  for (let i = 0; i < 9; i++) slots.admit(job("a"), NOW);
  const [first, second, ...more] = [1, 2, 3, 4].map(() => slots.follow("a", NOW)!);
  assert.deepEqual([first!.place.isOwn, second!.place.isOwn], [false, false]);
  assert.equal(slots.follow("a", NOW), null); // two for each that has a place
  for (const { place } of more) assert.deepEqual(slots.ended("a", 1, NOW, place), []);
  assert.deepEqual(slots.ended("a", 1, NOW), []); // the place is the first one's now
  assert.deepEqual([first!.place.isOwn, second!.place.isOwn], [true, false]);
  assert.deepEqual(slots.ended("a", 1, NOW, second!.place), []); // it ended without ever having had one
  assert.equal(second!.place.isOwn, false);
  const [turn] = slots.ended("a", 1, NOW, first!.place);
  assert.equal(turn!.place.isOwn, true);
  assert.equal(slots.ended("a", 1, NOW, turn!.place).length, 1);
});

Deno.test("nobody follows to a destination that is left alone, or where nobody waits", () => {
  const slots = lanes(1);
  assert.equal(slots.follow("a", NOW), null);
  slots.admit(job("a"), NOW);
  assert.equal(slots.follow("a", NOW), null);
  slots.admit(job("a"), NOW);
  slots.learn("a", DOWN, NOW);
  assert.equal(slots.follow("a", NOW), null);
});

Deno.test("however many begin early, those with a place are never more than allowed, and all get their turn", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat({ max: 9 }), { maxLength: 200 }), (most, steps) => {
      const slots = lanes(most);
      const running: { place: Place }[] = [];
      let begun = 0;
      for (const step of steps) {
        if (step < 4) {
          const { kind } = slots.admit(job("a"), NOW);
          if (kind === "begin") running.push({ place: new Place(true) });
          begun++;
        } else if (step < 7) {
          const turn = slots.follow("a", NOW);
          if (turn) running.push(turn);
        } else if (running.length > 0) {
          const [ended] = running.splice(step % running.length, 1);
          running.push(...slots.ended("a", 1, NOW, ended!.place));
        }
        assert.ok(running.filter(({ place }) => place.isOwn).length <= most);
        assert.ok(running.filter(({ place }) => !place.isOwn).length <= 2 * most);
      }
      let ended = 0;
      for (let one = running.shift(); one; one = running.shift(), ended++) {
        running.push(...slots.ended("a", 1, NOW, one.place));
      }
      assert.ok(ended <= begun);
      assert.equal(slots.drain().length, 0); // nobody is forgotten
    }),
  );
});

Deno.test("Destinations keeps a bounded number of jobs in hand, for however many slow destinations", () => {
  const slots = lanes(1);
  const kinds: Record<string, number> = {};
  for (let i = 0; i < 300; i++) {
    for (let d = 0; d < 100; d++) {
      const { kind } = slots.admit(job(`d${d}`, `s${i}@ours.example`), NOW, d % 2 === 0);
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
  }
  assert.deepEqual(kinds, { begin: 50, wait: 2_000, park: 27_950 });
  assert.equal(slots.inHand, 2_000);
  assert.equal(slots.resume(NOW, 10).length, 10); // of those that had no room
  for (let d = 0; d < 100; d += 2) assert.equal(slots.ended(`d${d}`, 1, NOW, undefined, () => 1).length, 1);
  assert.equal(slots.inHand, 1_940);
  assert.equal(slots.drain().length, 1_940);
  assert.equal(slots.inHand, 0);
});

Deno.test("a place goes from one destination that waits to the next, where all are taken", () => {
  const slots = lanes(1);
  for (const key of ["a", "b"]) for (let i = 0; i < 3; i++) slots.admit(job(key), NOW);
  // Of two places one was taken away: for what is due in the queue.
  assert.deepEqual(slots.ended("a", 1, NOW, undefined, () => 0), []);
  const began: (string | null)[] = [];
  let key: string | null = "b";
  for (let i = 0; i < 4; i++) {
    const [turn, ...more] = slots.ended(key, 1, NOW, undefined, () => 1);
    assert.deepEqual(more, []);
    began.push(key = turn!.claimed.key);
  }
  assert.deepEqual(began, ["a", "b", "a", "b"]);
  assert.deepEqual(slots.resume(NOW, 9), []);
});
