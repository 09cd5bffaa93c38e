import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AggregateReport,
  aggregateReportNames,
  countRow,
  type DkimFact,
  evaluateDmarc,
  parseAggregateReport,
  parseDmarcRecord,
  type ParsedReport,
  publishedPolicy,
  reportDestinations,
  type ReportRow,
  reportRow,
  writeAggregateReport,
} from "../../../src/mailauth/dmarc/mod.ts";
import { headerFields } from "../../../src/message/header.ts";
import { runProgram } from "../../support/run_program.ts";
import { dnsOf, type Zone } from "./zone.ts";

function parsed(xml: string): ParsedReport {
  const report = parseAggregateReport(xml);
  if ("malformed" in report) assert.fail(JSON.stringify(report));
  return report;
}

const malformed = (xml: string) => (parseAggregateReport(xml) as { malformed?: string }).malformed;

Deno.test("parseAggregateReport() reads a report of RFC 7489", () => {
  const report = parsed(`\ufeff<?xml version="1.0"?>
<!-- a comment > with things -->
<feedback xmlns:xsi="a>b">
  <version>1.0</version>
  <report_metadata>
    <org_name>Example &amp; Sons</org_name><email>dmarc@example.net</email>
    <report_id>r1</report_id><date_range><begin>1700000000</begin><end>1700086399</end></date_range>
  </report_metadata>
  <policy_published><domain>Example.com</domain><adkim>r</adkim><aspf>s</aspf><p>reject</p><sp></sp><pct>50</pct></policy_published>
  <record>
    <row><source_ip>192.0.2.1</source_ip><count>3</count>
      <policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>pass</spf>
        <reason><type>sampled_out</type></reason><reason><type>news</type><comment><![CDATA[<b>]]></comment></reason>
      </policy_evaluated></row>
    <identifiers><header_from>example.com</header_from></identifiers>
    <auth_results>
      <dkim><domain>example.org</domain><result>fail</result><human_result>no key</human_result></dkim>
      <spf><domain>example.com</domain><scope>helo</scope><result>pass</result></spf>
    </auth_results>
  </record>
  <record><row><source_ip>no address</source_ip><count>3</count></row></record>
  <extension><x:y xmlns:x="u">z</x:y></extension>
</feedback>`);
  assert.equal(report.metadata.orgName, "Example & Sons");
  assert.deepEqual(report.policy, {
    domain: "example.com",
    p: "reject",
    sp: null,
    np: null,
    adkim: "r",
    aspf: "s",
    fo: null,
    testing: null,
    discovery: null,
    pct: 50,
  });
  assert.equal(report.skipped, 1);
  assert.deepEqual(report.rows, [{
    sourceIp: "192.0.2.1",
    count: 3,
    disposition: "none",
    dkim: "fail",
    spf: "pass",
    reasons: [{ type: "sampled_out", comment: null }, { type: "other", comment: "<b>" }],
    headerFrom: "example.com",
    envelopeFrom: null,
    envelopeTo: null,
    dkimResults: [{ domain: "example.org", selector: null, result: "fail", humanResult: "no key" }],
    spfResults: [{ domain: "example.com", scope: "helo", result: "pass", humanResult: null }],
  }]);
});

