/** Scripts at delivery, end to end: from a message to mailboxes, the queue and the journal. */
import assert from "node:assert/strict";
import type { TraceId } from "../../../src/contract/mod.ts";
import { latin1Bytes, utf8String } from "../../../src/base/bytes.ts";
import { indexMessage, TextExtractor } from "../../../src/message/mod.ts";
import { testServer } from "../../../src/server/test_server.ts";
import { activate, headerOf, queue, rows, smtp, subjects, textOf, until, why } from "./house.ts";

const ALICE = "alice@example.test";
const BOB = "bob@example.test";
const CAROL = "carol@outside.example";
const held = { config: { outbound: { hold: true } } };

Deno.test("fileinto files, :create makes the mailbox and subscribes to it, what is not there is INBOX", async () => {
  await using server = await testServer();
  await activate(
    server,
    ALICE,
    `require ["fileinto", "mailbox", "imap4flags", "copy"];
if header :contains "subject" "[list]" { fileinto :create :flags "\\\\Seen" "Lists/A"; stop; }
if header :contains "subject" "both" { fileinto :copy "Archive"; stop; }
fileinto "Nowhere";`,
  );
  await server.deliver("Subject: [list] one\n\nx", ALICE, CAROL);
  await server.deliver("Subject: both\n\nx", ALICE, CAROL);
  const trace = await server.deliver("Subject: lost\n\nx", ALICE, CAROL);
  assert.deepEqual((await rows(server, ALICE, "Lists/A")).map(({ flags }) => flags), [["\\Seen"]]);
  assert.deepEqual(await subjects(server, ALICE, "Archive"), ["both"]);
  assert.deepEqual(await subjects(server, ALICE), ["both", "lost"]);
  assert.match(await why(server, trace), /delivered alice@example\.test .*no such mailbox.*"Nowhere" \(main, line 4\)/);
});

Deno.test("copies with other flags are other emails, copies with the same are one", async () => {
  await using server = await testServer();
  await activate(
    server,
    ALICE,
    `require ["fileinto", "imap4flags"];
fileinto :flags "\\\\Seen" "Archive"; fileinto :flags "\\\\Seen" "Junk"; keep;`,
  );
  await server.deliver("Subject: one\n\nx", ALICE, CAROL);
  const [archive, junk, inbox] = [
    (await rows(server, ALICE, "Archive"))[0]!,
    (await rows(server, ALICE, "Junk"))[0]!,
    (await rows(server, ALICE))[0]!,
  ];
  assert.equal(archive.emailId, junk.emailId);
  assert.notEqual(archive.emailId, inbox.emailId);
  assert.deepEqual([archive.flags, inbox.flags], [["\\Seen"], []]);
});

Deno.test("reject is a reply of SMTP where it is all that happens, else a report", async () => {
  await using server = await testServer(held);
  await activate(server, ALICE, 'require "ereject"; ereject "No thanks,\r\nnot für me";');
  const [, , refused] = await smtp(server, CAROL, [ALICE], "Subject: x\n\nx");
  assert.match(refused!, /^550 5\.7\.1 No thanks, not fur me/);
  const log = server.logs.find(({ event }) => event === "message.refused");
  assert.match(
    await why(server, log?.fields["traceId"] as TraceId),
    /rejected alice@example\.test .*No thanks.*\(main, line 1\)/,
  );
  assert.equal((await queue(server)).length, 0);
  const [, , , taken] = await smtp(server, CAROL, [ALICE, BOB], "Subject: x\n\nx");
  assert.match(taken!, /^250 /);
  assert.deepEqual(await subjects(server, BOB), ["x"]);
  assert.deepEqual(await subjects(server, ALICE), []);
  // The queue asks Alice's script again, and reports to the sender.
  const [row] = await queue(server);
  assert.equal(row?.recipient.forwardPath, ALICE);
});

