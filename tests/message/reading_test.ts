import assert from "node:assert/strict";
import { latin1Bytes, latin1String, utf8Bytes, utf8String } from "../../src/base/bytes.ts";
import { parseAddressList } from "../../src/message/address.ts";
import { decodeCharset } from "../../src/message/charset.ts";
import { parseDate } from "../../src/message/date_parse.ts";
import { decodeWords } from "../../src/message/encoded_word.ts";
import { encodeUnstructured } from "../../src/message/encoded_word_encode.ts";
import { parseParameterized } from "../../src/message/params.ts";
import { fold, TextExtractor, TextMatcher } from "../../src/message/text.ts";
import { baseSubject } from "../../src/message/thread.ts";
import { decodeTransfer, transferDecoder } from "../../src/message/transfer.ts";
import { encodeBase64Lines, encodeQuotedPrintable } from "../../src/message/transfer_encode.ts";

Deno.test("parseAddressList() reads good, obsolete and broken lists", () => {
  const cases: readonly [string, string][] = [
    ["a@b.c", "null|a|b.c"],
    ['"Doe, J" <j@x.y>, b@c', "Doe, J|j|x.y;null|b|c"],
    ["John Q. Public <j@x>", "John Q. Public|j|x"],
    ["j@x (John (Q) P)", "John (Q) P|j|x"],
    ["Group: a@b, c@d;, e@f", "null|Group|null;null|a|b;null|c|d;null|null|null;null|e|f"],
    ["undisclosed-recipients:;", "null|undisclosed-recipients|null;null|null|null"],
    ["<@r1,@r2:a@b>", "null|a|b"],
    ['"a b"@c', "null|a b|c"],
    ["a . b @ c . d", "null|a.b|c.d"],
    ["John john@x.org", "John|john|x.org"],
    ["a@[IPv6:::1]", "null|a|[IPv6:::1]"],
    ["=?utf-8?q?a,b?= <x@y>", "=?utf-8?q?a,b?=|x|y"],
    ["jörg@exämple.org", "null|jörg|exämple.org"],
    ["<>", "null||"],
    [", ,,", ""],
    ['"open <a@b', "null|open <a@b|"],
  ];
  for (const [text, expected] of cases) {
    const found = parseAddressList(text).map((a) => `${a.name}|${a.mailbox}|${a.host}`).join(";");
    assert.equal(found, expected, text);
  }
});

Deno.test("readers stay linear and bounded on hostile input", () => {
  assert.deepEqual(parseAddressList(",".repeat(300_000)), []);
  assert.equal(parseAddressList("a@b,".repeat(100_000)).length, 10_000);
  for (const piece of ["(", "<", '"', "=?", "[", "@", ":", "\\", "=?a?q?", "a ", "re: [", "[a]", "[fwd:", ";a*0*="]) {
    const text = piece.repeat(100_000);
    assert.ok(parseAddressList(text).length <= 50_000);
    assert.ok(decodeWords(text).length <= text.length);
    assert.ok(parseParameterized(text).params.length <= 200);
    assert.ok(baseSubject(text).base.length <= text.length);
    assert.equal(parseDate(text), null);
  }
});

Deno.test("decodeWords() reads RFC 2047 and what programs make of it", () => {
  assert.equal(decodeWords("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?= c"), "ab c"); // RFC 2047 section 8
  assert.equal(decodeWords("=?utf-8?b?w7w=?="), "ü");
  assert.equal(decodeWords("=?utf-8?q?=C3?= =?utf-8?q?=BC?="), "ü");
  assert.equal(decodeWords("=?nonsense?q?=FC?= x"), "ü x");
  assert.equal(decodeWords("=?utf-8*de?Q?a_b?="), "a b");
  assert.equal(decodeWords("a =?broken"), "a =?broken");
  assert.equal(decodeWords("=?utf-8?q?=0D=0ABcc?="), "  Bcc");
  const text = "Grüße 日本語 =?x?= end " + "😀".repeat(60);
  assert.equal(decodeWords(encodeUnstructured(text)), text);
});

Deno.test("parseParameterized() joins RFC 2231 sections", () => {
  const params = (text: string) => parseParameterized(text).params;
  assert.deepEqual(params("a/b; t*0*=us-ascii'en'This%20is; t*1=\" it\""), [["t", "This is it"]]);
  assert.deepEqual(params("a/b; filename*=utf-8''%c3%bc.txt; filename=u.txt"), [["filename", "ü.txt"]]);
  assert.deepEqual(params('a/b; X="a\\"b;c" ; y = z (comment); name=My file.pdf'), [
    ["x", 'a"b;c'],
    ["y", "z"],
    ["name", "My file.pdf"],
  ]);
  assert.equal(parseParameterized("Text/HTML").value, "text/html");
});

