import assert from "node:assert/strict";
import fc from "fast-check";
import { saslPrep } from "../../src/sasl/mod.ts";

// RFC 4013 section 3.
const EXAMPLES: readonly (readonly [string, string | null])[] = [
  ["I\u00adX", "IX"],
  ["user", "user"],
  ["USER", "USER"],
  ["\u00aa", "a"],
  ["\u2168", "IX"],
  ["\u0007", null],
  ["\u0627\u0031", null],
];

Deno.test("saslPrep() gives the examples of RFC 4013 section 3", () => {
  for (const [text, want] of EXAMPLES) assert.equal(saslPrep(text), want, JSON.stringify(text));
});

Deno.test("saslPrep() maps spaces and refuses what is prohibited or mixes directions", () => {
  assert.equal(saslPrep("a\u00a0\u3000b"), "a  b");
  assert.equal(saslPrep("p\u00e4ss"), saslPrep("pa\u0308ss"));
  for (const bad of ["a\u0000é", "é\u0085", "\ue000", "\ufffd", "\u{1fffe}", "\u{e0041}", "\u202e", "\ud800x"]) {
    assert.equal(saslPrep(bad), null, JSON.stringify(bad));
  }
  assert.equal(saslPrep("\u05d0\u05d1"), "\u05d0\u05d1");
  assert.equal(saslPrep("\u05d0b\u05d1"), null);
  assert.equal(saslPrep("\u05d0\u0661"), null);
});

Deno.test("saslPrep() is idempotent", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const once = saslPrep(text);
    if (once !== null) assert.equal(saslPrep(once), once);
  }));
});
