import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type DkimFact,
  type DmarcResult,
  type FailedMessage,
  failureTexts,
  failureWanted,
  headerFields,
  parseDmarcRecord,
  parseFailureReport,
} from "../../../mod.ts";

const KEY = new Uint8Array(32).fill(7);

function result(record: string, more: Partial<DmarcResult> = {}): DmarcResult {
  return {
    result: "fail",
    disposition: "none",
    reason: "notAligned",
    sentence: "",
    domain: "a.test",
    organizationalDomain: "a.test",
    policyDomain: "a.test",
    record: parseDmarcRecord(record),
    policy: "none",
    organization: "treewalk",
    spfAligned: false,
    dkimAligned: false,
    alignedDkim: [],
    overrides: [],
    ...more,
  };
}

const spf = (result: string) => ({ method: "spf", result, domain: "b.test" }) as const;
const dkim = (result: string): DkimFact => (
  { method: "dkim", result, domain: "c.test", selector: "s", identity: null }
);

Deno.test("failureWanted() obeys fo and tells nobody who did not ask", () => {
  const PASS = { result: "pass", spfAligned: true } as const;
  const table: [string, Partial<DmarcResult>, string, string[], string | null][] = [
    ["ruf=mailto:x@a.test", {}, "fail", [], "dmarc"],
    ["ruf=mailto:x@a.test", PASS, "pass", ["fail"], null],
    ["rua=mailto:x@a.test", {}, "fail", [], null],
    ["ruf=https://a.test/", {}, "fail", [], "dmarc"],
    ["ruf=mailto:x@a.test; fo=1", {}, "fail", [], "dmarc"],
    ["ruf=mailto:x@a.test; fo=1", PASS, "pass", [], "dkim"],
    ["ruf=mailto:x@a.test; fo=1", { result: "pass", dkimAligned: true }, "none", ["pass"], "spf"],
    ["ruf=mailto:x@a.test; fo=1", { result: "pass", dkimAligned: true, spfAligned: true }, "pass", ["pass"], null],
    ["ruf=mailto:x@a.test; fo=d", PASS, "pass", ["pass", "fail"], "dkim"],
    ["ruf=mailto:x@a.test; fo=d", {}, "fail", ["pass", "neutral"], null],
    ["ruf=mailto:x@a.test; fo=s", PASS, "softfail", [], "spf"],
    ["ruf=mailto:x@a.test; fo=s", {}, "neutral", ["fail"], null],
    ["ruf=mailto:x@a.test; fo=0:s", {}, "fail", [], "dmarc"],
    ["ruf=mailto:x@a.test; fo=1:d:s", { result: "temperror" }, "fail", ["fail"], null],
  ];
  for (const [tags, more, spfResult, dkimResults, wanted] of table) {
    const asked = {
      result: result(`v=DMARC1; p=none; ${tags}`, more),
      spf: spf(spfResult),
      dkim: dkimResults.map(dkim),
    };
    assert.equal(failureWanted(asked), wanted, `${tags} ${JSON.stringify(more)} ${spfResult} ${dkimResults}`);
  }
  assert.equal(failureWanted({ result: { ...result("v=DMARC1; p=none"), record: null }, spf: null, dkim: [] }), null);
});

const HEADER = [
  'From: "Alice Liddell" <Alice.Liddell@a.test>, =?utf-8?q?B=C3=B6b?= <bob@b.test>',
  "Sender: carol@a.test",
  "To: victim@ours.test",
  "Cc: other@ours.test",
  "Subject: My secret for dave@else.test",
  "Received: from inside.ours.test by mail.ours.test for <victim@ours.test>",
  "Date: Thu, 1 Jan 2026 12:00:00 +0000",
  "Message-ID: <1234@a.test>",
  'DKIM-Signature: v=1; d=a.test; i=Alice.Liddell@a.test; b="x y"@a.test',
].join("\r\n");

function message(more: Partial<FailedMessage> = {}): FailedMessage {
  return {
    result: result("v=DMARC1; p=none; ruf=mailto:x@a.test"),
    spf: spf("fail"),
    dkim: [dkim("pass"), dkim("fail")],
    fields: headerFields(HEADER),
    sourceIp: "192.0.2.1",
    reversePath: '"alice liddell"@a.test',
    done: "quarantine",
    authenticationResults: 'mail.ours.test 1; spf=fail smtp.mailfrom=alice@a.test;\r\n dkim=fail header.i="a b"@a.test',
    arrivedAt: "Thu, 1 Jan 2026 12:00:00 +0000",
    ...more,
  };
}

Deno.test("failureTexts() tell how it failed, and neither names nor local parts nor who was written to", () => {
  const { feedback, header } = failureTexts(message(), "dmarc", KEY);
  assert.deepEqual(parseFailureReport(feedback), {
    domain: "a.test",
    sourceIp: "192.0.2.1",
    failure: "dmarc",
    delivery: "spam",
    incidents: 1,
    agent: "Palomar",
  });
  assert.match(feedback, /^Identity-Alignment: none\r$/m);
  assert.match(feedback, /^Original-Mail-From: <redacted-\w+@a\.test>\r$/m);
  assert.match(feedback, /^DKIM-Domain: c\.test\r\nDKIM-Selector: s\r$/m);
  const all = feedback + header;
  assert.doesNotMatch(all, /alice|liddell|bob|b=C3|carol|victim|other|secret|dave|inside|x y|a b/i);
  assert.match(header, /^From: <redacted-(\w+)@a\.test>, <redacted-\w+@b\.test>\r$/m);
  assert.match(header, /^Message-ID: <1234@a\.test>\r$/m);
  assert.deepEqual(headerFields(header).map(({ name }) => name), [
    "from",
    "sender",
    "date",
    "message-id",
    "dkim-signature",
  ]);
  // Equal ones are equal under one key, and tell nothing under another.
  const from = (key: Uint8Array) => /^From: <(redacted-\w+)/m.exec(failureTexts(message(), "spf", key).header)![1];
  assert.equal(from(KEY), from(new Uint8Array(32).fill(7)));
  assert.notEqual(from(KEY), from(new Uint8Array(32).fill(8)));
  assert.match(failureTexts(message({ reversePath: "" }), "spf", KEY).feedback, /^Original-Mail-From: <>\r$/m);
});

Deno.test("failureTexts() of hostile fields are plain lines of bounded length", () => {
  const name = fc.constantFrom("From", "Sender", "Date", "DKIM-Signature", "List-Id", "Message-ID");
  fc.assert(
    fc.property(name, fc.string({ unit: "binary", maxLength: 3000 }), (name, value) => {
      const fields = headerFields(`${name}: ${value}\r\n`);
      const { feedback, header } = failureTexts(
        message({ fields, reversePath: value, authenticationResults: value }),
        "dkim",
        KEY,
      );
      assert.match(header, /^(?:[\t\x20-\x7e]{1,998}\r\n)*$/);
      assert.match(feedback, /^(?:[^\r\n\0]+\r\n)*$/);
    }),
    { numRuns: 200 },
  );
  const many = headerFields(Array.from({ length: 500 }, () => `From: ${"a@b.test,".repeat(100)}\r\n`).join(""));
  assert(failureTexts(message({ fields: many }), "dmarc", KEY).header.length < 20_000);
});
