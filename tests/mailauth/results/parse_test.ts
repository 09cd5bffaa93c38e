import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AuthenticationResults,
  authenticationResultsField,
  parseAuthenticationResults,
} from "../../../src/mailauth/results/mod.ts";

function read(text: string): AuthenticationResults {
  const parsed = parseAuthenticationResults(text);
  if ("malformed" in parsed) assert.fail(`${parsed.malformed} at ${parsed.at} of ${text}`);
  return parsed;
}

Deno.test("parseAuthenticationResults() reads folds, comments, versions, quotes and addresses", () => {
  const parsed = read(
    ' (by us) mx.example.org (really (deep\\) so)) 1 ;\r\n\tdkim / 1 = PASS (good \\(key\\)) reason="it \\"fits\\""\r\n' +
      '\t header . d = example.com header.i=@Example.com header.b=ab/c+=;\r\n spf=softfail smtp.mailfrom="a b"@x.org;',
  );
  assert.equal(parsed.authservId, "mx.example.org");
  assert.equal(parsed.version, 1);
  assert.deepEqual(parsed.results, [
    {
      method: "dkim",
      version: 1,
      result: "pass",
      comment: "good (key)",
      reason: 'it "fits"',
      properties: [
        { ptype: "header", property: "d", value: "example.com" },
        { ptype: "header", property: "i", value: "@Example.com" },
        { ptype: "header", property: "b", value: "ab/c+=" },
      ],
    },
    {
      method: "spf",
      version: 1,
      result: "softfail",
      comment: null,
      reason: null,
      properties: [{ ptype: "smtp", property: "mailfrom", value: '"a b"@x.org' }],
    },
  ]);
});

Deno.test("parseAuthenticationResults() knows nothing checked, quoted names, and passes over words without a ptype", () => {
  for (const text of ["a.example; none", "a.example;none;", "a.example", "a.example 1;", '"a.example" ; (x) none']) {
    assert.deepEqual(read(text), { authservId: "a.example", version: 1, results: [] }, text);
  }
  assert.equal(read('"a b (c)"; none').authservId, "a b (c)");
  assert.equal(read("a 10; none").version, 10);
  assert.equal(read("a; spf=pass reason=one reason=two").results[0]!.reason, "one");
  assert.deepEqual(read("a; dmarc=pass action=none header.from=x.org").results[0]!.properties, [
    { ptype: "header", property: "from", value: "x.org" },
  ]);
});

Deno.test("parseAuthenticationResults() refuses what can be read in two ways", () => {
  const table: [string, string][] = [
    ["", "authserv-id"],
    ["spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x; dkim=none", "authserv-id"],
    ["a@b; none", "authserv-id"],
    ["a b; spf=pass", "version"],
    ["a 12345; spf=pass", "version"],
    ["a; none; spf=pass", "method"],
    ["a; =pass", "method"],
    ["a; spf", "method"],
    ["a; spf/x=pass", "method"],
    ["a; spf=", "method"],
    ["a; spf=pass smtp.mailfrom", "property"],
    ["a; spf=pass smtp.=x", "property"],
    ["a; spf=pass smtp.helo=;", "property"],
    ["a; spf=pass smtp.helo=x)", "property"],
    ["a; spf=pass (open", "comment"],
    ["a (((((((((((deep)))))))))))", "comment"],
    ['a; spf=pass reason="open', "quotes"],
    ['"a', "quotes"],
  ];
  for (const [text, malformed] of table) {
    const parsed = parseAuthenticationResults(text);
    assert.equal("malformed" in parsed ? parsed.malformed : "read", malformed, text);
  }
});

Deno.test("parseAuthenticationResults() bounds the text, the results and the properties", () => {
  const malformed = (text: string) => (parseAuthenticationResults(text) as { malformed?: string }).malformed;
  assert.equal(malformed("a; spf=pass " + "x".repeat(33_000)), "length");
  assert.equal(malformed("a" + "; spf=pass".repeat(101)), "number");
  assert.equal(malformed("a" + "; spf=pass".repeat(100)), undefined);
  assert.equal(malformed("a; spf=pass" + " smtp.helo=x".repeat(51)), "number");
  assert.equal(malformed("a" + ";".repeat(30_000)), undefined);
  assert.equal(malformed("a" + "(".repeat(30_000)), "comment");
});

Deno.test("parseAuthenticationResults() never throws", () => {
  const piece = fc.constantFrom(
    "a",
    ";",
    "=",
    '"',
    "\\",
    "(",
    ")",
    " ",
    "\r\n ",
    ".",
    "/",
    "none",
    "spf",
    "1",
    "@",
    "é",
    "\0",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
    parseAuthenticationResults(pieces.join(""));
  }));
});

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
const label = fc.stringMatching(/^[a-z0-9]{1,10}$/);
const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const printable = fc.string({ unit: "grapheme-ascii", maxLength: 60 });
const pvalue = fc.oneof(
  printable,
  domain,
  domain.map((name) => `@${name}`),
  fc.tuple(word, domain).map((pair) => pair.join("@")),
);
const PLAIN = { noNullPrototype: true };
const resultInfo = fc.record({
  method: word.filter((name) => name !== "none"),
  version: fc.integer({ min: 1, max: 20 }),
  result: word,
  comment: fc.option(printable.filter((text) => text !== "")),
  reason: fc.option(printable),
  properties: fc.array(
    fc.record({ ptype: word.filter((name) => name !== "reason"), property: word, value: pvalue }, PLAIN),
    {
      maxLength: 5,
    },
  ),
}, PLAIN);

Deno.test("parseAuthenticationResults() reads what authenticationResultsField() writes", () => {
  const style = fc.constantFrom({ utf8: false }, { utf8: true });
  const field = fc.record({
    authservId: fc.oneof(domain, printable.filter((id) => id !== "")),
    version: fc.integer({ min: 1, max: 9 }),
    results: fc.array(resultInfo, { maxLength: 4 }),
  }, PLAIN);
  fc.assert(
    fc.property(field, style, (results, style) => {
      const written = authenticationResultsField({ ...results, authservId: results.authservId.toLowerCase() }, style);
      const lower = { ...results, authservId: results.authservId.toLowerCase() };
      assert.deepEqual(read(written.slice("Authentication-Results:".length)), lower);
      for (const line of written.split("\r\n")) assert(line.length <= 998, line);
    }),
    { seed: 8601, numRuns: 500 },
  );
});
