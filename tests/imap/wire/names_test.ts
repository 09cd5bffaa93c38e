import assert from "node:assert/strict";
import fc from "fast-check";
import { matches, simplify } from "../../../src/imap/list_pattern.ts";
import { canonicalPath, decodeName, formatMailbox, pathOf } from "../../../src/imap/wire/mailbox_name.ts";
import { decodeUtf7, encodeUtf7 } from "../../../src/imap/wire/utf7.ts";

Deno.test("modified UTF-7 goes both ways for every text, in printable ASCII, one spelling each", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    const encoded = encodeUtf7(text);
    assert.match(encoded, /^[\x20-\x7e]*$/);
    assert.equal(decodeUtf7(encoded), text);
  }));
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."&-,/+AQab0=~é") }), (octets) => {
    const decoded = decodeUtf7(octets);
    if (decoded !== null) assert.equal(encodeUtf7(decoded), octets);
  }));
});

Deno.test("modified UTF-7 knows the examples of RFC 3501 and refuses what is not canonical", () => {
  assert.equal(decodeUtf7("~peter/mail/&U,BTFw-/&ZeVnLIqe-"), "~peter/mail/台北/日本語");
  assert.equal(encodeUtf7("A&B"), "A&-B");
  for (
    const broken of ["&", "&Jjo", "&Jjo!", "&U,BTFw-&ZeVnLIqe-", "&AGE-", "&2D0-", "&AA=-", "\xe9", "a\tb", "&Jj-"]
  ) {
    assert.equal(decodeUtf7(broken), null, broken);
  }
});

Deno.test("mailbox names: INBOX in any case, UTF-8 beside UTF-7, NFC, quoted as they must be", () => {
  assert.equal(canonicalPath("inbox"), "INBOX");
  assert.equal(canonicalPath("iNbOx/Sub"), "INBOX/Sub");
  assert.equal(canonicalPath("inboxes"), "inboxes");
  assert.equal(canonicalPath("ınbox"), "ınbox");
  assert.equal(pathOf("&AOk-", false), "é");
  assert.equal(pathOf("&AOk-", true), "&AOk-");
  assert.equal(decodeName("\xc3\xa9", false), "é");
  assert.equal(decodeName("e\xcc\x81", true), "é");
  assert.equal(decodeName("\xff", true), null);
  assert.equal(formatMailbox('a"b\\é', false), '"a\\"b\\\\&AOk-"');
  assert.equal(formatMailbox("é", true), '"\xc3\xa9"');
});

Deno.test("LIST patterns match what the words of the RFC say, and cost no more than pattern times path", () => {
  const pieces = fc.string({ unit: fc.constantFrom("*", "%", "a", "b", "/"), maxLength: 8 });
  const paths = fc.string({ unit: fc.constantFrom("a", "b", "/"), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(pieces, paths, (pattern, path) => {
      const model = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("%", "[^/]*")}$`);
      assert.equal(matches(simplify(pattern), path), model.test(path), `${pattern} ${path}`);
    }),
    { numRuns: 2000 },
  );
  assert.ok(matches("inb%", "INBOX"));
  assert.ok(!matches(simplify("*a".repeat(30_000)), "a".repeat(500)));
});
