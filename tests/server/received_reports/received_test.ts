import assert from "node:assert/strict";
import { type TestServer, testServer, type TestServerOptions } from "../../../src/server/test_server.ts";
import { aggregateXml, failureMail, gzip, reportMail, tlsJson, zip } from "./reports.ts";

const txt = (text: string) => [{ type: "TXT", text }] as const;
const DMARC = "dmarc-reports@example.test";
/** The reporter passes SPF from the test's address, 192.0.2.1. */
const ZONES = {
  "reporter.test": { TXT: txt("v=spf1 ip4:192.0.2.1 -all") },
  "_dmarc.reporter.test": { TXT: txt("v=DMARC1; p=none; rua=mailto:d@reporter.test") },
  "nopolicy.test": { TXT: txt("v=spf1 ip4:192.0.2.1 -all") },
  "_dmarc.forged.test": { TXT: txt("v=DMARC1; p=none") },
  "_dmarc.down.test": "servfail" as const,
};

function strict(more: Partial<TestServerOptions> = {}, config: object = {}): Promise<TestServer> {
  return testServer({ dns: ZONES, ...more, config: { authentication: { trusted: [] }, readReports: true, ...config } });
}

// deno-lint-ignore no-explicit-any
async function seen(server: TestServer, kind: "dmarc" | "tls-reports" = "dmarc", days = 30): Promise<any> {
  return await (await server.admin("GET", `/api/v1/domains/example.test/${kind}?days=${days}`)).json();
}

async function count(server: TestServer, who = "alice"): Promise<number> {
  const imap = server.connect("imap");
  await imap.ask(`a LOGIN ${who}@example.test ${who}`, "a OK");
  const found = await imap.ask("b STATUS INBOX (MESSAGES)", "b OK");
  imap.close();
  return Number(/MESSAGES (\d+)/.exec(found)![1]);
}

const send = (
  server: TestServer,
  message: string | Uint8Array,
  to: string | string[] = DMARC,
  from = "n@reporter.test",
) => server.deliver(message, to, from);

Deno.test("an aggregate report to an address that nobody has is summed up, once, and kept by nobody", async () => {
  await using server = await strict();
  const report = reportMail(gzip(aggregateXml({ rows: [{}, { dkim: "pass", disposition: "pass", count: 9 }] })));
  await send(server, report);
  await send(server, report);
  const { messages, passed, sources: [source], reporters } = await seen(server);
  assert.deepEqual([messages, passed], [12, 9]);
  assert.deepEqual(source, {
    source: "198.51.100.7",
    messages: 12,
    passed: 9,
    dkim: 9,
    spf: 0,
    quarantined: 0,
    rejected: 0,
    from: ["example.test"],
    signedBy: ["mail.sender.test"],
    envelopeFrom: ["bounce.sender.test"],
    reporters: ["reporter.test"],
    firstSeen: "2025-12-31",
    lastSeen: "2025-12-31",
  });
  assert.deepEqual(reporters, [
    { reporter: "reporter.test", organization: "Reporter Inc.", reports: 1, lastReport: "2025-12-31" },
  ]);
  assert.equal(await count(server), 0);
  assert.deepEqual(await server.storage.perform("queue.list", { after: null, limit: 10 }), []);
});

Deno.test("reports come in zip, as XML, as TLS reports and as failure reports", async () => {
  await using server = await strict();
  await send(server, reportMail(zip(aggregateXml({ id: "z" })), { type: "application/zip" }));
  await send(server, reportMail(zip(aggregateXml({ id: "f" }), { folder: true, descriptor: true })));
  await send(server, reportMail(new TextEncoder().encode(aggregateXml({ id: "x" })), { type: "text/xml" }));
  assert.equal((await seen(server)).messages, 9);
  const tls = reportMail(gzip(tlsJson()), {
    type: "application/tlsrpt+gzip",
    headers: [["TLS-Report-Domain", "example.test"]],
  });
  await send(server, tls, "tls-reports@example.test");
  await send(server, tls, "TLS-Reports@example.test");
  const { succeeded, failed, failures, policies } = await seen(server, "tls-reports");
  assert.deepEqual([succeeded, failed, policies], [40, 5, [{ policy: "sts", succeeded: 40, failed: 5 }]]);
  assert.deepEqual(failures.map((one: Record<string, unknown>) => [one.failure, one.host, one.sessions, one.reasons]), [
    ["certificate-expired", "mail.example.test", 3, ["CERT_HAS_EXPIRED"]],
    ["unspecified", null, 2, []],
  ]);
  await send(server, failureMail());
  assert.deepEqual((await seen(server)).failures, [{
    source: "203.0.113.66",
    from: "example.test",
    failure: "dmarc",
    messages: 2,
    reporters: ["reporter.test"],
    lastSeen: "2026-01-01",
  }]);
});

