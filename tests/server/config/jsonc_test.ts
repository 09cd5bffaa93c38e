import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJsonc } from "../../../src/server/config/jsonc.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../../src/server/config/units.ts";

Deno.test("parseJsonc() reads comments, commas at the end and a BOM", () => {
  const got = parseJsonc(
    '\ufeff// top\n{ "a": [1, 2.5, -3e2, /* in */ "x\\u00e9\\n//no",], "b": {"c": null, "d": true,}, } // end',
  );
  assert.ok(got.ok);
  assert.deepEqual(JSON.parse(JSON.stringify(got.value)), { a: [1, 2.5, -300, "xé\n//no"], b: { c: null, d: true } });
  assert.deepEqual(got.places.get("a.1"), { line: 2, column: 12 });
});

const WRONG: readonly (readonly [text: string, at: string, says: string])[] = [
  ["", "1:1", "empty"],
  ["// only a comment", "1:18", "empty"],
  ["{", "1:2", "end of the file"],
  ["{ 'a': 1 }", "1:3", "name"],
  ["{ \"a\": 'x' }", "1:8", "double quotes"],
  ['{ "a": smtp }', "1:8", 'did you mean "smtp"?'],
  ['{ "a": 01 }', "1:8", "no value"],
  ['{ "a": 1 "b": 2 }', "1:10", "expected , or }"],
  ['{ "a": 1, "a": 2 }', "1:11", "twice"],
  ['{ "a": "x\n" }', "1:8", "no end"],
  ['{ "a": "\\q" }', "1:8", "escape"],
  ["{ /* ", "1:3", "comment has no end"],
  ["{} {}", "1:4", "follows"],
  ["[1,,2]", "1:4", "expected a value"],
  ["[".repeat(1000), "1:34", "deeper"],
];

for (const [text, at, says] of WRONG) {
  Deno.test(`parseJsonc() says where and why ${JSON.stringify(text.slice(0, 20))} is wrong`, () => {
    const got = parseJsonc(text);
    assert.ok(!got.ok);
    assert.equal(`${got.place.line}:${got.place.column}`, at);
    assert.ok(got.reason.includes(says), got.reason);
  });
}

Deno.test("parseJsonc() reads all JSON as JSON.parse does, and never throws", () => {
  fc.assert(fc.property(fc.json({ maxDepth: 5 }), (text) => {
    const got = parseJsonc(text);
    assert.ok(got.ok, text);
    assert.equal(JSON.stringify(got.value), JSON.stringify(JSON.parse(text)));
  }));
  fc.assert(fc.property(fc.string(), (text) => void parseJsonc(text)));
});

Deno.test("parseJsonc() keeps __proto__ a name like others", () => {
  const got = parseJsonc('{ "__proto__": { "x": 1 } }');
  assert.ok(got.ok);
  assert.deepEqual(Object.keys(got.value as object), ["__proto__"]);
});

Deno.test("parseSize() and parseDuration() read what people write and nothing else", () => {
  for (
    const [text, octets] of [["50MB", 52_428_800], ["64 kb", 65_536], ["1.5GiB", 1_610_612_736], ["7", 7], [
      "9B",
      9,
    ]] as const
  ) {
    assert.equal(parseSize(text), octets, text);
  }
  for (const text of ["", "MB", "-1MB", "1e3", "0x10", "1..5MB", "1 000", "5TB", "99999999999999999999GB", ".5MB"]) {
    assert.equal(parseSize(text), null, text);
  }
  for (
    const [text, ms] of [["30s", 30_000], ["250ms", 250], ["4h", 14_400_000], ["1.5d", 129_600_000], [
      "5M",
      300_000,
    ]] as const
  ) {
    assert.equal(parseDuration(text), ms, text);
  }
  for (const text of ["", "30", "s", "-1s", "1h30m", "5w"]) assert.equal(parseDuration(text), null, text);
});

Deno.test("formatDuration() and formatSize() are read back the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (ms) => assert.equal(parseDuration(formatDuration(ms)), ms)),
  );
  assert.equal(formatSize(52_428_800), "50MB");
  assert.equal(formatSize(1536), "1.5KB");
  assert.equal(formatSize(10), "10B");
});