Deno.test("parseDate() reads current, obsolete and broken dates", () => {
  const at = Date.UTC(2026, 10, 24, 6, 7, 41);
  for (
    const text of [
      "Tue, 24 Nov 2026 06:07:41 +0000",
      "24 Nov 2026 08:07:41 +0200 (CEST)",
      "Tue, 24 Nov 26 06:07:41 GMT",
      "Tue Nov 24 06:07:41 2026",
      "2026-11-24T06:07:41Z",
      "Tue, 24 Nov 2026 01:07:41 EST",
      "Tue, 24-Nov-2026 06:07:41",
    ]
  ) assert.equal(parseDate(text), at, text);
  assert.equal(parseDate("24 Nov 2026 06:07"), at - 41_000);
  for (const text of ["", "yesterday", "31 Feb 2026 00:00", "1 Jan 2026 25:00:00"]) {
    assert.equal(parseDate(text), null, text);
  }
});

Deno.test("transfer encodings decode what was encoded, in any chunks, and bear junk", () => {
  const bytes = new Uint8Array(1000).map((_, i) => (i * 31) % 256);
  assert.deepEqual(decodeTransfer(encodeBase64Lines(bytes), "base64"), bytes);
  assert.deepEqual(decodeTransfer(encodeQuotedPrintable(bytes), "quoted-printable"), bytes);
  for (
    const [encoding, encoded] of [["base64", encodeBase64Lines(bytes)], [
      "quoted-printable",
      encodeQuotedPrintable(bytes),
    ]] as const
  ) {
    const decoder = transferDecoder(encoding);
    const out: number[] = [];
    for (const byte of encoded) out.push(...decoder.push(new Uint8Array([byte])));
    out.push(...decoder.end());
    assert.deepEqual(new Uint8Array(out), bytes);
  }
  assert.equal(latin1String(decodeTransfer(latin1Bytes("YQ==YmM=*Z!G"), "base64")), "abcd".slice(0, 3) + "d");
  assert.equal(latin1String(decodeTransfer(latin1Bytes("a=zb  \r\nc=\r\nd="), "quoted-printable")), "a=zb\r\ncd");
});

Deno.test("decodeCharset() knows labels of mail and guesses the rest", () => {
  assert.equal(decodeCharset(latin1Bytes("Hi Mom +Jjo-!"), "utf-7"), "Hi Mom ☺!"); // RFC 2152
  assert.equal(decodeCharset(latin1Bytes("\x82\xa0"), "cp932"), "あ");
  assert.equal(decodeCharset(utf8Bytes("ü"), "us-ascii"), "ü");
  assert.equal(decodeCharset(latin1Bytes("\xfc\x80"), "no-such"), "ü€");
});

Deno.test("TextMatcher finds text without case and accents across pieces", () => {
  assert.equal(fold("ÄÖß Ｗide ΣΑΣ"), fold("äöSS wide σας"));
  const raw = utf8Bytes("Gr=C3=BC=C3=9Fe aus K=C3=B6ln");
  const extractor = new TextExtractor("quoted-printable", "utf-8");
  const matcher = new TextMatcher("GRUSSE AUS köln");
  for (const byte of raw) matcher.push(extractor.push(new Uint8Array([byte])));
  assert.ok(matcher.push(extractor.end()));
  assert.ok(new TextMatcher("aab").push("aaab"));
  assert.ok(!new TextMatcher("aab").push("aaa"));
  assert.ok(new TextMatcher("").found);
  assert.equal(utf8String(raw).length, raw.length);
});

Deno.test("baseSubject() follows RFC 5256 section 2.1", () => {
  const cases: readonly [string, string, boolean][] = [
    ["Hello", "Hello", false],
    ["Re: re[2]: Fwd: Hello (fwd)", "Hello", true],
    ["[list] Re: [list] Hello", "Hello", true],
    ["[list]", "[list]", false],
    ["[Fwd: [Fwd: x]]", "x", true],
    ["=?utf-8?q?Re=3A_=C3=BC?=", "ü", true],
    ["Re:", "", true],
    ["Regarding: x", "Regarding: x", false],
  ];
  for (const [text, base, isReply] of cases) assert.deepEqual(baseSubject(text), { base, isReply }, text);
});
