/** `palomar why`: the journal tells each decision about a message, with its reason, through the HTTP API. */
import assert from "node:assert/strict";
import { type TestServer, testServer, type TestServerOptions } from "../../src/server/test_server.ts";

interface Story {
  readonly traceId: string;
  readonly journal: readonly { at: string; event: string; recipient: string | null; detail: string }[];
  readonly waiting: readonly { recipient: string; attempts: number; lastReply: string | null; dueAt: string }[];
}

async function why(server: TestServer, traceId: string): Promise<Story> {
  const response = await server.admin("GET", `/api/v1/messages/${traceId}`);
  assert.equal(response.status, 200);
  const story = await response.json();
  for (const { at, detail } of story.journal) {
    assert.ok(!Number.isNaN(Date.parse(at)));
    assert.match(detail, /^[A-Z].{10}/s, `a sentence for a person: ${detail}`);
  }
  return story;
}

/** Sending goes over sockets: it is looked at until it is so. */
async function eventually<T>(look: () => Promise<T>, isSo: (found: T) => boolean): Promise<T> {
  for (let tries = 0;; tries++) {
    const found = await look();
    if (isSo(found)) return found;
    assert.ok(tries < 1000, `it did not become so: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const has = (event: string) => (story: Story) => story.journal.some((entry) => entry.event === event);

/** Ours, sending to `there` for outside.test. */
async function house(port: number, more: TestServerOptions = {}): Promise<TestServer> {
  return await testServer({
    ...more,
    config: {
      outbound: {
        privateExchanges: true,
        routes: { "outside.test": { host: "127.0.0.1", port, tls: "none" } },
        retry: { first: "1m", longest: "1h", giveUp: "1d" },
      },
    },
  });
}

/** Alice writes. */
async function submit(
  server: TestServer,
  to: readonly string[],
  message = "Subject: hello\r\n\r\nhi",
): Promise<string> {
  const smtp = server.connect("submission");
  await smtp.ask("EHLO client.example.test", /250 .*\r\n/);
  await smtp.ask(`AUTH PLAIN ${btoa("\0alice@example.test\0alice")}`, /235 .*\r\n/);
  await smtp.ask("MAIL FROM:<alice@example.test>", /250 .*\r\n/);
  for (const recipient of to) await smtp.ask(`RCPT TO:<${recipient}>`, /250 .*\r\n/);
  await smtp.ask("DATA", /354 .*\r\n/);
  const reply = await smtp.ask(`From: alice@example.test\r\n${message}\r\n.`, /\d{3} .*\r\n/);
  assert.match(reply, /^250 2\.0\.0 Ok: /);
  smtp.close();
  return reply.trimEnd().split(" ").at(-1)!;
}

/** A port of loopback where nobody listens. */
async function deadPort(): Promise<number> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return await Promise.resolve(port);
}

async function inbox(server: TestServer, user: string): Promise<string> {
  const imap = server.connect("imap");
  await imap.ask(`a LOGIN ${user}@example.test ${user}`, /a OK .*\r\n/);
  await imap.ask("b SELECT INBOX", /b OK .*\r\n/);
  const text = await imap.ask("c FETCH 1:* BODY.PEEK[]", /c (OK|BAD|NO) .*\r\n/);
  imap.close();
  return text;
}

Deno.test("why: a message that came in tells who brought it, and into whose mailbox it went", async () => {
  await using server = await testServer();
  const traceId = await server.deliver("Subject: x\n\nx", ["alice@example.test", "bob@example.test"]);
  const { journal, waiting } = await why(server, traceId);
  assert.deepEqual(waiting, []);
  const accepted = journal.find(({ event }) => event === "accepted");
  assert.match(accepted!.detail, /<sender@outside\.test>.*192\.0\.2\.1/);
  assert.deepEqual(journal.filter(({ event }) => event === "delivered").map(({ recipient }) => recipient).sort(), [
    "alice@example.test",
    "bob@example.test",
  ]);
});

Deno.test("why: a message through an alias tells the alias", async () => {
  await using server = await testServer();
  const targets = ["alice@example.test"];
  await server.admin("POST", "/api/v1/aliases", { address: "team@example.test", targets });
  const traceId = await server.deliver("Subject: x\n\nx", "team@example.test");
  const { journal } = await why(server, traceId);
  const delivered = journal.find(({ event }) => event === "delivered");
  assert.equal(delivered?.detail, "Delivered to the mailbox of alice@example.test, to whom team@example.test leads.");
});

Deno.test("why: a message that went out tells to whom, and what the other side said", async () => {
  await using there = await testServer({ domain: "outside.test", listen: true });
  await using server = await house(there.address("smtp").port);
  const traceId = await submit(server, ["bob@outside.test"]);
  const { journal } = await eventually(() => why(server, traceId), has("delivered"));
  assert.deepEqual(journal.filter(({ event }) => event === "queued").map(({ recipient }) => recipient), [
    "bob@outside.test",
  ]);
  const relayed = journal.find(({ event }) => event === "delivered")!;
  assert.equal(relayed.recipient, "bob@outside.test");
  assert.match(relayed.detail, /127\.0\.0\.1.*250 2\.0\.0 Ok: [a-z0-9]+\.\d+/s);
  // The same id leads on at the other side.
  const theirs = /Ok: ([a-z0-9]+\.\d+)/.exec(relayed.detail)![1]!;
  assert.ok(has("delivered")(await why(there, theirs)));
});

Deno.test("why: a message that waits tells what happened, and when it is tried again; a moved clock tries again", async () => {
  const port = await deadPort();
  await using server = await house(port);
  const traceId = await submit(server, ["bob@outside.test"]);
  const story = await eventually(() => why(server, traceId), has("deferred"));
  const deferred = story.journal.find(({ event }) => event === "deferred")!;
  assert.equal(deferred.recipient, "bob@outside.test");
  assert.match(deferred.detail, /127\.0\.0\.1/);
  assert.equal(story.waiting[0]?.recipient, "bob@outside.test");
  assert.equal(story.waiting[0]?.attempts, 1);
  assert.ok(Date.parse(story.waiting[0]!.dueAt) > server.clock.wall());

  await server.clock.advance(2 * 60_000);
  const again = await eventually(() => why(server, traceId), (now) => now.waiting[0]?.attempts === 2);
  assert.equal(again.journal.filter(({ event }) => event === "deferred").length, 2);
});

Deno.test("why: a message that never gets through is given up in the end, and its sender is told", async () => {
  await using server = await house(await deadPort());
  const traceId = await submit(server, ["bob@outside.test"]);
  let story = await eventually(() => why(server, traceId), has("deferred"));
  while (story.waiting[0] !== undefined) {
    const { attempts, dueAt } = story.waiting[0];
    // To its time and no further: an attempt is made over a socket, in real time, and has a lease by this clock.
    await server.clock.advance(Date.parse(dueAt) - server.clock.wall());
    story = await eventually(() => why(server, traceId), ({ waiting }) => waiting[0]?.attempts !== attempts);
  }
  const { journal, waiting } = await eventually(() => why(server, traceId), has("bounced"));
  assert.deepEqual(waiting, []);
  assert.ok(journal.filter(({ event }) => event === "deferred").length > 5);
  assert.match(await inbox(server, "alice"), /Content-Type: multipart\/report/i);
});

Deno.test("why: a message that bounced tells the other side's words, and the report is in its sender's INBOX", async () => {
  await using there = await testServer({ domain: "outside.test", listen: true });
  await using server = await house(there.address("smtp").port);
  const traceId = await submit(server, ["nobody@outside.test", "bob@outside.test"]);
  const { journal } = await eventually(
    () => why(server, traceId),
    (story) => has("bounced")(story) && has("delivered")(story),
  );
  const bounced = journal.filter(({ event }) => event === "bounced");
  assert.deepEqual(bounced.map(({ recipient }) => recipient), ["nobody@outside.test"]);
  assert.match(bounced[0]!.detail, /550 5\.1\.1/);
  const report = await inbox(server, "alice");
  assert.match(report, /Return-Path: <>/);
  assert.match(report, /Final-Recipient: rfc822; ?nobody@outside\.test/i);
  assert.match(report, /Status: 5\.1\.1/);
});

Deno.test("why: a domain that does not exist bounces at once, by DNS", async () => {
  await using server = await testServer();
  const traceId = await submit(server, ["bob@nowhere.test"]);
  const { journal } = await eventually(() => why(server, traceId), has("bounced"));
  assert.match(journal.find(({ event }) => event === "bounced")!.detail, /nowhere\.test/);
  assert.match(await inbox(server, "alice"), /Status: 5\.1\.2/);
});

Deno.test("why: a message for a mailbox that fills up meanwhile, and another's, waits for the full one", async () => {
  await using server = await testServer();
  const quota = (messages: number | null) =>
    server.admin("PATCH", "/api/v1/accounts/bob@example.test", { quota: { bytes: null, messages } });
  const smtp = server.connect("smtp");
  await smtp.ask("EHLO client.outside.test", /250 .*\r\n/);
  await smtp.ask("MAIL FROM:<carol@outside.test>", /250 .*\r\n/);
  for (const user of ["alice", "bob"]) await smtp.ask(`RCPT TO:<${user}@example.test>`, /250 .*\r\n/);
  await quota(0); // nobody could know at RCPT
  await smtp.ask("DATA", /354 .*\r\n/);
  const traceId = (await smtp.ask("Subject: x\r\n\r\nx\r\n.", /250 .*\r\n/)).trimEnd().split(" ").at(-1)!;
  const story = await eventually(() => why(server, traceId), ({ waiting }) => waiting.length > 0);
  const bobs = story.journal.filter(({ recipient }) => recipient === "bob@example.test");
  assert.ok(bobs.some(({ event, detail }) => event === "deferred" && /full/.test(detail)), JSON.stringify(bobs));
  assert.ok(!bobs.some(({ event }) => event === "delivered"), JSON.stringify(bobs));
  await quota(null);
  await eventually(
    () => server.clock.advance(600_000).then(() => why(server, traceId)),
    ({ waiting }) => waiting.length === 0,
  );
  assert.match(await inbox(server, "bob"), /Subject: x/);
});

Deno.test("why: nothing is known of a message that never was", async () => {
  await using server = await testServer();
  assert.equal((await server.admin("GET", "/api/v1/messages/abc.1")).status, 404);
});
