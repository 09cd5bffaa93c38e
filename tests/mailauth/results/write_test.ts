import assert from "node:assert/strict";
import fc from "fast-check";
import { authenticationResultsField, parseAuthenticationResults } from "../../../src/mailauth/results/mod.ts";
import { headerFields } from "../../../src/message/header.ts";

const spf = (value: string, utf8 = false) =>
  authenticationResultsField({
    authservId: "mx.example.org",
    version: 1,
    results: [{
      method: "spf",
      result: "pass",
      reason: null,
      properties: [{ ptype: "smtp", property: "helo", value }],
    }],
  }, { utf8 });

Deno.test("authenticationResultsField() writes one result a line and none where there is none", () => {
  assert.equal(
    authenticationResultsField({ authservId: "mx.example.org", version: 1, results: [] }),
    "Authentication-Results: mx.example.org;\r\n\tnone\r\n",
  );
  assert.equal(
    authenticationResultsField({
      authservId: "mx.example.org",
      version: 2,
      results: [
        {
          method: "dmarc",
          result: "fail",
          comment: "p=reject",
          reason: "no (aligned) name",
          properties: [
            { ptype: "header", property: "from", value: "a.very.long.name.of.a.domain.example" },
            { ptype: "policy", property: "dmarc", value: "reject" },
          ],
        },
        { method: "iprev", result: "pass", reason: null, properties: [] },
      ],
    }),
    "Authentication-Results: mx.example.org 2;\r\n" +
      '\tdmarc=fail (p=reject) reason="no (aligned) name"\r\n' +
      "\theader.from=a.very.long.name.of.a.domain.example policy.dmarc=reject;\r\n" +
      "\tiprev=pass\r\n",
  );
});

Deno.test("authenticationResultsField() quotes what a peer said", () => {
  const table: [string, string][] = [
    ["mail.example.org", "mail.example.org"],
    ['a"; dkim=pass header.d=bank.example; x="', '"a\\"; dkim=pass header.d=bank.example; x=\\""'],
    ["a\r\nSubject: x", '"a??Subject: x"'],
    ["a; none", '"a; none"'],
    ["[192.0.2.1]", '"[192.0.2.1]"'],
    ["", '""'],
    ["\\", '"\\\\"'],
    ["a(b", '"a(b"'],
    ["a@b.example", "a@b.example"],
    ["a b@b.example", '"a b@b.example"'],
    ["bücher.example", "xn--bcher-kva.example"],
    ["jürgen@bücher.example", '"j?rgen@xn--bcher-kva.example"'],
    ["\ud800", '"?"'],
  ];
  for (const [given, written] of table) assert(spf(given).endsWith(`smtp.helo=${written}\r\n`), spf(given));
  assert(spf("a b\x85\ud800", true).endsWith('smtp.helo="a b??"\r\n'));
  assert(spf("jürgen@bücher.example", true).endsWith("smtp.helo=jürgen@bücher.example\r\n"));
});

const HOSTILE = fc.array(
  fc.constantFrom(
    "a",
    "é",
    "\r\n",
    "\n",
    '"',
    "\\",
    "(",
    ")",
    ";",
    "\0",
    "\ud83d",
    "😀",
    "=",
    " ",
    "@",
    "none",
    "\x85",
  ),
  { minLength: 1, maxLength: 400, size: "max" },
).map((pieces) => pieces.join(""));

Deno.test("authenticationResultsField() stays one field of short lines, whatever stands in it", () => {
  fc.assert(
    fc.property(HOSTILE, fc.boolean(), (text, utf8) => {
      const field = authenticationResultsField({
        authservId: text,
        version: 1,
        results: [{
          method: text,
          result: text,
          comment: text,
          reason: text,
          properties: [{ ptype: text, property: text, value: text }],
        }],
      }, { utf8 });
      assert.equal(headerFields(field + "A: b\r\n").length, 2);
      for (const line of field.split("\r\n")) assert(line.length <= 998);
      const parsed = parseAuthenticationResults(field.slice("Authentication-Results:".length));
      assert(!("malformed" in parsed), JSON.stringify(parsed));
    }),
    { seed: 5, numRuns: 100 },
  );
  assert(spf("x".repeat(5000)).length < 1000);
});
