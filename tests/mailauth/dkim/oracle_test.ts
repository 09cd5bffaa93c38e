/** Ours and mailauth, in its strict mode, about the same messages. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { latin1Bytes, latin1String } from "../../../src/base/bytes.ts";
import { type PrintedTag, signedField } from "../../../src/mailauth/dkim/signature_field.ts";
import { oracle, oracleSigned } from "../oracle.ts";
import { signed, testKey, verify, type Zones, zonesOf } from "./world.ts";

const ED = testKey("ed25519", "sender.example", "ed");
const RSA = testKey("rsa", "sender.example", "rsa");
const UNDERSCORE = testKey("ed25519", "sender.example", "a_b");
const SEVERAL = testKey("ed25519", "sender.example", "several");
const ZONES: Zones = { ...zonesOf(ED, RSA, UNDERSCORE), [SEVERAL.name]: [RSA.record, ED.record, SEVERAL.record] };

const text = fc.array(
  fc.constantFrom("a", "word", " ", "  ", "\t", "\r\n ", "\xc3\xa9", "\xff", "=", ":", ";", "(x)", "~"),
  { maxLength: 8 },
)
  .map((words) => words.join(""));
const name = fc.constantFrom(
  "To",
  "to",
  "Cc",
  "Subject",
  "SUBJECT",
  "Date",
  "Message-ID",
  "X-Other",
  "Received",
  "Reply-To",
  "From ",
);
const field = fc.tuple(name, fc.constantFrom(":", ": ", ":\t", " : "), text).map(([name, colon, value]) =>
  `${name}${colon}${value.trim()}x\r\n`
);
const line = fc.array(fc.constantFrom("a", "bc", " ", "  ", "\t", ".", "\xe9", "\0", "=20"), { maxLength: 8 }).map((
  words,
) => words.join(""));
const body = fc.array(line, { maxLength: 6 }).chain((lines) =>
  fc.constantFrom("", "\r\n", "\r\n\r\n", " \r\n", " ").map((end) => lines.join("\r\n") + end)
);
const message = fc.tuple(fc.array(field, { maxLength: 5 }), fc.array(field, { maxLength: 3 }), body).map((
  [before, after, body],
) => latin1Bytes(`${before.join("")}From: Alice <alice@sender.example>\r\n${after.join("")}\r\n${body}`));
const key = fc.constantFrom(ED, ED, ED, RSA);
const canonicalization = fc.constantFrom("relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple");

/** A change of a signed message; numbers are places in it. */
type Change = (message: string, at: number) => string;

const CHANGES: readonly Change[] = [
  (text) => text,
  (text, at) => text.slice(0, at) + "q" + text.slice(at + 1),
  (text, at) => text.slice(0, at) + " " + text.slice(at),
  (text, at) => text.slice(0, at) + "\t" + text.slice(at),
  (text, at) => text.slice(0, at) + "\r\n" + text.slice(at),
  (text, at) => text.slice(0, at) + "\r\n " + text.slice(at),
  (text, at) => text.slice(0, at) + text.slice(at + 1),
  (text, at) => text.slice(0, at) + text.slice(at).toUpperCase(),
  (text, at) => text.slice(0, at) + text.slice(at).replace("\r\n", " \t\r\n"),
  (text, at) => text.slice(0, at) + text.slice(at).replace(" ", "   "),
  (text, at) => text.slice(0, at) + text.slice(at).replace(" ", "\r\n\t"),
  (text) => text + "more\r\n",
  (text) => text + "\r\n\r\n",
  (text) => text + " \t",
  (text) => text.replace(/(\r\n)+$/, ""),
  (text) => "X-Trace: 1\r\n" + text,
  (text) => "From: eve@evil.example\r\n" + text,
  (text) => text.replace("\r\n\r\n", "\r\nSubject: another\r\n\r\n"),
  (text) => text.replace(/^Subject[^]*?\r\n(?![ \t])/m, ""),
  (text) => text.replace(/^(To:[^]*?\r\n)(?![ \t])/mi, "$1$1"),
  (text) => text.replace("v=1", "v=2"),
  (text) => text.replace("v=1; ", ""),
  (text) => text.replace("; bh=", "; bh=; bh="),
  (text) => text.replace(/t=\d+/, "t=1"),
  (text) => text.replace(/\bd=sender/, "d=SENDER"),
  (text) => text.replace(/\bd=sender/, "D=sender"),
  (text) => text.replace(/\bs=/, "s= "),
  (text) => text.replace(/\bh=/, "h=bcc:"),
  (text) => text.replace(/\bh=/, "i=@a.sender.example; h="),
  (text) => text.replace(/\bh=/, "i=@other.example; h="),
  (text) => text.replace(/\bh=/, "x=1; h="),
  (text) => text.replace(/\bh=/, "l=1; h="),
  (text) => text.replace(/c=\w+\/\w+/, "c=relaxed"),
  (text) => text.replace(/\bq=dns\/txt/, "q=dns"),
];

