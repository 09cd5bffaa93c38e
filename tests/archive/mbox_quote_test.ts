import assert from "node:assert/strict";
import * as fc from "fast-check";
import { concatBytes, latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { FromQuoter, type FromQuoting } from "../../src/archive/mod.ts";
import { pieces } from "./pieces.ts";

function run(how: FromQuoting, text: string, cuts: readonly number[] = []): string {
  const quoter = new FromQuoter(how);
  const out = pieces(latin1Bytes(text), cuts).flatMap((chunk) => {
    const got = quoter.push(chunk).map((piece) => piece.slice());
    chunk.fill(33);
    return got;
  });
  return latin1String(concatBytes([...out, ...quoter.finish()]));
}

Deno.test("FromQuoter quotes lines as mboxrd has them, and nothing else", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["From x", ">From x"],
    ["a\nFrom x\n", "a\n>From x\n"],
    [">From x\n>>From x\n", ">>From x\n>>>From x\n"],
    ["From\nFromx\n From \n>Fro", "From\nFromx\n From \n>Fro"],
    ["a From b\nFrom ", "a From b\n>From "],
    ["\n\n", "\n\n"],
    ["a\r\nFrom x\r\n", "a\r\n>From x\r\n"],
  ];
  for (const [plain, quoted] of cases) {
    assert.equal(run("write", plain), quoted);
    assert.equal(run("mboxrd", quoted), plain);
  }
  assert.equal(run("mboxrd", "From x\n>\n>>\n"), "From x\n>\n>>\n");
  assert.equal(run("mboxo", ">From x\n>>From x\nFrom y\n>x"), "From x\n>>From x\nFrom y\n>x");
});

Deno.test("FromQuoter: what is written in any cuts is read back in any cuts", () => {
  const text = fc.array(fc.constantFrom("From ", ">", "\n", "F", "Fro", "x", "\r"), { maxLength: 14 }).map((list) =>
    list.join("")
  );
  const cuts = fc.array(fc.nat(40), { maxLength: 8 });
  fc.assert(
    fc.property(text, cuts, cuts, (plain, first, second) => {
      const quoted = run("write", plain, first);
      assert.equal(quoted, plain.split("\n").map((line) => line.replace(/^(>*From )/, ">$1")).join("\n"));
      assert.equal(run("mboxrd", quoted, second), plain);
      assert.equal(
        run("mboxo", plain, second),
        plain.split("\n").map((line) => line.replace(/^>From /, "From ")).join("\n"),
      );
    }),
    { numRuns: 3000 },
  );
});
