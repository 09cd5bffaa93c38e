import assert from "node:assert/strict";
import { type DkimFact, DMARC_OPTIONS, type DmarcOptions, evaluateDmarc } from "../../../src/mailauth/dmarc/mod.ts";
import { headerFields } from "../../../src/message/header.ts";
import { runProgram } from "../../support/run_program.ts";
import { dnsOf, type Zone } from "./zone.ts";

const PSL = { organization: "psl" } as const;
const passing = (domain: string): DkimFact => (
  { method: "dkim", result: "pass", domain, selector: "s", identity: null }
);

/** Result, policy and disposition for a message from `author` that `signer` signed. */
function decide(author: string, zone: Zone, options: Partial<DmarcOptions> = {}, signer = "else.test"): string {
  const fields = headerFields(`From: x@${author}\r\n`);
  const facts = { fields, spf: null, dkim: [passing(signer)] };
  const { result } = runProgram(evaluateDmarc(facts, { ...DMARC_OPTIONS, ...options }), { "dns.resolve": dnsOf(zone) });
  return `${result.result} ${result.policy} ${result.disposition} ${result.policyDomain}`;
}

Deno.test("DMARC: t=y makes what sp and np ask for milder too, and goes before pct", () => {
  const zone = {
    "_dmarc.example.com": ["v=DMARC1; p=none; sp=reject; np=quarantine; t=y; pct=0"],
    "here.example.com": "exists",
  } as const;
  assert.equal(decide("example.com", zone), "fail none none example.com");
  assert.equal(decide("here.example.com", zone, { sample: 99 }), "fail reject quarantine example.com");
  assert.equal(decide("gone.example.com", zone, { sample: 99 }), "fail quarantine none example.com");
});

Deno.test("DMARC: pct counts for subdomains too where a site obeys it, and not at all where it does not", () => {
  const zone = { "_dmarc.example.com": ["v=DMARC1; p=reject; sp=quarantine; pct=30"] };
  const at = (author: string, sample: number | null) => decide(author, zone, { sample }).split(" ")[2];
  assert.deepEqual([29, 30, null].map((sample) => at("example.com", sample)), ["reject", "quarantine", "reject"]);
  assert.deepEqual([29, 30, null].map((sample) => at("a.example.com", sample)), ["quarantine", "none", "quarantine"]);
  for (const pct of ["-1", "101", "x", ""]) {
    const broken = { "_dmarc.example.com": [`v=DMARC1; p=reject; pct=${pct}`] };
    assert.equal(decide("example.com", broken, { sample: 99 }), "fail reject reject example.com", pct);
  }
});

Deno.test("DMARC: without sp a subdomain has p, without np a missing one has sp; only an own record says otherwise", () => {
  const table: [string, string, string][] = [
    ["p=reject", "reject", "reject"],
    ["p=reject; sp=none", "none", "none"],
    ["p=quarantine; np=reject", "quarantine", "reject"],
    ["p=none; sp=quarantine", "quarantine", "quarantine"],
    ["p=reject; np=none", "reject", "none"],
  ];
  for (const [tags, here, gone] of table) {
    const zone = { "_dmarc.example.com": [`v=DMARC1; ${tags}`], "here.example.com": "exists" } as const;
    assert.equal(decide("here.example.com", zone).split(" ")[1], here, tags);
    assert.equal(decide("gone.example.com", zone).split(" ")[1], gone, tags);
    const own = { ...zone, "_dmarc.gone.example.com": ["v=DMARC1; p=none; sp=reject; np=reject"] };
    assert.equal(decide("gone.example.com", own).split(" ")[1], "none", tags);
  }
});

Deno.test("DMARC: the record of a public suffix speaks for organizations without one (RFC 9989 section 4.7 np, sp)", () => {
  const zone = { "_dmarc.bank": ["v=DMARC1; p=none; sp=quarantine; np=reject; psd=y"], "real.bank": "exists" } as const;
  assert.equal(decide("real.bank", zone), "fail quarantine quarantine bank");
  assert.equal(decide("fake.bank", zone), "fail reject reject bank");
  assert.equal(decide("mail.real.bank", { ...zone, "mail.real.bank": "exists" }), "fail quarantine quarantine bank");
  const own = { ...zone, "_dmarc.real.bank": ["v=DMARC1; p=none"] };
  assert.equal(decide("mail.real.bank", own), "fail none none real.bank");
  // Names of one suffix are strangers to each other.
  assert.equal(decide("real.bank", zone, {}, "other.bank").split(" ")[0], "fail");
  assert.equal(decide("mail.real.bank", zone, {}, "real.bank").split(" ")[0], "pass");
});

Deno.test("DMARC: the tree walk and the public suffix list differ where somebody drew a line, or the list did", () => {
  const table: [string, string, string, Zone, string, string][] = [
    // A record in the middle: the walk finds it, the list looks at the author and its organization alone.
    [
      "in the middle",
      "a.b.example.com",
      "else.test",
      { "_dmarc.b.example.com": ["v=DMARC1; p=reject"] },
      "fail",
      "none",
    ],
    // A line between departments: psd=n.
    [
      "psd=n",
      "a.uni.example.com",
      "b.example.com",
      { "_dmarc.uni.example.com": ["v=DMARC1; p=reject; psd=n"], "_dmarc.example.com": ["v=DMARC1; p=reject"] },
      "fail",
      "pass",
    ],
    // No record at all above: the walk has no organization but the name itself.
    [
      "no organization",
      "a.example.com",
      "b.example.com",
      { "_dmarc.a.example.com": ["v=DMARC1; p=reject"] },
      "fail",
      "pass",
    ],
    // A suffix that only the list knows, with a record of its own.
    ["a suffix", "mine.github.io", "yours.github.io", { "_dmarc.github.io": ["v=DMARC1; p=reject"] }, "fail", "none"],
    [
      "the same",
      "a.example.co.uk",
      "b.example.co.uk",
      { "_dmarc.example.co.uk": ["v=DMARC1; p=reject"] },
      "pass",
      "pass",
    ],
  ];
  for (const [name, author, signer, zone, walk, list] of table) {
    assert.equal(decide(author, zone, {}, signer).split(" ")[0], walk, `${name}: walk`);
    assert.equal(decide(author, zone, PSL, signer).split(" ")[0], list, `${name}: list`);
  }
});

Deno.test("DMARC: two From fields, or one that can be read in two ways, fail whatever was signed", () => {
  const zone = { "_dmarc.a.test": ["v=DMARC1; p=none"], "_dmarc.b.test": ["v=DMARC1; p=none"] };
  const evaluate = (header: string) => {
    const facts = { fields: headerFields(header), spf: null, dkim: [passing("a.test"), passing("b.test")] };
    const { result } = runProgram(evaluateDmarc(facts), { "dns.resolve": dnsOf(zone) });
    return [result.result, result.disposition, result.reason];
  };
  assert.deepEqual(evaluate("From: x@a.test\r\nFrom: y@b.test\r\n"), ["fail", "reject", "severalFrom"]);
  assert.deepEqual(evaluate("From: x@a.test\r\nfrom: x@a.test\r\n"), ["fail", "reject", "severalFrom"]);
  assert.deepEqual(evaluate("From: x@a.test\0, y@b.test\r\n"), ["fail", "reject", "unusableFrom"]);
  const many = Array.from({ length: 6 }, (_, i) => `x@d${i}.test`).join(", ");
  assert.deepEqual(evaluate(`From: ${many}\r\n`), ["fail", "reject", "tooManyAuthors"]);
  assert.deepEqual(evaluate("From: x@a.test, y@b.test\r\n"), ["pass", "none", "aligned"]);
});
