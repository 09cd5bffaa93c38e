/** Frames of RFC 6455 section 5, whole and octet by octet; what breaks a rule is told by its number. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, utf8Bytes, utf8String } from "../../src/base/bytes.ts";
import {
  closeFrame,
  FrameReader,
  openingAnswer,
  pingFrame,
  readOpening,
  readSubprotocols,
  type SocketEvent,
  textFrame,
} from "../../src/web_socket/mod.ts";
import { clientFrame, serverFrames } from "./frames.ts";

const LONGEST = 100_000;

/** What a reader makes of it, in pieces of this size. */
function read(octets: Uint8Array, size = octets.length, longest = LONGEST): SocketEvent[] {
  const reader = new FrameReader(longest);
  const events: SocketEvent[] = [];
  for (let at = 0; at < octets.length; at += size) {
    const piece = octets.slice(at, at + size);
    events.push(...reader.read(piece));
    piece.fill(0xee); // borrowed
  }
  return events;
}

/** Whole, octet by octet, and in odd pieces: it must be the same. */
function readAnyhow(octets: Uint8Array): SocketEvent[] {
  const whole = read(octets);
  for (const size of [1, 3, 7]) assert.deepEqual(read(octets, size), whole);
  return whole;
}

Deno.test("FrameReader reads messages in any pieces, with control frames between fragments", () => {
  const events = readAnyhow(concatBytes([
    clientFrame("hé", { fin: false }),
    clientFrame("p", { opcode: 9 }),
    clientFrame("", { opcode: 0, fin: false }),
    clientFrame("llo", { opcode: 0 }),
    clientFrame(""),
    clientFrame("x".repeat(300)),
    clientFrame("y".repeat(70_000)),
    clientFrame("q", { opcode: 10 }),
    clientFrame(new Uint8Array([3, 232, 98, 121, 101]), { opcode: 8 }),
    clientFrame("never read"),
  ]));
  assert.deepEqual(
    events.map((event) => event.type === "text" ? event.text.slice(0, 10) : event.type),
    ["ping", "héllo", "", "xxxxxxxxxx", "yyyyyyyyyy", "pong", "close"],
  );
  assert.deepEqual(events.at(-1), { type: "close", code: 1000, reason: "bye" });
});

Deno.test("FrameReader reads a character whose octets are in two fragments", () => {
  const [e1, e2] = [utf8Bytes("é").slice(0, 1), utf8Bytes("é").slice(1)];
  const frames = concatBytes([clientFrame(e1, { fin: false }), clientFrame(e2, { opcode: 0 })]);
  assert.deepEqual(readAnyhow(frames), [{ type: "text", text: "é" }]);
});

Deno.test("FrameReader ends a connection that breaks a rule, with the number of the rule", () => {
  const close = (...octets: number[]) => clientFrame(new Uint8Array(octets), { opcode: 8 });
  for (
    const [name, octets, code] of [
      ["not masked", clientFrame("x", { masked: false }), 1002],
      ["RSV1", clientFrame("x", { rsv: 0x40 }), 1002],
      ["RSV2", clientFrame("x", { rsv: 0x20 }), 1002],
      ["RSV3", clientFrame("x", { rsv: 0x10 }), 1002],
      ["opcode 3", clientFrame("x", { opcode: 3 }), 1002],
      ["opcode 11", clientFrame("x", { opcode: 11 }), 1002],
      ["binary", clientFrame("x", { opcode: 2 }), 1003],
      ["continuation of nothing", clientFrame("x", { opcode: 0 }), 1002],
      ["text in text", concatBytes([clientFrame("x", { fin: false }), clientFrame("y")]), 1002],
      ["a ping in parts", clientFrame("x", { opcode: 9, fin: false }), 1002],
      ["a long ping", clientFrame("x".repeat(126), { opcode: 9 }), 1002],
      ["a length that could be shorter", clientFrame("x", { lengthOctets: 2 }), 1002],
      ["a length that could be shorter by more", clientFrame("x".repeat(300), { lengthOctets: 8 }), 1002],
      ["a length of 64 bits", clientFrame("", { length: 2n ** 63n }), 1002],
      ["too large", clientFrame("", { length: LONGEST + 1 }), 1009],
      ["as large as can be", clientFrame("", { length: 2n ** 63n - 1n }), 1009],
      [
        "too large in parts",
        concatBytes([clientFrame("x".repeat(LONGEST), { fin: false }), clientFrame("y", { opcode: 0 })]),
        1009,
      ],
      ["not UTF-8", clientFrame(new Uint8Array([0xff])), 1007],
      ["half a character", clientFrame(utf8Bytes("é").slice(0, 1)), 1007],
      ["a surrogate", clientFrame(new Uint8Array([0xed, 0xa0, 0x80])), 1007],
      ["a close of one octet", close(3), 1002],
      ["a close of 1005", close(3, 237), 1002],
      ["a close of 1006", close(3, 238), 1002],
      ["a close of 1015", close(3, 247), 1002],
      ["a close of 2999", close(11, 183), 1002],
      ["a close of 5000", close(19, 136), 1002],
      ["a close without UTF-8", close(3, 232, 0xff), 1007],
    ] as const
  ) {
    const events = readAnyhow(concatBytes([octets, clientFrame("after")]));
    const last = events.at(-1)!;
    assert.deepEqual([last.type, last.type === "broken" && last.code], ["broken", code], name);
    assert.ok(events.every((event) => event.type !== "text"), name);
  }
  for (const [octets, code] of [[close(3, 235), 1003], [close(15, 160), 4000], [close(), null]] as const) {
    const [event] = readAnyhow(octets);
    assert.deepEqual(event, { type: "close", code, reason: "" });
  }
});

