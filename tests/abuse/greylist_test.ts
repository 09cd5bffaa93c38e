import assert from "node:assert/strict";
import { Greylist } from "../../src/abuse/mod.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RULES = { delay: 5 * MINUTE, within: 24 * HOUR, keep: 35 * 24 * HOUR };
const TRIPLET = { network: "192.0.2.0/24", sender: "a@outside.test", recipientDomain: "example.test" };

Deno.test("Greylist puts off the first attempt, lets in who comes back in time, and then the whole network", () => {
  const list = new Greylist(RULES);
  assert.equal(list.wait(TRIPLET, 0), 5 * MINUTE);
  assert.equal(list.wait(TRIPLET, MINUTE), 4 * MINUTE); // trying harder is no help
  assert.equal(list.wait({ ...TRIPLET, sender: "b@outside.test" }, 6 * MINUTE), 5 * MINUTE);
  assert.ok(!list.knows(TRIPLET.network, 6 * MINUTE));
  assert.equal(list.wait({ ...TRIPLET, sender: "A@OUTSIDE.test" }, 6 * MINUTE), 0);
  assert.ok(list.knows(TRIPLET.network, 6 * MINUTE));
  assert.ok(list.knows(TRIPLET.network, 35 * 24 * HOUR)); // and is kept by each message
  assert.ok(list.knows(TRIPLET.network, 69 * 24 * HOUR));
  assert.ok(!list.knows(TRIPLET.network, 105 * 24 * HOUR));
});

Deno.test("Greylist starts anew for who comes back too late, and is bounded", () => {
  const list = new Greylist(RULES, 100);
  list.wait(TRIPLET, 0);
  assert.equal(list.wait(TRIPLET, 25 * HOUR), 5 * MINUTE);
  for (let n = 0; n < 1000; n++) list.wait({ ...TRIPLET, sender: `${n}${"x".repeat(500)}@spam.test` }, 25 * HOUR);
  assert.ok(list.size <= 200);
  assert.equal(list.wait(TRIPLET, 26 * HOUR), 5 * MINUTE); // forgotten in the flood: it waits once more
});