Deno.test("parseAggregateReport() declares no entities and bounds what it reads", () => {
  const head = "<report_metadata><date_range><begin>1</begin><end>2</end></date_range></report_metadata>" +
    "<policy_published><domain>a.test</domain></policy_published>";
  assert.equal(malformed(`<!DOCTYPE x [<!ENTITY a "aaaa">]><feedback>${head}</feedback>`), "doctype");
  assert.equal(malformed(`<feedback>${head}<error>&a;</error></feedback>`), "entity");
  for (const number of ["&#0;", "&#xd800;", "&#x110000;", "&#11;", "&#xg;"]) {
    assert.equal(malformed(`<feedback>${head}<error>${number}</error></feedback>`), "entity", number);
  }
  const named = head.replace("<date", "<org_name a='>' b=\">\">&#65;&#x42;&lt;&#10;c</org_name><date");
  assert.equal(parsed(`<feedback>${named}</feedback>`).metadata.orgName, "AB<\nc");
  const row = (ip: string, count: string, from: string) =>
    `<record><row><source_ip>${ip}</source_ip><count>${count}</count><policy_evaluated/></row>` +
    `<identifiers><header_from>${from}</header_from></identifiers></record>`;
  const rows = [
    row("::1", "1", "a.test"),
    row("::1", "x", "a.test"),
    row("::1", "1", "a b"),
    row("::1", "1", ""),
    row("x", "1", "a"),
  ];
  const some = parsed(`<feedback>${head}${rows.join("")}</feedback>`);
  assert.deepEqual([some.rows.length, some.skipped], [1, 4]);
  assert.equal(malformed(`<feedback>${head}<error>a & b</error></feedback>`), "entity");
  assert.equal(malformed("<a>".repeat(20)), "depth");
  assert.equal(malformed(`<feedback>${head}<record>${"<a/>".repeat(20_001)}</record></feedback>`), "size");
  assert.equal(malformed(`<feedback>${head}</feedback>`), undefined);
  for (
    const xml of [
      "",
      "x",
      "<feedback>",
      "</feedback>",
      "<feedback></record>",
      "<feedback/><feedback/>",
      "<a b='>",
      "<a <b>",
      "<1/>",
      "<!--",
      "<![CDATA[",
    ]
  ) {
    assert.equal(malformed(xml), "syntax", xml);
  }
  assert.equal(malformed("<html></html>"), "feedback");
  assert.equal(malformed("<feedback></feedback>"), "metadata");
  assert.equal(malformed(`<feedback>${head.slice(0, head.indexOf("<policy"))}</feedback>`), "policy");
  assert.equal(malformed(`<feedback>${head}${"<record/>".repeat(100_001)}</feedback>`), "rows");
  const long = parsed(
    `<feedback>${head.replace("<date", `<org_name>${"x".repeat(50_000)}</org_name><date`)}</feedback>`,
  );
  assert.equal(long.metadata.orgName.length, 4096);
});

Deno.test("parseAggregateReport() never throws", () => {
  const piece = fc.constantFrom(
    "<feedback>",
    "</feedback>",
    "<",
    ">",
    "/",
    "a",
    "&",
    ";",
    "#x41",
    "'",
    '"',
    "<!",
    "--",
    "<?",
    "<record>",
    "]]>",
    "<![CDATA[",
    ":",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      parseAggregateReport(pieces.join(""));
    }),
    { numRuns: 1000 },
  );
});

const text = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.trim()).filter((text) =>
  text !== "" && !/\p{C}/u.test(text)
);
const domain = fc.stringMatching(/^[a-z0-9]{1,8}(\.[a-z]{1,5}){1,3}$/);
const PLAIN = { noNullPrototype: true };
const policy = fc.constantFrom("none", "quarantine", "reject" as const);
const verdict = fc.constantFrom("pass", "fail" as const);
const row = fc.record({
  sourceIp: fc.oneof(fc.ipV4(), fc.ipV6()),
  count: fc.nat(),
  disposition: fc.oneof(policy, fc.constant("pass" as const)),
  dkim: verdict,
  spf: verdict,
  reasons: fc.array(
    fc.record({
      type: fc.constantFrom("local_policy", "mailing_list", "other", "policy_test_mode", "trusted_forwarder" as const),
      comment: fc.option(text),
    }, PLAIN),
    { maxLength: 2 },
  ),
  headerFrom: domain,
  envelopeFrom: fc.option(domain),
  envelopeTo: fc.option(domain),
  dkimResults: fc.array(
    fc.record({
      domain,
      selector: fc.option(domain),
      result: fc.constantFrom("pass", "fail", "policy", "neutral", "none", "temperror", "permerror"),
      humanResult: fc.option(text),
    }, PLAIN),
    { maxLength: 3 },
  ),
  spfResults: fc.array(
    fc.record({
      domain,
      scope: fc.constant("mfrom" as const),
      result: fc.constantFrom("pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"),
      humanResult: fc.option(text),
    }, PLAIN),
    { maxLength: 1 },
  ),
}, PLAIN);
const report: fc.Arbitrary<AggregateReport> = fc.record({
  metadata: fc.record({
    orgName: text,
    email: text,
    extraContact: fc.option(text),
    reportId: text,
    begin: fc.nat(),
    end: fc.nat(),
    errors: fc.array(text, { maxLength: 2 }),
    generator: fc.option(text),
  }, PLAIN),
  policy: fc.record({
    domain,
    p: policy,
    sp: fc.option(policy),
    np: fc.option(policy),
    adkim: fc.option(fc.constantFrom("r", "s" as const)),
    aspf: fc.option(fc.constantFrom("r", "s" as const)),
    fo: fc.option(fc.constantFrom("0", "1:d")),
    testing: fc.option(fc.boolean()),
    discovery: fc.option(fc.constantFrom("psl", "treewalk" as const)),
    pct: fc.constant(null),
  }, PLAIN),
  rows: fc.array(row, { maxLength: 4 }),
}, PLAIN) as fc.Arbitrary<AggregateReport>;

