import assert from "node:assert/strict";
import { latin1Bytes, latin1String } from "../../../src/base/bytes.ts";
import fc from "fast-check";
import { dkimMethodResults, verifyDkim, verifyDkimAndArc } from "../../../src/mailauth/mod.ts";
import { argsOf, runProgram } from "../../support/run_program.ts";
import { BLOB, NOW, octets, signed, testKey, txt, verification, verify, worldOf, zonesOf } from "./world.ts";

const ED = testKey("ed25519", "sender.example", "ed");
const RSA = testKey("rsa", "sender.example", "rsa");
const ZONES = zonesOf(ED, RSA);
const MESSAGE = octets(`From: Alice <alice@sender.example>
To: bob@there.example
Subject: hello
Received: first
Received: second

Hi Bob,

how are you?
`);

/** A signature that is right but for what `tags` says, put over the message by hand. */
function handMade(tags: string, message = MESSAGE): Uint8Array {
  return new Uint8Array([...latin1Bytes(`DKIM-Signature: ${tags}\r\n`), ...message]);
}

const GOOD = "v=1; a=ed25519-sha256; d=sender.example; s=ed; h=from; bh=AAAA; b=AAAA";

/** Each is void before any key is asked for. */
const VOID: readonly (readonly [name: string, tags: string, result: string, reason: RegExp])[] = [
  ["no tags", "", "neutral", /has no value/],
  ["a tag twice", GOOD + "; d=sender.example", "neutral", /d occurs twice/],
  ["an unknown tag twice", GOOD + "; zz=1; zz=2", "neutral", /zz occurs twice/],
  ["__proto__ twice", GOOD + "; __proto__=1; __proto__=1", "neutral", /malformed/],
  ["an empty tag in the middle", GOOD.replace("; s=", ";; s="), "neutral", /has no value/],
  ["no v=", GOOD.replace("v=1; ", ""), "neutral", /v= is missing/],
  ["another version", GOOD.replace("v=1", "v=2"), "neutral", /version/],
  ["version 01", GOOD.replace("v=1", "v=01"), "neutral", /version/],
  ["no a=", GOOD.replace("a=ed25519-sha256; ", ""), "neutral", /a= is missing/],
  ["no b=", GOOD.replace("; b=AAAA", ""), "neutral", /b= is missing/],
  ["an empty b=", GOOD.replace("b=AAAA", "b="), "neutral", /b= is malformed/],
  ["no bh=", GOOD.replace("bh=AAAA; ", ""), "neutral", /bh= is missing/],
  ["a bh= of other signs", GOOD.replace("bh=AAAA", "bh=A*A"), "neutral", /bh= is malformed/],
  ["no d=", GOOD.replace("d=sender.example; ", ""), "neutral", /d= is missing/],
  ["a d= of one label", GOOD.replace("d=sender.example", "d=example"), "neutral", /domain/],
  ["a d= with a space", GOOD.replace("d=sender.example", "d=sender .example"), "neutral", /domain/],
  ["a d= of 300 octets", GOOD.replace("d=sender", "d=" + "a.".repeat(150) + "sender"), "neutral", /domain/],
  ["a d= with an empty label", GOOD.replace("d=sender", "d=sender."), "neutral", /domain/],
  ["no s=", GOOD.replace("s=ed; ", ""), "neutral", /s= is missing/],
  ["an s= with @", GOOD.replace("s=ed", "s=e@d"), "neutral", /selector/],
  ["no h=", GOOD.replace("h=from; ", ""), "neutral", /h= is missing/],
  ["an empty h=", GOOD.replace("h=from", "h="), "neutral", /h= is malformed/],
  [
    "five thousand names in h=",
    GOOD.replace("h=from", "h=from" + ":x".repeat(5000)),
    "neutral",
    /h= has more than 1000/,
  ],
  ["an empty name in h=", GOOD.replace("h=from", "h=from::to"), "neutral", /h= is malformed/],
  ["From not signed", GOOD.replace("h=from", "h=to:subject"), "permerror", /From is not signed/],
  ["rsa-sha1", GOOD.replace("ed25519-sha256", "rsa-sha1"), "policy", /rsa-sha1/],
  ["another algorithm", GOOD.replace("ed25519-sha256", "rsa-sha512"), "neutral", /algorithm/],
  ["another canonicalization", GOOD + "; c=nofws", "neutral", /canonicalization/],
  ["three canonicalizations", GOOD + "; c=simple/simple/simple", "neutral", /canonicalization/],
  ["an i= elsewhere", GOOD + "; i=@other.example", "permerror", /identity/],
  ["an i= above d=", GOOD + "; i=@example", "neutral", /i= is malformed/],
  ["an i= that only ends alike", GOOD + "; i=x@notsender.example", "permerror", /identity/],
  ["an i= without @", GOOD + "; i=sender.example", "neutral", /i= is malformed/],
  ["an i= with a hidden line end", GOOD + "; i=a=0D=0AX@sender.example", "neutral", /i= is malformed/],
  ["another query", GOOD + "; q=http/txt", "neutral", /DNS/],
  ["an l= that is no number", GOOD + "; l=-1", "neutral", /number/],
  ["an l= of 77 digits", GOOD + "; l=" + "1".repeat(77), "neutral", /number/],
  ["a t= of 13 digits", GOOD + "; t=" + "1".repeat(13), "neutral", /number/],
  ["an x= before its t=", GOOD + "; t=200; x=100", "neutral", /expires/],
  ["an x= in the past", GOOD + `; x=${NOW / 1000 - 1}`, "policy", /expired/],
  ["a NUL", GOOD + "; n=a\0b", "neutral", /control/],
  ["33,000 octets", GOOD + "; n=" + "x".repeat(33_000), "neutral", /32768/],
];

