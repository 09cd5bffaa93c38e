import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { parseAggregateReport } from "../../../mod.ts";
import { DkimKeys } from "../../../src/server/dkim/keys.ts";
import { type TestServer, testServer, type TestServerOptions } from "../../../src/server/test_server.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { onceMadeKey } from "../dkim/once_made_key.ts";

const txt = (text: string) => [{ type: "TXT", text }] as const;
const HOUR = 3600_000;
const ZONES = {
  "_dmarc.outside.test": { TXT: txt("v=DMARC1; p=none; rua=mailto:alice@example.test,mailto:bob@example.test!10") },
  "outside.test._report._dmarc.example.test": { TXT: txt("v=DMARC1") },
  "_dmarc.quiet.test": { TXT: txt("v=DMARC1; p=none") },
  "_dmarc.victim.test": { TXT: txt("v=DMARC1; p=none; rua=mailto:alice@example.test") },
  "_dmarc.remote.test": { TXT: txt("v=DMARC1; p=reject; rua=mailto:d@remote.test") },
  "_dmarc.example.test": { TXT: txt("v=DMARC1; p=none; rua=mailto:alice@example.test") },
};

function reporting(more: Partial<TestServerOptions> = {}, reports: object = {}): Promise<TestServer> {
  return testServer({
    dns: ZONES,
    ...more,
    config: { authentication: { trusted: [] }, dmarcReports: { send: true, ...reports }, outbound: { hold: true } },
  });
}

const from = (domain: string, subject = "hello") => `From: x@${domain}\nSubject: ${subject}\n\nHi\n`;

async function inbox(server: TestServer, who = "alice"): Promise<string> {
  const imap = server.connect("imap");
  await imap.ask(`a LOGIN ${who}@example.test ${who}`, "a OK");
  await imap.ask("b SELECT INBOX", "b OK");
  const found = await imap.ask("c FETCH 1:* BODY[]", "c ");
  imap.close();
  return found;
}

function reportsIn(text: string) {
  return [...text.matchAll(/application\/gzip[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)/g)].map(([, base64]) =>
    parseAggregateReport(
      gunzipSync(Uint8Array.from(atob(base64!.replace(/\s/g, "")), (c) => c.charCodeAt(0))).toString(),
    )
  );
}

async function dayEnds(server: TestServer): Promise<void> {
  await server.clock.advance(12 * HOUR + 4 * HOUR);
}

Deno.test("DMARC reports leave once, signed, when the day is over", async () => {
  await using server = await reporting();
  const keys = new DkimKeys({
    storage: server.storage,
    resolve: () => Promise.resolve({ kind: "nxdomain" } as never),
    now: () => server.clock.wall(),
    hostname: "mail.example.test",
    makeKey: onceMadeKey,
  });
  await keys.begin("example.test");
  for (let i = 0; i < 3; i++) await server.deliver(from("outside.test"), "alice@example.test");
  await server.clock.advance(11 * HOUR);
  assert.equal(reportsIn(await inbox(server)).length, 0);
  await dayEnds(server);
  const text = await inbox(server);
  const [report, ...more] = reportsIn(text);
  assert.equal(more.length, 0);
  assert(report && !("malformed" in report));
  assert.equal(report.policy.domain, "outside.test");
  assert.deepEqual(report.rows.map(({ count, sourceIp, dkim, spf }) => [count, sourceIp, dkim, spf]), [
    [3, "192.0.2.1", "fail", "fail"],
  ]);
  assert.equal(report.metadata.end - report.metadata.begin, 86_399);
  assert.match(text, /^From: "example\.test" <noreply-dmarc@example\.test>\r$/m);
  assert.match(text, /Subject: Report Domain: outside\.test\s+Submitter: example\.test\s+Report-ID:\s+<[0-9a-f]{32}>/);
  assert.match(text, /filename="example\.test!outside\.test!\d+!\d+![0-9a-f]+\.xml\.gz"/);
  assert.match(text, /^DKIM-Signature: .*d=example\.test/ms);
  // Bob's entry takes ten octets at most.
  assert.equal(reportsIn(await inbox(server, "bob")).length, 0);
  assert(server.logs.some(({ event }) => event === "dmarcReport.tooLarge"));
  await server.clock.advance(48 * HOUR);
  assert.equal(reportsIn(await inbox(server)).length, 1);
});

