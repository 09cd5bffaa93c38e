/** Whole servers that send to each other, and to servers that are no model. */
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import type { TraceId } from "../../../src/contract/mod.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { friendly, peer, THERE } from "./house.ts";

const PATIENCE_MS = 10_000;

async function until(what: string, server: TestServer, holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > end) assert.fail(`it did not come to: ${what}\n${JSON.stringify(server.logs, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const rows = (server: TestServer) => server.storage.perform("queue.list", { after: null, limit: 10 });

/** `away@example.test` forwards to `bob@<domain>`; brings a message there. */
async function forward(server: TestServer, domain: string, text = "Subject: hi\n\nhello\n.dot\n"): Promise<TraceId> {
  const alias = { address: "away@example.test", targets: [`bob@${domain}`], now: 1 };
  await server.storage.perform("alias.add", alias);
  return await server.deliver(text, "away@example.test", "alice@example.test");
}

function forwardAgain(server: TestServer, text: string): Promise<TraceId> {
  return server.deliver(text, "away@example.test", "alice@example.test");
}

async function inbox(server: TestServer, who: string): Promise<string> {
  const domain = server.config.hostname.slice("mail.".length);
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask(`a LOGIN ${who}@${domain} ${who}`, "a OK");
  await imap.ask("b SELECT INBOX", "b OK");
  const text = await imap.ask("c FETCH 1:* BODY.PEEK[]", "c OK");
  imap.close();
  return text;
}

Deno.test("two servers: a message goes from one to the other under TLS", async () => {
  await using there = await testServer({ domain: "there.example", listen: true });
  const { port } = there.address("smtp");
  await using here = await testServer({ dns: THERE, config: { outbound: { port, privateExchanges: true } } });
  const traceId = await forward(here, "there.example");
  await until("an empty queue", here, async () => (await rows(here)).length === 0);
  const journal = await here.storage.perform("journal.read", { traceId });
  assert.match(
    journal.at(-1)!.detail,
    /^Taken by mx\.there\.example \(127\.0\.0\.1\) over TLSv1\.\d, it said: 250 2\./,
  );
  const text = await inbox(there, "bob");
  assert.match(
    text,
    /Received: from mail\.example\.test \(\[127\.0\.0\.1\]\)\r\n\tby mail\.there\.example with ESMTPS \(TLSv1/,
  );
  assert.match(text, /Delivered-To: away@example\.test\r\n/);
  assert.match(text, /\r\n\r\nhello\r\n\.dot\r\n/);
});

Deno.test("two servers: who is not there comes back as a report, read over IMAP", async () => {
  await using there = await testServer({ domain: "there.example", accounts: ["carol"], listen: true });
  const { port } = there.address("smtp");
  await using here = await testServer({ dns: THERE, config: { outbound: { port, privateExchanges: true } } });
  const traceId = await forward(here, "there.example");
  await until("an empty queue", here, async () => (await rows(here)).length === 0);
  const text = await inbox(here, "alice");
  assert.match(text, /Subject: Your message was not delivered: hi\r\n/);
  assert.match(text, /Status: 5\.1\.1\r\nRemote-MTA: dns; mx\.there\.example\r\n/);
  const journal = await here.storage.perform("journal.read", { traceId });
  assert.match(journal.at(-1)!.detail, /^The sender is told by the report b[0-9a-f]{32}\.1\.$/);
});

Deno.test("a server's clock brings the retries, and its end the report", async () => {
  let taken = false;
  const there = await peer((verb, line) =>
    verb === "RCPT" && !taken ? "451 4.7.1 Come back later" : friendly(verb, line)
  );
  await using here = await testServer({
    dns: THERE,
    config: { outbound: { port: there.port, privateExchanges: true } },
  });
  await forward(here, "there.example");
  const attempts = (count: number) => async () => {
    const [row] = await rows(here);
    return row?.state === "ready" && row.attempts === count;
  };
  await until("a first attempt", here, attempts(1));
  await here.clock.advance(4 * 60_000); // a greylist: not before five minutes
  await until("one attempt", here, attempts(1));
  await here.clock.advance(3 * 60_000);
  await until("a second attempt", here, attempts(2));
  taken = true;
  // An attempt takes real time: a clock that went on meanwhile would end its lease.
  for (let minute = 0; minute < 13; minute++) {
    await here.clock.advance(60_000);
    await until("nothing under way", here, async () => (await rows(here)).every((row) => row.state === "ready"));
  }
  await until("an empty queue", here, async () => (await rows(here)).length === 0);
  assert.equal(there.transactions(), 3);
  await there.close();
});

Deno.test("a large message that is declared 8-bit and is not goes to a server without 8BITMIME", async () => {
  const there = await peer(friendly);
  await using here = await testServer({
    dns: THERE,
    config: { outbound: { port: there.port, privateExchanges: true } },
  });
  await forward(here, "there.example", "Subject: large\n\n" + "a line of plain text\n".repeat(20_000));
  await until("an empty queue", here, async () => (await rows(here)).length === 0);
  assert.deepEqual([there.heard.length, there.transactions()], [1, 1]); // found unfit before anything was said of it
  await forwardAgain(here, "Subject: gr\u00fc\u00dfe\n\nhello\n");
  await until("an empty queue", here, async () => (await rows(here)).length === 0);
  assert.match(await inbox(here, "alice"), /The message has 8-bit text, which the server does not take/);
  await there.close();
});

Deno.test("another server on the same machine is no loop", async () => {
  await using there = await testServer({ domain: "other.example", listen: true });
  const { port } = there.address("smtp");
  await using here = await testServer({
    dns: THERE,
    listen: true,
    config: { outbound: { port, privateExchanges: true } },
  });
  await forward(here, "there.example");
  await until("an empty queue", here, async () => (await rows(here)).length === 0);
  assert.match(await inbox(here, "alice"), /Status: 5\.7\.1\r\nRemote-MTA: dns; mx\.there\.example\r\n/);
});

Deno.test("a server whose STARTTLS breaks is tried again without", async () => {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const broken = createServer((socket) => {
    sockets.add(socket);
    const at = heard.push("") - 1;
    let body = false;
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.write("220 there\r\n");
    socket.setEncoding("latin1").on("data", (text: string) => {
      heard[at] += text;
      for (const line of text.split("\r\n").slice(0, -1)) {
        if (body && line !== ".") continue;
        if (line === "STARTTLS") {
          socket.write("220 go\r\n");
          socket.removeAllListeners("data").once("data", () => socket.end("this is no TLS\r\n"));
          return;
        }
        body = line === "DATA";
        socket.write(
          line.startsWith("EHLO")
            ? "250-there\r\n250 STARTTLS\r\n"
            : body
            ? "354 go\r\n"
            : line === "QUIT"
            ? "221 bye\r\n"
            : "250 ok\r\n",
        );
      }
    });
  });
  await new Promise<void>((resolve) => broken.listen(0, "127.0.0.1", resolve));
  const { port } = broken.address() as { port: number };
  {
    await using here = await testServer({ dns: THERE, config: { outbound: { port, privateExchanges: true } } });
    await forward(here, "there.example");
    await until("an empty queue", here, async () => (await rows(here)).length === 0);
  }
  assert.equal(heard.length, 2);
  assert.match(heard[0]!, /STARTTLS\r\n$/);
  // It offers no 8BITMIME, which the message was declared to need, and does not.
  assert.match(heard[1]!, /^EHLO mail\.example\.test\r\nMAIL FROM:<alice@example\.test>/);
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => broken.close(() => resolve()));
});

Deno.test("a relay is logged in to, and gets no password where its certificate is not proven", async () => {
  await using relay = await testServer({ listen: true, config: { outbound: { hold: true } } });
  const login = { username: "alice@example.test", password: "alice", host: "127.0.0.1" };
  const { port } = relay.address("submission", "starttls");
  {
    await using here = await testServer({ config: { outbound: { relay: { ...login, port, tls: "none" } } } });
    await forward(here, "there.example");
    await until("an empty queue", here, async () => (await rows(here)).length === 0);
    const [row] = await rows(relay);
    assert.equal(row?.recipient.forwardPath, "bob@there.example");
  }
  for (const tls of ["starttls", "implicit"] as const) {
    const at = { ...login, port: relay.address("submission", tls).port, tls };
    await using here = await testServer({ config: { outbound: { relay: at } } });
    await forward(here, "there.example");
    await until("a deferred row", here, async () => (await rows(here))[0]?.attempts === 1);
    assert.match((await rows(here))[0]!.lastReply!, /^451 4\.7\.5 /, tls);
  }
  assert.equal(relay.logs.some((line) => line.event.startsWith("login") && line.level === "warn"), false);
  assert.equal((await rows(relay)).length, 1);
});

Deno.test("the queue outlives its server, and what that one had leased goes at once", async () => {
  const there = await peer(friendly);
  const dataDir = await Deno.makeTempDir({ prefix: "palomar-test-" });
  {
    const config = { outbound: { port: there.port, hold: true, privateExchanges: true } };
    await using here = await testServer({ storage: await openSqlite({ dataDir }), dns: THERE, config });
    await forward(here, "there.example");
    const claim = { owner: "one that dies", now: here.clock.wall(), leaseMs: 60_000, limit: 10 };
    assert.equal((await here.storage.perform("queue.claim", claim)).length, 1);
  }
  {
    const config = { outbound: { port: there.port, privateExchanges: true } };
    await using here = await testServer({ storage: await openSqlite({ dataDir }), dns: THERE, config });
    await until("an empty queue", here, async () => (await rows(here)).length === 0);
  }
  assert.equal(there.heard.length, 1);
  await there.close();
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("the lease of another worker runs out before anybody else takes what it has", async () => {
  const there = await peer(friendly);
  const config = { outbound: { port: there.port, privateExchanges: true } };
  await using here = await testServer({ dns: THERE, config: { outbound: { ...config.outbound, hold: true } } });
  await forward(here, "there.example");
  const claim = { owner: "one that dies", now: here.clock.wall(), leaseMs: 60_000, limit: 10 };
  assert.equal((await here.storage.perform("queue.claim", claim)).length, 1);
  // A second worker on the same store, as several processes on one database have it.
  const { storage } = here;
  await using other = await testServer({ storage: { ...storage, close: () => Promise.resolve() }, dns: THERE, config });
  assert.equal((await rows(other))[0]!.state, "leased");
  await other.clock.advance(59_000);
  assert.equal(there.heard.length, 0);
  await other.clock.advance(2_000);
  await until("an empty queue", other, async () => (await rows(other)).length === 0);
  assert.equal(there.heard.length, 1);
  await there.close();
});
