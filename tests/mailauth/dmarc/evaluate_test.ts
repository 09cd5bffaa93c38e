import assert from "node:assert/strict";
import {
  type DkimFact,
  DMARC_OPTIONS,
  dmarcMethodResult,
  type DmarcOptions,
  type DmarcResult,
  evaluateDmarc,
  type SpfFact,
} from "../../../src/mailauth/dmarc/mod.ts";
import { authenticationResultsField } from "../../../src/mailauth/results/mod.ts";
import { headerFields } from "../../../src/message/header.ts";
import { runProgram } from "../../support/run_program.ts";
import { dnsOf, type Zone } from "./zone.ts";

const spf = (domain: string, result = "pass"): SpfFact => ({ method: "spf", result, domain });
const dkim = (domain: string, result = "pass"): DkimFact => (
  { method: "dkim", result, domain, selector: "s", identity: null }
);

interface Case {
  readonly zone?: Zone;
  readonly from?: string;
  readonly spf?: SpfFact;
  readonly dkim?: readonly DkimFact[];
  readonly options?: Partial<DmarcOptions>;
  readonly asked?: string[];
}

function evaluate(
  { zone = {}, from = "From: a@example.com\r\n", spf, dkim = [], options = {}, asked }: Case,
): DmarcResult {
  const facts = { fields: headerFields(from), spf: spf ?? null, dkim };
  return runProgram(evaluateDmarc(facts, { ...DMARC_OPTIONS, ...options }), { "dns.resolve": dnsOf(zone, asked) })
    .result;
}

const REJECT: Zone = { "_dmarc.example.com": ["v=DMARC1; p=reject"] };

Deno.test("evaluateDmarc() passes what aligns, relaxed and strict", () => {
  const table: [string, Case, string][] = [
    ["same domain by SPF", { spf: spf("example.com") }, "pass"],
    ["subdomain by SPF", { spf: spf("bounce.example.com") }, "pass"],
    ["SPF that failed", { spf: spf("example.com", "softfail") }, "fail"],
    ["another domain", { spf: spf("example.net"), dkim: [dkim("example.org")] }, "fail"],
    ["a name that only ends alike", { dkim: [dkim("notexample.com")] }, "fail"],
    ["subdomain by DKIM", { dkim: [dkim("example.org"), dkim("x.y.example.com")] }, "pass"],
    ["DKIM that failed", { dkim: [dkim("example.com", "fail")] }, "fail"],
    ["case and a dot at the end", { dkim: [dkim("EXAMPLE.com.")] }, "pass"],
    ["nonsense for a name", { dkim: [dkim("exa mple.com"), dkim("")] }, "fail"],
  ];
  for (const [name, given, result] of table) assert.equal(evaluate({ zone: REJECT, ...given }).result, result, name);
  const strict = { "_dmarc.example.com": ["v=DMARC1; p=reject; adkim=s; aspf=s"] };
  assert.equal(evaluate({ zone: strict, spf: spf("a.example.com"), dkim: [dkim("a.example.com")] }).result, "fail");
  assert.equal(evaluate({ zone: strict, spf: spf("example.com") }).result, "pass");
  assert.equal(evaluate({ zone: strict, dkim: [dkim("example.com")] }).dkimAligned, true);
});

