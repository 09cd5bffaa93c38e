/** What is read does not depend on how it comes, and nothing makes the reader hold more than its bounds. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteQueue } from "../../src/base/byte_queue.ts";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { CommandReader, type Read } from "../../src/managesieve/wire/reader.ts";

const BOUNDS = { line: 60, literal: 20, skip: 40 };

function readAll(text: string, cuts: readonly number[]): string[] {
  const queue = new ByteQueue();
  const reader = new CommandReader();
  const told: string[] = [];
  const points = [0, ...cuts, text.length];
  for (let i = 1; i < points.length; i++) {
    const chunk = latin1Bytes(text.slice(points[i - 1], points[i]));
    queue.push(chunk);
    for (let read = reader.read(queue, BOUNDS); read !== null; read = reader.read(queue, BOUNDS)) {
      told.push(print(read));
      if (read.kind === "broken" && read.fatal) return told;
    }
    queue.compact();
    chunk.fill(0x2e); // received octets are borrowed
  }
  return told;
}

function print(read: NonNullable<Read>): string {
  if (read.kind === "broken") return `broken ${read.fatal} ${read.text}`;
  return read.words.map((word) =>
    word.kind === "string"
      ? `string ${latin1String(word.bytes)}`
      : word.kind === "number"
      ? `number ${word.value}`
      : word.kind === "atom"
      ? `atom ${word.text}`
      : `oversize ${word.octets}`
  ).join("|");
}

const piece = fc.constantFrom(
  "PUTSCRIPT",
  " ",
  '"a"',
  '"\\""',
  '"',
  "\\",
  "{3+}\r\nabc",
  "{0+}\r\n",
  "{21+}\r\n" + "x".repeat(21),
  "{41+}\r\n",
  "{3}\r\n",
  "{3+}\r\n\r\n\0",
  "5",
  "\r\n",
  "\n",
  "\r",
  "\0",
  "y".repeat(70),
);

Deno.test("any cutting of commands and literals reads the same", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(120), { maxLength: 8 }), (pieces, at) => {
      const text = pieces.join("") + "\r\n";
      const cuts = at.filter((cut) => cut <= text.length).sort((a, b) => a - b);
      assert.deepEqual(readAll(text, cuts), readAll(text, []));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("every text over a small alphabet is read to its end, octet by octet and whole", () => {
  const alphabet = ["a", " ", '"', "\\", "{1+}", "\r\n", "1"];
  const all = (length: number): string[] =>
    length === 0 ? [""] : all(length - 1).flatMap((text) => alphabet.map((one) => text + one));
  for (const text of all(5)) {
    const octets = Array.from({ length: text.length }, (_, i) => i);
    assert.deepEqual(readAll(text, octets), readAll(text, []), JSON.stringify(text));
  }
});

Deno.test("literals of a command are bounded together, and what is too long is no command", () => {
  assert.deepEqual(readAll("A {15+}\r\n" + "x".repeat(15) + " {6+}\r\nNOOP\r\n\r\n", []), [
    "atom A|string xxxxxxxxxxxxxxx|oversize 6",
  ]);
  assert.deepEqual(readAll("A ? {6+}\r\nNOOP\r\n\r\nNOOP\r\n", []), [
    "broken false This is not a command with strings and numbers",
    "atom NOOP",
  ]);
  assert.deepEqual(readAll("A {41+}\r\nNOOP\r\n", []), ["broken true The literal is too long"]);
  assert.deepEqual(readAll('A "1" "2" "3" "4" "5" "6" "7" "8" {1+}\r\nx\r\n', []), ["broken false Too many arguments"]);
});
