/** Mail that an alias passes on, and the way of reports about it, between whole servers. */
import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../src/server/test_server.ts";

const PATIENCE_MS = 10_000;
const MESSAGE = "DKIM-Signature: v=1; b=x\r\nSubject:  hi \r\nX-Odd : y\r\n\r\nhello  \r\n.dot\r\n\r\n";

async function until<T>(what: string, servers: readonly TestServer[], look: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > end) {
      assert.fail(`it did not come to: ${what}\n${JSON.stringify(servers.map((one) => one.logs), null, 1)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What the account has in INBOX, whole, or null for nothing. */
async function inbox(server: TestServer, who: string): Promise<string | null> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask(`a LOGIN ${who}@${server.config.hostname.slice(5)} ${who}`, "a OK");
  const selected = await imap.ask("b SELECT INBOX", "b OK");
  const text = selected.includes("* 0 EXISTS") ? null : await imap.ask("c FETCH 1:* BODY.PEEK[]", "c OK");
  imap.close();
  return text;
}

const way = (port: number) => ({ host: "127.0.0.1", port, tls: "none" as const });

/** `ann@origin.example` writes to `away@example.test`, which leads to `bob@there.example`. */
async function three(test: (servers: { origin: TestServer; here: TestServer; there: TestServer }) => Promise<void>) {
  await using origin = await testServer({ domain: "origin.example", accounts: ["ann"], listen: true });
  const routes: Record<string, ReturnType<typeof way>> = { "origin.example": way(origin.address("smtp").port) };
  // The two in the middle know each other, so the second is told its port when it is known.
  const listen = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listen.addr;
  listen.close();
  await using there = await testServer({
    domain: "there.example",
    listen: true,
    config: { outbound: { routes: { ...routes, "example.test": way(port) } } },
  });
  routes["there.example"] = way(there.address("smtp").port);
  await using here = await testServer({
    listen: true,
    config: {
      outbound: { routes },
      listeners: [{ protocol: "smtp", address: "127.0.0.1", port, tls: "none" }],
    },
  });
  await test({ origin, here, there });
}

const addAlias = (server: TestServer, address: string, ...targets: string[]) =>
  server.storage.perform("alias.add", { address, targets, now: 1 });

/** The replies to MAIL, RCPT and, where that is taken, to the body. */
async function report(server: TestServer, from: string, to: string, body: string): Promise<string> {
  const smtp = server.connect("smtp");
  await smtp.until(/^220 .*\r\n/m);
  await smtp.ask("EHLO mx.there.example", /^250 .*\r\n/m);
  await smtp.ask(`MAIL FROM:<${from}>`, /^250 .*\r\n/m);
  smtp.send(`RCPT TO:<${to}>\r\n`);
  const reply = await smtp.line();
  if (!reply.startsWith("250")) return reply;
  await smtp.ask("DATA", /^354 .*\r\n/m);
  smtp.send(`${body}.\r\n`);
  return await smtp.line();
}

Deno.test("a forwarded message arrives octet by octet, and reports find the way back to its sender", () =>
  three(async ({ origin, here, there }) => {
    const servers = [origin, here, there];
    await addAlias(here, "away@example.test", "bob@there.example");
    await here.deliver(MESSAGE, "away@example.test", "ann@origin.example");
    const text = await until("a message", servers, () => inbox(there, "bob"));
    const sender = /Return-Path: <(SRS0=[^>]*=origin\.example=ann@example\.test)>\r\n/.exec(text)?.[1] ?? "";
    assert.notEqual(sender, "", text);
    assert.ok(text.includes(`Received: from`) && text.includes(`\r\n${MESSAGE})`), text);

    const body = "Subject: It bounced\r\n\r\nno room\r\n";
    assert.match(await report(here, "spammer@else.example", sender, body), /^550 5\.7\.1 .*only reports/);
    assert.match(await report(here, "", sender.replace("=ann@", "=eve@"), body), /^550 5\.1\.1 /);
    assert.match(await report(here, "", sender, body), /^250 /);
    const back = await until("the report", servers, () => inbox(origin, "ann"));
    assert.match(back, /\* 1 FETCH .*\r\nReturn-Path: <>\r\n/);
    assert.ok(back.includes(body));
    await here.clock.advance(23 * 24 * 3600_000);
    assert.match(await report(here, "", sender, body), /^550 5\.1\.1 .*expired/);
  }));

Deno.test("our own report about what could not be forwarded goes to the sender, by the address he wrote to", () =>
  three(async ({ origin, here, there }) => {
    await addAlias(here, "away@example.test", "nobody@there.example");
    await here.deliver(MESSAGE, "away@example.test", "ann@origin.example");
    const text = await until("the report", [origin, here, there], () => inbox(origin, "ann"));
    assert.match(text, /\r\nTo: ann@origin\.example\r\n/);
    assert.match(text, /\r\nOriginal-Recipient: rfc822; away@example\.test\r\n/);
    assert.ok(!text.includes("SRS0="));
  }));

Deno.test("two aliases that lead to each other are a loop, of which the sender hears once", () =>
  three(async ({ origin, here, there }) => {
    const servers = [origin, here, there];
    await addAlias(here, "away@example.test", "back@there.example");
    await addAlias(there, "back@there.example", "away@example.test");
    await here.deliver(MESSAGE, "away@example.test", "ann@origin.example");
    const text = await until("the report", servers, () => inbox(origin, "ann"));
    assert.match(text, /Action: failed\r\nStatus: 5\.4\.6\r\n/);
    const rows = (server: TestServer) => server.storage.perform("queue.list", { after: null, limit: 10 });
    await until("empty queues", servers, async () => {
      const left = await Promise.all(servers.map(rows));
      return left.every((one) => one.length === 0) ? true : null;
    });
    assert.match((await inbox(origin, "ann"))!, /^(?!.*\* 2 FETCH)/s);
  }));
