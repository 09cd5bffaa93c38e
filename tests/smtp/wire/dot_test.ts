import assert from "node:assert/strict";
import { latin1Bytes, latin1String } from "../../../src/base/bytes.ts";
import { BreakChecker, DotDecoder } from "../../../src/smtp/wire/mod.ts";

interface Decoded {
  text: string | null;
  broken: boolean;
  ended: boolean;
  taken: number;
}

/** Decodes in pieces; every piece is overwritten behind its step and starts at another alignment. */
function decode(input: string, cuts: readonly number[]): Decoded {
  const decoder = new DotDecoder();
  let text = "";
  let taken = 0;
  let from = 0;
  for (const cut of [...cuts, input.length]) {
    const piece = latin1Bytes("\n".repeat(from % 4) + input.slice(from, cut)).subarray(from % 4);
    const out: Uint8Array[] = [];
    const took = decoder.decode(piece, out);
    taken += took;
    for (const view of out) text += latin1String(view);
    piece.fill(0x7e);
    from = cut;
    if (decoder.ended) break;
    assert.equal(took, piece.length);
  }
  return { text: decoder.broken ? null : text, broken: decoder.broken !== null, ended: decoder.ended, taken };
}

/** The rule itself, as slowly as it can be said. */
function model(input: string): Decoded {
  const whole = "\r\n" + input;
  const at = whole.indexOf("\r\n.\r\n");
  const ended = at >= 0;
  const body = ended ? whole.slice(2, at + 2) : input;
  const broken = /\r(?!\n)|(?<!\r)\n/.test(body.replace(/\r$/, ended ? "$&" : ""));
  let text = body.replace(/^\./, "").replaceAll("\r\n.", "\r\n");
  // Held back until it is known whether it ends the data.
  if (!ended && /(^|\r\n)\.\r$/.test(body)) text = text.slice(0, -1);
  return { text: broken ? null : text, broken, ended, taken: ended ? at + 3 : input.length };
}

Deno.test("DotDecoder agrees with the rule on all inputs of up to seven octets over CR LF . x, however they are cut", () => {
  const alphabet = ["\r", "\n", ".", "x"];
  let inputs = [""];
  for (let length = 1; length <= 7; length++) {
    inputs = inputs.flatMap((input) => alphabet.map((letter) => input + letter));
    for (const input of inputs) {
      const want = model(input);
      const ways = [[], Array.from({ length: length - 1 }, (_, i) => i + 1)];
      for (let cut = 1; cut < length; cut++) ways.push([cut]);
      for (const cuts of ways) {
        const got = decode(input, cuts);
        if (JSON.stringify(got) !== JSON.stringify(want)) assert.deepEqual(got, want, JSON.stringify({ input, cuts }));
      }
    }
  }
  assert.equal(inputs.length, 4 ** 7);
});

Deno.test("DotDecoder finds breaks behind long text at every alignment, and takes tabs, NUL and octets above 127 for text", () => {
  for (let pad = 0; pad < 40; pad++) {
    const text = "\t\0\x0b\x0c\x0e\xff\x8d\x8a".repeat(5).slice(0, pad);
    assert.deepEqual(decode(`${text}\r\n..${text}\r\n.\r\nQUIT`, []), {
      text: `${text}\r\n.${text}\r\n`,
      broken: false,
      ended: true,
      taken: 2 * pad + 9,
    });
    assert.equal(decode(`${text}a\nb\r\n.\r\n`, []).broken, true);
    assert.equal(decode(`${text}a\rb\r\n.\r\n`, []).broken, true);
  }
});

Deno.test("DotDecoder gives whole pieces as one view each", () => {
  const decoder = new DotDecoder();
  const out: Uint8Array[] = [];
  const bytes = latin1Bytes("a line of text\r\n".repeat(1000));
  decoder.decode(bytes, out);
  assert.equal(out.length, 1);
  assert.equal(out[0]!.buffer, bytes.buffer);
});

Deno.test("BreakChecker finds bare breaks in all inputs of up to six octets, whole and octet by octet", () => {
  const alphabet = ["\r", "\n", "x"];
  let inputs = [""];
  for (let length = 1; length <= 6; length++) {
    inputs = inputs.flatMap((input) => alphabet.map((letter) => input + letter));
    for (const input of inputs) {
      const want = /\r(?!\n)|(?<!\r)\n/.test(input);
      const whole = new BreakChecker();
      whole.check(latin1Bytes(input));
      const single = new BreakChecker();
      for (const octet of input) single.check(latin1Bytes(octet));
      assert.equal(whole.finish() !== null, want, JSON.stringify(input));
      assert.equal(single.finish(), whole.finish(), JSON.stringify(input));
    }
  }
});
