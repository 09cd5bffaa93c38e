import assert from "node:assert/strict";
import { concatBytes, latin1Bytes, latin1String, utf8Bytes } from "../../src/base/bytes.ts";
import { type FrameHead, FrameReader, printHead } from "../../src/archive/mod.ts";

/** What a stream tells: heads, and the text of each message. */
function read(
  octets: Uint8Array,
  piece = octets.length,
): { heads: FrameHead[]; texts: string[]; wrong: string | null } {
  const reader = new FrameReader();
  const heads: FrameHead[] = [];
  const texts: string[] = [];
  let wrong: string | null = null;
  for (let at = 0; at < octets.length; at += piece) {
    for (const event of reader.push(octets.slice(at, at + piece))) {
      if ("wrong" in event) wrong = event.wrong;
      else if ("head" in event) heads.push(event.head), texts.push("");
      else if ("octets" in event) texts.push(texts.pop() + latin1String(event.octets));
      else texts.push(texts.pop() + "$");
    }
  }
  return { heads, texts, wrong: wrong ?? reader.finish() };
}

Deno.test("FrameReader gives heads and octets, whatever the cuts", () => {
  const heads = [
    { size: 5, uid: 3, flags: ["\\Seen", "$Junk"], internalDate: 7, key: "k", name: "n\u00fc", lineEnds: "crlf" },
    { size: 0 },
    { size: 3 },
  ];
  const octets = concatBytes([
    printHead(heads[0]!),
    latin1Bytes("a\n{\xff\0"),
    printHead(heads[1]!),
    printHead(heads[2]!),
    latin1Bytes("end"),
  ]);
  for (const piece of [1, 2, 7, octets.length]) {
    assert.deepEqual(read(octets, piece), { heads, texts: ["a\n{\xff\0$", "$", "end$"], wrong: null });
  }
});

Deno.test("FrameReader refuses what is no such stream, once", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["hello\n", /not JSON/],
    ["[]\n", /no object/],
    ["null\n", /no object/],
    ["{}\n", /size/],
    ['{"size":-1}\n', /size/],
    ['{"size":1e99}\n', /size/],
    ['{"size":0,"flags":["a b"]}\n', /flags/],
    ['{"size":0,"flags":["\\\\Se\\nen"]}\n', /flags/],
    [`{"size":0,"flags":${JSON.stringify(Array(201).fill("a"))}}\n`, /flags/],
    ['{"size":0,"key":""}\n', /key/],
    ['{"size":0,"uid":1.5}\n', /uid/],
    ['{"size":0,"internalDate":1e16}\n', /internalDate/],
    [`{"name":"${"x".repeat(200_000)}`, /too long/],
    ['{"size":5}\nabc', /ends within/],
    ['{"size":5', /ends within/],
    ['{"size":0,"name":"\\ud800"}\n', /name/],
  ];
  for (const [text, wrong] of cases) assert.match(read(utf8Bytes(text)).wrong ?? "", wrong, text.slice(0, 60));
  assert.match(read(latin1Bytes('{"size":0,"name":"\xff"}\n')).wrong ?? "", /UTF-8/);
  assert.deepEqual(Object.keys(read(utf8Bytes('{"size":0,"__proto__":{"uid":4},"other":1}\n')).heads[0]!), ["size"]);
});
