import assert from "node:assert/strict";
import fc from "fast-check";
import {
  lookupTlsReport,
  parseTlsReport,
  parseTlsReportRecord,
  type TlsFailure,
  type TlsPolicy,
  tlsReportMessage,
  TlsSessionCounter,
  writeTlsReport,
} from "../../../src/mailauth/tls_report/mod.ts";
import { runProgram } from "../../support/run_program.ts";
import { dnsOf } from "../dmarc/zone.ts";

Deno.test("parseTlsReportRecord() reads where reports go", () => {
  const uris = (text: string) => parseTlsReportRecord(text)?.map(({ uri }) => uri).join(" ") ?? null;
  const table: [string, string | null][] = [
    ["v=TLSRPTv1;rua=mailto:reports@example.com", "mailto:reports@example.com"],
    ["v=TLSRPTv1; rua = https://r.test/v1 , mailto:a@b.test; x=y;", "https://r.test/v1 mailto:a@b.test"],
    ["v=TLSRPTv1; rua=ftp://x,mailto:nobody,https://r.test/", "https://r.test/"],
    ["v=TLSRPTv1; rua=mailto:nobody", null],
    ["v=TLSRPTv1; rua=mailto:a@b.test; rua=mailto:c@d.test", null],
    ["v=TLSRPTv1;", null],
    ["v=TLSRPTv1", null],
    ["v=TLSRPTv2; rua=mailto:a@b.test", null],
    ["rua=mailto:a@b.test; v=TLSRPTv1;", null],
    ["v=TLSRPTv1; rua=mailto:a@b.test;" + "x".repeat(5000), null],
  ];
  for (const [text, wanted] of table) assert.equal(uris(text), wanted, text.slice(0, 60));
});

Deno.test("lookupTlsReport() wants one record, and tells silence from none", () => {
  const good = "v=TLSRPTv1; rua=mailto:a@b.test";
  const look = (texts: readonly string[] | "fails") =>
    runProgram(lookupTlsReport("a.test"), { "dns.resolve": dnsOf({ "_smtp._tls.a.test": texts }) }).result.kind;
  assert.deepEqual([look([good, "other"]), look([good, good]), look("fails"), look([])], [
    "record",
    "none",
    "tempfail",
    "none",
  ]);
});

const STS: TlsPolicy = {
  type: "sts",
  strings: ["version: STSv1", "mode: testing"],
  domain: "a.test",
  mxHosts: ["*.a.test"],
};
const NONE: TlsPolicy = { type: "no-policy-found", strings: [], domain: "a.test", mxHosts: [] };
const expired = (host: string): TlsFailure => ({
  type: "certificate-expired",
  sendingIp: "192.0.2.1",
  receivingHost: host,
  receivingHelo: null,
  receivingIp: "2001:db8::1",
  reasonCode: null,
});

Deno.test("writeTlsReport() writes what TlsSessionCounter counted", () => {
  const counter = new TlsSessionCounter();
  counter.success(STS);
  counter.success({ ...STS });
  counter.failure(STS, expired("mx.a.test"));
  counter.failure(STS, expired("mx.a.test"));
  counter.success(NONE);
  const json = JSON.parse(writeTlsReport({
    organization: "Example",
    contact: "tls@example.org",
    reportId: "1@example.org",
    domain: "a.test",
    begin: Date.UTC(2026, 0, 1),
    end: Date.UTC(2026, 0, 2) - 1,
    policies: counter.counts(),
  }));
  assert.deepEqual(json, {
    "organization-name": "Example",
    "date-range": { "start-datetime": "2026-01-01T00:00:00Z", "end-datetime": "2026-01-01T23:59:59Z" },
    "contact-info": "tls@example.org",
    "report-id": "1@example.org",
    "policies": [
      {
        "policy": {
          "policy-type": "sts",
          "policy-string": ["version: STSv1", "mode: testing"],
          "policy-domain": "a.test",
          "mx-host": ["*.a.test"],
        },
        "summary": { "total-successful-session-count": 2, "total-failure-session-count": 2 },
        "failure-details": [{
          "result-type": "certificate-expired",
          "sending-mta-ip": "192.0.2.1",
          "receiving-mx-hostname": "mx.a.test",
          "receiving-ip": "2001:db8::1",
          "failed-session-count": 2,
        }],
      },
      {
        "policy": { "policy-type": "no-policy-found", "policy-string": [], "policy-domain": "a.test" },
        "summary": { "total-successful-session-count": 1, "total-failure-session-count": 0 },
      },
    ],
  });
});

