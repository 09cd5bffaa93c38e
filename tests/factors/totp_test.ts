import assert from "node:assert/strict";
import fc from "fast-check";
import { codeOf, decodeBase32, encodeBase32, stepOf, stepOfCode } from "../../src/factors/mod.ts";

const SECRET = new TextEncoder().encode("12345678901234567890");

Deno.test("RFC 6238 appendix B and RFC 4226 appendix D: the codes of their examples", () => {
  const byTime: readonly [number, string][] = [
    [59, "94287082"],
    [1_111_111_109, "07081804"],
    [1_111_111_111, "14050471"],
    [1_234_567_890, "89005924"],
    [2_000_000_000, "69279037"],
    [20_000_000_000, "65353130"],
  ];
  for (const [seconds, code] of byTime) assert.equal(codeOf(SECRET, stepOf(seconds * 1000), 8), code);
  const byCount = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
  for (const [count, code] of byCount.entries()) assert.equal(codeOf(SECRET, count), code);
});

Deno.test("a code is taken one step to each side, and never twice or out of order", () => {
  const now = 1_700_000_000_000;
  const step = stepOf(now);
  for (const off of [-1, 0, 1]) assert.equal(stepOfCode(SECRET, codeOf(SECRET, step + off), now, 0), step + off);
  for (const off of [-2, 2]) assert.equal(stepOfCode(SECRET, codeOf(SECRET, step + off), now, 0), null);
  assert.equal(stepOfCode(SECRET, codeOf(SECRET, step), now, step), null);
  assert.equal(stepOfCode(SECRET, codeOf(SECRET, step - 1), now, step), null);
  assert.equal(stepOfCode(SECRET, codeOf(SECRET, step + 1), now, step), step + 1);
  for (const bad of ["", "12345", "1234567", "12345a", "１２３４５６", "-12345", " 12345"]) {
    assert.equal(stepOfCode(SECRET, bad, now, 0), null, bad);
  }
});

Deno.test("Base32 comes back as it was, and what is none is none", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    assert.deepEqual(decodeBase32(encodeBase32(bytes)), bytes);
  }));
  assert.equal(encodeBase32(new TextEncoder().encode("foobar")), "MZXW6YTBOI");
  for (const bad of ["1", "A B", "Ä"]) assert.equal(decodeBase32(bad), null);
});