Deno.test("evaluateDmarc() says what was found, for the field, the report and people", () => {
  const failed = evaluate({ zone: REJECT, from: "From: a@Sub.Example.com\r\n", spf: spf("example.net") });
  assert.deepEqual(
    [failed.result, failed.disposition, failed.domain, failed.policyDomain, failed.organizationalDomain, failed.policy],
    ["fail", "reject", "sub.example.com", "example.com", "example.com", "reject"],
  );
  assert.equal(
    failed.sentence,
    "Neither SPF nor DKIM shows that the message is from sub.example.com, and example.com asks to reject such mail.",
  );
  assert.deepEqual(dmarcMethodResult(failed), {
    method: "dmarc",
    result: "fail",
    reason: failed.sentence,
    properties: [
      { ptype: "header", property: "from", value: "sub.example.com" },
      { ptype: "policy", property: "dmarc", value: "reject" },
    ],
  });
  const field = authenticationResultsField({ authservId: "mx.test", version: 1, results: [dmarcMethodResult(failed)] });
  assert(field.includes("header.from=sub.example.com policy.dmarc=reject\r\n"), field);
  const passed = evaluate({
    zone: REJECT,
    spf: spf("example.com"),
    dkim: [dkim("example.com"), dkim("m.example.com")],
  });
  assert.deepEqual([passed.disposition, passed.spfAligned, passed.alignedDkim.length], ["none", true, 2]);
  assert.equal(passed.sentence, "example.com has been shown by SPF and DKIM.");
  assert.equal(dmarcMethodResult(passed).reason, null);
  assert.deepEqual(evaluate({}).result, "none");
});

Deno.test("evaluateDmarc() takes sp for subdomains and np for those that do not exist", () => {
  const zone = {
    "_dmarc.example.com": ["v=DMARC1; p=none; sp=quarantine; np=reject"],
    "here.example.com": "exists",
  } as const;
  const policy = (domain: string, more: Zone = {}) => {
    const { policy, disposition, result } = evaluate({ zone: { ...zone, ...more }, from: `From: a@${domain}\r\n` });
    assert(result !== "fail" || disposition === policy);
    return `${result} ${policy}`;
  };
  assert.equal(policy("example.com"), "fail none");
  assert.equal(policy("here.example.com"), "fail quarantine");
  assert.equal(policy("gone.example.com"), "fail reject");
  assert.equal(policy("broken.example.com", { "broken.example.com": "fails" }), "temperror quarantine");
  assert.equal(policy("own.example.com", { "_dmarc.own.example.com": ["v=DMARC1; p=reject"] }), "fail reject");
});

Deno.test("evaluateDmarc() knows a name that is an alias, and one that cannot be asked for", () => {
  const zone = dnsOf({ "_dmarc.example.com": ["v=DMARC1; p=none; sp=quarantine; np=reject"] });
  const asked: string[] = [];
  const policy = (domain: string) =>
    runProgram(evaluateDmarc({ fields: headerFields(`From: a@${domain}\r\n`), spf: null, dkim: [] }), {
      "dns.resolve": (args) => {
        asked.push(`${args.name} ${args.type}`);
        if (args.name === "alias.example.com" && args.type === "CNAME") {
          const records = [{ type: "CNAME" as const, name: "gone.test" }];
          return { kind: "ok", records, canonicalName: args.name, authenticated: false, ttl: 1 };
        }
        return zone(args);
      },
    }).result.policy;
  // RFC 6604 section 3: the answer for A is that of the alias's end, which is gone.
  assert.equal(policy("alias.example.com"), "quarantine");
  assert.deepEqual(asked.filter((name) => name.startsWith("alias")), [
    "alias.example.com A",
    "alias.example.com CNAME",
  ]);
  const long = `${"x".repeat(60)}.`.repeat(4) + "example.com";
  assert.equal(policy(long), "reject");
  assert(!asked.some((name) => name.includes(long)));
});

Deno.test("evaluateDmarc() says in a sentence what the domain asks, and what is done", () => {
  const sentence = (tags: string, sample: number | null = null) =>
    evaluate({ zone: { "_dmarc.example.com": [`v=DMARC1; ${tags}`] }, options: { sample } }).sentence
      .replace("Neither SPF nor DKIM shows that the message is from example.com", "…");
  assert.equal(sentence("p=none"), "….");
  assert.equal(sentence("p=reject"), "…, and example.com asks to reject such mail.");
  assert.equal(
    sentence("p=reject; t=y"),
    "…, and example.com asks to reject such mail, in test mode, so it is put aside.",
  );
  assert.equal(
    sentence("p=quarantine; pct=1", 50),
    "…, and example.com asks to quarantine such mail, for a part of it, so it is let pass.",
  );
});

