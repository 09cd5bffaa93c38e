import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1String } from "../../../src/base/bytes.ts";
import { signedFields } from "../../../src/mailauth/dkim/header_fields.ts";
import { arcChain } from "../../../src/mailauth/arc/chain.ts";
import { readInstance } from "../../../src/mailauth/arc/instance.ts";
import { arcMethodResult, verifyArc, verifyDkimAndArc } from "../../../src/mailauth/mod.ts";
import { argsOf, runProgram } from "../../support/run_program.ts";
import { BLOB, NOW, octets, signed, testKey, worldOf, zonesOf } from "../dkim/world.ts";
import { oracle, oracleSealed } from "../oracle.ts";
import { chainOf, seal, sealed } from "./world.ts";

const AUTHOR = testKey("ed25519", "author.example", "a");
const LIST = testKey("ed25519", "list.example", "l");
const RSA = testKey("rsa", "forward.example", "r");
const ZONES = zonesOf(AUTHOR, LIST, RSA);
const MESSAGE = signed(octets("From: a@author.example\nTo: l@list.example\nSubject: x\n\nHello\n"), [AUTHOR]);

/** Sealed by a list, then changed, then sealed by a forwarder who saw that. */
const ONE = sealed(MESSAGE, LIST, ZONES);
const TWO = sealed(latin1Bytes(latin1String(ONE) + "-- \r\nthe list\r\n"), RSA, ZONES);

Deno.test("verifyArc() passes chains that sealArc() made, and says how far the message is as it was", () => {
  assert.deepEqual(chainOf(MESSAGE, ZONES), {
    result: "none",
    reason: "there is no chain",
    instance: 0,
    oldestPass: null,
    claims: [],
  });
  const one = chainOf(ONE, ZONES);
  assert.deepEqual([one.result, one.instance, one.oldestPass], ["pass", 1, 0]);
  // The second set was made of a chain that had failed by the change of the body.
  const two = chainOf(TWO, ZONES);
  assert.deepEqual([two.result, two.instance], ["fail", 2]);
  assert.match(two.reason, /sealed as failed/);
});

/** A list seals what it has changed: the chain is as it was before, and the new signature covers the change. */
const CHANGED = sealed(latin1Bytes(latin1String(ONE) + "-- \r\nthe list\r\n"), RSA, ZONES, { chain: "pass" });
const LONG = sealed(CHANGED, LIST, ZONES);

Deno.test("verifyArc() passes a chain whose older signatures no longer fit the message", () => {
  const two = chainOf(CHANGED, ZONES);
  assert.deepEqual([two.result, two.instance, two.oldestPass], ["pass", 2, 2]);
  const three = chainOf(LONG, ZONES);
  assert.deepEqual([three.result, three.instance, three.oldestPass], ["pass", 3, 2]);
  assert.deepEqual(
    three.claims.map(({ instance, sealedBy, authenticationResults }) => [instance, sealedBy, authenticationResults]),
    [
      [1, "list.example", " mx.example; arc=none"],
      [2, "forward.example", " mx.example; arc=none"],
      [3, "list.example", " mx.example; arc=none"],
    ],
  );
  assert.deepEqual(arcMethodResult(three, "192.0.2.1"), {
    method: "arc",
    result: "pass",
    reason: null,
    properties: [
      { ptype: "smtp", property: "remote-ip", value: "192.0.2.1" },
      { ptype: "header", property: "oldest-pass", value: "2" },
    ],
  });
});

