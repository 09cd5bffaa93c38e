import assert from "node:assert/strict";
import { memoryPair } from "../../src/net/memory_transport.ts";
import { createTestClock } from "../../src/server/test_clock.ts";
import { testConnection } from "../../src/server/test_connection.ts";
import { testServer } from "../../src/server/test_server.ts";

Deno.test("TestClock.advance() wakes sleepers in their order, each at its own time", async () => {
  const clock = createTestClock();
  const woken: string[] = [];
  const sleep = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    woken.push(`${name} ${clock.monotonic()}`);
  };
  void sleep("late", 300);
  void sleep("early", 100);
  void sleep("never", 1000);
  void sleep("now", 0);
  await clock.advance(500);
  assert.deepEqual(woken, ["now 0", "early 100", "late 300"]);
  assert.equal(clock.sleeping, 1);
  assert.equal(clock.monotonic(), 500);
});

Deno.test("TestClock.advance() lets a sleeper sleep again within the time", async () => {
  const clock = createTestClock(0);
  const at: number[] = [];
  void (async () => {
    for (let delay = 1000; delay < 20_000; delay *= 2) {
      await clock.sleep(delay);
      at.push(clock.wall());
    }
  })();
  await clock.advance(60_000);
  assert.deepEqual(at, [1000, 3000, 7000, 15_000, 31_000]);
  assert.equal(clock.wall(), 60_000);
});

Deno.test("TestClock.advance() rings alarms when they are due, and no more when they are off", async () => {
  const clock = createTestClock();
  const rung: number[] = [];
  let next = 250;
  const off = clock.alarm!({
    next: () => next,
    tick: () => {
      rung.push(clock.monotonic());
      next += 250;
    },
  });
  await clock.advance(1000);
  off();
  await clock.advance(1000);
  assert.deepEqual(rung, [250, 500, 750, 1000]);
});

Deno.test("TestClock.advance() finds an alarm that goes round in circles, and does not go back", async () => {
  const clock = createTestClock();
  clock.alarm!({ next: () => 0, tick: () => {} });
  await assert.rejects(clock.advance(1), /wakings/);
  await assert.rejects(createTestClock().advance(-1), RangeError);
});

Deno.test("TestConnection reads lines, patterns and the end, whatever the pieces", async () => {
  const { server, client } = memoryPair();
  const connection = testConnection(client);
  server.onData = () => {};
  for (const octet of "one\r\ntwo\r\n* 3 EXISTS\r\nrest") server.write(new TextEncoder().encode(octet));
  assert.equal(await connection.line(), "one");
  assert.equal(await connection.until(/\* (\d+) EXISTS/g), "two\r\n* 3 EXISTS");
  assert.equal(await connection.line(), "");
  assert.equal(connection.closed, false);
  server.close();
  assert.equal(await connection.end(), "rest");
  assert.equal(connection.closed, true);
});

Deno.test("TestConnection explains what came instead of what a test waits for", async () => {
  const { server, client } = memoryPair();
  const connection = testConnection(client, 1);
  server.write(new TextEncoder().encode("500 what?\r\n"));
  await assert.rejects(connection.until("250"), /no 250 came; it said "500 what\?/);
  server.close();
  await assert.rejects(connection.until("250"), /ended before 250; it said "500 what\?/);
});

Deno.test("testServer() starts TLS in memory as a socket does", async () => {
  await using server = await testServer({ config: { auth: { allowPlaintext: false } } });
  const imap = server.connect("imap");
  await imap.until("\r\n");
  assert.match(await imap.ask("a LOGIN alice@example.test alice", /a .*\r\n/), /a NO \[PRIVACYREQUIRED\]/);
  await imap.ask("b STARTTLS", /b OK .*\r\n/);
  await imap.startTls();
  await imap.ask("c LOGIN alice@example.test alice", "c OK");
  const implicit = server.connect("pop3", { tls: true });
  await implicit.ask("USER alice@example.test", "+OK");
  await implicit.ask("PASS alice", "+OK 0 messages");
});

Deno.test("a moved clock ends sessions that say nothing, each by its protocol's own time", async () => {
  await using server = await testServer();
  const smtp = server.connect("smtp");
  await smtp.ask("EHLO x", /250 .*\r\n/);
  const pop3 = server.connect("pop3");
  await pop3.ask("USER bob@example.test", /\+OK\r\n/);
  await pop3.ask("PASS bob", /\+OK 0.*\r\n/);
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", /a OK .*\r\n/);
  const silent = server.connect("imap");
  await silent.until("\r\n");
  const { clock } = server;
  await clock.advance(61_000); // RFC: who does not log in is not waited for as long
  assert.match(await silent.end(), /BYE/);
  await clock.advance(5 * 60_000);
  assert.match(await smtp.end(), /^421 4\.4\.2 /);
  assert.equal(pop3.closed, false);
  await clock.advance(5 * 60_000);
  await pop3.end();
  assert.equal(imap.closed, false);
  await clock.advance(20 * 60_000);
  assert.match(await imap.end(), /BYE/);
});

Deno.test("a client that idles is kept as long as it renews its IDLE", async () => {
  await using server = await testServer();
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", /a OK .*\r\n/);
  await imap.ask("b SELECT INBOX", /b OK .*\r\n/);
  for (let hour = 0; hour < 6; hour++) {
    await imap.ask("c IDLE", /\+ .*\r\n/);
    await server.clock.advance(29 * 60_000); // RFC 9051 section 6.3.13
    await imap.ask("DONE", /c OK .*\r\n/);
  }
  await imap.ask("d NOOP", "d OK");
});

Deno.test("testServer() on disk leaves no folder behind, started or refused", async () => {
  const server = await testServer({ storage: "sqlite" });
  const { dataDir } = server.config;
  assert.ok((await Deno.stat(dataDir)).isDirectory);
  await server.deliver("Subject: x\n\nx", "alice@example.test");
  await server.stop();
  await assert.rejects(Deno.stat(dataDir), Deno.errors.NotFound);
  await assert.rejects(testServer({ storage: "sqlite", config: { hostname: "no dots" } }), /hostname/);
});

Deno.test("testServer().deliver() brings any octets as they are, and rejects with the reply", async () => {
  await using server = await testServer();
  const octets = Uint8Array.from([...new TextEncoder().encode("Subject: x\r\n\r\n.\r\n..\r\n"), 0xff, 0x80, 13, 10]);
  await server.deliver(octets, "alice@example.test");
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  await imap.ask("b SELECT INBOX", "b OK");
  assert.match(await imap.ask("c FETCH 1 BODY[TEXT]", "c OK"), /\{11\}\r\n\.\r\n\.\.\r\n\xff\x80\r\n FLAGS/);
  await assert.rejects(server.deliver("x", "nobody@example.test"), /550 5\.1\.1/);
  await assert.rejects(server.deliver("x", "somebody@elsewhere.test"), /550 5\.7\.1/);
});
