import assert from "node:assert/strict";
import { parseTlsReport } from "../../mod.ts";
import { foldAggregate } from "../../src/server/received_reports/dmarc_rows.ts";
import { ReportBook } from "../../src/server/received_reports/report_book.ts";
import { NOW } from "../http/admin_over_memory.ts";
import { aggregateXml, tlsJson } from "../server/received_reports/reports.ts";
import { desk } from "./command_line.ts";

const BEGIN = NOW / 1000 - 2 * 86_400;

async function reported() {
  const made = desk();
  await made.run("domain add example.org");
  await made.run("domain add quiet.example");
  const book = new ReportBook(made.storage, () => NOW);
  const rows = [
    { sourceIp: "192.0.2.1", count: 90, dkim: "pass", disposition: "pass" },
    { sourceIp: "198.51.100.7", count: 5, disposition: "reject" },
  ] as const;
  const fold = await foldAggregate(aggregateXml({ domain: "example.org", begin: BEGIN, rows }));
  assert(!("malformed" in fold));
  await book.addDmarc("example.org", fold, "reporter.test");
  const tls = parseTlsReport(tlsJson("example.org"))!;
  await book.addTls("example.org", { ...tls, begin: BEGIN * 1000 }, "reporter.test");
  return made;
}

Deno.test("dmarc list and show say who sends in our names", async () => {
  const { run } = await reported();
  const list = await run("dmarc list");
  assert.match(list.out, /^DOMAIN +MESSAGES +PASSED +FAILED +SOURCES +LAST REPORT ON\n/);
  assert.match(list.out, /^example\.org +95 +90 +5 +2 +2026-01-29$/m);
  assert.match(list.out, /^quiet\.example +0 +0 +0 +0 +-$/m);
  assert.equal(JSON.parse((await run("dmarc list quiet.example --json")).out)[0].messages, 0);
  const show = await run("dmarc show example.org");
  // What fails comes first.
  assert.match(
    show.out,
    /^SOURCE .*\n198\.51\.100\.7 +5 +0 +0 +5 +5 +2026-01-29 +mail\.sender\.test .*reporter\.test\n192\.0\.2\.1 +90 +90/,
  );
  assert.match(show.err, /^95 messages in 30 days, 5 of them failed; by reporter\.test \(1\)\n$/);
  assert.doesNotMatch((await run("dmarc show example.org --failing")).out, /192\.0\.2\.1/);
  assert.equal(JSON.parse((await run("dmarc show example.org --json")).out).sources.length, 2);
  assert.equal((await run("dmarc show example.org --days 1")).out, "");
  assert.match((await run("dmarc show quiet.example")).err, /Nobody has reported.*palomar domain dns quiet\.example/);
  assert.equal((await run("dmarc show nobody.example")).code, 1);
  assert.equal((await run("dmarc show example.org --days 0")).code, 2);
});

Deno.test("tls-reports list and show say whose TLS failed, and why", async () => {
  const { run } = await reported();
  assert.match((await run("tls-reports list")).out, /^example\.org +40 +5 +1 +2026-01-29$/m);
  const show = await run("tls-reports show example.org");
  assert.match(
    show.out,
    /^certificate-expired +MTA-STS +mail\.example\.test +3 +2026-01-29 +reporter\.test +198\.51\.100\.9 +CERT_HAS_EXPIRED$/m,
  );
  assert.match(show.err, /^40 sessions went well in 30 days, 5 failed/);
  assert.equal(JSON.parse((await run("tls-reports show example.org --json")).out).failures.length, 2);
  assert.equal(JSON.parse((await run("tls-reports list --json")).out).length, 2);
  assert.match((await run("tls-reports show quiet.example")).err, /Nobody has reported/);
});

Deno.test("what is known from reports goes with the domain", async () => {
  const { run } = await reported();
  assert.equal((await run("domain remove example.org")).code, 0);
  await run("domain add example.org");
  assert.match((await run("dmarc list example.org")).out, /^example\.org +0 /m);
  assert.match((await run("tls-reports list example.org")).out, /^example\.org +0 /m);
});
