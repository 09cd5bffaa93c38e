import assert from "node:assert/strict";
import fc from "fast-check";
import { forgedRanges, forgedResults, renamedParts } from "../../../src/mailauth/results/mod.ts";
import { latin1String, utf8Bytes } from "../../../src/base/bytes.ts";
import { headerFields } from "../../../src/message/header.ts";
import type { BlobId } from "../../../src/contract/mod.ts";

const OURS = ["mx.example.org", "bücher.example"];
const forged = (header: string) => forgedResults(headerFields(latin1String(utf8Bytes(header))), OURS);

Deno.test("forgedResults() finds every field that speaks in our name", () => {
  for (
    const value of [
      "mx.example.org; spf=pass",
      "MX.Example.ORG. ; none",
      "(hello) mx.example.org(x) 1; none",
      '"mx.example.org"; none',
      '"mx\\.example.org"; none',
      "\r\n\tmx.example.org;\r\n\tnone",
      "bücher.example; none",
      "BÜCHER.example; none",
      "xn--bcher-kva.example; none",
      // Broken, but some reader may take them for ours.
      "mx.example.org/1; spf=pass",
      "mx.example.org spf=pass",
      "spf=pass mx.example.org;",
      "mx.(x)example.org; none",
      "=?utf-8?q?mx=2Eexample.org?=; none",
      "mx.example.org; (open",
      "bücher.example/; none",
      "mx.example.org;" + " ".repeat(40_000),
    ]
  ) assert.equal(forged(`Authentication-Results: ${value}\r\n`).length, 1, value.slice(0, 80));
});

Deno.test("forgedResults() leaves what others say, and chains that are sealed", () => {
  for (
    const header of [
      "Authentication-Results: mx.example.net; spf=pass smtp.helo=mx.example.org\r\n",
      "Authentication-Results: not-mx.example.org; none\r\n",
      "Authentication-Results: mx.example.org.evil.example; none\r\n",
      "ARC-Authentication-Results: i=1; mx.example.org; none\r\n",
      "Subject: Authentication-Results: mx.example.org; none\r\n",
    ]
  ) assert.deepEqual(forged(header), [], header);
});

Deno.test("forgedRanges() cuts all of them and nothing else, in whatever order they come", () => {
  const own = "Authentication-Results : mx.example.org;\r\n none\r\n";
  const other = "Authentication-Results: a.example; none\r\n";
  const field = fc.constantFrom(own, other, "Subject: x\r\n");
  fc.assert(fc.property(fc.array(field, { maxLength: 12 }), (fields) => {
    const header = fields.join("") + "\r\nbody";
    let left = "";
    let at = 0;
    for (const { start, end } of forgedRanges(forged(header))) {
      assert(start > at || start === 0 || at === 0);
      left += header.slice(at, start);
      at = end;
    }
    left += header.slice(at);
    assert.equal(left, fields.filter((field) => field !== own).join("") + "\r\nbody");
  }));
});

Deno.test("renamedParts() keeps every octet and takes the name away", () => {
  const header =
    "A: b\r\nAuthentication-Results: mx.example.org; none\r\nauthentication-results: mx.example.org\r\n\r\n";
  const blobId = "b" as BlobId;
  const text = renamedParts(forged(header), blobId, header.length)
    .map((part) => "octets" in part ? latin1String(part.octets) : header.slice(part.start, part.end)).join("");
  assert.equal(
    text,
    "A: b\r\nX-Claimed-Authentication-Results: mx.example.org; none\r\n" +
      "X-Claimed-authentication-results: mx.example.org\r\n\r\n",
  );
});