Deno.test("evaluateDmarc() is one policy milder in test mode, and where pct says so", () => {
  const decide = (tags: string, sample: number | null = null) => {
    const zone = { "_dmarc.example.com": [`v=DMARC1; ${tags}`] };
    const { disposition, overrides, policy } = evaluate({ zone, options: { sample } });
    return [policy, disposition, overrides[0]?.type ?? null];
  };
  assert.deepEqual(decide("p=reject; t=y"), ["reject", "quarantine", "policy_test_mode"]);
  assert.deepEqual(decide("p=quarantine; t=y"), ["quarantine", "none", "policy_test_mode"]);
  assert.deepEqual(decide("p=none; t=y"), ["none", "none", null]);
  assert.deepEqual(decide("p=reject; t=n"), ["reject", "reject", null]);
  assert.deepEqual(decide("p=reject; pct=0"), ["reject", "reject", null]);
  assert.deepEqual(decide("p=reject; pct=10", 9), ["reject", "reject", null]);
  assert.deepEqual(decide("p=reject; pct=10", 10), ["reject", "quarantine", "sampled_out"]);
  assert.deepEqual(decide("p=reject; pct=100", 99), ["reject", "reject", null]);
});

Deno.test("evaluateDmarc() never takes silence for an answer", () => {
  const fails = (zone: Zone, more: Case = {}) => evaluate({ zone, from: "From: a@m.example.com\r\n", ...more });
  const above = { "_dmarc.m.example.com": ["v=DMARC1; p=reject"], "_dmarc.example.com": "fails" } as const;
  assert.equal(fails({ "_dmarc.m.example.com": "fails" }).result, "temperror");
  assert.equal(fails({ "_dmarc.example.com": "fails" }).result, "temperror");
  // The own record applies; whether another name aligns is unknown where it may.
  assert.equal(fails(above, { dkim: [dkim("m.example.com")] }).result, "pass");
  assert.equal(fails(above, { dkim: [dkim("example.com")] }).result, "temperror");
  assert.equal(fails(above, { dkim: [dkim("example.net")] }).result, "fail");
  const inner = { "_dmarc.example.com": ["v=DMARC1; p=reject"], "_dmarc.x.example.com": "fails" } as const;
  assert.equal(fails(inner, { dkim: [dkim("x.example.com")] }).result, "temperror");
  assert.equal(fails(inner, { dkim: [dkim("x.example.com"), dkim("example.com")] }).result, "pass");
  assert.equal(fails(inner, { dkim: [dkim("x.example.com")] }).disposition, "none");
});

Deno.test("evaluateDmarc() knows records that cannot be obeyed", () => {
  const table: [string[], string][] = [
    [["v=DMARC1; p=reject", "v=DMARC1; p=none"], "none"],
    [["v=spf1 -all", "v=DMARC1; p=reject"], "fail"],
    [["v=DMARC1; p=banana"], "permerror"],
    [["v=DMARC1"], "permerror"],
    [["v=DMARC1; p=banana; rua=mailto:a@example.com"], "fail"],
    [["v=DMARC1; p=reject; sp=banana; rua=mailto:a@example.com"], "fail"],
    [["v=DMARC1; p=reject; p=none"], "none"],
    [["v=DMARC2; p=reject"], "none"],
  ];
  for (const [records, result] of table) {
    const got = evaluate({ zone: { "_dmarc.example.com": records } });
    assert.equal(got.result, result, records.join());
    if (records[0]!.includes("rua")) assert.equal(got.policy, "none");
  }
});