for (const [name, tags, result, reason] of VOID) {
  Deno.test(`verifyDkim() calls a signature with ${name} ${result} and asks for nothing`, () => {
    const message = handMade(tags);
    const { result: found, calls } = runProgram(
      verifyDkim({ blobId: BLOB, size: message.length }, { now: NOW }),
      worldOf(message),
    );
    assert.equal(found.results[0]?.result, result);
    assert.match(found.results[0]!.reason, reason);
    assert.equal(argsOf(calls, "dns.resolve").length, 0);
    assert.equal(argsOf(calls, "blob.read").length, 1);
  });
}

/** A signature that is well formed, and what is said of its key. */
const KEYS:
  readonly (readonly [name: string, zones: Record<string, string | string[]>, result: string, reason: RegExp])[] = [
    ["no key", {}, "permerror", /no such key/],
    ["a wildcard's answer", { [ED.name]: ["v=spf1 -all", "hello"] }, "permerror", /no such key/],
    ["no answer", { [ED.name]: "fail" }, "temperror", /did not answer/],
    ["a revoked key", { [ED.name]: "v=DKIM1; k=ed25519; p=" }, "permerror", /revoked/],
    ["a key of another type", { [ED.name]: RSA.record }, "permerror", /another type/],
    ["another key", { [ED.name]: testKey("ed25519", "a.example", "x").record }, "fail", /changed/],
    [
      "its key among others",
      { [ED.name]: ["v=spf1", RSA.record, testKey("ed25519", "a.example", "x").record, ED.record] },
      "pass",
      /verifies/,
    ],
    ["its key behind too many", { [ED.name]: ["1", "2", "3", "4", ED.record] }, "permerror", /no such key/],
    ["a key that is tried out", { [ED.name]: ED.record + "; t=y" }, "pass", /verifies/],
  ];

for (const [name, zones, result, reason] of KEYS) {
  Deno.test(`verifyDkim() with ${name}: ${result}`, () => {
    const [found] = verify(signed(MESSAGE, [ED]), zones);
    assert.equal(found?.result, result);
    assert.match(found!.reason, reason);
    assert.equal(found?.testing, name.includes("tried"));
  });
}

Deno.test("verifyDkim() takes t=s of a key to mean that i= is not below d=", () => {
  const message = signed(MESSAGE, [ED]);
  const strict = { [ED.name]: ED.record + "; t=s" };
  assert.equal(verify(message, strict)[0]?.result, "pass");
  // i= is part of what is signed, so this one is made without it and fails; the rule is looked at before.
  const below = latin1Bytes(latin1String(message).replace(" s=ed;", " s=ed; i=@sub.sender.example;"));
  assert.match(verify(below, strict)[0]!.reason, /subdomain/);
  assert.match(verify(below, ZONES)[0]!.reason, /header or the signature was changed/);
});