Deno.test("FrameReader keeps nothing for a length that is only announced, and little for a hundred thousand fragments", () => {
  const reader = new FrameReader(50_000_000);
  assert.deepEqual(reader.read(clientFrame("", { length: 50_000_000 })), []);
  const many = new FrameReader(LONGEST);
  many.read(clientFrame("", { fin: false }));
  const empty = clientFrame("", { opcode: 0, fin: false });
  for (let i = 0; i < 100_000; i++) assert.equal(many.read(empty).length, 0);
  assert.deepEqual(many.read(clientFrame("end", { opcode: 0 })), [{ type: "text", text: "end" }]);
});

Deno.test("FrameReader bears any octets", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
    assert.deepEqual(read(octets, 1), read(octets));
  }));
});

Deno.test("what is written is read again: texts of all lengths, and reasons that are cut between characters", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    const [frame] = serverFrames(textFrame("x".repeat(length)));
    assert.deepEqual([frame?.opcode, frame?.payload.length], [1, length]);
  }
  for (const reason of ["", "a".repeat(200), "é".repeat(100), "😀".repeat(50)]) {
    const [frame] = serverFrames(closeFrame(1008, reason));
    assert.ok(frame!.payload.length <= 125);
    assert.ok(reason.startsWith(utf8String(frame!.payload.slice(2))), reason);
  }
  assert.equal(serverFrames(pingFrame(new Uint8Array(500)))[0]!.payload.length, 125);
});

Deno.test("readOpening() gives the key of the example of RFC 6455 section 1.3, and refuses what is none", () => {
  const right: Record<string, string> = {
    "upgrade": "WebSocket",
    "connection": "keep-alive, Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-protocol": "chat, jmap",
  };
  const opening = (change: Record<string, string | null> = {}, method = "GET") => {
    const header = { ...right, ...change } as Record<string, string | null>;
    return readOpening(method, (name) => header[name] ?? null);
  };
  assert.deepEqual(opening(), { accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" });
  assert.deepEqual(opening({}, "POST"), { refused: "noUpgrade" });
  assert.deepEqual(opening({ connection: "close" }), { refused: "noUpgrade" });
  assert.deepEqual(opening({ upgrade: "h2c" }), { refused: "noUpgrade" });
  assert.deepEqual(opening({ "sec-websocket-version": "8" }), { refused: "version" });
  for (const key of ["", "AAAA", "x".repeat(24), null]) {
    assert.deepEqual(opening({ "sec-websocket-key": key }), { refused: "key" });
  }
  assert.deepEqual(readSubprotocols((name) => right[name] ?? null), ["chat", "jmap"]);
  assert.match(utf8String(openingAnswer("k", "jmap")), /^HTTP\/1\.1 101 [^]*Sec-WebSocket-Protocol: jmap\r\n\r\n$/);
});
