import assert from "node:assert/strict";
import fc from "fast-check";
import { firstOf } from "../../src/jmap/standard/first_of.ts";

Deno.test("firstOf() is the beginning of the whole in a stable order", () => {
  const keys = fc.array(fc.nat(20), { maxLength: 300 });
  fc.assert(fc.property(keys, fc.nat(40), (keys, limit) => {
    const all = keys.map((_, i) => i);
    const compare = (a: number, b: number) => keys[a]! - keys[b]!;
    assert.deepEqual(firstOf(all, limit, compare), [...all].sort(compare).slice(0, limit));
  }));
});

Deno.test("firstOf() looks at each of many about once", () => {
  const all = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003);
  let compared = 0;
  const first = firstOf(all, 50, (a, b) => (compared++, a - b));
  assert.deepEqual(first, [...all].sort((a, b) => a - b).slice(0, 50));
  assert.ok(compared < 120_000, String(compared));
});
