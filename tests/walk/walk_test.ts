/**
 * The walk of one message through the whole server, as `src/README.md` tells it: in by SMTP, stored in one transaction,
 * announced to a client that idles, and read by it.
 */
import assert from "node:assert/strict";
import { imapSession } from "../../src/imap/mod.ts";
import { replay } from "../../src/net/trace.ts";
import { sessionMaker } from "../../src/server/sessions.ts";
import { type TestServer, testServer } from "../../src/server/test_server.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { Walk } from "./record.ts";

async function walk(): Promise<{ walk: Walk; server: TestServer }> {
  const walk = new Walk();
  const server = await testServer({ storage: walk.storage(memoryStorage()), accounts: ["alice"] });
  const imap = server.connect("imap", { trace: walk.session("imap") });
  await imap.until("* OK");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  await imap.ask("b SELECT INBOX", /b OK .*\r\n/);
  await imap.ask("c IDLE", /\+ .*\r\n/);

  const smtp = server.connect("smtp", { trace: walk.session("smtp") });
  await smtp.until("220 ");
  await smtp.ask("EHLO client.outside.test", /250 .*\r\n/);
  walk.begin();
  await smtp.ask("MAIL FROM:<carol@outside.test>", /250 .*\r\n/);
  await smtp.ask("RCPT TO:<alice@example.test>", /250 .*\r\n/);
  await smtp.ask("DATA", /354 .*\r\n/);
  smtp.send("Subject: hello\r\n\r\n..one dot\r\n.\r\n");
  await smtp.until(/250 .*\r\n/);
  await imap.until("* 1 EXISTS\r\n");
  await imap.ask("DONE", /c OK .*\r\n/);
  const fetched = await imap.ask("d FETCH 1 BODY.PEEK[TEXT]", /d OK .*\r\n/);
  assert.match(fetched, /\* 1 FETCH \(.*BODY\[TEXT\] \{10\}\r\n\.one dot\r\n/);
  return { walk, server };
}

Deno.test("a message walks from the SMTP client to the eyes of an IMAP client that idles", async () => {
  const { walk: { steps }, server } = await walk();
  await server.stop();
  assert.deepEqual(steps.slice(0, STEPS.length), STEPS);
});

Deno.test("replay() of the recorded walk gives the same effects, step by step", async () => {
  const { walk: { traces }, server } = await walk();
  await server.stop();
  for (const protocol of ["smtp", "imap"] as const) {
    const trace = traces.get(protocol)!;
    assert.ok(trace.length > 5, protocol);
    // What a trace is after it was a file.
    const stored = JSON.parse(JSON.stringify(trace));
    assert.equal(replay(stored, sessionMaker(server.config, protocol, "starttls")()), null, protocol);
  }
});

Deno.test("replay() names the first step of the walk that differs", async () => {
  const { walk: { traces }, server } = await walk();
  await server.stop();
  const other = imapSession({ hostname: "another.example.test", allowPlaintextAuth: true });
  assert.equal(replay(traces.get("imap")!, other)?.at, 0);
});

/** `<` is what a machine is told, `>` what it asks for, `store` what the store is asked. */
const STEPS: readonly string[] = [
  "smtp < MAIL FROM:<carol@outside.test>",
  "smtp > call sender.verify",
  "smtp < answer sender.verify",
  "smtp > 250 2.1.0 Sender ok",
  "smtp < RCPT TO:<alice@example.test>",
  // each recipient is looked up while its sender waits: nobody is accepted who does not exist
  "smtp > call rcpt.verify",
  "store  address.resolve",
  "smtp < answer rcpt.verify",
  "smtp > 250 2.1.5 Recipient ok",
  "smtp < DATA",
  "smtp > 354 End data with <CR><LF>.<CR><LF>",
  "smtp < Subject: hello …",
  // the dot that was stuffed is gone; each view goes to the blob store and the indexer as it comes
  "smtp > bodyChunk 18 octets",
  "smtp > bodyChunk 10 octets",
  "smtp > call body.seal",
  "smtp < answer body.seal",
  // from here on the program of mta/receive.ts runs
  "smtp > call message.receive",
  "store  blob.index",
  "store  blob.read",
  "store  address.resolve",
  // the one transaction: when it is done, the message is on disk
  "store  delivery.read",
  "store  mail.accept",
  "store  touched",
  "store  mailbox.changes",
  "smtp < answer message.receive",
  "smtp > 250 2.0.0 Ok: TRACE",
  "smtp > bodyAbort",
  // news: the view numbers it
  "imap < changes",
  "imap > * 1 EXISTS",
  "imap < DONE",
  "imap > c OK Idle ended",
  "imap < d FETCH 1 BODY.PEEK[TEXT]",
  "imap > call email.read",
  "store  email.read",
  "imap < answer email.read",
  "imap > * 1 FETCH (BODY[TEXT] {10}",
  // octets of the blob, found by the stored MIME index; they never enter the core
  "imap > sendBlob 18..28",
  "imap > ) …",
];