const CHANGES: readonly (readonly [name: string, change: (text: string) => string, result: string])[] = [
  ["nothing changed", (text) => text, "pass"],
  ["a field that is not signed", (text) => text.replace("Received: second", "Received: other"), "pass"],
  ["a field before it", (text) => "Received: third\r\n" + text, "pass"],
  ["white space folded", (text) => text.replace("To: bob", "To:\r\n   bob"), "pass"],
  ["names in capitals", (text) => text.replace("\r\nSubject:", "\r\nSUBJECT :"), "pass"],
  ["white space at line ends", (text) => text.replace("Hi Bob,", "Hi   Bob, \t"), "pass"],
  ["blank lines at the end", (text) => text + "\r\n \r\n", "pass"],
  ["another From above", (text) => "From: eve@evil.example\r\n" + text, "fail"],
  ["another From below", (text) => text.replace("\r\n\r\nHi", "\r\nFrom: eve@evil.example\r\n\r\nHi"), "fail"],
  ["another Subject above", (text) => "Subject: other\r\n" + text, "fail"],
  ["a Reply-To that was not there", (text) => "Reply-To: eve@evil.example\r\n" + text, "fail"],
  ["a Content-Type that was not there", (text) => "Content-Type: text/html\r\n" + text, "fail"],
  [
    "a From hidden behind an LF",
    (text) => text.replace("Received: first", "Received: first\nFrom: eve@evil.example"),
    "fail",
  ],
  ["one letter of From", (text) => text.replace("Alice", "Alica"), "fail"],
  ["one letter of the signature's tags", (text) => text.replace("t=17", "t=16"), "fail"],
  [
    "one letter of b=",
    (text) => text.replace(/b=(....)/, (_, four) => `b=${four === "AAAA" ? "BBBB" : "AAAA"}`),
    "fail",
  ],
  ["one letter of the body", (text) => text.replace("how", "who"), "fail"],
  ["a line more", (text) => text + "buy this\r\n", "fail"],
];

for (const [name, change, result] of CHANGES) {
  Deno.test(`verifyDkim() of a signed message with ${name}: ${result}`, () => {
    for (const key of [ED, RSA]) {
      const message = latin1Bytes(change(latin1String(signed(MESSAGE, [key]))));
      assert.equal(verify(message, ZONES)[0]?.result, result, key.name);
    }
  });
}

Deno.test("verifyDkim() gives the same for every size of pages, with octets before the blob or without", () => {
  const message = signed(octets(latin1String(MESSAGE) + "\n x \n\n".repeat(30)), [ED, RSA]);
  const whole = verification(message, ZONES);
  assert.deepEqual(whole.results.map(({ result }) => result), ["pass", "pass"]);
  for (const page of [1, 2, 3, 7, 64, 1000]) assert.deepEqual(verification(message, ZONES, {}, page), whole);
  for (const cut of [0, 1, 200, message.indexOf(13), message.length - 1]) {
    const stored = { blobId: BLOB, size: message.length - cut, prefix: message.slice(0, cut) };
    const { result } = runProgram(verifyDkim(stored, { now: NOW }), worldOf(message.slice(cut), ZONES, 50));
    assert.deepEqual(result, whole);
  }
});

Deno.test("verifyDkim() reads at most 128 KiB at a time, each octet once", () => {
  const message = signed(octets(latin1String(MESSAGE) + "0123456789\n".repeat(30_000)), [ED, RSA]);
  const { result, calls } = runProgram(
    verifyDkim({ blobId: BLOB, size: message.length }, { now: NOW }),
    worldOf(message, ZONES),
  );
  assert.deepEqual(result.results.map(({ result }) => result), ["pass", "pass"]);
  let at = 0;
  for (const { start, end } of argsOf(calls, "blob.read")) {
    assert.equal(start, at);
    assert.ok(end - start <= 128 * 1024);
    at = end;
  }
  assert.equal(at, message.length);
});

