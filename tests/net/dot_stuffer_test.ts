import assert from "node:assert/strict";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { DotStuffer } from "../../src/net/dot_stuffer.ts";
import { DotDecoder } from "../../src/smtp/wire/mod.ts";

const ALPHABET = ["\r", "\n", ".", "x"];

/** What the rule says, in the simplest words: every line end CRLF, a dot doubled, the last line ended. */
function model(text: string, lines: number): string {
  const parts = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").split("\n");
  if (parts.at(-1) === "") parts.pop();
  return parts.slice(0, lines).map((line) => (line.startsWith(".") ? "." : "") + line + "\r\n").join("");
}

function stuff(pieces: readonly string[], lines: number): string {
  const stuffer = new DotStuffer(lines);
  let out = "";
  for (const piece of pieces) {
    const bytes = latin1Bytes(piece);
    out += latin1String(stuffer.push(bytes));
    bytes.fill(0x7e); // pieces are borrowed
  }
  return out + latin1String(stuffer.end());
}

function* texts(length: number): Generator<string> {
  if (length === 0) return yield "";
  for (const head of texts(length - 1)) for (const last of ALPHABET) yield head + last;
}

Deno.test("DotStuffer agrees with the rule on all inputs of up to six octets, however they are cut", () => {
  let count = 0;
  for (let length = 0; length <= 6; length++) {
    for (const text of texts(length)) {
      for (const lines of [Infinity, 0, 1, 2]) {
        const want = model(text, lines);
        const where = JSON.stringify([text, lines]);
        assert.equal(stuff([text], lines), want, where);
        assert.equal(stuff([...text], lines), want, where);
        for (let cut = 1; cut < length; cut++) {
          assert.equal(stuff([text.slice(0, cut), text.slice(cut)], lines), want, `${where} cut at ${cut}`);
        }
        count++;
      }
    }
  }
  assert.equal(count, 4 * (1 + 4 + 16 + 64 + 256 + 1024 + 4096));
});

Deno.test("DotStuffer never lets an end of data or a bare break out", () => {
  for (const text of texts(6)) {
    const wire = latin1Bytes(stuff([text], Infinity) + ".\r\n");
    const decoder = new DotDecoder();
    assert.equal(decoder.decode(wire, []), wire.length, JSON.stringify(text));
    assert.equal(decoder.ended, true);
    assert.equal(decoder.broken, null);
  }
});

Deno.test("DotStuffer gives clean text on as it is, without a copy", () => {
  const bytes = latin1Bytes("a line\r\nand .another\r\n");
  assert.equal(new DotStuffer().push(bytes), bytes);
});

Deno.test("DotStuffer says when its lines are done, and takes nothing more", () => {
  const stuffer = new DotStuffer(2);
  assert.equal(latin1String(stuffer.push(latin1Bytes("1\r\n2\r\n3\r\n"))), "1\r\n2\r\n");
  assert.equal(stuffer.done, true);
  assert.equal(stuffer.push(latin1Bytes("4\r\n")).length, 0);
  assert.equal(stuffer.end().length, 0);
});
