import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFailureReport } from "../../../mod.ts";

Deno.test("parseFailureReport() reads the machine's part of a report, and nothing else", () => {
  const text = "Feedback-Type: Auth-Failure\r\nUser-Agent: X/1\r\nAuth-Failure: DMARC\r\nReported-Domain: A.test\r\n" +
    "Source-IP: 2001:DB8::1\r\nDelivery-Result: reject\r\nIncidents: 7\r\nIncidents: 9\r\n";
  assert.deepEqual(parseFailureReport(text), {
    domain: "a.test",
    sourceIp: "2001:db8::1",
    failure: "dmarc",
    delivery: "reject",
    incidents: 7,
    agent: "X/1",
  });
  assert.equal(parseFailureReport(text.replace("Auth-Failure", "abuse")), null);
  assert.equal(parseFailureReport(""), null);
  const bad = parseFailureReport(
    "Feedback-Type: auth-failure\nReported-Domain: a b\nSource-IP: <x>\nIncidents: -1\nAuth-Failure: \x1b[31m\n",
  );
  assert.deepEqual(bad, {
    domain: null,
    sourceIp: null,
    failure: "unknown",
    delivery: null,
    incidents: 1,
    agent: null,
  });
});

Deno.test("parseFailureReport() of anything is a report or null", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const report = parseFailureReport(`Feedback-Type: auth-failure\n${text}`);
    assert(report === null || report.incidents >= 1);
  }));
});