Deno.test("what comes to a report address and is no report is refused with the reason; a bounce is dropped", async () => {
  await using server = await strict();
  const refused = (message: string | Uint8Array, words: RegExp, from?: string) =>
    assert.rejects(send(server, message, DMARC, from), words);
  await refused("From: x@reporter.test\nSubject: hello\n\nBuy\n", /550 .*only reports/);
  await refused(reportMail(gzip("<feedback>")), /550 .*cannot be unpacked or understood/);
  await refused(reportMail(gzip(aggregateXml({ domain: "other.test" }))), /550 .*not served here/);
  const report = gzip(aggregateXml());
  await refused(reportMail(report, { from: "n@forged.test" }), /550 .*who it is from/, "n@forged.test");
  await refused(reportMail(report, { from: "n@unheard.test" }), /550 .*who it is from/, "n@unheard.test");
  await refused(reportMail(report, { from: "n@down.test" }), /451 /, "n@down.test");
  assert.equal((await seen(server)).reporters.length, 0);
  await send(server, "From: mailer-daemon@reporter.test\nSubject: failed\n\nNo\n", "noreply-dmarc@example.test", "");
  await send(server, "From: mailer-daemon@reporter.test\nSubject: failed\n\nNo\n", DMARC, "");
  assert.deepEqual(await server.storage.perform("queue.list", { after: null, limit: 10 }), []);
  await send(server, reportMail(report, { from: "n@nopolicy.test" }), DMARC, "n@nopolicy.test");
  assert.equal((await seen(server)).reporters[0].reporter, "nopolicy.test");
});

Deno.test("whoever has a mailbox gets the report too, also where their record names them and no other", async () => {
  const record = "v=DMARC1; p=none; rua=mailto:Alice@example.test";
  await using server = await strict({ dns: { ...ZONES, "_dmarc.example.test": { TXT: txt(record) } } });
  await send(server, reportMail(gzip(aggregateXml())), "alice@example.test");
  assert.deepEqual([await count(server), (await seen(server)).messages], [1, 3]);
  await send(server, reportMail(gzip(aggregateXml({ id: "2" }))), "bob@example.test");
  assert.deepEqual([await count(server, "bob"), (await seen(server)).messages], [1, 3]);
  await send(server, reportMail(gzip(aggregateXml({ id: "3" }))), ["bob@example.test", DMARC]);
  assert.deepEqual([await count(server, "bob"), (await seen(server)).messages], [2, 6]);
  // Its other recipient has it, so what cannot be read is no reason to refuse it.
  await send(server, reportMail(gzip("<x>")), ["bob@example.test", DMARC]);
  assert.equal(await count(server, "bob"), 3);
  await server.admin("POST", "/api/v1/aliases", { address: DMARC, targets: ["alice@example.test"] });
  await send(server, reportMail(gzip(aggregateXml({ id: "4" }))));
  assert.deepEqual([await count(server), (await seen(server)).messages], [2, 9]);
});

Deno.test("report addresses are not there where reports are not read, nor at domains that are not ours", async () => {
  await using server = await strict({}, { readReports: false });
  await assert.rejects(send(server, reportMail(gzip(aggregateXml()))), /550 .*No such mailbox/);
  await using other = await strict();
  await assert.rejects(send(other, reportMail(gzip(aggregateXml())), "dmarc-reports@other.test"), /550 .*Relaying/);
  await assert.rejects(send(other, reportMail(gzip(aggregateXml())), "reports@example.test"), /550 .*No such/);
});

Deno.test("reports are kept for ninety days, go with their domain, and those of other times are passed over", async () => {
  await using server = await strict();
  await send(server, reportMail(gzip(aggregateXml())));
  for (const begin of [1, Date.UTC(2026, 0, 20) / 1000, 1e15]) {
    await send(server, reportMail(gzip(aggregateXml({ id: `at ${begin}`, begin }))));
  }
  assert.deepEqual([(await seen(server)).messages, (await seen(server, "dmarc", 1)).messages], [3, 0]);
  await server.clock.advance(60 * 86_400_000);
  assert.deepEqual([(await seen(server)).messages, (await seen(server, "dmarc", 90)).messages], [0, 3]);
  await server.clock.advance(31 * 86_400_000);
  assert.equal((await seen(server, "dmarc", 90)).messages, 0);
  assert.equal((await server.admin("GET", "/api/v1/domains/example.test/dmarc?days=91")).status, 422);
  assert.equal((await server.admin("GET", "/api/v1/domains/other.test/dmarc")).status, 404);
});

Deno.test("mail to report addresses is not counted for reports of ours: two servers would report for ever", async () => {
  await using server = await strict({}, { dmarcReports: { send: true }, outbound: { hold: true } });
  const bounce = "From: postmaster@reporter.test\nSubject: failed\n\nNo\n";
  await send(server, bounce, "noreply-dmarc@example.test", "");
  await send(server, reportMail(gzip(aggregateXml())));
  await server.clock.advance(30 * 3600_000);
  assert.deepEqual(await server.storage.perform("queue.list", { after: null, limit: 10 }), []);
  await send(server, "From: x@reporter.test\nSubject: hello\n\nHi\n", "alice@example.test");
  await server.clock.advance(30 * 3600_000);
  assert.equal((await server.storage.perform("queue.list", { after: null, limit: 10 })).length, 1);
});

Deno.test("our own reports about our own domains are read without a way through the mail", async () => {
  const record = { TXT: txt("v=DMARC1; p=none; rua=mailto:dmarc-reports@example.test") };
  const dns = { ...ZONES, "_dmarc.example.test": record };
  await using server = await strict({ dns }, { dmarcReports: { send: true, ownDomains: true } });
  await server.deliver("From: forged@example.test\nSubject: hello\n\nHi\n", "alice@example.test");
  await server.clock.advance(30 * 3600_000);
  const { messages, passed, sources } = await seen(server);
  assert.deepEqual([messages, passed, sources[0].source, sources[0].reporters], [1, 0, "192.0.2.1", ["example.test"]]);
  assert.deepEqual(await server.storage.perform("queue.list", { after: null, limit: 10 }), []);
});
