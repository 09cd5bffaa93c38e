import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { fieldDecoded, headerFields, selectFields, unfold } from "../../src/message/header.ts";

Deno.test("headerFields() cuts folded and obsolete fields with their octets", () => {
  const header = "Received: a\r\n\tb\r\nReceived : c\r\nBcc:\r\n x@y\r\n\r\nbody: no\r\n";
  const fields = headerFields(header);
  assert.deepEqual(fields.map(({ name }) => name), ["received", "received", "bcc"]);
  assert.deepEqual(fields.map(({ start, end }) => header.slice(start, end)), [
    "Received: a\r\n\tb\r\n",
    "Received : c\r\n",
    "Bcc:\r\n x@y\r\n",
  ]);
});

Deno.test("headerFields() stops at the first line that is no field, and passes an mbox line over", () => {
  assert.deepEqual(headerFields("A: 1\r\nno field\r\nB: 2\r\n").map(({ name }) => name), ["a"]);
  assert.deepEqual(headerFields(": x\r\nA: 1\r\n"), []);
  assert.deepEqual(headerFields("From a@b Mon Jan  1\r\nA: 1\r\n").map(({ name }) => name), ["a"]);
  assert.deepEqual(headerFields(""), []);
});

Deno.test("headerFields() takes a header without its last line end, and LF for CRLF", () => {
  assert.deepEqual(headerFields("A: 1\nB: 2").map(({ name, raw }) => [name, unfold(raw)]), [["a", "1"], ["b", "2"]]);
});

Deno.test("headerFields() reads at most as many fields as it is told", () => {
  assert.equal(headerFields("A: 1\r\n".repeat(50), 7).length, 7);
});

Deno.test("unfold() takes folds away and nothing else", () => {
  assert.equal(unfold(" a\r\n\t b \r\n"), "a\t b");
  assert.equal(unfold(" a\0b\rc\r\n"), "a b c");
});

Deno.test("fieldDecoded() gives what a person reads", () => {
  const [field] = headerFields("Subject: =?utf-8?Q?Gr=C3=BC?=\r\n =?utf-8?Q?=C3=9Fe?=\r\n");
  assert.equal(fieldDecoded(field!), "Grüße");
});

Deno.test("selectFields() and its opposite share all fields among them, as they came", () => {
  const name = fc.constantFrom("A", "b", "Subject", "X-Y");
  const value = fc.constantFrom(" 1", "", " two\r\n words", " ü");
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 12 }), (fields) => {
      const lines = fields.map(([name, value]) => `${name}:${value}\r\n`);
      const header = latin1Bytes(lines.join("") + "\r\n");
      const names = new Set(["a", "subject"]);
      const isChosen = (line: string) => names.has(line.slice(0, line.indexOf(":")).toLowerCase());
      assert.equal(latin1String(selectFields(header, names)), lines.filter(isChosen).join(""));
      assert.equal(latin1String(selectFields(header, names, true)), lines.filter((line) => !isChosen(line)).join(""));
    }),
  );
});
