import assert from "node:assert/strict";
import type { QueueClass } from "../../../src/contract/mod.ts";
import { type Places, sharesOf } from "../../../src/mta/queue/mod.ts";

/** What a claim takes where so much is due. */
function taken(places: Places, due: Partial<Record<QueueClass, number>>): Partial<Record<QueueClass, number>> {
  const left = { ...due };
  const jobs: Partial<Record<QueueClass, number>> = {};
  let limit = places.limit;
  for (const { class: of, most } of sharesOf(places)) {
    const count = Math.min(limit, most, left[of] ?? 0);
    limit -= count;
    left[of] = (left[of] ?? 0) - count;
    if (count > 0) jobs[of] = (jobs[of] ?? 0) + count;
  }
  return jobs;
}

const MUCH = { urgent: 99, normal: 99, bulk: 99, again: 99 };

Deno.test("sharesOf() lets urgent mail go first, and each class in its turn", () => {
  const all = { all: 40, busy: {}, turn: 0 };
  assert.deepEqual(taken({ ...all, limit: 16 }, MUCH), { urgent: 10, again: 4, bulk: 2 });
  assert.deepEqual(taken({ ...all, limit: 16 }, { ...MUCH, urgent: 3 }), { urgent: 3, normal: 7, again: 4, bulk: 2 });
  // One place at a time, as when each attempt ends by itself.
  const one = Array.from({ length: 8 }, (_, turn) => Object.keys(taken({ ...all, limit: 1, turn }, MUCH))[0]);
  assert.deepEqual(one, ["urgent", "urgent", "urgent", "again", "urgent", "urgent", "urgent", "bulk"]);
  assert.deepEqual(taken({ ...all, limit: 1, turn: 7 }, { normal: 1 }), { normal: 1 });
});

Deno.test("sharesOf() never gives all places to what can wait", () => {
  const all = { all: 40, limit: 40, turn: 0 };
  const filled = (of: QueueClass) => {
    let busy = 0;
    for (let more = 1; more > 0; busy += more) {
      more = taken({ all: 40, limit: 40 - busy, turn: busy, busy: { [of]: busy } }, { [of]: 99 })[of] ?? 0;
    }
    return busy;
  };
  assert.ok(filled("bulk") >= 33 && filled("bulk") <= 36, String(filled("bulk")));
  assert.equal(filled("again"), 20);
  assert.deepEqual(taken({ ...all, busy: {} }, { bulk: 99, again: 99 }), { bulk: 25, again: 10 });
  assert.deepEqual(taken({ ...all, limit: 5, busy: { bulk: 35 } }, MUCH), { urgent: 5 });
  assert.deepEqual(taken({ ...all, limit: 5, busy: { bulk: 20, again: 20 } }, { bulk: 9, again: 9 }), {});
  assert.deepEqual(taken({ ...all, limit: 5, busy: { again: 20 } }, { again: 9, bulk: 9 }), { bulk: 5 });
  for (let turn = 0; turn < 16; turn++) {
    for (const  of of["bulk", "again"] as const) {
      assert.deepEqual(taken({ all: 1, limit: 1, turn, busy: {} }, { [of]: 9 }), { [of]: 1 });
    }
  }
  assert.deepEqual(taken({ all: 2, limit: 2, turn: 0, busy: {} }, { bulk: 9 }), { bulk: 1 });
});
