import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { indexMessage } from "../../src/message/mod.ts";
import { runSieve, SieveCache, type SieveFacts, sieveWorld } from "../../src/sieve/mod.ts";

const message = new TextEncoder().encode(`a: ${"b".repeat(300)}\r\n\r\n`);
const index = indexMessage(message);
const owner = "bob@example.net";
const facts: SieveFacts = {
  envelope: { from: "alice@example.org", to: owner },
  header: message.slice(0, index.root.bodyStart),
  index,
  now: 0,
  owner: { address: owner, addresses: [owner] },
  seed: "s33d",
};

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Octets on the heap that something refers to. */
function live(): number {
  collect();
  return Deno.memoryUsage().heapUsed + Deno.memoryUsage().external;
}

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
  assert(cache.held.scripts < 200);
});

Deno.test("SieveCache keeps nothing that alone is larger than its bound, and bounds of 0 keep nothing", () => {
  const cache = new SieveCache(8 * 1024);
  assert("script" in cache.get(`keep; # ${"x".repeat(10_000)}`));
  assert("script" in cache.get("keep;".repeat(20)));
  assert.equal(cache.held.scripts, 0);
  const none = new SieveCache(0);
  assert("script" in none.get("keep;"));
  assert.deepEqual(none.held, { scripts: 0, octets: 0 });
});

Deno.test("SieveCache holds so many scripts at most", () => {
  const cache = new SieveCache(1 << 20, {}, 3);
  for (let i = 0; i < 10; i++) cache.get(`keep; # ${i}`);
  assert.equal(cache.held.scripts, 3);
});

Deno.test("SieveCache counts what scripts take, whatever they are made of, before and after they ran", () => {
  const keys = Array.from({ length: 1_000 }, (_, i) => `"${i}"`).join(",");
  const shapes = [
    "keep;".repeat(2_000),
    `if header "a" [${keys}] {}`,
    `if header :contains "a" [${keys}] {}`,
    `if header :matches "a" [${keys}] {}`,
    `require "regex"; if header :regex "a" [${Array.from({ length: 30 }, (_, i) => `"a{255}${i}"`).join(",")}] {}`,
    `if header :contains "a" "${"k".repeat(200_000)}" {}`,
    `require "regex"; if header :regex "a" [${
      Array.from({ length: 100 }, (_, i) => `"a+[b-d]{9}(x|y)${i}"`).join(",")
    }] {}`,
    `${"if not not not true {".repeat(20)}${"}".repeat(20)}`.repeat(20),
  ];
  for (const shape of shapes) {
    const counted = new SieveCache(1 << 30);
    const held: unknown[] = [counted];
    const before = live();
    const copies = 2;
    for (let i = 0; i < copies; i++) {
      const parsed = counted.get(`${shape} # ${i}`);
      assert("script" in parsed);
      runSieve(parsed.script, facts, sieveWorld()).next(); // what follows from a script is made when it runs
    }
    const taken = live() - before;
    assert.ok(taken < 1.5 * counted.held.octets, `${shape.slice(0, 40)}: ${taken} for ${counted.held.octets}`);
    assert.equal(held.length, 1);
  }
});
