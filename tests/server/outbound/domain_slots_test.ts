import assert from "node:assert/strict";
import { DomainSlots } from "../../../src/server/outbound/domain_slots.ts";
import type { Claimed } from "../../../src/server/outbound/parts.ts";

const job = (domain: string) => ({ job: { domain }, owner: "w" }) as Claimed;

Deno.test("DomainSlots lets so many go, keeps some, and gives back the rest for the time it will take", () => {
  const slots = new DomainSlots(10);
  const kinds = Array.from({ length: 212 }, () => slots.admit(job("a")).kind);
  assert.deepEqual(kinds.slice(9, 11), ["begin", "wait"]);
  assert.deepEqual(kinds.slice(209), ["wait", "park", "park"]);
  assert.equal(slots.admit(job("b")).kind, "begin");
  const parked = slots.admit(job("a"));
  assert.equal(parked.kind === "park" && parked.ms, 2_010);
  for (let i = 0; i < 50; i++) {
    assert.ok(slots.next("a", 1));
    assert.equal(slots.admit(job("a")).kind, "wait");
  }
  const sooner = slots.admit(job("a"));
  assert.equal(sooner.kind === "park" && sooner.ms, 500);
});

Deno.test("DomainSlots keeps none waiting longer than a lease bears", () => {
  const slots = new DomainSlots(1);
  assert.equal(slots.admit(job("slow")).kind, "begin");
  assert.equal(slots.admit(job("slow")).kind, "wait");
  assert.ok(slots.next("slow", 400_000));
  const parked = slots.admit(job("slow"));
  assert.equal(parked.kind === "park" && parked.ms, 60_000);
});

Deno.test("DomainSlots hands a place on, and frees it when nobody waits", () => {
  const slots = new DomainSlots(1);
  const [first, second] = [job("a"), job("a")];
  assert.equal(slots.admit(first).kind, "begin");
  assert.equal(slots.admit(second).kind, "wait");
  assert.equal(slots.next("a", 1), second);
  assert.equal(slots.admit(job("a")).kind, "wait");
  assert.equal(slots.drain().length, 1);
  assert.equal(slots.next("a", 1), null);
  assert.equal(slots.next("a", 1), null); // of a domain that is forgotten
  assert.equal(slots.admit(job("a")).kind, "begin");
});