Deno.test("evaluateDmarc() takes the strictest of several authors, and passes only if all do", () => {
  const zone = {
    "_dmarc.a.test": ["v=DMARC1; p=none"],
    "_dmarc.b.test": ["v=DMARC1; p=reject"],
    "_dmarc.d.test": "fails",
  } as const;
  const from = (list: string, ...signed: string[]) => {
    const { result, disposition, domain } = evaluate({
      zone,
      from: `From: ${list}\r\n`,
      dkim: signed.map((name) => dkim(name)),
    });
    return `${result} ${disposition} ${domain}`;
  };
  assert.equal(from("x@a.test, y@b.test"), "fail reject b.test");
  assert.equal(from("x@a.test, y@b.test", "a.test"), "fail reject b.test");
  assert.equal(from("x@a.test, y@b.test", "b.test"), "fail none a.test");
  assert.equal(from("x@a.test, y@b.test", "b.test", "a.test"), "pass none a.test");
  assert.equal(from("x@a.test, y@c.test", "a.test"), "none none c.test");
  assert.equal(from("x@a.test, y@d.test"), "temperror none d.test");
  assert.equal(from("x@b.test, y@d.test"), "fail reject b.test");
  assert.equal(from('"x@b.test"@a.test', "a.test"), "fail reject b.test");
});

Deno.test("evaluateDmarc() fails a message without an author, as the site chooses", () => {
  const got = evaluate({ from: "Subject: x\r\n" });
  assert.deepEqual([got.result, got.disposition, got.reason, got.domain], ["fail", "reject", "noFrom", null]);
  assert.equal(evaluate({ from: "To: x\r\n", options: { malformedFrom: "quarantine" } }).disposition, "quarantine");
  assert.deepEqual(dmarcMethodResult(got), {
    method: "dmarc",
    result: "fail",
    reason: "The message has no From field.",
    properties: [],
  });
});

Deno.test("evaluateDmarc() by the public suffix list looks in two places", () => {
  const asked: string[] = [];
  const options = { organization: "psl" } as const;
  const zone = { "_dmarc.example.co.uk": ["v=DMARC1; p=reject; sp=quarantine"] };
  const got = evaluate({ zone, from: "From: x@a.b.example.co.uk\r\n", options, asked, dkim: [dkim("co.uk")] });
  assert.deepEqual([got.result, got.disposition, got.policyDomain], ["fail", "quarantine", "example.co.uk"]);
  assert.deepEqual(asked, ["_dmarc.a.b.example.co.uk TXT", "_dmarc.example.co.uk TXT"]);
  assert.equal(
    evaluate({ zone, from: "From: x@a.example.co.uk\r\n", options, dkim: [dkim("b.example.co.uk")] }).result,
    "pass",
  );
  const fails = { "_dmarc.a.example.co.uk": "fails" } as const;
  assert.equal(evaluate({ zone: fails, from: "From: x@a.example.co.uk\r\n", options }).result, "temperror");
});

Deno.test("evaluateDmarc() asks for each name once, and bounds the walks", () => {
  const asked: string[] = [];
  const from = `From: x@${"a.".repeat(60)}example.com\r\n`;
  const signed = Array.from({ length: 200 }, (_, i) => dkim(`${"b.".repeat(20)}d${i}.example.com`));
  const got = evaluate({ zone: REJECT, from, dkim: signed, asked });
  assert.equal(new Set(asked).size, asked.length);
  assert(asked.length <= 8 + 10 * 8, String(asked.length));
  assert.equal(got.result, "pass");
  asked.length = 0;
  const names = Array.from({ length: 30 }, (_, i) => `p${i}.example.com`);
  const apart = Object.fromEntries(names.map((name) => [`_dmarc.${name}`, ["v=DMARC1; p=none; psd=n"]]));
  const unknown = evaluate({ zone: { ...REJECT, ...apart }, dkim: names.map((name) => dkim(name)), asked });
  assert.equal(unknown.result, "temperror");
  assert(asked.length <= 30, String(asked.length));
});
