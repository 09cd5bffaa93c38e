import assert from "node:assert/strict";
import { latin1Bytes } from "../../../src/base/bytes.ts";
import { authorOf } from "../../../src/mailauth/dmarc/mod.ts";
import { forgedRanges, forgedResults, hiddenFields } from "../../../src/mailauth/results/mod.ts";
import { headerFields } from "../../../src/message/header.ts";
import { indexMessage } from "../../../src/message/indexer.ts";

function hidden(text: string): string[] {
  const octets = latin1Bytes(text);
  return hiddenFields(octets, indexMessage(octets).root.bodyStart).map(({ start, end }) => text.slice(start, end));
}

Deno.test("hiddenFields() finds what stands behind a line that is no field", () => {
  const text = "A: 1\r\njunk\r\nFrom: a@bank.test\r\n\tx\r\nmore junk\r\nB: 2\r\n\r\nC: body\r\n";
  assert.deepEqual(hidden(text), ["From: a@bank.test\r\n\tx\r\n", "B: 2\r\n"]);
  assert.deepEqual(hidden("A: 1\njunk\nB: 2\n\nC: 3\n"), ["B: 2\n"]);
  assert.deepEqual(hidden("junk\r\nB: 2"), ["B: 2"]);
});

Deno.test("hiddenFields() leaves bodies alone", () => {
  for (
    const text of [
      "A: 1\r\n\r\nB: 2\r\n",
      "A: 1\n\nB: 2\n",
      "\r\nB: 2\r\n",
      "\nB: 2\n",
      "A: 1\r\n",
      "",
      "A: 1\r\njunk\r\n\r\nB: 2\r\n",
    ]
  ) {
    assert.deepEqual(hidden(text), [], JSON.stringify(text));
  }
});

Deno.test("hiddenFields() lets a second From and forged results be seen", () => {
  const text = "From: a@evil.test\r\nAuthentication-Results: x; none\r\n.\r\nFrom: a@bank.test\r\n" +
    "Authentication-Results: mx.test; dmarc=pass\r\n\r\nbody";
  const octets = latin1Bytes(text);
  const fields = headerFields(octets);
  const all = [...fields, ...hiddenFields(octets, indexMessage(octets).root.bodyStart)];
  assert.equal(authorOf(fields).kind, "domains");
  assert.deepEqual(authorOf(all), { kind: "unusable", reason: "severalFrom" });
  const [range] = forgedRanges(forgedResults(all, ["mx.test"]));
  assert.equal(text.slice(range!.start, range!.end), "Authentication-Results: mx.test; dmarc=pass\r\n");
});

Deno.test("hiddenFields() bounds what it looks at", () => {
  assert.equal(hidden("A: 1\r\njunk\r\n" + "B: 2\r\n".repeat(5000)).length, 500);
  assert.equal(hidden("A: 1\r\n" + "junk\r\n".repeat(20_000) + "B: 2\r\n").length, 0);
});