/** What both say; octets of one line are never a bare CR or LF, about which they differ on purpose. */
function changed(message: Uint8Array, change: Change, place: number): Uint8Array {
  const text = latin1String(message);
  return latin1Bytes(change(text, 1 + Math.floor(place * (text.length - 1))).replace(/\r\n|\r|\n/g, "\r\n"));
}

/** RFC 8601 has several words for what cannot be used; which one is taste. */
function verdict(result: string): string {
  return result === "neutral" || result === "permerror" || result === "policy" ? "unusable" : result;
}

/** Whether each line of the header begins a field or goes on with one: about others we differ, see below. */
function hasOnlyFields(message: Uint8Array): boolean {
  const [header = ""] = latin1String(message).split("\r\n\r\n");
  return header.split("\r\n").every((line) => /^([ \t]|[!-9;-~]+[ \t]*:)/.test(line));
}

async function compare(message: Uint8Array): Promise<void> {
  const ours = verify(message, ZONES, { allowPartialBody: true });
  const theirs = (await oracle(message, ZONES)).dkim.filter(({ result }) => result !== "none");
  const said = `${ours.map(({ reason }) => reason)} / ${theirs.map(({ comment }) => comment)}\n${
    latin1String(message)
  }`;
  assert.equal(ours.length, theirs.length, said);
  ours.forEach(({ result, reason }, index) => {
    const other = verdict(theirs[index]!.result);
    // RFC 6376 section 6.1.1: what is malformed is void. mailauth reads Base64 and names leniently, and they fail.
    if (/ is malformed$/.test(reason) && other === "fail") return;
    assert.equal(verdict(result), other, said);
  });
}

Deno.test("verifyDkim() and mailauth pass what mailauth signs", async () => {
  const list = fc.option(fc.constant(["from", "to", "subject", "x-other", "received"]), { nil: undefined });
  const length = fc.option(fc.nat(20), { nil: undefined });
  const property = fc.asyncProperty(
    message,
    key,
    canonicalization,
    list,
    length,
    async (message, key, canonicalization, headerList, length) => {
      const signing = { canonicalization, ...(headerList ? { headerList } : {}) };
      const whole = await oracleSigned(message, key, signing);
      assert.equal(verify(whole, ZONES)[0]?.result, "pass", latin1String(whole));
      if (length === undefined) return;
      const part = await oracleSigned(message, key, { ...signing, maxBodyLength: length });
      await compare(part);
    },
  );
  await fc.assert(property, { seed: 8301, numRuns: 250 });
});

Deno.test("mailauth passes what signDkim() signs", async () => {
  const property = fc.asyncProperty(message, async (message) => {
    if ((latin1String(message).match(/^From *:/gim) ?? []).length > 1) return;
    const ours = signed(message, [ED, RSA], undefined, 3600);
    const { dkim } = await oracle(ours, ZONES);
    assert.deepEqual(dkim.map(({ result }) => result), ["pass", "pass"], latin1String(ours));
  });
  await fc.assert(property, { seed: 8463, numRuns: 150 });
});