Deno.test("RFC 5429 section 2.2: reject in words beyond ASCII is a report that has them, or a reply to who takes UTF-8", async () => {
  await using server = await testServer({ listen: true });
  await activate(server, ALICE, 'require "reject"; reject "Grüße,\r\nnein danke";');
  const taken = await smtp(server, BOB, [ALICE], "Subject: x\n\nx");
  assert.match(taken.at(-1)!, /^250 /);
  await until("the report is there", async () => (await rows(server, BOB)).length > 0, server);
  const [report] = await rows(server, BOB);
  const text = await textOf(server, report!);
  assert.match(text, /^Content-Type: text\/plain; charset=utf-8\r$/m);
  const octets = await server.storage.readBlob(report!.blobId, 0, report!.blobSize);
  const { encoding, bodyStart, bodyEnd } = indexMessage(octets).root.parts[0]!;
  const words = new TextExtractor(encoding, "utf-8").push(octets.subarray(bodyStart, bodyEnd));
  assert.match(words, /refused by the recipient's mail filter.*:\s+Grüße,\s+nein danke/s);
  assert.deepEqual(await subjects(server, ALICE), []);
  // Nobody may report to the null sender, and a client that takes UTF-8 reads the words themselves.
  const [, , nobody] = await smtp(server, "", [ALICE], "Subject: x\n\nx");
  assert.match(nobody!, /^550 5\.7\.1 Grusse, nein danke/);
  const utf8 = await smtp(server, CAROL, [ALICE], "Subject: x\n\nx", "smtp", " SMTPUTF8");
  const lines = utf8.slice(-2).map((line) => utf8String(latin1Bytes(line)));
  assert.deepEqual(lines, ["550-5.7.1 Grüße,", "550 5.7.1 nein danke"]);
  const [one] = (await smtp(server, CAROL, [ALICE], "Subject: x\n\nx", "lmtp", " SMTPUTF8")).slice(-1);
  assert.equal(one, "550 5.7.1 nein danke");
});

Deno.test("a vacation answers a sender once, in the thread, with a copy where :fcc says", async () => {
  await using server = await testServer(held);
  await activate(
    server,
    ALICE,
    'require ["vacation", "fcc", "mailbox"]; vacation :days 7 :fcc "Sent" :subject "Fort" "Bin weg, grüße";',
  );
  const message = `From: ${CAROL}\nTo: ${ALICE}\nSubject: hi\nMessage-ID: <1@outside.example>\n` +
    "References: <0@outside.example>\n\nx";
  const trace = await server.deliver(message, ALICE, CAROL);
  await server.deliver(message, ALICE, CAROL);
  const sent = await queue(server);
  assert.deepEqual(sent.map(({ recipient, sender }) => [recipient.forwardPath, sender.reversePath]), [[CAROL, ""]]);
  const [copy, ...more] = await rows(server, ALICE, "Sent");
  assert(copy && more.length === 0);
  assert.equal(copy.blobId, sent[0]!.blobId);
  const text = await textOf(server, copy);
  assert.match(text, /^In-Reply-To: <1@outside\.example>\r$/m);
  assert.match(text, /^References: <0@outside\.example> <1@outside\.example>\r$/m);
  assert.match(text, /^Auto-Submitted: auto-replied/m);
  assert.deepEqual(await subjects(server, ALICE), ["hi", "hi"]);
  assert.match(await why(server, trace), /answered alice@example\.test .*carol@outside\.example.*\(main, line 1\)/);
  await server.clock.advance(8 * 24 * 3600_000);
  await server.deliver(message, ALICE, CAROL);
  assert.equal((await rows(server, ALICE, "Sent")).length, 2);
});

Deno.test("two addresses of one account in one message are answered once, and redirected once", async () => {
  await using server = await testServer(held);
  await activate(
    server,
    ALICE,
    'require ["vacation", "copy"]; vacation "away"; redirect :copy "dave@else.example";',
  );
  const plus = "alice+x@example.test";
  await server.deliver(`From: ${CAROL}\nTo: ${ALICE}, ${plus}\nSubject: hi\n\nx`, [ALICE, plus], CAROL);
  const to = (await queue(server)).map(({ recipient }) => recipient.forwardPath).sort();
  assert.deepEqual(to, [CAROL, "dave@else.example"]);
  assert.deepEqual(await subjects(server, ALICE), ["hi"]);
});

Deno.test("a redirect goes on under a sender of ours and names who passed it on", async () => {
  await using server = await testServer(held);
  await activate(server, ALICE, 'redirect "dave@else.example";');
  await server.deliver("Subject: hi\n\nx", ALICE, CAROL);
  const [row] = await queue(server);
  assert(row);
  assert.match(row.sender.reversePath, /^SRS0.*@example\.test$/);
  assert.deepEqual(await subjects(server, ALICE), []);
});

Deno.test("two accounts that redirect to each other: the loop ends, and the message is kept", async () => {
  await using server = await testServer({ listen: true });
  await activate(server, ALICE, `redirect "${BOB}";`);
  await activate(server, BOB, `redirect "${ALICE}";`);
  const trace = await server.deliver("Subject: round\n\nx", ALICE, CAROL);
  await until("the message is kept", async () => (await subjects(server, ALICE)).length > 0, server);
  assert.deepEqual(await subjects(server, BOB), []);
  assert.deepEqual(await queue(server), []);
  assert.match(await why(server, trace), /mail loop/);
});

Deno.test("a script that fails keeps the mail and tells the owner once a day", async () => {
  await using server = await testServer();
  await activate(server, ALICE, 'require "fileinto";\nfileinto "Archive";\nredirect "no address";');
  const put = await server.storage.perform("sieve.put", {
    address: BOB,
    name: "old",
    content: 'require "vnd.example.gone";',
  });
  assert(!("refused" in put));
  await server.storage.perform("sieve.activate", { address: BOB, name: "old" });
  for (const who of [ALICE, BOB]) {
    const trace = await server.deliver("Subject: a\n\nx", who, CAROL);
    await server.deliver("Subject: b\n\nx", who, CAROL);
    assert.deepEqual([...await subjects(server, who)].sort(), ["Your mail filter had trouble", "a", "b"], who);
    assert.match(await why(server, trace), /filterFailed/);
    await server.clock.advance(25 * 3600_000);
    await server.deliver("Subject: c\n\nx", who, CAROL);
    assert.equal((await rows(server, who)).length, 5);
  }
  assert.deepEqual(await subjects(server, ALICE, "Archive"), []);
});

Deno.test("header edits change what is stored: a prefix where that is enough, else another body", async () => {
  await using server = await testServer();
  await activate(
    server,
    ALICE,
    `require ["editheader"];
addheader "X-Added" "one\r\nX-Evil: two";
if header "subject" "cut" { deleteheader "X-Gone"; }`,
  );
  await server.deliver("Subject: add\nX-Gone: yes\n\nbody", ALICE, CAROL);
  await server.deliver("Subject: cut\nX-Gone: yes\n\nbody", ALICE, CAROL);
  const [added, cut] = await rows(server, ALICE);
  assert.match(headerOf(added!), /^X-Added: one +X-Evil: two\r$/m);
  assert.match(headerOf(added!), /^X-Gone: yes\r$/m);
  assert.doesNotMatch(headerOf(cut!), /X-Gone/);
  assert.match(headerOf(cut!), /^X-Added: one +X-Evil: two\r$/m);
  assert.doesNotMatch(headerOf(cut!), /^X-Evil/m);
  assert.match(await textOf(server, cut!), /\r\n\r\nbody/);
  assert.match(await textOf(server, added!), /^Subject: add/);
});

Deno.test("names of mailboxes with control characters and path tricks end in INBOX", async () => {
  await using server = await testServer();
  for (
    const [i, name] of ["../../etc/passwd", "a//b", "/", "Other Users/bob@example.test/INBOX", "x".repeat(300)]
      .entries()
  ) {
    await activate(server, ALICE, `require ["fileinto", "mailbox"]; fileinto :create "${name}";`);
    await server.deliver(`Subject: ${i}\n\nx`, ALICE, CAROL);
  }
  await activate(
    server,
    ALICE,
    'require ["fileinto", "mailbox", "variables", "encoded-character"]; set "n" "a${hex:07 0a}b"; fileinto :create "${n}";',
  );
  await server.deliver("Subject: control\n\nx", ALICE, CAROL);
  const there = await subjects(server, ALICE);
  for (const subject of ["1", "2", "3", "4", "control"]) assert(there.includes(subject), `${subject} in ${there}`);
  assert.deepEqual(await subjects(server, BOB), []);
});

Deno.test("what is taken for spam is neither redirected nor answered, and stays in Junk", async () => {
  const filter = { name: "f", check: () => Promise.resolve({ action: "quarantine" as const }) };
  await using server = await testServer({ ...held, parts: { filters: [filter] } });
  await activate(server, ALICE, 'require "vacation"; vacation "away"; redirect "dave@else.example";');
  const trace = await server.deliver(`From: ${CAROL}\nTo: ${ALICE}\nSubject: buy\n\nx`, ALICE, CAROL);
  assert.deepEqual(await queue(server), []);
  const [row] = await rows(server, ALICE, "Junk");
  assert.deepEqual(row?.flags, ["$Junk"]);
  assert.match(await why(server, trace), /vacation sends nothing: it is taken for spam/);
});

Deno.test("a full mailbox sends no answer before the mail is in", async () => {
  await using server = await testServer(held);
  await server.storage.perform("account.change", { address: ALICE, quota: { bytes: 100, messages: null } });
  await activate(server, ALICE, 'require "vacation"; vacation "away";');
  const [, , , reply] = await smtp(
    server,
    CAROL,
    [ALICE, BOB],
    `From: ${CAROL}\nTo: ${ALICE}\nSubject: hi\n\n${"x".repeat(200)}`,
  );
  assert.match(reply!, /^250/);
  assert.deepEqual((await queue(server)).map(({ recipient }) => recipient.forwardPath), [ALICE]);
});

Deno.test("duplicate sees the second message of the same id", async () => {
  await using server = await testServer();
  await activate(server, ALICE, 'require ["duplicate", "fileinto"]; if duplicate { fileinto "Trash"; }');
  const message = "Subject: d\nMessage-ID: <d@x>\n\nx";
  await server.deliver(message, ALICE, CAROL);
  await server.deliver(message, ALICE, CAROL);
  assert.equal((await rows(server, ALICE)).length, 1);
  assert.equal((await rows(server, ALICE, "Trash")).length, 1);
});

Deno.test("what waits for room is filtered when it comes in, once", async () => {
  await using server = await testServer({ listen: true });
  const quota = (bytes: number | null) =>
    server.storage.perform("account.change", { address: ALICE, quota: { bytes, messages: null } });
  await quota(100);
  await activate(
    server,
    ALICE,
    'require ["editheader", "fileinto", "copy"]; addheader "X-Added" "yes"; fileinto :copy "Archive";',
  );
  await smtp(server, CAROL, [ALICE, BOB], `Subject: hi\n\n${"x".repeat(200)}`);
  const [row] = await queue(server);
  assert.equal(row?.recipient.forwardPath, ALICE);
  await quota(null);
  await server.clock.advance(16 * 60_000);
  await until("the mail is in", async () => (await rows(server, ALICE)).length === 1, server);
  for (const path of ["INBOX", "Archive"]) {
    const header = headerOf((await rows(server, ALICE, path))[0]!);
    assert.equal(header.match(/^X-Added: yes/gm)?.length, 1);
    assert.equal(header.match(/^Return-Path:/gm)?.length, 1);
  }
});

Deno.test("submission to people here runs their scripts, and a refusal is the submitter's reply", async () => {
  await using server = await testServer();
  await activate(
    server,
    BOB,
    'require ["fileinto", "reject"]; if size :over 1K { reject "too large"; stop; } fileinto "Archive";',
  );
  const client = server.connect("submission");
  await client.until(/^220 .*\r\n/m);
  await client.ask("EHLO me", /^250 .*\r\n/m);
  await client.ask(`AUTH PLAIN ${btoa("\0" + ALICE + "\0alice")}`, "235 ");
  const send = async (body: string) => {
    await client.ask(`MAIL FROM:<${ALICE}>`, /^250 .*\r\n/m);
    await client.ask(`RCPT TO:<${BOB}>`, /^250 .*\r\n/m);
    await client.ask("DATA", "354 ");
    return await client.ask(`From: ${ALICE}\r\nSubject: s\r\n\r\n${body}\r\n.`, /^(250|550) .*\r\n/m);
  };
  assert.match(await send("x"), /250 /);
  assert.match(await send(`${"x".repeat(900)}\r\n${"x".repeat(900)}`), /550 5\.7\.1 too large/);
  assert.deepEqual(await subjects(server, BOB, "Archive"), ["s"]);
});

Deno.test("scripts that would hold the server end at their bounds, and the mail is kept", async () => {
  await using server = await testServer();
  const scripts = [
    // Wildcards that explode elsewhere, over a long header.
    `if header :matches "subject" "${"*a".repeat(50)}*b" { discard; }`,
    // A variable that doubles.
    'require "variables"; set "a" "xxxxxxxxxxxxxxxx";\n' + 'set "a" "${a}${a}${a}${a}${a}${a}${a}${a}";\n'.repeat(400) +
    "discard;",
    // More commands than a run may take.
    'require "variables";\n' + 'if string :matches "aaaaaaaaaaaaaaaa" "*a*a*a*a*b" { discard; }\n'.repeat(3_000),
    // A circle of includes.
    'require "include"; include "main";',
    // More actions than a run may have.
    'require ["fileinto", "mailbox"];\n' +
    Array.from({ length: 100 }, (_, i) => `fileinto :create "F${i}";`).join("\n"),
  ];
  for (const [i, script] of scripts.entries()) {
    await activate(server, ALICE, script);
    await server.deliver(`Subject: ${i} ${"a".repeat(5_000)}\n\nx`, ALICE, CAROL);
  }
  const kept = (await subjects(server, ALICE)).filter((subject) => !subject.startsWith("Your mail")).map((text) =>
    text[0]
  );
  assert(kept.includes("3") && kept.includes("4"));
  const account = await server.storage.perform("account.get", { address: ALICE });
  const mailboxes = await server.storage.perform("mailbox.list", { accountId: account!.accountId });
  assert(!mailboxes.some(({ path }) => path.startsWith("F")), "a script that failed made mailboxes");
});

Deno.test("a message with as many fields as a header may have is filtered like any other", async () => {
  await using server = await testServer({ config: { limits: { headerSize: "1MB" } } });
  await activate(server, ALICE, 'require ["fileinto", "index"]; if exists "x-last" { fileinto "Archive"; }');
  const fields = Array.from({ length: 50_000 }, (_, i) => `X-F${i}: y`).join("\n");
  await server.deliver(`Subject: many\n${fields}\nX-Last: z\n\nx`, ALICE, CAROL);
  assert.deepEqual(await subjects(server, ALICE, "Archive"), ["many"]);
});

Deno.test("RFC 6009: scripts see what the sender wants to be told", async () => {
  await using server = await testServer();
  await activate(
    server,
    ALICE,
    'require ["envelope", "envelope-dsn", "fileinto"]; if allof (envelope "ret" "HDRS", envelope "envid" "Q 1", ' +
      'not envelope :contains "notify" "") { fileinto "Archive"; }',
  );
  await smtp(server, CAROL, [ALICE], "Subject: one\n\nx", "smtp", " RET=HDRS ENVID=Q+201");
  await smtp(server, CAROL, [ALICE], "Subject: two\n\nx");
  assert.deepEqual([await subjects(server, ALICE, "Archive"), await subjects(server, ALICE)], [["one"], ["two"]]);
});