Deno.test("parseAggregateReport() reads what writeAggregateReport() writes", () => {
  fc.assert(
    fc.property(report, (report) => {
      assert.deepEqual(parsed(writeAggregateReport(report)), { ...report, skipped: 0 });
    }),
    { seed: 9990, numRuns: 300 },
  );
});

Deno.test("writeAggregateReport() writes a fixed order, and harmless text", () => {
  const [row] = fc.sample(row_(), 1);
  const xml = writeAggregateReport({
    metadata: {
      orgName: "<x>&\0\ud800\uffff",
      email: "a@b.test",
      extraContact: null,
      reportId: "1",
      begin: 1,
      end: 2,
      errors: [],
      generator: "Palomar",
    },
    policy: {
      domain: "a.test",
      p: null,
      sp: null,
      np: null,
      adkim: null,
      aspf: null,
      fo: null,
      testing: true,
      discovery: "treewalk",
      pct: 10,
    },
    rows: [{
      ...row!,
      reasons: [{ type: "sampled_out", comment: null }],
      dkimResults: [{ domain: "d.test", selector: null, result: "what", humanResult: null }],
    }],
  });
  assert(xml.includes("<org_name>&lt;x&gt;&amp;?\ufffd?</org_name>"), xml);
  const names = [...xml.matchAll(/<(\w+)>/g)].map(([, name]) => name).join(" ");
  assert(
    names.startsWith(
      "version report_metadata org_name email report_id date_range begin end generator policy_published domain discovery_method p testing record row source_ip count policy_evaluated disposition dkim spf reason type comment identifiers header_from",
    ),
    names,
  );
  assert(xml.includes("<type>other</type>\n<comment>sampled_out</comment>"));
  assert(xml.includes("<selector></selector>\n<result>neutral</result>"));
});

function row_(): fc.Arbitrary<ReportRow> {
  return row as fc.Arbitrary<ReportRow>;
}

Deno.test("aggregateReportNames() cannot be broken out of", () => {
  const [report_] = fc.sample(report, 1);
  const names = aggregateReportNames({
    ...report_!,
    metadata: { ...report_!.metadata, begin: 1, end: 2, reportId: "a/../b\r\nBcc: x" },
    policy: { ...report_!.policy, domain: "example.com" },
  }, "mx.example.org");
  assert.equal(names.fileName, "mx.example.org!example.com!1!2!abBccx.xml.gz");
  assert.equal(names.subject, "Report Domain: example.com Submitter: mx.example.org Report-ID: <a/../b??Bcc: x>");
});

