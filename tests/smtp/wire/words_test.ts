import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1String, utf8Bytes } from "../../../src/base/bytes.ts";
import {
  decodeXtext,
  encodeXtext,
  formatRefusal,
  formatReply,
  isEnhanced,
  parseForwardPath,
  parseParams,
  parseReplyLine,
  parseReversePath,
} from "../../../src/smtp/wire/mod.ts";

const forward = (text: string) => parseForwardPath(text)?.text ?? null;

Deno.test("parseForwardPath() reads paths, drops source routes, and knows postmaster", () => {
  const table: readonly (readonly [string, string | null])[] = [
    ["<a@example.org>", "a@example.org"],
    [" <a@EXAMPLE.org>", "a@example.org"],
    ["<@relay.example,@b.example:a@example.org>", "a@example.org"],
    ["<PostMaster>", "postmaster"],
    ['<"a b>c"@example.org>', '"a b>c"@example.org'],
    ['<"plain"@example.org>', "plain@example.org"],
    ['<"a\\"b"@example.org>', '"a\\"b"@example.org'],
    ["<a@[192.0.2.1]>", "a@[192.0.2.1]"],
    ["<a@[IPv6:2001:db8::1]>", "a@[ipv6:2001:db8::1]"],
    // Open-relay spellings: one plain local part each, or nothing.
    ["<victim%elsewhere.example@example.org>", "victim%elsewhere.example@example.org"],
    ["<elsewhere.example!victim@example.org>", "elsewhere.example!victim@example.org"],
    ['<"victim@elsewhere.example"@example.org>', '"victim@elsewhere.example"@example.org'],
    ["<victim@elsewhere.example@example.org>", null],
    ["<@example.org:victim%elsewhere.example@example.org>", "victim%elsewhere.example@example.org"],
    ["<@example.org:@elsewhere.example:a@b.example>", null],
    ["<a@example.org.>", null],
    ["<a@example..org>", null],
    ["<a@example.org\0.elsewhere.example>", null],
    ["<a@[elsewhere.example]>", null],
    ["<>", null],
    ["a@example.org", null],
    ["<a@example.org", null],
    ["<<a@example.org>>", null],
    ["<nodomain>", null],
    ["<@example.org>", null],
    ["<a b@example.org>", null],
    ["<\xff@example.org>", null],
    [`<${"x".repeat(5000)}@example.org>`, null],
  ];
  for (const [text, want] of table) assert.equal(forward(text), want, text.slice(0, 80));
});

Deno.test("parseReversePath() reads the null path, UTF-8, and leaves the parameters", () => {
  assert.deepEqual(parseReversePath("<> SIZE=1"), { address: null, text: "", ascii: true, rest: " SIZE=1" });
  const utf8 = parseReversePath(latin1String(utf8Bytes("<ü@bücher.example> SMTPUTF8")));
  assert.equal(utf8?.text, "ü@bücher.example");
  assert.equal(utf8?.ascii, false);
  assert.equal(parseReversePath("<postmaster>"), null);
});

Deno.test("parseParams() reads keywords and values, and refuses doubles and what is none", () => {
  assert.deepEqual([...parseParams(" size=12  Body=8BITMIME SMTPUTF8")!], [
    ["SIZE", "12"],
    ["BODY", "8BITMIME"],
    ["SMTPUTF8", null],
  ]);
  assert.equal(parseParams("")!.size, 0);
  for (
    const bad of [
      "SIZE=1",
      " SIZE=",
      " SIZE=1 size=2",
      " =1",
      " -A=1",
      " A\0",
      " A=\x01",
      " SİZE=1",
      " " + "A ".repeat(50),
    ]
  ) {
    assert.equal(parseParams(bad), null, JSON.stringify(bad));
  }
});

Deno.test("decodeXtext() reads back what encodeXtext() prints, and refuses the rest", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const text = latin1String(bytes);
    assert.equal(decodeXtext(encodeXtext(text)), text);
  }));
  for (const bad of ["+", "+4", "+4g", "+4a", "a b", "a=b", "\xe4"]) assert.equal(decodeXtext(bad), null, bad);
});

Deno.test("formatReply() prints every line with code and status, and no text breaks its framing", () => {
  assert.equal(latin1String(formatReply(250, "2.0.0", "a", "b")), "250-2.0.0 a\r\n250 2.0.0 b\r\n");
  assert.equal(latin1String(formatReply(550, "5.7.1", "a\r\n250 ok\0é")), "550 5.7.1 a??250 ok??\r\n");
  assert.equal(formatReply(250, null, "x".repeat(2000)).length, 512);
});

Deno.test("formatRefusal() never says yes, and mends a wrong class", () => {
  assert.equal(
    latin1String(formatRefusal({ code: 550, enhanced: "5.1.1", text: "No\nsuch" })),
    "550-5.1.1 No\r\n550 5.1.1 such\r\n",
  );
  assert.equal(latin1String(formatRefusal({ code: 450, enhanced: "5.1.1", text: "x" })), "450 4.0.0 x\r\n");
  assert.match(latin1String(formatRefusal({ code: 250, enhanced: "2.0.0", text: "x" })), /^451 4\.3\.0 /);
});

Deno.test("parseReplyLine() reads codes, status and text", () => {
  assert.deepEqual(parseReplyLine("250-2.1.0 ok"), { code: 250, more: true, enhanced: "2.1.0", text: "ok" });
  assert.deepEqual(parseReplyLine("250"), { code: 250, more: false, enhanced: null, text: "" });
  assert.deepEqual(parseReplyLine("550 2.1.0 x"), { code: 550, more: false, enhanced: null, text: "2.1.0 x" });
  for (const bad of ["", "25", "2500 x", "199 x", "600 x", "25x ok", "250=ok"]) {
    assert.equal(parseReplyLine(bad), null, bad);
  }
  assert.equal(isEnhanced("5.7.1000"), false);
});