Deno.test("verifyDkim() evaluates eight of ten thousand signatures, those of the author first, and counts the others", () => {
  const junk = "DKIM-Signature: v=1; a=ed25519-sha256; d=j.example; s=ed; h=from; bh=AAAA; b=AAAA\r\n";
  const text = junk.repeat(20) +
    latin1String(signed(MESSAGE, [ED])).replace("\r\n\r\nHi", `\r\n${"DKIM-Signature: v=1\r\n".repeat(9979)}\r\nHi`);
  const message = latin1Bytes(text);
  const options = { now: NOW, authorDomain: "mail.sender.example" };
  const { result, calls } = runProgram(
    verifyDkim({ blobId: BLOB, size: message.length }, options),
    worldOf(message, ZONES),
  );
  assert.deepEqual(result.results.map(({ domain }) => domain), [...Array(7).fill("j.example"), "sender.example"]);
  assert.equal(result.results[7]?.result, "pass");
  assert.equal(result.notEvaluated, 9992);
  assert.equal(argsOf(calls, "dns.resolve").length, 2, "each name is asked for once");
  assert.deepEqual(dkimMethodResults(result).at(-1), {
    method: "dkim",
    result: "policy",
    reason: "9992 more signatures were not evaluated",
    properties: [],
  });
});

Deno.test("verifyDkim() does not wait for more than two names that do not answer", () => {
  const header = [1, 2, 3, 4, 5].map((n) => `DKIM-Signature: ${GOOD.replace("s=ed", `s=s${n}`)}\r\n`).join("");
  const message = new Uint8Array([...latin1Bytes(header), ...MESSAGE]);
  const program = verifyDkim({ blobId: BLOB, size: message.length }, { now: NOW });
  const zones = Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`s${n}._domainkey.sender.example`, "fail" as const]));
  const { result, calls } = runProgram(program, worldOf(message, zones));
  assert.deepEqual(result.results.map(({ result }) => result), Array(5).fill("temperror"));
  assert.equal(argsOf(calls, "dns.resolve").length, 2);
});

Deno.test("verifyDkim() looks for nothing in a header of a hundred thousand fields", () => {
  const message = octets("a: b\n".repeat(100_000) + latin1String(signed(MESSAGE, [ED])));
  assert.deepEqual(verification(message, ZONES), { results: [], notEvaluated: 0, headerTooLarge: true });
});

Deno.test("verifyDkim() looks for nothing in a header of more than half a megabyte", () => {
  const message = octets("X: " + "y".repeat(600_000) + "\n" + latin1String(signed(MESSAGE, [ED])));
  const { result, calls } = runProgram(
    verifyDkim({ blobId: BLOB, size: message.length }, { now: NOW }),
    worldOf(message, ZONES),
  );
  assert.deepEqual([result.results, result.headerTooLarge], [[], true]);
  assert.ok(argsOf(calls, "blob.read").length <= 9);
  assert.equal(dkimMethodResults(result)[0]?.result, "permerror");
});

Deno.test("verifyDkim() looks at each field and each name once: ten thousand of them, a thousand names, long white space", () => {
  const names = "a:".repeat(990) + "from";
  const slow = `DKIM-Signature: ${GOOD.replace("h=from", `h=${names}`)}\r\n`.repeat(8);
  const spaces = "X: " + " \t".repeat(100_000) + "\r\n";
  const message = octets(slow + spaces + "a: b\n".repeat(10_000) + latin1String(MESSAGE));
  const results = verify(message, ZONES);
  assert.deepEqual(results.map(({ result }) => result), Array(8).fill("fail"));
});

Deno.test("verifyDkim() has an answer for whatever stands in a signature and in a key record", () => {
  const names = fc.constantFrom(
    "v",
    "a",
    "b",
    "bh",
    "c",
    "d",
    "h",
    "i",
    "l",
    "q",
    "s",
    "t",
    "x",
    "z",
    "p",
    "k",
    "g",
    "__proto__",
    "",
  );
  const values = fc.oneof(
    fc.constantFrom(
      "1",
      "rsa-sha256",
      "ed25519-sha256",
      "relaxed/relaxed",
      "sender.example",
      "ed",
      "from",
      "@",
      "=40",
      "DKIM1",
    ),
    fc.constantFrom(
      "ed25519",
      "rsa",
      "AAAA",
      "A".repeat(43),
      "=",
      "\r\n ",
      "\r\n",
      "\0",
      "\xff",
      "y:s",
      "999999999999",
      "",
      "*",
    ),
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({ maxLength: 12 }),
  );
  const list = fc.array(fc.tuple(names, values), { maxLength: 12 }).map((tags) =>
    tags.map(([name, value]) => `${name}=${value}`).join(";")
  );
  const arc = fc.constantFrom("DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results");
  const property = fc.property(
    fc.array(fc.tuple(arc, list), { maxLength: 6 }),
    list,
    fc.string(),
    (fields, record, text) => {
      const header = fields.map(([name, tags]) => `${name}: ${tags.replace(/[^\0-\xff]/g, "?")}\r\n`).join("");
      const message = new Uint8Array([...latin1Bytes(header), ...MESSAGE]);
      const program = verifyDkimAndArc({ blobId: BLOB, size: message.length }, { now: NOW });
      const { result } = runProgram(program, {
        ...worldOf(message),
        "dns.resolve": ({ name }) => txt({ [name]: [record, text] }, name),
      });
      assert.ok(result.dkim.results.every(({ result }) => result !== "pass"));
      assert.notEqual(result.arc.result, "pass");
      for (const { ptype, value } of dkimMethodResults(result.dkim).flatMap(({ properties }) => properties)) {
        // deno-lint-ignore no-control-regex -- what must not get into a field
        assert.doesNotMatch(ptype + value, /[\x00-\x1f\x7f]/);
      }
    },
  );
  fc.assert(property, { seed: 611, numRuns: 800 });
});

