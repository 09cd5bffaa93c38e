import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1String, utf8Bytes } from "../../../src/base/bytes.ts";
import { authorOf } from "../../../src/mailauth/dmarc/mod.ts";
import { headerFields } from "../../../src/message/header.ts";

function author(header: string): string {
  const found = authorOf(headerFields(latin1String(utf8Bytes(header))));
  return found.kind === "domains" ? found.domains.join(" ") : found.reason;
}

Deno.test("authorOf() reads From as it comes", () => {
  const table: [string, string][] = [
    ["a@example.com", "example.com"],
    ["Jane <a@EXAMPLE.com.>", "example.com"],
    ["a@example.com (Jane)", "example.com"],
    ["<@relay.example,@other.example:a@example.com>", "example.com"],
    ["Doe, Jane <a@example.com>", "example.com"],
    ["=?utf-8?q?Jane?= <a@example.com>", "example.com"],
    ["x@b.example <a@example.com>", "example.com"],
    ['"x@b.example" <a@example.com>', "example.com"],
    ['"Jane \\" Doe" <a@example.com>', "example.com"],
    ["(a \\( b) a@example.com", "example.com"],
    ["a@example.com, b@example.com", "example.com"],
    ["a@example.com, b@example.net", "example.com example.net"],
    ["Team: a@example.com, b@example.net;", "example.com example.net"],
    ["jürgen@bücher.example", "xn--bcher-kva.example"],
    ["a@XN--BCHER-KVA.example, b@bücher.example", "xn--bcher-kva.example"],
    ["a@bank。example", "bank.example"],
    ["a@[192.0.2.1]", "[192.0.2.1]"],
    ["a@localhost", "localhost"],
    // Two domains in one address, whichever of them a person sees.
    ["a@bank.example@evil.example", "bank.example evil.example"],
    ['"a@bank.example"@evil.example', "bank.example evil.example"],
    ["=?utf-8?q?a=40bank.example?=@evil.example", "bank.example evil.example"],
    // Nobody.
    ["", "noAuthorDomain"],
    ["Jane", "noAuthorDomain"],
    ["undisclosed-recipients:;", "noAuthorDomain"],
    ["a@", "noAuthorDomain"],
    // Garbage.
    ["=?utf-8?q?a=40bank.example?=", "unusableFrom"],
    ["=?utf-8?q?a=40bank.example?=, x@evil.example", "unusableFrom"],
    ["a@bank.example (x) .evil.example", "unusableFrom"],
    ["a@bank.example .evil.example", "unusableFrom"],
    ['a@"bank.example"', "unusableFrom"],
    ["a@bank..example", "unusableFrom"],
    ["a@=?utf-8?q?bank.example?=", "unusableFrom"],
    ["a@bank.example\0.evil.example", "unusableFrom"],
    ["a@bank.example\r.evil.example", "unusableFrom"],
    ["a@" + "x".repeat(64) + ".example", "unusableFrom"],
    ["a@-.example, b@example.com", "unusableFrom"],
    ["a@1.test,a@2.test,a@3.test,a@4.test,a@5.test", "1.test 2.test 3.test 4.test 5.test"],
    ["a@1.test,a@2.test,a@3.test,a@4.test,a@5.test,a@6.test", "tooManyAuthors"],
  ];
  for (const [from, wanted] of table) assert.equal(author(`From: ${from}\r\n`), wanted, JSON.stringify(from));
});

Deno.test("authorOf() wants one From", () => {
  assert.equal(author("Subject: x\r\n"), "noFrom");
  assert.equal(author("From: a@a.test\r\nfrom : a@a.test\r\n"), "severalFrom");
  assert.equal(author("From:\r\n\ta@a.test\r\n"), "a.test");
});

Deno.test("authorOf() takes time linear in the field: very much of anything ends", () => {
  for (const piece of ["a@b.test,", '"', "(", "@", "a@", "=?", "<", "a@b.test ", "=?utf-8?q?=40?=", "\\", ","]) {
    assert.notEqual(author(`From: ${piece.repeat(60_000 / piece.length)}\r\n`), "");
  }
  assert.equal(author(`From: ${"a".repeat(70_000)}@b.test\r\n`), "unusableFrom");
});

Deno.test("authorOf() never throws, and its domains are names", () => {
  const piece = fc.constantFrom(
    "a",
    "@",
    ".",
    "<",
    ">",
    '"',
    "(",
    ")",
    ",",
    ";",
    ":",
    " ",
    "\\",
    "b.test",
    "é",
    "[",
    "]",
    "=?utf-8?q?=40?=",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const found = authorOf(headerFields(`From: ${pieces.join("")}\r\n`));
      if (found.kind === "domains") { for (const name of found.domains) assert.match(name, /^[\x21-\x7e]+$/); }
    }),
    { seed: 9989, numRuns: 2000 },
  );
});
