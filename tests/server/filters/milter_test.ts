import assert from "node:assert/strict";
import { packet } from "../../../src/abuse/mod.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { CONTINUE, fakeMilter } from "./fake_milter.ts";

const MESSAGE = "Subject: hello\nX-Folded: a\n\tb\n\nHi Alice\n";

function withMilter(port: number, more: Record<string, unknown> = {}): Promise<TestServer> {
  return testServer({ config: { milters: [{ host: "127.0.0.1", port, ...more }] } });
}

/** The header of the newest message of Alice, and the mailbox it is in. */
async function received(server: TestServer, mailbox = "INBOX"): Promise<string> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  await imap.ask(`b SELECT ${mailbox}`, "b OK");
  const text = await imap.ask("c FETCH * BODY[HEADER]", /c (OK|BAD|NO)/);
  imap.close();
  return text;
}

Deno.test("a milter hears session, envelope, header and body in order, and what it adds is on top", async () => {
  await using milter = await fakeMilter((command) =>
    command === "E"
      ? [packet("p"), packet("h", "X-Spam", "no\n\t0.1"), packet("i", 0, "X-Seen", "yes"), CONTINUE]
      : [CONTINUE]
  );
  await using server = await withMilter(milter.port);
  await server.deliver(MESSAGE, "alice@example.test");
  assert.deepEqual(milter.told.filter((line) => !line.startsWith("D")), [
    "C[192.0.2.1]|4\x9c\x40192.0.2.1|",
    "Hclient.outside.test|",
    "M<sender@outside.test>|",
    "R<alice@example.test>|",
    "T",
    "LSubject|hello|",
    "LX-Folded|a\n\tb|",
    "N",
    "BHi Alice\r\n",
    "E",
  ]);
  assert.ok(milter.told.some((line) => /^DCj\|mail\.example\.test\|/.test(line)));
  assert.ok(milter.told.some((line) => /^DMi\|[a-z0-9]+\.1\|\{mail_addr\}\|sender@outside\.test\|$/.test(line)));
  const header = await received(server);
  assert.match(header, /Received: [^]*X-Spam: no\r\n\t0\.1\r\nX-Seen: yes\r\nSubject: hello\r\n/);
});

Deno.test("what a milter does not want to hear is not told, and what it does not answer is not waited for", async () => {
  const only = await fakeMilter(
    () => [],
    packet("O", 6, 0, 0x01 | 0x02 | 0x20 | 0x200 | 0x40 | 0x4000 | 0x8000 | 0x80000),
  );
  await using milter = only;
  await using server = await withMilter(milter.port, { timeout: "200ms", onFailure: "accept" });
  await server.deliver(MESSAGE, "alice@example.test");
  assert.deepEqual(milter.told.filter((line) => !line.startsWith("D")), [
    "M<sender@outside.test>|",
    "R<alice@example.test>|",
    "BHi Alice\r\n",
    "E",
  ]);
});

Deno.test("a milter refuses with its own words, puts off, quarantines or discards, at any stage", async () => {
  const table: readonly (readonly [string, readonly Uint8Array[], RegExp | "Junk" | "gone"])[] = [
    ["C", [packet("r")], /^550 5\.7\.1 The message was refused by a content filter/],
    ["R", [packet("y", "554 5.6.0 Not this one")], /^554 5\.6\.0 Not this one/],
    ["L", [packet("t")], /^451 4\.7\.1 /],
    ["B", [packet("y", "450 4.2.1 Slowly")], /^450 4\.2\.1 Slowly/],
    ["E", [packet("r")], /^550 /],
    ["E", [packet("q", "looks odd"), CONTINUE], "Junk"],
    ["N", [packet("d")], "gone"],
  ];
  for (const [at, answers, outcome] of table) {
    await using milter = await fakeMilter(
      (command) => command === at ? answers : [CONTINUE],
      packet("O", 6, 0x20, 0),
    );
    await using server = await withMilter(milter.port);
    const delivered = server.deliver(MESSAGE, "alice@example.test");
    if (outcome instanceof RegExp) {
      await assert.rejects(delivered, { message: outcome });
      assert.ok(server.logs.some(({ event }) => event === "message.filtered"));
      continue;
    }
    const traceId = await delivered;
    assert.match(await received(server), /c (OK|BAD|NO)/);
    assert.equal(/Subject: hello/.test(await received(server, "Junk")), outcome === "Junk");
    const why = await (await server.admin("GET", `/api/v1/messages/${traceId}`)).text();
    assert.match(why, outcome === "Junk" ? /says quarantine/ : /says discard/);
  }
});

