import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1String, utf8Bytes } from "../../../src/base/bytes.ts";
import { fieldsText, MilterBroken, packet, PacketReader, readReply } from "../../../src/abuse/mod.ts";
import { readRefusal } from "../../../src/abuse/milter/reply.ts";

Deno.test("packet() writes length, letter, texts with NUL, numbers and octets", () => {
  assert.equal(latin1String(packet("H", "mx.example")), "\0\0\0\x0cHmx.example\0");
  assert.equal(latin1String(packet("O", 6, 0x21)), "\0\0\0\x09O\0\0\0\x06\0\0\0\x21");
  assert.equal(latin1String(packet("L", "a\0b", new Uint8Array([1, 2]))), "\0\0\0\x06Lab\0\x01\x02");
  assert.equal(latin1String(packet("N")), "\0\0\0\x01N");
});

Deno.test("PacketReader reads packets in whatever pieces they come", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.constantFrom("c", "h", "y"), fc.uint8Array({ maxLength: 50 })), { maxLength: 8 }),
    fc.integer({ min: 1, max: 20 }),
    (packets, size) => {
      const octets = packets.flatMap(([command, data]) => [...packet(command, data)]);
      const reader = new PacketReader();
      const found: unknown[] = [];
      for (let at = 0; at < octets.length; at += size) {
        const chunk = new Uint8Array(octets.slice(at, at + size));
        reader.push(chunk);
        chunk.fill(0xaa); // borrowed
        for (let next = reader.next(); next !== null; next = reader.next()) found.push([next.command, [...next.data]]);
      }
      assert.deepEqual(found, packets.map(([command, data]) => [command, [...data]]));
    },
  ));
});

Deno.test("packets without end, too long ones and answers that were not agreed on are broken", () => {
  for (const octets of [[0, 0, 0, 0], [0, 2, 0, 1], [255, 255, 255, 255]]) {
    const reader = new PacketReader();
    reader.push(new Uint8Array(octets));
    assert.throws(() => reader.next(), MilterBroken);
  }
  const bad: readonly (readonly [string, string])[] = [
    ["h", "X-Name\0no end"],
    ["h", "X-Name\0"],
    ["h", "X Name\0v\0"],
    ["h", "\0v\0"],
    ["i", "\0\0"],
    ["O", "\0\0\0\x06"],
    ["b", "new body"],
    ["-", "<a@b>\0"],
    ["__proto__"[0]!, ""],
  ];
  for (const [command, data] of bad) {
    assert.throws(() => readReply({ command, data: utf8Bytes(data) }), MilterBroken, command + data);
  }
});

Deno.test("readRefusal() makes a reply of ours of whatever a milter says", () => {
  const table: readonly (readonly [string, number, string, string])[] = [
    ["550 5.7.1 No thanks", 550, "5.7.1", "No thanks"],
    ["451 4.3.2 Later", 451, "4.3.2", "Later"],
    ["554 Words alone", 554, "5.7.1", "Words alone"],
    ["550 4.7.1 Mixed", 550, "5.7.1", "Mixed"],
    ["550-5.7.1 One\r\n550 5.7.1 two", 550, "5.7.1", "One two"],
    ["421 4.7.0 Go away", 451, "4.7.0", "Go away"],
    ["250 Ok", 550, "5.7.1", "250 Ok"],
    ["", 550, "5.7.1", "Refused"],
    ["550 5.7.1 a\0\u00e9\x07b", 550, "5.7.1", "a b"],
  ];
  for (const [text, code, enhanced, words] of table) {
    assert.deepEqual(readRefusal(text), { code, enhanced, text: words }, text);
  }
  assert.equal(readRefusal(`550 ${"x".repeat(10_000)}`).text.length, 400);
});

Deno.test("fieldsText() never makes lines of its own", () => {
  const one = (value: string, name = "X-Spam") => fieldsText([{ name, value }]);
  assert.equal(one("yes"), "X-Spam: yes\r\n");
  assert.equal(one("a\n\tb\r\n c"), "X-Spam: a\r\n\tb\r\n c\r\n");
  assert.equal(one("a\r\nBcc: x@y"), "X-Spam: a Bcc: x@y\r\n");
  assert.equal(one("a\r\n\r\nbody"), "X-Spam: a body\r\n");
  assert.equal(one("a\r\n \r\nbody"), "X-Spam: a   body\r\n");
  assert.equal(one("a\rb\0c"), "X-Spam: a b c\r\n");
  assert.equal(one("x", "No: name"), "");
  assert.equal(one("x", ""), "");
  assert.equal(one("x".repeat(2000)), "");
  assert.equal(fieldsText(Array(500).fill({ name: "X", value: "y" })).split("\r\n").length, 51);
});
