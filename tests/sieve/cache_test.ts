import assert from "node:assert/strict";
import { SieveCache } from "../../src/sieve/mod.ts";

Deno.test("SieveCache gives the same script for the same text, and errors too", () => {
  const cache = new SieveCache(1 << 20);
  assert.equal(cache.get("keep;"), cache.get("keep;"));
  assert("script" in cache.get("keep;"));
  assert("errors" in cache.get("frob;"));
  assert.equal(cache.held.scripts, 2);
});

Deno.test("SieveCache stays within its bound over 10,000 scripts, and forgets what was used longest ago", () => {
  const limit = 256 * 1024;
  const cache = new SieveCache(limit);
  const first = cache.get("keep;");
  for (let i = 0; i < 10_000; i++) {
    cache.get(`keep; # ${i}`);
    if (i % 10 === 0) assert.equal(cache.get("keep;"), first); // used all the time
    assert(cache.held.octets <= limit);
  }
  assert(cache.held.scripts < 100);
});

Deno.test("SieveCache keeps nothing that alone is larger than its bound, and bounds of 0 keep nothing", () => {
  const cache = new SieveCache(8 * 1024);
  assert("script" in cache.get(`keep; # ${"x".repeat(10_000)}`));
  assert.equal(cache.held.scripts, 0);
  const none = new SieveCache(0);
  assert("script" in none.get("keep;"));
  assert.deepEqual(none.held, { scripts: 0, octets: 0 });
});