Deno.test("a milter that is away, silent, or speaks nonsense does what onFailure says", async () => {
  const none = await fakeMilter(() => []);
  const silent = await fakeMilter(() => []);
  const nonsense = await fakeMilter(() => [new Uint8Array([255, 255, 255, 255, 1])]);
  const greedy = await fakeMilter(() => [CONTINUE], packet("O", 6, 0x01, 0x100000));
  const tyrant = await fakeMilter((command) => command === "E" ? [packet("b", "another body"), CONTINUE] : [CONTINUE]);
  const hasty = await fakeMilter((_command, _text, socket) => (socket.destroy(), []));
  const chatty = await fakeMilter(() => Array(2000).fill(packet("p")));
  await using _silent = silent,
    _nonsense = nonsense,
    _greedy = greedy,
    _hasty = hasty,
    _chatty = chatty,
    _tyrant = tyrant;
  await none[Symbol.asyncDispose]();
  for (const { port } of [none, silent, nonsense, greedy, hasty, chatty, tyrant]) {
    await using strict = await withMilter(port, { timeout: "100ms" });
    await assert.rejects(strict.deliver(MESSAGE, "alice@example.test"), {
      message: /^451 4\.7\.1 .*cannot be checked/,
    });
    await using lenient = await withMilter(port, { timeout: "100ms", onFailure: "accept" });
    await lenient.deliver(MESSAGE, "alice@example.test");
    const logged = lenient.logs.find(({ event }) => event === "message.filtered");
    assert.equal(logged?.level, "warn");
    assert.equal(typeof logged?.fields.failure, "string");
  }
});

Deno.test("a long body goes to a milter in pieces, and skip ends them", async () => {
  let pieces = 0;
  await using milter = await fakeMilter((command) => command === "B" && ++pieces === 2 ? [packet("s")] : [CONTINUE]);
  await using server = await withMilter(milter.port);
  await server.deliver(`Subject: x\n\n${"x".repeat(70).concat("\n").repeat(5000)}`, "alice@example.test");
  assert.equal(pieces, 2);
  assert.equal(milter.told.find((line) => line.startsWith("B"))?.length, 65_536);
});

Deno.test("a milter changes and removes fields, its own and those of the one before, and each hears what is left", async () => {
  const message =
    "Authentication-Results: us; dkim=pass\nX-Old: 1\nSubject: [x] hello\nX-Old: 2\nx-old: 3\n\nHi Alice\n";
  await using first = await fakeMilter((command) =>
    command === "E"
      ? [
        packet("m", 1, "authentication-results", ""),
        packet("m", 2, "X-Old", ""),
        packet("m", 2, "X-Old", ""), // twice is once
        packet("m", 9, "X-Old", ""), // there is none
        packet("m", 1, "Subject", "hello"),
        packet("m", 1, "X-New", "made"),
        packet("h", "X-Mine", "1"),
        packet("h", "X-Mine", "2"),
        CONTINUE,
      ]
      : [CONTINUE]
  );
  // Says what it may do as rspamd does, whatever is offered.
  await using second = await fakeMilter(
    (command) =>
      command === "E" ? [packet("m", 2, "x-mine", ""), packet("m", 2, "x-old", "three"), CONTINUE] : [CONTINUE],
    packet("O", 6, 0x1ff, 0),
  );
  const milters = [first, second].map(({ port }) => ({ host: "127.0.0.1", port }));
  await using server = await testServer({ config: { milters } });
  await server.deliver(message, "alice@example.test");
  assert.deepEqual(second.told.filter((line) => line.startsWith("L")), [
    "LSubject|hello|",
    "LX-New|made|",
    "LX-Mine|1|",
    "LX-Mine|2|",
    "LX-Old|1|",
    "Lx-old|3|",
  ]);
  const header = await received(server);
  const [, added = ""] = /\r\n(Subject: [^]*)\r\n\r\n/.exec(header) ?? [];
  assert.equal(added, "Subject: hello\r\nX-New: made\r\nX-Mine: 1\r\nx-old: three\r\nX-Old: 1");
});

Deno.test("what people submit by HTTP goes through the milters too", async () => {
  await using milter = await fakeMilter((command) => [command === "E" ? packet("r") : CONTINUE]);
  await using server = await withMilter(milter.port);
  const { value } = server.server.adminToken;
  const answer = await server.server.fetch(
    new Request("http://localhost/api/v1/messages?sender=alice@example.test&recipient=bob@example.test", {
      method: "POST",
      headers: { authorization: `Bearer ${value}`, "content-type": "message/rfc822" },
      body: "From: alice@example.test\r\nSubject: x\r\n\r\nhello",
    }),
  );
  const text = await answer.text();
  assert.ok(answer.status >= 400 && /refused by a content filter/.test(text), `${answer.status} ${text}`);
});
