import assert from "node:assert/strict";
import { AddressList, BoundedMap, networkKey, parseNetwork } from "../../src/abuse/mod.ts";

Deno.test("networkKey() names the network that an address is in, in one spelling", () => {
  const table: readonly (readonly [string, number, number, string])[] = [
    ["192.0.2.77", 24, 64, "192.0.2.0/24"],
    ["192.0.2.77", 32, 64, "192.0.2.77"],
    ["192.0.2.77", 8, 64, "192.0.0.0/8"],
    ["192.0.2.77", 30, 64, "192.0.2.76/30"],
    ["::ffff:192.0.2.77", 24, 64, "192.0.2.0/24"],
    ["2001:db8:1:2:3:4:5:6", 24, 64, "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::6%eth0", 24, 48, "2001:db8:1::/48"],
    ["2001:db8:1:ffff::6", 24, 52, "2001:db8:1:f000::/52"],
    ["2001:db8::1", 24, 128, "2001:db8::1"],
    ["local", 24, 64, "local"],
  ];
  for (const [address, ipv4, ipv6, key] of table) assert.equal(networkKey(address, ipv4, ipv6), key, address);
});

Deno.test("parseNetwork() takes addresses and blocks and nothing else", () => {
  for (
    const text of [
      "",
      "x",
      "192.0.2",
      "192.0.2.1/33",
      "192.0.2.1/-1",
      "192.0.2.1/",
      "::/129",
      "::1/64/2",
      "1.2.3.4/1e1",
    ]
  ) {
    assert.equal(parseNetwork(text), null, text);
  }
  assert.deepEqual(parseNetwork("10.1.2.3/8"), { address: { version: 4, words: [0x0a00, 0] }, prefix: 8 });
  assert.throws(() => new AddressList(["10.0.0.0/8", "nobody"]), /nobody is no address/);
});

Deno.test("AddressList.has() knows both versions and never mixes them", () => {
  const list = new AddressList(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]);
  for (const inside of ["10.255.0.1", "2001:db8:ffff::1", "192.0.2.1", "::ffff:10.0.0.1"]) {
    assert.ok(list.has(inside), inside);
  }
  for (const outside of ["11.0.0.1", "2001:db9::1", "192.0.2.2", "local", "", "::a00:1"]) {
    assert.ok(!list.has(outside), outside);
  }
});

Deno.test("BoundedMap forgets what was untouched for longest, and does not keep long keys", () => {
  const map = new BoundedMap<number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.set("c", 4);
  assert.deepEqual([map.get("a"), map.get("b"), map.get("c"), map.size], [3, undefined, 4, 2]);
  map.set("x".repeat(1_000_000), 5);
  assert.ok([...map.entries()].every(([key]) => key.length <= 400));
  assert.equal(map.get("x".repeat(1_000_000)), 5);
  assert.ok(map.delete("x".repeat(1_000_000)));
});
