/** Reports of success (RFC 3461) from end to end: a person's program asks, three servers answer as each can. */
import assert from "node:assert/strict";
import { encodeBase64 } from "../../../src/base/base64.ts";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { friendly, peer, type Script } from "./house.ts";

const PATIENCE_MS = 10_000;
const MESSAGE_ID = "<question@example.test>";

async function until(what: string, servers: readonly TestServer[], holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > end) assert.fail(`${what}\n${servers.map(({ logs }) => JSON.stringify(logs, null, 1))}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Alice's INBOX: the messages, and how they hang together. */
async function inbox(server: TestServer): Promise<{ messages: string[]; threads: string }> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  await imap.ask("b SELECT INBOX", /b OK[^\n]*\n/);
  const text = await imap.ask("c UID FETCH 1:* BODY.PEEK[]", /c OK[^\n]*\n/);
  const threads = await imap.ask("d THREAD REFERENCES UTF-8 ALL", /d OK[^\n]*\n/);
  imap.close();
  return { messages: text.split(/^\* \d+ FETCH /m).slice(1), threads: /\* THREAD (.*)\r\n/.exec(threads)?.[1] ?? "" };
}

async function submit(server: TestServer, recipients: readonly string[]): Promise<void> {
  const smtp = server.connect("submission", { tls: true });
  await smtp.until("220 ");
  await smtp.ask("EHLO alice.example", "250 ");
  await smtp.ask(`AUTH PLAIN ${encodeBase64(utf8Bytes("\0alice@example.test\0alice"))}`, "235 ");
  await smtp.ask("MAIL FROM:<alice@example.test> RET=FULL ENVID=q+3D1", "250 ");
  for (const recipient of recipients) await smtp.ask(`RCPT TO:${recipient}`, "250 ");
  await smtp.ask("DATA", "354 ");
  const lines = [
    "From: alice@example.test",
    "Subject: A question",
    `Message-ID: ${MESSAGE_ID}`,
    "",
    "Secret body",
    ".",
  ];
  await smtp.ask(lines.join("\r\n"), "250 ");
  smtp.close();
}

/** A mailbox copy of what was sent, as mail programs make it. */
async function keepCopy(server: TestServer): Promise<void> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  const copy = `From: alice@example.test\r\nSubject: A question\r\nMessage-ID: ${MESSAGE_ID}\r\n\r\nSecret body\r\n`;
  await imap.ask(`b APPEND INBOX {${copy.length}+}\r\n${copy}`, "b OK");
  imap.close();
}

const field = (report: string, name: string) => new RegExp(`^${name}: (.*)\r$`, "m").exec(report)?.[1] ?? null;

Deno.test("NOTIFY=SUCCESS: each recipient is reported once, by whoever knows, and in the message's thread", async () => {
  const mails: string[] = [];
  const noDsn: Script = (verb, line) => {
    if (verb === "MAIL" || verb === "RCPT") mails.push(line);
    return friendly(verb, line);
  };
  const plain = await peer(noDsn);
  const ports = { here: 0, there: 0 };
  const zone = (domain: string) => ({
    [domain]: { MX: [{ type: "MX", preference: 1, exchange: `mail.${domain}` }] },
    [`mail.${domain}`]: { A: [{ type: "A", address: "127.0.0.1" }] },
  } as const);
  // Each knows the other's port when it listens; so `there` has a route to a port that is known first.
  await using here = await testServer({
    listen: true,
    dns: zone("there.example"),
    config: {
      outbound: {
        privateExchanges: true,
        routes: { "plain.example": { host: "127.0.0.1", port: plain.port, tls: "none" } },
        senderRoutes: {},
        port: await freePort().then((port) => ports.there = port),
      },
    },
  });
  ports.here = here.address("smtp").port;
  await using there = await testServer({
    domain: "there.example",
    accounts: ["carol"],
    dns: zone("example.test"),
    config: {
      listeners: [{ protocol: "smtp", address: "127.0.0.1", port: ports.there, tls: "none" }],
      outbound: { privateExchanges: true, port: ports.here },
    },
  });
  await keepCopy(here);
  await submit(here, [
    "<bob@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bobby@old.example",
    "<carol@there.example> NOTIFY=SUCCESS",
    "<dave@plain.example> NOTIFY=SUCCESS",
    "<erin@plain.example> NOTIFY=NEVER",
    "<frank@plain.example>",
  ]);
  const both = [here, there];
  await until("three reports", both, async () => (await inbox(here)).messages.length === 4);
  const queues = async () =>
    (await Promise.all(both.map(({ storage }) => storage.perform("queue.list", { after: null, limit: 9 })))).flat();
  await until("empty queues", both, async () => (await queues()).length === 0);
  for (const server of both) await server.clock.advance(3 * 24 * 3600_000);

  const { messages, threads } = await inbox(here);
  const reports = messages.slice(1);
  const facts = reports.map((report) => [
    field(report, "Reporting-MTA"),
    field(report, "Final-Recipient"),
    field(report, "Original-Recipient"),
    field(report, "Action"),
  ]).toSorted((a, b) => a[1]! < b[1]! ? -1 : 1);
  assert.deepEqual(
    facts,
    [
      ["dns; mail.example.test", "rfc822; bob@example.test", "rfc822; bobby@old.example", "delivered"],
      ["dns; mail.there.example", "rfc822; carol@there.example", null, "delivered"],
      ["dns; mail.example.test", "rfc822; dave@plain.example", null, "relayed"],
    ].map(([mta, final, original, action]) => [mta, final, original, action]),
  );
  for (const report of reports) {
    assert.match(report, /^Return-Path: <>\r\n/m);
    assert.deepEqual([field(report, "Original-Envelope-Id"), field(report, "In-Reply-To")], ["q=1", MESSAGE_ID]);
    assert.match(report, /^Auto-Submitted: auto-replied\r\n/m);
    assert.doesNotMatch(report, /Secret body/); // RFC 3461 section 4.3: RET is for failures
  }
  assert.equal(threads, "(1 (2)(3)(4))");
  // What could not be passed on was not said: the other server knows no DSN.
  assert.ok(mails.length >= 4 && !mails.some((line) => /NOTIFY|ENVID|ORCPT/.test(line)), mails.join("\n"));
  await plain.close();
});

async function freePort(): Promise<number> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return await Promise.resolve(port);
}
