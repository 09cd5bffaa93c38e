import assert from "node:assert/strict";
import { createLoginDelay, type LoginDelay, type LoginVerdict } from "../../src/net/login_delay.ts";

const OPTIONS = {
  freeFailures: 3,
  firstDelayMs: 500,
  longestDelayMs: 15_000,
  longestAccountDelayMs: 3_000,
  tooManyFailures: 20,
  halfLifeMs: 60_000,
  remember: 1_000,
};

function fail(delay: LoginDelay, address: string, login: string, times: number, now = 0): void {
  for (let i = 0; i < times; i++) delay.failed(address, login, now);
}

const waits = (verdict: LoginVerdict): number => "tooMany" in verdict ? Infinity : verdict.delayMs;

Deno.test("createLoginDelay() lets typing errors be, then doubles, then turns away", () => {
  const delay = createLoginDelay(OPTIONS);
  const seen: number[] = [];
  for (let i = 0; i < 21; i++) {
    seen.push(waits(delay.before("192.0.2.1", `user${i}`, 0)));
    delay.failed("192.0.2.1", `user${i}`, 0);
  }
  assert.deepEqual(seen, [0, 0, 0, 500, 1000, 2000, 4000, 8000, ...Array(12).fill(15_000), Infinity]);
});

Deno.test("createLoginDelay() counts the /64 of IPv6 as one address, and spares others", () => {
  const delay = createLoginDelay(OPTIONS);
  for (let i = 0; i < 30; i++) delay.failed(`2001:db8:1:2::${i.toString(16)}`, "a", 0);
  assert.equal(waits(delay.before("2001:db8:1:2:ffff::1", "b", 0)), Infinity);
  assert.equal(waits(delay.before("2001:db8:1:3::1", "b", 0)), 0);
});

Deno.test("createLoginDelay() never locks out an owner, from wherever the attack comes", () => {
  const delay = createLoginDelay(OPTIONS);
  delay.succeeded("198.51.100.7", "owner", 0);
  for (let i = 0; i < 900; i++) delay.failed(`203.0.113.${i % 256}`, "owner", 0);
  // From a new place the account's failures cost a little; from a known one they cost nothing.
  assert.equal(waits(delay.before("192.0.2.200", "OWNER", 0)), 3_000);
  assert.equal(waits(delay.before("198.51.100.7", "owner", 0)), 0);
  // The attack may even come from the owner's own address.
  fail(delay, "198.51.100.7", "owner", 500);
  assert.equal(waits(delay.before("198.51.100.7", "owner", 0)), 3_000);
  assert.equal(waits(delay.before("198.51.100.7", "other", 0)), Infinity);
});

Deno.test("createLoginDelay() forgets half of the failures in each half-life", () => {
  const delay = createLoginDelay(OPTIONS);
  fail(delay, "192.0.2.1", "a", 20);
  assert.equal(waits(delay.before("192.0.2.1", "x", 0)), Infinity);
  assert.equal(waits(delay.before("192.0.2.1", "x", 60_000)), 15_000); // 10 left
  assert.equal(waits(delay.before("192.0.2.1", "x", 120_000)), 2_000); // 5 left
  assert.equal(waits(delay.before("192.0.2.1", "x", 180_000)), 0);
});

Deno.test("createLoginDelay() does not clear an address for one password that is right", () => {
  const delay = createLoginDelay(OPTIONS);
  fail(delay, "192.0.2.1", "victim", 16);
  delay.succeeded("192.0.2.1", "mine", 0);
  assert.equal(waits(delay.before("192.0.2.1", "victim", 0)), 15_000);
  assert.equal(waits(delay.before("192.0.2.1", "mine", 0)), 1_000); // half of the eight, slowed and let in
});

Deno.test("createLoginDelay() keeps bounded tables, whatever names and addresses come", () => {
  const delay = createLoginDelay({ ...OPTIONS, remember: 50 });
  for (let i = 0; i < 5_000; i++) {
    delay.failed(`10.0.${i >> 8}.${i & 255}`, `user${i}`, i);
    delay.succeeded(`10.1.${i >> 8}.${i & 255}`, "x".repeat(10_000) + i, i);
  }
  assert.equal(delay.size, 150);
  // The newest are those that are known.
  fail(delay, "10.0.19.135", "y", 20, 5_000);
  assert.equal(waits(delay.before("10.0.19.135", "y", 5_000)), Infinity);
});
