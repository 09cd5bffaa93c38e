import assert from "node:assert/strict";
import { isAscii } from "../../../src/base/ascii.ts";
import { formatEnvelope, formatStructure } from "../../../src/imap/wire/structure.ts";
import { MessageIndexer } from "../../../src/message/mod.ts";
import type { MessageIndex } from "../../../src/message/model.ts";

function index(...lines: string[]): MessageIndex {
  const indexer = new MessageIndexer();
  indexer.push(new TextEncoder().encode(lines.join("\r\n")));
  return indexer.finish();
}

/** Reads a parenthesized list as a client does: arrays, strings, null for NIL, numbers. */
function parse(text: string): unknown {
  let at = 0;
  const value = (): unknown => {
    if (text[at] === "(") {
      at++;
      const items: unknown[] = [];
      while (text[at] !== ")") {
        if (text[at] === " ") at++;
        else items.push(value());
        assert.ok(at < text.length, "a parenthesis is missing");
      }
      at++;
      return items;
    }
    const token = /^(?:"((?:[^"\\\r\n]|\\["\\])*)"|\{(\d+)\}\r\n|NIL|\d+)/.exec(text.slice(at));
    assert.ok(token, `no value at ${text.slice(at, at + 40)}`);
    at += token[0].length;
    if (token[2] !== undefined) {
      const octets = text.slice(at, at + Number(token[2]));
      at += octets.length;
      return octets;
    }
    if (token[1] !== undefined) return token[1].replaceAll(/\\(.)/g, "$1");
    return token[0] === "NIL" ? null : Number(token[0]);
  };
  const whole = value();
  assert.equal(at, text.length, "nothing follows");
  return whole;
}

Deno.test("BODYSTRUCTURE of a message part that was not looked into still has an envelope and a body", () => {
  const { root } = index(
    "Content-Type: message/rfc822",
    "Content-Transfer-Encoding: base64",
    "",
    "U3ViamVjdDogaGkNCg0KaGkNCg==",
    "",
  );
  const shown = parse(formatStructure(root, false, true)) as unknown[];
  assert.deepEqual(shown.slice(0, 2), ["message", "rfc822"]);
  assert.equal((shown[7] as unknown[]).length, 10);
  assert.ok(Array.isArray(shown[8]));
  assert.equal(typeof shown[9], "number");
});

Deno.test("BODYSTRUCTURE of broken and deep messages is a list that a client can read", () => {
  const deep = Array.from({ length: 300 }, (_, i) => [`Content-Type: multipart/mixed; boundary=b${i}`, "", `--b${i}`]);
  const nested = Array.from({ length: 300 }, () => ["Content-Type: message/rfc822", ""]);
  const messages = [
    index(...deep.flat(), "", "x"),
    index(...nested.flat(), "x"),
    index("Content-Type: multipart/mixed", "", "no boundary"),
    index('Content-Type: multipart/mixed; boundary="b"', "", "--b--"),
    index(
      'Content-Type: text/plain; name="a\\"b\\\\c"; x=\xe9',
      "Content-Disposition: attachment; filename*=utf-8''%e2%82%ac",
    ),
    index(""),
    index('From: "a\\"\\\\ b" <x@y>, =?utf-8?q?=C3=A9?= <"q q"@z>, broken <', 'Subject: é "quoted" \\', "", ""),
  ];
  for (const { root, envelope } of messages) {
    for (const rev2 of [false, true]) {
      // RFC 3501 section 4.3: a rev1 client reads ASCII alone.
      const shown = formatEnvelope(envelope, rev2) + formatStructure(root, true, rev2);
      if (!rev2) assert.ok(isAscii(shown), shown);
      for (const extended of [false, true]) assert.ok(Array.isArray(parse(formatStructure(root, extended, rev2))));
      assert.equal((parse(formatEnvelope(envelope, rev2)) as unknown[]).length, 10);
    }
  }
});
