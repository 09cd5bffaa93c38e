import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, latin1String, utf8Bytes } from "../../src/base/bytes.ts";
import { crlfLines } from "../../src/message/mod.ts";

Deno.test("crlfLines() ends each line once, whatever ended it, in any cuts", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "\r", "\n", "\r\n"), maxLength: 40 });
  fc.assert(fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
    const lines = crlfLines();
    const bytes = utf8Bytes(whole);
    const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
    const out = concatBytes(at.slice(1).map((end, i) => lines(bytes.slice(at[i], end))));
    assert.equal(latin1String(out), whole.replace(/\r\n|\r|\n/g, "\r\n"));
  }));
});
