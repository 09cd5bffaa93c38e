/** A ban ends what is open. */
import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { OpenSessions } from "../../../src/server/abuse/open_sessions.ts";
import { createTestClock } from "../../../src/server/test_clock.ts";

const BAD = "198.51.100.7";
const ban = async (server: TestServer, network: string) =>
  assert.equal((await server.admin("POST", "/api/v1/bans", { network, minutes: 5 })).status, 201);

Deno.test("a ban by hand ends the sessions of the network at once, with the protocol's goodbye, and no others", async () => {
  await using server = await testServer();
  const [smtp, submission, imap, pop3] = (["smtp", "submission", "imap", "pop3"] as const)
    .map((protocol) => server.connect(protocol, { remoteAddress: BAD }));
  const other = server.connect("imap", { remoteAddress: "198.51.101.7" });
  await smtp!.ask("EHLO x.example", "250 ");
  await submission!.until("220 ");
  await imap!.until("* OK");
  await imap!.ask("a LOGIN alice@example.test alice", "a OK");
  await imap!.ask("b SELECT INBOX", "b OK");
  await imap!.ask("c IDLE", "+ ");
  await pop3!.until("+OK");
  await other.until("* OK");
  await ban(server, "198.51.100.0/24");
  assert.match(await smtp!.end(), /421 4\.7\.0 \S+ Your address is refused here for a time\r\n$/);
  assert.match(await submission!.end(), /421 4\.7\.0 /);
  assert.match(await imap!.end(), /\* BYE \[UNAVAILABLE\] Your address is refused here for a time\r\n$/);
  assert.match(await pop3!.end(), /-ERR \[SYS\/TEMP\] Your address is refused here for a time\r\n$/);
  assert.match(await other.ask("a NOOP", /^a \w+/m), /a OK/);
  assert.equal(server.logs.find(({ event }) => event === "abuse.sessionsEnded")?.fields.sessions, 4);
});

Deno.test("a ban ends a session within a message, which is not taken", async () => {
  await using server = await testServer();
  const smtp = server.connect("smtp", { remoteAddress: BAD });
  await smtp.ask("EHLO x.example", "250 ");
  await smtp.ask("MAIL FROM:<a@x.example>", "250 ");
  await smtp.ask("RCPT TO:<alice@example.test>", "250 ");
  await smtp.ask("DATA", "354 ");
  smtp.send("Subject: half\r\n\r\nof it");
  await ban(server, BAD);
  assert.match(await smtp.end(), /421 4\.7\.0 /);
  const chunks = server.connect("smtp", { remoteAddress: "198.51.100.8" });
  await chunks.ask("EHLO x.example", "250 ");
  await chunks.ask("MAIL FROM:<a@x.example>", "250 ");
  await chunks.ask("RCPT TO:<alice@example.test>", "250 ");
  await chunks.ask("BDAT 4\r\nabcd", "250 ");
  await ban(server, "198.51.100.8");
  assert.match(await chunks.end(), /421 4\.7\.0 /);
  assert.deepEqual((await server.storage.perform("queue.list", { after: null, limit: 1 })).length, 0);
});

Deno.test("a ban by a rule ends the other sessions of the address too; trusted addresses and proxies keep theirs", async () => {
  const trusted = "203.0.113.9";
  const proxy = "203.0.113.10";
  await using server = await testServer({
    config: { abuse: { ban: { failedLogins: 2, first: "15m" }, trusted: [trusted] }, proxies: [proxy] },
  });
  const quiet = server.connect("pop3", { remoteAddress: BAD });
  await quiet.until("+OK");
  const kept = [trusted, proxy, "127.0.0.1"].map((remoteAddress) => server.connect("imap", { remoteAddress }));
  for (const one of kept) await one.until("* OK");
  const guesser = server.connect("imap", { remoteAddress: BAD });
  await guesser.until("* OK");
  for (let n = 0; n < 2; n++) {
    const answer = guesser.ask(`a${n} LOGIN alice@example.test wrong`, `a${n} NO`);
    for (let done = false; !done;) {
      await server.clock.advance(500);
      done = await Promise.race([answer.then(() => true), new Promise<false>((r) => setTimeout(() => r(false), 1))]);
    }
  }
  assert.match(await guesser.end(), /\n\* BYE \[UNAVAILABLE\] Your address/);
  assert.match(await quiet.end(), /-ERR \[SYS\/TEMP\] Your address/);
  await ban(server, "0.0.0.0/0");
  for (const one of kept) assert.match(await one.ask("a NOOP", /^a \w+/m), /a OK/);
});

Deno.test("OpenSessions cuts who does not say goodbye in time, and forgets who went", async () => {
  const clock = createTestClock();
  const open = new OpenSessions(clock);
  const said: string[] = [];
  const session = (name: string) => ({
    post: () => void said.push(`${name} told`),
    cut: () => void said.push(`${name} cut`),
  });
  open.add("192.0.2.1", session("slow"));
  const forget = open.add("192.0.2.1", session("quick"));
  open.add("2001:db8::1", session("six"));
  open.add("2001:db8::2", session("safe"));
  const isBanned = (address: string) => address !== "2001:db8::2";
  assert.equal(open.end("192.0.2.1", isBanned), 2);
  forget();
  await clock.advance(1_900);
  assert.deepEqual(said.splice(0), ["slow told", "quick told"]);
  await clock.advance(200);
  assert.deepEqual(said.splice(0), ["slow cut"]);
  assert.equal(open.end("2001:db8::/64", isBanned), 1);
  assert.equal(open.end("192.0.2.99", isBanned), 0);
  assert.deepEqual(said, ["six told"]);
});