Deno.test("TlsSessionCounter bounds policies and kinds of failure, and goes on counting", () => {
  const counter = new TlsSessionCounter();
  for (let i = 0; i < 2000; i++) counter.failure(STS, expired(`mx${i}.a.test`));
  for (let i = 0; i < 200; i++) counter.success({ ...NONE, strings: [String(i)] });
  const counts = counter.counts();
  assert.equal(counts.length, 50);
  assert.deepEqual([counts[0]!.failed, counts[0]!.details.length], [2000, 500]);
});

Deno.test("tlsReportMessage() names the report, and cannot be broken out of", () => {
  const message = tlsReportMessage({
    organization: "x",
    contact: "x",
    reportId: "id/1\r\nBcc: x@y",
    domain: "a.test\r\nX: y",
    begin: 1_000_000,
    end: 2_000_999,
    policies: [],
  }, "mx.example.org");
  assert.equal(message.report.fileName, "mx.example.org!a.test__X__y!1000!2000!id_1__Bcc__x.json.gz");
  assert.equal(message.contentType, 'multipart/report; report-type="tlsrpt"');
  for (const { value } of message.fields) assert(!/[\r\n]/.test(value), value);
  assert.equal(
    message.fields[0]!.value,
    "Report Domain: a.test??X: y Submitter: mx.example.org Report-ID: <id/1??Bcc: x@y>",
  );
  assert.equal(message.text.body.match(/\r\n/g)!.length, 1);
});

Deno.test("parseTlsReport() reads what writeTlsReport() writes", () => {
  const counter = new TlsSessionCounter();
  counter.success(STS);
  counter.failure(STS, { ...expired("mx.a.test"), receivingHelo: "helo", reasonCode: "x" });
  counter.failure(NONE, expired("mx2.a.test"));
  const report = {
    organization: "Example",
    contact: "tls@example.org",
    reportId: "1",
    domain: "a.test",
    begin: 1000,
    end: 86_399_000,
    policies: counter.counts(),
  };
  assert.deepEqual(parseTlsReport("\ufeff" + writeTlsReport(report)), report);
});

Deno.test("parseTlsReport() takes what it knows from whatever JSON it is", () => {
  const range = { "start-datetime": "2026-01-01T00:00:00Z", "end-datetime": "2026-01-02T00:00:00Z" };
  const policy = { "policy-type": "sts", "policy-string": "one line", "policy-domain": "a.test", "mx-host": [1, "m"] };
  const read = (policies: unknown) => parseTlsReport(JSON.stringify({ "date-range": range, policies }));
  const odd = read([
    null,
    { policy: { ...policy, "policy-type": "new" } },
    { policy, summary: { "total-successful-session-count": -1, "total-failure-session-count": "3" } },
    { policy, "failure-details": [{ "result-type": "future", "failed-session-count": 1e99 }, {}, 7] },
  ])!;
  assert.deepEqual(odd.policies.map(({ succeeded, failed, details }) => [succeeded, failed, details.length]), [[
    0,
    0,
    0,
  ], [0, 0, 1]]);
  assert.deepEqual(odd.policies[0]!.policy.strings, ["one line"]);
  assert.deepEqual(odd.policies[0]!.policy.mxHosts, ["m"]);
  assert.equal(odd.policies[1]!.details[0]!.failure.type, "validation-failure");
  for (
    const text of ["", "{", "[]", "null", "1", '{"__proto__":{"policies":[]}}', JSON.stringify({ "date-range": range })]
  ) {
    assert.equal(parseTlsReport(text), null, text);
  }
  assert.equal(parseTlsReport("[".repeat(100_000)), null);
  const timeless = { "date-range": { ...range, "start-datetime": "soon" }, policies: [{ policy }] };
  assert.equal(parseTlsReport(JSON.stringify(timeless)), null);
  assert.equal(read([{ policy: { ...policy, "policy-domain": "x".repeat(9000) } }])!.domain.length, 4096);
  assert.equal(read(Array.from({ length: 3000 }, () => ({ policy })))!.policies.length, 1000);
  fc.assert(fc.property(fc.json(), (json) => {
    parseTlsReport(json);
  }));
});