Deno.test("sealArc() adds nothing behind cv=fail, seals a failed chain alone, and stops at fifty", () => {
  assert.deepEqual(seal(TWO, LIST, { chain: "fail" }), { refused: "sealedAsFailed" });
  assert.match(latin1String(TWO), /^ARC-Seal: i=2; a=rsa-sha256; cv=fail;/);
  assert.deepEqual(seal(octets("To: x\n\ny"), LIST), { refused: "noFrom" });
  let message = MESSAGE;
  for (let i = 1; i <= 50; i++) message = sealed(message, LIST, ZONES, { chain: i === 1 ? "none" : "pass" });
  assert.deepEqual([chainOf(message, ZONES).result, chainOf(message, ZONES).oldestPass], ["pass", 41]);
  assert.deepEqual(seal(message, LIST, { chain: "pass" }), { refused: "tooManySets" });
  const more = latin1Bytes(
    "ARC-Seal: i=51; cv=pass; a=ed25519-sha256; d=list.example; s=l; b=AAAA\r\n" + latin1String(message),
  );
  assert.equal(chainOf(more, ZONES).result, "fail");
  const broken = latin1Bytes(latin1String(message).replace(/^ARC-Seal:/, "X-Seal:"));
  assert.match(chainOf(broken, ZONES).reason, /i=50 is not complete/);
});

const CHANGES: readonly (readonly [name: string, change: (text: string) => string, reason: RegExp])[] = [
  ["the body changed", (text) => text + "more\r\n", /message signature i=3: the body was changed/],
  ["the subject changed", (text) => text.replace("Subject: x", "Subject: y"), /message signature i=3: the header/],
  ["a DKIM-Signature gone", (text) => text.replace(/^DKIM-Signature/m, "X-Signature"), /message signature i=3/],
  ["what the first found changed", (text) => text.replace(/(i=1; mx.example; arc=)none/, "$1pass"), /seal i=3/],
  ["what the last found changed", (text) => text.replace(/(i=3; mx.example; arc=)none/, "$1pass"), /seal i=3/],
  [
    "a seal in the middle changed",
    (text) => text.replace("ARC-Seal: i=2; a=rsa-sha256", "ARC-Seal: i=2; z=1; a=rsa-sha256"),
    /seal i=3/,
  ],
  ["a set taken out", (text) => text.replaceAll(/^(ARC-.*: )i=1;/gm, "X-$1i=1;"), /i=1 is missing/],
  ["a field of a set taken out", (text) => text.replace("ARC-Message-Signature: i=2", "X: i=2"), /i=2 is not complete/],
  ["a field twice", (text) => "ARC-Authentication-Results: i=2; x\r\n" + text, /two fields arc-authentication-results/],
  ["a set with another number", (text) => text.replaceAll(/^(ARC-.*: )i=3;/gm, "$1i=5;"), /i=3 is missing/],
  ["an instance of three digits", (text) => text.replace("ARC-Seal: i=3", "ARC-Seal: i=003"), /instance of arc-seal/],
  ["an instance of zero", (text) => "ARC-Seal: i=0; cv=none\r\n" + text, /instance of arc-seal/],
  ["an instance of 51", (text) => "ARC-Seal: i=51; cv=pass\r\n" + text, /instance of arc-seal/],
  [
    "no instance",
    (text) => "ARC-Authentication-Results: mx.example; arc=none\r\n" + text,
    /instance of arc-authentication/,
  ],
  ["a seal that is no list", (text) => "ARC-Seal: hello\r\n" + text, /in arc-seal a tag has no value/],
  [
    "cv=none in the middle",
    (text) => text.replace("ARC-Seal: i=2; a=rsa-sha256; cv=pass", "ARC-Seal: i=2; a=rsa-sha256; cv=none"),
    /i=2 does not say cv=pass/,
  ],
  [
    "cv=pass at the start",
    (text) => text.replace("i=1; a=ed25519-sha256; cv=none", "i=1; a=ed25519-sha256; cv=pass"),
    /i=1 does not say cv=none/,
  ],
  [
    "cv=fail in the middle",
    (text) => text.replace("ARC-Seal: i=2; a=rsa-sha256; cv=pass", "ARC-Seal: i=2; a=rsa-sha256; cv=fail"),
    /i=2 does not say cv=pass/,
  ],
  [
    "cv=fail at the end",
    (text) => text.replace("i=3; a=ed25519-sha256; cv=pass", "i=3; a=ed25519-sha256; cv=fail"),
    /sealed as failed/,
  ],
  ["h= in a seal", (text) => text.replace("ARC-Seal: i=2;", "ARC-Seal: i=2; h=from;"), /i=2 has a tag h=/],
  ["a tag twice in a seal", (text) => text.replace("ARC-Seal: i=2;", "ARC-Seal: i=2; cv=pass;"), /cv occurs twice/],
  [
    "a signature over ARC's own fields",
    (text) => text.replace(/^(ARC-Message-Signature: i=3[^]*? h=)/m, "$1ARC-Seal:"),
    /signs fields of ARC/,
  ],
  [
    "rsa-sha1 in a seal",
    (text) => text.replace("ARC-Seal: i=2; a=rsa-sha256", "ARC-Seal: i=2; a=rsa-sha1"),
    /seal i=3/,
  ],
  [
    "a seal of nobody",
    (text) => text.replace(/^(ARC-Seal: i=3[^]*?) d=list/m, "$1 d=other"),
    /seal i=3: there is no such key/,
  ],
];

