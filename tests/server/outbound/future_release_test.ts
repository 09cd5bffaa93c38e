/** A message that its submitter wants to be sent later: here and outside, and what the queue says meanwhile. */
import assert from "node:assert/strict";
import { encodeBase64 } from "../../../src/base/base64.ts";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { friendly, peer } from "./house.ts";

const rows = (server: TestServer) => server.storage.perform("queue.list", { after: null, limit: 10 });

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!await holds()) {
    if (performance.now() > end) assert.fail(`it did not come to: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function submit(server: TestServer, params: string, recipients: readonly string[]): Promise<string> {
  const smtp = server.connect("submission", { tls: true });
  await smtp.until("\r\n");
  await smtp.ask("EHLO c", "250 HELP\r\n");
  await smtp.ask(`AUTH PLAIN ${encodeBase64(utf8Bytes("\0alice@example.test\0alice"))}`, "\r\n");
  const mail = await smtp.ask(`MAIL FROM:<alice@example.test>${params}`, "\r\n");
  if (!mail.startsWith("250")) return mail;
  for (const recipient of recipients) await smtp.ask(`RCPT TO:<${recipient}>`, "250 2.1.5 Recipient ok\r\n");
  await smtp.ask("DATA", "\r\n");
  const done = await smtp.ask("From: alice@example.test\r\nSubject: later\r\n\r\nhello\r\n.", "\r\n");
  smtp.close();
  return done;
}

async function inbox(server: TestServer): Promise<string> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask("a LOGIN bob@example.test bob", "a OK");
  const selected = await imap.ask("b SELECT INBOX", "b OK");
  imap.close();
  return selected;
}

Deno.test("a message that is to be sent later waits for its time, here and to outside", async () => {
  const there = await peer(friendly);
  const routes = { "there.example": { host: "127.0.0.1", port: there.port, tls: "none" as const } };
  await using server = await testServer({ config: { outbound: { routes } } });
  assert.match(await submit(server, " HOLDFOR=7200", ["bob@example.test", "carol@there.example"]), /^250 /);
  assert.match(await inbox(server), /\* 0 EXISTS/);
  const waiting = await rows(server);
  assert.deepEqual(waiting.map((row) => [row.recipient.forwardPath, row.domain, row.dueAt - row.queuedAt]), [
    ["bob@example.test", null, 7_200_000],
    ["carol@there.example", "there.example", 7_200_000],
  ]);
  assert.ok(waiting.every((row) => row.expiresAt > row.dueAt + 4 * 86_400_000));
  const shown = await (await server.admin("GET", "/api/v1/queue")).json();
  assert.equal(shown.queue[1].waits, "its sender asked for a later time");
  await server.clock.advance(7_190_000);
  assert.equal((await rows(server)).length, 2);
  await server.clock.advance(20_000);
  await until("an empty queue", async () => (await rows(server)).length === 0);
  assert.match(await inbox(server), /\* 1 EXISTS/);
  assert.equal(there.transactions(), 1);
  assert.doesNotMatch(there.heard[0]!, /HOLD/);
  const journal = await server.storage.perform("journal.read", { traceId: waiting[0]!.traceId });
  assert.ok(journal.some(({ detail }) => /^Waits in the queue until 2026-01-01T14:00:0\d/.test(detail)));
  await there.close();
});

Deno.test("a time that is too far is refused at MAIL, one that has passed is no wait", async () => {
  await using server = await testServer({ config: { limits: { futureRelease: "1h" } } });
  assert.match(await submit(server, " HOLDFOR=3601", []), /^501 5\.5\.4 /);
  assert.match(await submit(server, " HOLDUNTIL=2099-01-01T00:00:00Z", []), /^501 5\.5\.4 /);
  assert.match(await submit(server, " HOLDUNTIL=2020-01-01T00:00:00Z", ["bob@example.test"]), /^250 /);
  assert.match(await inbox(server), /\* 1 EXISTS/);
});

Deno.test("an administrator may let a held message go, or take it away", async () => {
  await using server = await testServer();
  await submit(server, " HOLDFOR=7200", ["bob@example.test"]);
  const changed = await server.admin("POST", "/api/v1/queue/change", { ids: "all", change: "retry" });
  assert.equal(changed.status, 200);
  await until("an empty queue", async () => (await rows(server)).length === 0);
  assert.match(await inbox(server), /\* 1 EXISTS/);
});
