/** Nobody gets mail from us for what somebody else has sent in their name. */
import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../src/server/test_server.ts";
import { friendly, peer, THERE } from "./outbound/house.ts";

const txt = (text: string) => ({ TXT: [{ type: "TXT", text }] }) as const;
const DNS = {
  ...THERE,
  "victim.example": txt("v=spf1 -all"),
  "honest.example": txt("v=spf1 ip4:192.0.2.1 -all"),
};
const VICTIM = "victim@victim.example";
const text = (from: string, id: string) => `From: ${from}\nSubject: hi\nMessage-ID: <${id}@x.example>\n\nhello\n`;

async function until(what: string, server: TestServer, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!await holds()) {
    if (performance.now() > end) assert.fail(`${what}\n${JSON.stringify(server.logs, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const rows = (server: TestServer) => server.storage.perform("queue.list", { after: null, limit: 100 });

Deno.test("who does not exist is refused to the client, and no report is made", async () => {
  await using server = await testServer({ dns: DNS });
  for (const sender of [VICTIM, "me@honest.example", ""]) {
    await assert.rejects(server.deliver(text("a@b.example", "1"), "nobody@example.test", sender), /550 5\.1\.1/);
  }
  assert.deepEqual(await rows(server), []);
});

Deno.test("a report about a report is never made, at whatever stage it fails", async () => {
  const there = await peer((verb, line) => verb === "RCPT" ? "550 5.1.1 No such user" : friendly(verb, line));
  await using server = await testServer({
    dns: DNS,
    config: { outbound: { port: there.port, privateExchanges: true } },
  });
  await server.storage.perform("alias.add", { address: "away@example.test", targets: ["bob@there.example"], now: 1 });
  const traceId = await server.deliver(text("MAILER-DAEMON@x.example", "2"), "away@example.test", "");
  await until("an empty queue", server, async () => (await rows(server)).length === 0);
  const journal = await server.storage.perform("journal.read", { traceId });
  assert.ok(!journal.some(({ detail }) => /sender is told/.test(detail)), JSON.stringify(journal));
  assert.equal(there.transactions(), 1); // the one that was refused
  await there.close();
});

Deno.test("a forwarded message that is refused elsewhere is reported to its sender, but not to one who did not write it", async () => {
  const refusing = await peer((verb, line) =>
    verb === "RCPT" && line.includes("bob@there") ? "550 5.1.1 No such user" : friendly(verb, line)
  );
  const zone = (name: string) => ({
    MX: [{ type: "MX", preference: 1, exchange: "mx.there.example" }],
    ...DNS[name as never] as object,
  });
  await using server = await testServer({
    dns: { ...DNS, "victim.example": zone("victim.example"), "honest.example": zone("honest.example") } as never,
    config: { outbound: { port: refusing.port, privateExchanges: true }, authentication: { trusted: [] } },
  });
  await server.storage.perform("alias.add", { address: "away@example.test", targets: ["bob@there.example"], now: 1 });
  const reported = () => refusing.heard.join("").match(/RCPT TO:<(victim@victim|me@honest)[^>]*>/g) ?? [];

  const honest = await server.deliver(text("me@honest.example", "3"), "away@example.test", "me@honest.example");
  await until("a report", server, () => Promise.resolve(reported().length === 1));
  const forged = await server.deliver(text(VICTIM, "4"), "away@example.test", VICTIM);
  await until("an empty queue", server, async () => (await rows(server)).length === 0);
  assert.deepEqual(reported(), ["RCPT TO:<me@honest.example>"]);
  const story = async (traceId: typeof forged) =>
    (await server.storage.perform("journal.read", { traceId })).map(({ event }) => event);
  assert.ok((await story(forged)).includes("untold") && !(await story(honest)).includes("untold"));
  await refusing.close();
});
