import assert from "node:assert/strict";
import * as fc from "fast-check";
import { concatBytes, latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { FromCrlf, MARK_LIMIT, ToCrlf } from "../../src/archive/mod.ts";
import { pieces } from "./pieces.ts";

function taken(chunks: readonly Uint8Array[]) {
  const lines = new ToCrlf();
  const stored = concatBytes(chunks.map((chunk) => lines.push(chunk).slice()));
  return { stored, ...lines.mark() };
}

function given(stored: Uint8Array, mark: string, cuts: readonly number[]): Uint8Array {
  const lines = new FromCrlf(mark);
  const out = pieces(stored, cuts).map((chunk) => lines.push(chunk).slice());
  return concatBytes([...out, lines.finish()]);
}

Deno.test("ToCrlf and FromCrlf: any octets, in any cuts, come back as they were", () => {
  const octets = fc.array(fc.constantFrom(10, 13, 65, 0, 255), { maxLength: 60 }).map((list) => Uint8Array.from(list));
  const cuts = fc.array(fc.nat(60), { maxLength: 8 });
  fc.assert(
    fc.property(octets, cuts, cuts, (file, first, second) => {
      const { stored, mark, lost } = taken(pieces(file, first));
      assert.equal(lost, false);
      assert.doesNotMatch(latin1String(stored), /(^|[^\r])\n/); // every line of the store ends in CRLF
      assert.deepEqual(given(stored, mark, second), file);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("ToCrlf tells how lines ended", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a\nb\n", "a\r\nb\r\n", ""],
    ["a\r\nb\r\n", "a\r\nb\r\n", "crlf"],
    ["a", "a", ""],
    ["a\rb\r", "a\rb\r", ""],
    ["a\n\r\n\r\nb\n", "a\r\n\r\n\r\nb\r\n", "mixed:1,2,1"],
    ["a\r\r\n", "a\r\r\n", "crlf"],
    ["", "", ""],
  ];
  for (const [file, stored, mark] of cases) {
    const found = taken([latin1Bytes(file)]);
    assert.deepEqual([latin1String(found.stored), found.mark], [stored, mark], JSON.stringify(file));
  }
});

Deno.test("ToCrlf bounds the mark of a file whose lines change all the time", () => {
  const { mark, lost } = taken([latin1Bytes("a\nb\r\n".repeat(100_000))]);
  assert.deepEqual([mark, lost], ["", true]);
  const short = taken([latin1Bytes("a\nb\r\n".repeat(10_000))]);
  assert.equal(short.lost, false);
  assert.ok(short.mark.length <= MARK_LIMIT);
});

Deno.test("FromCrlf takes a mark that is none for LF", () => {
  for (const mark of ["mixed:", "mixed:zz zz,-1", "nonsense", "mixed:__proto__"]) {
    assert.equal(latin1String(given(latin1Bytes("a\r\nb\r\n"), mark, [])).replaceAll("\r", ""), "a\nb\n");
  }
});
