import assert from "node:assert/strict";
import fc from "fast-check";
import { Deadlines, type Sleeper } from "../../src/net/deadlines.ts";

const SLEEPERS = 8;

type Deed =
  | { readonly kind: "set"; readonly who: number; readonly at: number | null }
  | { readonly kind: "pass"; readonly ms: number };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    kind: fc.constant("set" as const),
    who: fc.nat(SLEEPERS - 1),
    at: fc.option(fc.nat(200), { nil: null, freq: 5 }),
  }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(50) }),
);

Deno.test("Deadlines wakes the sleepers that a plain list of times would wake, whatever is set and cleared", () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 120 }), (deeds) => {
      let now = 0;
      const woken: number[] = [];
      const deadlines = new Deadlines(() => now, { timers: false });
      const sleepers = Array.from({ length: SLEEPERS }, (_, who): Sleeper => ({
        wakeAt: Infinity,
        wakeSlot: -1,
        wakeKey: Infinity,
        wake: () => void woken.push(who),
      }));
      const times = Array<number>(SLEEPERS).fill(Infinity);
      for (const one of deeds) {
        if (one.kind === "set") {
          deadlines.set(sleepers[one.who]!, one.at);
          times[one.who] = one.at ?? Infinity;
        } else {
          now += one.ms;
          deadlines.tick();
          const due = times.flatMap((at, who) => at <= now ? [who] : []);
          assert.deepEqual(woken.splice(0).sort(), due);
          for (const who of due) times[who] = Infinity;
        }
        const earliest = Math.min(...times);
        assert.ok(deadlines.next <= earliest, "somebody would be woken too late");
        assert.equal(deadlines.size, times.filter((at) => at !== Infinity).length);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("Deadlines wakes a sleeper that asks for a time in the past once a tick, not for ever", () => {
  let count = 0;
  const deadlines = new Deadlines(() => 100, { timers: false });
  const sleeper: Sleeper = {
    wakeAt: Infinity,
    wakeSlot: -1,
    wakeKey: Infinity,
    wake: () => {
      count++;
      deadlines.set(sleeper, 50);
    },
  };
  deadlines.set(sleeper, 50);
  deadlines.tick();
  assert.equal(count, 1);
  deadlines.tick();
  assert.equal(count, 2);
});
