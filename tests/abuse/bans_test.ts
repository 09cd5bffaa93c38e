import assert from "node:assert/strict";
import { type Ban, Bans, Exempt } from "../../src/abuse/mod.ts";

const MINUTE = 60_000;
const RULES = { firstMs: 15 * MINUTE, longestMs: 60 * MINUTE };

Deno.test("a ban by a rule ends, and is longer each time up to the longest", () => {
  const bans = new Bans(RULES);
  let now = 1000;
  const lengths: number[] = [];
  for (let n = 1; n <= 4; n++) {
    const ban = bans.byRule("192.0.2.1", "guessing", now)!;
    assert.equal(ban.times, n);
    lengths.push(ban.until! - now);
    assert.equal(bans.byRule("192.0.2.1", "again", now + 1), ban); // one that holds stays as it is
    assert.equal(bans.find("192.0.2.1", ban.until! - 1)?.reason, "guessing");
    assert.equal(bans.find("192.0.2.1", ban.until!), null);
    now = ban.until!;
  }
  assert.deepEqual(lengths, [15, 30, 60, 60].map((m) => m * MINUTE));
  assert.equal(bans.byRule("192.0.2.1", "guessing", now + 8 * 24 * 60 * MINUTE)!.times, 1);
  assert.equal(bans.byRule("nobody", "guessing", now), null);
});

Deno.test("bans of networks hold for what is in them, whatever the length of the prefix", () => {
  const bans = new Bans(RULES);
  for (const network of ["198.51.100.0/22", "2001:DB8:1::/48", "203.0.113.9"]) bans.byHand(network, "", null, 0);
  for (const address of ["198.51.101.7", "::ffff:198.51.100.1", "2001:db8:1:2::3", "203.0.113.9"]) {
    assert.ok(bans.find(address, 0), address);
  }
  for (const address of ["198.51.104.1", "2001:db8:2::1", "203.0.113.10", "local", "x"]) {
    assert.equal(bans.find(address, 0), null, address);
  }
  assert.equal(bans.lift("198.51.100.1"), false); // not that network
  assert.equal(bans.lift("198.51.103.255/22"), true); // another spelling of it
  assert.equal(bans.find("198.51.101.7", 0), null);
  assert.deepEqual(bans.byHand("example.org", "", null, 0), { refused: "invalid" });
});

Deno.test("a lifted ban is forgotten, and one by hand takes the place of one by a rule", () => {
  const bans = new Bans(RULES);
  bans.byRule("192.0.2.1", "guessing", 0);
  const byHand = bans.byHand("192.0.2.1", "mine", null, 1) as Ban;
  assert.equal(byHand.until, null);
  assert.deepEqual(bans.list(1e15).map(({ by }) => by), ["operator"]);
  assert.ok(bans.lift("192.0.2.1"));
  assert.equal(bans.byRule("192.0.2.1", "guessing", 2)!.times, 1);
});

Deno.test("rules cannot fill the table: the ban that ends first goes, and none by hand", () => {
  const bans = new Bans(RULES, 3);
  bans.byHand("203.0.113.1", "", null, 0);
  for (let n = 1; n <= 10; n++) bans.byRule(`192.0.2.${n}`, "", n);
  assert.deepEqual(bans.list(20).map(({ network }) => network), [
    "203.0.113.1",
    "192.0.2.8",
    "192.0.2.9",
    "192.0.2.10",
  ]);
  for (let n = 2; n <= 3; n++) assert.ok(!("refused" in bans.byHand(`203.0.113.${n}`, "", null, 0)));
  assert.deepEqual(bans.byHand("203.0.113.4", "", null, 0), { refused: "full" });
});

Deno.test("bans are restored from what was stored; rubbish and ended ones are left out", () => {
  const before = new Bans(RULES);
  before.byRule("192.0.2.1", "guessing", 0);
  before.byHand("2001:db8::/32", "mine", null, 0);
  const rows = JSON.parse(JSON.stringify(before.list(0))) as unknown[];
  const rubbish = [null, 1, "x", [], {}, { ...rows[0] as Ban, network: "x" }, { ...rows[0] as Ban, until: "never" }];
  const after = new Bans(RULES);
  after.restore([...rubbish, ...rows, ...rows], 1);
  assert.deepEqual(after.list(1), before.list(1));
  const late = new Bans(RULES);
  late.restore(rows, 16 * MINUTE);
  assert.deepEqual(late.list(16 * MINUTE).map(({ network }) => network), ["2001:db8::/32"]);
});

Deno.test("Exempt: loopback, proxies and trusted networks always; where somebody logged in last, for a time", () => {
  const exempt = new Exempt(["10.0.0.0/8"], ["192.0.2.53"]);
  for (const address of ["10.1.2.3", "192.0.2.53", "127.0.0.1", "::1", "local"]) {
    assert.ok(exempt.isNeverBanned(address));
  }
  assert.ok(!exempt.isTrusted("127.0.0.1")); // limits may be wanted there: it is a default of the configuration
  assert.ok(exempt.isTrusted("10.1.2.3"));
  assert.ok(!exempt.isSafe("198.51.100.1", 0));
  exempt.loggedIn("alice", "198.51.100.1", 0);
  exempt.loggedIn("bob", "198.51.100.1", 0);
  exempt.loggedIn("alice", "2001:db8::1", 1);
  assert.ok(exempt.isSafe("198.51.100.1", 1)); // Bob is still there
  assert.ok(exempt.isSafe("2001:db8::ffff", 1));
  exempt.loggedIn("bob", "2001:db8::2", 2);
  assert.ok(!exempt.isSafe("198.51.100.1", 2));
  assert.ok(!exempt.isNeverBanned("2001:db8::1"));
  assert.ok(!exempt.isSafe("2001:db8::1", 8 * 24 * 60 * MINUTE));
});
