import assert from "node:assert/strict";
import { FAILURE_LIMITS } from "../../../src/server/dmarc_reports/failure_reports.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";

const txt = (text: string) => [{ type: "TXT", text }] as const;
const ZONES = {
  "_dmarc.outside.test": { TXT: txt("v=DMARC1; p=none; ruf=mailto:r@outside.test") },
  "_dmarc.victim.test": { TXT: txt("v=DMARC1; p=none; ruf=mailto:someone@else.test") },
  "_dmarc.agreed.test": { TXT: txt("v=DMARC1; p=reject; ruf=mailto:someone@else.test") },
  "agreed.test._report._dmarc.else.test": { TXT: txt("v=DMARC1") },
  "_dmarc.example.test": { TXT: txt("v=DMARC1; p=none; ruf=mailto:r@outside.test") },
};

function telling(failures = true): Promise<TestServer> {
  return testServer({
    dns: ZONES,
    config: { authentication: { trusted: [] }, dmarcReports: { failures }, outbound: { hold: true } },
  });
}

async function told(server: TestServer): Promise<{ to: string; from: string; text: string }[]> {
  await server.clock.advance(1000);
  const rows = await server.storage.perform("queue.list", { after: null, limit: 200 });
  const all = rows.map(async ({ recipient, sender, blobId, size }) => {
    const text = new TextDecoder().decode(await server.storage.readBlob(blobId, 0, size));
    return { to: recipient.forwardPath, from: sender.reversePath, text };
  });
  return await Promise.all(all);
}

const from = (domain: string, more = "") => `From: Some Body <x.y@${domain}>\n${more}Subject: secret\n\nHi\n`;

Deno.test("failure reports go to who asks for them and may have them, with what was done", async () => {
  await using server = await telling();
  await server.deliver(from("outside.test"), "alice@example.test", "x.y@outside.test");
  await server.deliver(from("victim.test"), "alice@example.test");
  await assert.rejects(server.deliver(from("agreed.test"), "alice@example.test"), /550/);
  await server.deliver(from("example.test"), "alice@example.test");
  const [first, second, ...more] = await told(server);
  assert.equal(more.length, 0);
  assert.deepEqual([first!.to, first!.from], ["r@outside.test", "noreply-dmarc@example.test"]);
  assert.match(first!.text, /multipart\/report;\s+report-type=feedback-report/);
  assert.match(first!.text, /^Source-IP: 192\.0\.2\.1\r\nReported-Domain: outside\.test\r$/m);
  assert.match(first!.text, /^Delivery-Result: delivered\r\nIncidents: 1\r$/m);
  assert.match(first!.text, /^From: <redacted-\w+@outside\.test>\r$/m);
  assert.doesNotMatch(first!.text, /x\.y|Some Body|secret|alice/);
  assert.equal(second!.to, "someone@else.test");
  assert.match(second!.text, /^Delivery-Result: reject\r$/m);
});

Deno.test("failure reports are never about reports, bounces or what was sent by itself", async () => {
  await using server = await telling();
  await server.deliver(from("outside.test"), "alice@example.test", "");
  await server.deliver(from("outside.test", "Auto-Submitted: auto-generated\n"), "alice@example.test");
  const report = "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n";
  await server.deliver(from("outside.test", report), "alice@example.test");
  await assert.rejects(server.deliver(from("outside.test"), "dmarc-reports@example.test"), /550/);
  assert.deepEqual(await told(server), []);
});

Deno.test("failure reports are a few an hour; the next one says how many were not told", async () => {
  await using server = await telling();
  for (let i = 0; i < FAILURE_LIMITS.domainHour + 3; i++) {
    await server.deliver(from("outside.test"), "alice@example.test");
  }
  assert.equal((await told(server)).length, FAILURE_LIMITS.domainHour);
  await server.clock.advance(3600_000);
  await server.deliver(from("outside.test"), "alice@example.test");
  const after = await told(server);
  assert.equal(after.length, FAILURE_LIMITS.domainHour + 1);
  assert.match(after.at(-1)!.text, /^Incidents: 4\r$/m);
});

Deno.test("failure reports are off until they are switched on", async () => {
  await using server = await telling(false);
  await server.deliver(from("outside.test"), "alice@example.test");
  assert.deepEqual(await told(server), []);
});