Deno.test("DMARC reports go to nobody who does not agree, has no address, or is ours", async () => {
  await using server = await reporting();
  for (const domain of ["quiet.test", "victim.test", "example.test", "unknown.test"]) {
    await server.deliver(from(domain), "bob@example.test");
  }
  await dayEnds(server);
  assert.equal(reportsIn(await inbox(server)).length, 0);
  assert.deepEqual(
    server.logs.filter(({ event }) => event === "dmarcReport.dropped").map(({ fields }) => fields?.domain).sort(),
    ["example.test", "victim.test"],
  );
});

Deno.test("DMARC reports tell what was done, and our own domains where that is asked", async () => {
  await using server = await reporting({}, { ownDomains: true, organization: "House of Doves" });
  await assert.rejects(server.deliver(from("remote.test"), "bob@example.test"), /550/);
  await server.deliver(from("example.test"), "bob@example.test");
  await dayEnds(server);
  const [own] = reportsIn(await inbox(server));
  assert(own && !("malformed" in own));
  assert.equal(own.policy.domain, "example.test");
  assert.equal(own.metadata.orgName, "House of Doves");
  const rows = await server.storage.perform("queue.list", { after: null, limit: 10 });
  assert.deepEqual(rows.map(({ recipient, sender }) => [recipient.forwardPath, recipient.notify, sender.reversePath]), [
    ["d@remote.test", [], "noreply-dmarc@example.test"],
  ]);
  const stored = new TextDecoder().decode(await server.storage.readBlob(rows[0]!.blobId, 0, rows[0]!.size));
  const [report] = reportsIn(stored);
  assert(report && !("malformed" in report));
  assert.equal(report.rows[0]!.disposition, "reject");
});

Deno.test("DMARC counts outlive the server, and reports are not made twice", async () => {
  const storage = memoryStorage();
  const lasting = { ...bound(storage), close: () => Promise.resolve() };
  const first = await reporting({ storage: lasting });
  await first.deliver(from("outside.test"), "bob@example.test");
  await first.stop();
  const second = await reporting({ storage: lasting });
  await second.deliver(from("outside.test"), "bob@example.test");
  await dayEnds(second);
  const [report] = reportsIn(await inbox(second));
  assert(report && !("malformed" in report));
  assert.equal(report.rows[0]!.count, 2);
  await second.stop();
  await using third = await reporting({ storage: lasting });
  await third.clock.advance(40 * HOUR);
  assert.equal(reportsIn(await inbox(third)).length, 1);
});

function bound(storage: ReturnType<typeof memoryStorage>): ReturnType<typeof memoryStorage> {
  return {
    perform: (op, args) => storage.perform(op, args),
    createBlob: () => storage.createBlob(),
    readBlob: (...args) => storage.readBlob(...args),
    watch: (...args) => storage.watch(...args),
    watchQueue: (listener) => storage.watchQueue(listener),
    reclaim: () => storage.reclaim(),
    close: () => storage.close(),
  };
}

Deno.test("DMARC reports are tried again while the DNS does not answer, but not for ever", async () => {
  await using server = await reporting({
    dns: { ...ZONES, "outside.test._report._dmarc.example.test": "servfail" },
  });
  await server.deliver(from("outside.test"), "bob@example.test");
  await server.clock.advance(60 * HOUR);
  const tries = server.logs.filter(({ event }) => event === "dmarcReport.failed");
  assert.equal(tries.length, 4);
  assert.equal(reportsIn(await inbox(server)).length, 0);
});

Deno.test("DMARC reports are off until they are switched on", async () => {
  await using server = await testServer({ dns: ZONES, config: { authentication: { trusted: [] } } });
  await server.deliver(from("outside.test"), "bob@example.test");
  await dayEnds(server);
  assert.equal(reportsIn(await inbox(server)).length, 0);
});