for (const [name, change, reason] of CHANGES) {
  Deno.test(`verifyArc() fails a chain with ${name}`, async () => {
    const message = latin1Bytes(change(latin1String(LONG)));
    const found = chainOf(message, ZONES);
    assert.equal(found.result, "fail");
    assert.match(found.reason, reason);
    assert.deepEqual(found.claims, []);
    assert.equal((await oracle(message, ZONES)).arc.result, "fail", "mailauth says so too");
  });
}

Deno.test("verifyArc() fails for ever when the DNS does not answer (RFC 8617 section 5.2.1)", () => {
  const found = chainOf(LONG, { ...ZONES, [RSA.name]: "fail" });
  assert.deepEqual([found.result, found.reason], ["fail", "seal i=2: the DNS did not answer for the key"]);
});

Deno.test("verifyArc() gives the same for every size of pages", () => {
  const whole = chainOf(LONG, ZONES);
  for (const page of [1, 7, 100]) assert.deepEqual(chainOf(LONG, ZONES, page), whole);
});

Deno.test("verifyDkimAndArc() reads the message once and asks for each key once", () => {
  const program = verifyDkimAndArc({ blobId: BLOB, size: LONG.length }, { now: NOW });
  const { result, calls } = runProgram(program, worldOf(LONG, ZONES));
  assert.deepEqual([result.dkim.results[0]?.reason, result.arc.result], ["the body was changed", "pass"]);
  assert.equal(argsOf(calls, "blob.read").length, 1);
  assert.deepEqual(argsOf(calls, "dns.resolve").map(({ name }) => name).toSorted(), [AUTHOR.name, LIST.name, RSA.name]);
});

Deno.test("verifyArc() asks for nothing when there are ten thousand fields, or megabytes of them", () => {
  const one = "ARC-Seal: i=1; cv=none\r\n";
  const big = `ARC-Authentication-Results: i=1; ${"x".repeat(300_000)}\r\n`;
  for (
    const [fields, reason] of [[one.repeat(10_000), /more than 50 sets/], [big, /too large/], [
      big.repeat(4),
      /header is too large/,
    ]] as const
  ) {
    const message = latin1Bytes(fields + latin1String(MESSAGE));
    const { result, calls } = runProgram(
      verifyArc({ blobId: BLOB, size: message.length }, { now: NOW }),
      worldOf(message, ZONES),
    );
    assert.equal(result.result, "fail");
    assert.match(result.reason, reason);
    assert.equal(argsOf(calls, "dns.resolve").length, 0);
  }
});

Deno.test("verifyDkimAndArc() says of a header that is too large that both failed", () => {
  const message = latin1Bytes("X: " + "y".repeat(600_000) + "\r\n" + latin1String(LONG));
  const { result } = runProgram(
    verifyDkimAndArc({ blobId: BLOB, size: message.length }, { now: NOW }),
    worldOf(message, ZONES),
  );
  assert.deepEqual([result.dkim.headerTooLarge, result.arc.result], [true, "fail"]);
});