Deno.test("verifyDkim() and mailauth say the same of a thousand signed messages that were changed on the way", async () => {
  const change = fc.tuple(fc.constantFrom(...CHANGES), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }));
  let compared = 0;
  const property = fc.asyncProperty(
    message,
    key,
    canonicalization,
    fc.array(change, { minLength: 1, maxLength: 2 }),
    async (signed, key, canonicalization, changes) => {
      const start = await oracleSigned(signed, key, { canonicalization });
      const message = changes.reduce((text, [change, place]) => changed(text, change, place), start);
      if (!hasOnlyFields(message)) return;
      await compare(message);
      compared++;
    },
  );
  await fc.assert(property, { seed: 6376, numRuns: 1250 });
  assert.ok(compared > 1000, `${compared} of 1250`);
});

const RELAXED = { canonicalization: "relaxed/relaxed" };
const PLAIN = latin1Bytes("From: a@b.example\r\n\r\nHello\r\n");

/** PLAIN with a signature of these tags, by its rules. */
function handSigned(tags: readonly PrintedTag[], key = ED): Promise<Uint8Array> {
  const bodyHash = createHash("sha256").update("Hello\r\n").digest("base64");
  const all: PrintedTag[] = [
    ["v", "1"],
    ["c", "relaxed/relaxed"],
    ["d", key.key.domain],
    ["s", key.key.selector],
    ...tags,
  ];
  const field = signedField("DKIM-Signature", [...all, ["bh", bodyHash]], "from:a@b.example\r\n", key.key);
  return Promise.resolve(latin1Bytes(`${field}\r\n${latin1String(PLAIN)}`));
}

/** Where we differ from mailauth, and by which words. */
const ON_PURPOSE:
  readonly (readonly [why: string, message: () => Promise<Uint8Array>, ours: string, theirs: string])[] = [
    [
      "RFC 6376 section 3.7: an LF alone is an octet of the body",
      () => oracleSigned(latin1Bytes("From: a@b.example\r\n\r\na\nb\r\n"), ED, RELAXED),
      "fail",
      "pass",
    ],
    [
      "RFC 6376 section 6.1.3: octets behind l= may be anybody's",
      () => oracleSigned(PLAIN, ED, { ...RELAXED, maxBodyLength: 2 }),
      "policy",
      "pass",
    ],
    [
      "RFC 6376 section 3.5, h=: a signature is not among its own fields",
      () => handSigned([["a", "ed25519-sha256"], ["h", "dkim-signature:from"]]),
      "pass",
      "fail",
    ],
    [
      "RFC 6376 section 3.5, s=: underscores stand in selectors that people use",
      () => handSigned([["a", "ed25519-sha256"], ["h", "from"]], UNDERSCORE),
      "pass",
      "neutral",
    ],
    [
      "RFC 6376 section 6.1.1: Base64 with a foreign sign is malformed",
      async () =>
        latin1Bytes(latin1String(await handSigned([["a", "ed25519-sha256"], ["h", "from"]])).replace(" b=", " b=!")),
      "neutral",
      "pass",
    ],
    [
      "RFC 6376 section 3.4.2: only a line end before white space is a fold",
      async () =>
        latin1Bytes(latin1String(await handSigned([["a", "ed25519-sha256"], ["h", "from"]])).replace(" c=", " c\r\n=")),
      "fail",
      "pass",
    ],
    [
      "RFC 8301 section 3.1: rsa-sha1 is refused before the body is looked at",
      () => handSigned([["a", "rsa-sha1"], ["h", "from"]], RSA),
      "policy",
      "fail",
    ],
    [
      "RFC 6376 section 3.6.2.2: of several key records each is tried",
      () => handSigned([["a", "ed25519-sha256"], ["h", "from"]], SEVERAL),
      "pass",
      "neutral",
    ],
  ];

for (const [why, message, ours, theirs] of ON_PURPOSE) {
  Deno.test(`verifyDkim() says ${ours} where mailauth says ${theirs}: ${why}`, async () => {
    const whole = await message();
    assert.equal(verify(whole, ZONES)[0]?.result, ours);
    assert.equal((await oracle(whole, ZONES)).dkim[0]?.result, theirs);
  });
}