Deno.test("verifyDkim() tells how many octets l= leaves out, and lets them pass only where that is wanted", async () => {
  const { dkimSign } = await import("mailauth/lib/dkim/sign.js");
  const data = { signingDomain: "sender.example", selector: "ed", privateKey: ED.pem, maxBodyLength: 10 };
  const { signatures } = await dkimSign(
    MESSAGE as never,
    { canonicalization: "relaxed/relaxed", signTime: new Date(NOW), signatureData: [data] } as never,
  );
  const message = new Uint8Array([...latin1Bytes(signatures), ...MESSAGE]);
  const [strict] = verify(message, ZONES);
  assert.equal(strict?.result, "policy");
  assert.match(strict!.reason, /15 octets at the end of the body are not signed/);
  assert.deepEqual([strict?.coveredOctets, strict?.uncoveredOctets], [10, 15]);
  assert.equal(verify(message, ZONES, { allowPartialBody: true })[0]?.result, "pass");
  const short = latin1Bytes(latin1String(message).replace(/Hi Bob[^]*/, "Hi"));
  assert.match(verify(short, ZONES)[0]!.reason, /shorter than l=/);
});

Deno.test("verifyDkim() reads domains and identities in Unicode as A-labels (RFC 8616)", () => {
  const key = testKey("ed25519", "xn--bcher-kva.example", "xn--s-zfa");
  const message = latin1String(signed(MESSAGE, [key]));
  const unicode = latin1Bytes(
    message.replace("d=xn--bcher-kva.example", "d=b\xc3\xbccher.example").replace(
      "s=xn--s-zfa",
      "s=\xc3\xa4s; i==C3=A4=40x@SUB.b\xc3\xbccher.example",
    ),
  );
  const [found] = verify(unicode, zonesOf(key));
  assert.equal(found?.domain, "xn--bcher-kva.example");
  assert.equal(found?.identity, "ä@x@sub.xn--bcher-kva.example");
  assert.equal(found?.selector, "xn--s-zfa");
  assert.equal(found?.result, "fail");
});

Deno.test("dkimMethodResults() says what RFC 8601 wants of a signature, and none of an unsigned message", () => {
  const [line] = dkimMethodResults(verification(signed(MESSAGE, [ED]), ZONES));
  assert.equal(line?.reason, null);
  const { properties } = line!;
  assert.deepEqual(properties.map(({ ptype, property }) => `${ptype}.${property}`), [
    "header.d",
    "header.i",
    "header.s",
    "header.b",
    "header.a",
  ]);
  assert.deepEqual(properties.map(({ value }) => value.length > 8 ? value : "…"), [
    "sender.example",
    "@sender.example",
    "…",
    "…",
    "ed25519-sha256",
  ]);
  assert.deepEqual(dkimMethodResults(verification(MESSAGE, {})), [{
    method: "dkim",
    result: "none",
    reason: null,
    properties: [],
  }]);
  const [tried] = dkimMethodResults(verification(signed(MESSAGE, [ED]), { [ED.name]: ED.record + "; t=y" }));
  assert.equal(tried?.reason, "the signature verifies; the domain is only trying DKIM out");
  const [broken] = dkimMethodResults(verification(handMade("d=a\x7fb; s=x"), {}));
  assert.deepEqual([broken?.result, broken?.properties], ["neutral", []]);
});