Deno.test("reportRow() tells of a message what the domain asked for, and countRow() counts within a bound", () => {
  const sign = (domain: string): DkimFact => ({
    method: "dkim",
    result: "pass",
    domain,
    selector: "s",
    identity: null,
  });
  const dkim = [sign("other.test"), sign("example.com")];
  const spf = { method: "spf", result: "fail", domain: "example.com" } as const;
  const zone = { "_dmarc.example.com": ["v=DMARC1; p=reject; t=y; fo=1:d"] };
  const evaluate = (signed: readonly DkimFact[]) =>
    runProgram(evaluateDmarc({ fields: headerFields("From: a@example.com\r\n"), spf, dkim: signed }), {
      "dns.resolve": dnsOf(zone),
    }).result;
  const seen = { sourceIp: "192.0.2.1", envelopeFrom: "example.com", envelopeTo: null, spf };
  const passed = reportRow(evaluate(dkim), { ...seen, dkim })!;
  assert.deepEqual([passed.disposition, passed.dkim, passed.spf], ["pass", "pass", "fail"]);
  assert.deepEqual(passed.dkimResults.map(({ domain }) => domain), ["example.com", "other.test"]);
  const many = [{ ...sign("z.test"), result: "fail" }, sign("other.test"), sign("m.example.com"), sign("EXAMPLE.com")];
  assert.deepEqual(
    reportRow(evaluate(many), { ...seen, dkim: many })!.dkimResults.map(({ domain }) => domain),
    ["EXAMPLE.com", "m.example.com", "other.test", "z.test"],
  );
  assert.equal(reportRow({ ...evaluate(dkim), policy: "none" }, { ...seen, dkim })!.disposition, "none");
  const failed = evaluate([]);
  const row = reportRow(failed, { ...seen, dkim: [] })!;
  assert.deepEqual([row.disposition, row.reasons], ["quarantine", [{ type: "policy_test_mode", comment: null }]]);
  const applied = { disposition: "none", override: { type: "mailing_list", comment: "list" } } as const;
  assert.deepEqual(reportRow(failed, { ...seen, dkim: [], applied })!.reasons.map(({ type }) => type), [
    "policy_test_mode",
    "mailing_list",
  ]);
  const { domain, p, testing, fo, discovery } = publishedPolicy(failed)!;
  assert.deepEqual([domain, p, testing, fo, discovery], ["example.com", "reject", true, "1:d", "treewalk"]);
  const rows = new Map<string, ReportRow>();
  assert(countRow(rows, row, 1) && countRow(rows, { ...row }, 1));
  assert.equal(countRow(rows, passed, 1), false);
  assert.deepEqual([...rows.values()], [{ ...row, count: 2 }]);
});

Deno.test("reportDestinations() asks others for leave", () => {
  const record = parseDmarcRecord(
    "v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@m.example.com,mailto:c@yes.test,mailto:d@no.test," +
      "mailto:e@moved.test,mailto:f@third.test,mailto:g@fails.test,https://example.com/,mailto:h@[192.0.2.1]",
  )!;
  const zone: Zone = {
    "_dmarc.example.com": ["v=DMARC1; p=none"],
    "example.com._report._dmarc.yes.test": ["v=DMARC1"],
    "example.com._report._dmarc.no.test": ["v=spf1"],
    "example.com._report._dmarc.moved.test": ["v=DMARC1; rua=mailto:x@moved.test"],
    "example.com._report._dmarc.third.test": ["v=DMARC1; rua=mailto:x@victim.test"],
    "example.com._report._dmarc.fails.test": "fails",
  };
  const asked: string[] = [];
  const { result } = runProgram(reportDestinations(record, "example.com"), { "dns.resolve": dnsOf(zone, asked) });
  const shown = (uris: readonly { uri: string }[]) => uris.map(({ uri }) => uri.replace("mailto:", "")).join(" ");
  assert.equal(shown(result.accepted), "a@example.com b@m.example.com c@yes.test x@moved.test f@third.test");
  assert.equal(shown(result.refused), "d@no.test https://example.com/ h@[192.0.2.1]");
  assert.equal(shown(result.later), "g@fails.test");
  assert(!asked.some((name) => name.includes("_report._dmarc.example.com") || name.includes("_report._dmarc.m.")));
});

Deno.test("reportDestinations() bounds how many are asked", () => {
  const record = parseDmarcRecord(
    `v=DMARC1; rua=${Array.from({ length: 20 }, (_, i) => `mailto:a@h${i}.test`).join()}`,
  )!;
  const asked: string[] = [];
  const { result } = runProgram(reportDestinations(record, "example.com"), { "dns.resolve": dnsOf({}, asked) });
  assert.equal(result.refused.length, 20);
  assert.equal(asked.filter((name) => name.includes("_report")).length, 10);
});