Deno.test("readInstance() reads what RFC 8617 section 4.1.1 allows before the semicolon", () => {
  const cases: readonly (readonly [string, number | null])[] = [
    [" i=1; x", 1],
    ["i = 12 ;", 12],
    [" (a (nested \\) one)) i (x)=(y)\r\n\t7 (z);", 7],
    ["i=01;", 1],
    ["i=0;", null],
    ["i=100;", null],
    ["i=1", null],
    ["i=;", null],
    ["I=1;", null],
    ["x; i=1;", null],
    ["(" + "(".repeat(10_000) + "i=1;", null],
  ];
  for (const [text, instance] of cases) assert.equal(readInstance(text)?.instance ?? null, instance, text.slice(0, 40));
});

Deno.test("arcChain() tells the highest instance of a chain that is broken", () => {
  const fields = signedFields("ARC-Seal: i=7; cv=pass\r\nARC-Seal: hello\r\nARC-Seal: i=9; cv=pass\r\n\r\n");
  assert.deepEqual(arcChain(fields), { broken: "in arc-seal a tag has no value", highest: 9, sealedFail: false });
  const made = seal(latin1Bytes("ARC-Seal: hello\r\nARC-Seal: i=9; cv=pass\r\n" + latin1String(MESSAGE)), LIST, {
    chain: "fail",
  });
  assert.ok("fields" in made && made.instance === 10 && made.fields.includes("cv=fail"));
});

Deno.test("sealArc() lets no line end of what was found out of its field", () => {
  const made = seal(MESSAGE, LIST, {
    authenticationResults: "mx.example;\r\n\tspf=pass\r\nFrom: eve@evil.example\r\n\r\nä",
  });
  assert.ok("fields" in made);
  assert.match(made.fields, /i=1; mx\.example;\r\n\tspf=pass\r\n\tFrom: eve@evil\.example\r\n\t\xc3\xa4\r\n$/);
});

Deno.test("verifyArc() and mailauth pass each other's chains, and say the same when they were changed", async () => {
  const hop = fc.tuple(fc.constantFrom(LIST, RSA), fc.boolean());
  const bodies = fc.constantFrom("Hello\r\n", "", " a  b\r\n\r\n", "\xe9\r\n.\r\n");
  const change = fc.tuple(
    fc.constantFrom("q", " ", "\r\n ", ""),
    fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  );
  const property = fc.asyncProperty(
    bodies,
    fc.array(hop, { minLength: 1, maxLength: 3 }),
    change,
    async (body, hops, [text, place]) => {
      let message = latin1Bytes(`From: a@author.example\r\nSubject: x\r\n\r\n${body}`);
      for (const [index, [key, ours]] of hops.entries()) {
        const chain = index === 0 ? "none" : "pass";
        const found = `mx${index}.example; spf=pass smtp.mailfrom=a@author.example;\r\n dkim=none`;
        message = ours
          ? sealed(message, key, ZONES, { chain, authenticationResults: found })
          : await oracleSealed(message, key, chain, found);
      }
      const passed = chainOf(message, ZONES);
      assert.equal(passed.result, "pass", `${passed.reason}\n${latin1String(message)}`);
      assert.equal((await oracle(message, ZONES)).arc.result, "pass", latin1String(message));
      const whole = latin1String(message);
      const at = 1 + Math.floor(place * (whole.length - 1));
      const other = latin1Bytes(
        (whole.slice(0, at) + text + whole.slice(at + (text ? 0 : 1))).replace(/\r\n|\r|\n/g, "\r\n"),
      );
      const found = chainOf(other, ZONES);
      const opinion = (await oracle(other, ZONES)).arc;
      assert.equal(found.result, opinion.result, `${found.reason} / ${opinion.comment}\n${latin1String(other)}`);
    },
  );
  await fc.assert(property, { seed: 8617, numRuns: 200 });
});
