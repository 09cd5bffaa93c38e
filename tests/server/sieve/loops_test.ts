/** Scripts that send mail, between accounts and between whole servers: whatever they say, it ends. */
import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { activate, queue, rows, smtp, subjects, textOf, until } from "./house.ts";

const way = (port: number) => ({ host: "127.0.0.1", port, tls: "none" as const });

/** Two servers that bring mail to each other. */
async function two(test: (here: TestServer, there: TestServer) => Promise<void>) {
  const listen = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listen.addr;
  listen.close();
  await using there = await testServer({
    domain: "there.example",
    accounts: ["bob"],
    listen: true,
    config: { outbound: { routes: { "here.example": way(port) } } },
  });
  await using here = await testServer({
    domain: "here.example",
    accounts: ["alice"],
    listen: true,
    config: {
      outbound: { routes: { "there.example": way(there.address("smtp").port) } },
      listeners: [{ protocol: "smtp", address: "127.0.0.1", port, tls: "none" }],
    },
  });
  await test(here, there);
}

const ALICE = "alice@here.example";
const BOB = "bob@there.example";

Deno.test("two servers whose accounts redirect to each other: it ends, and the message is kept once", async () => {
  await two(async (here, there) => {
    await activate(here, ALICE, `redirect "${BOB}";`);
    await activate(there, BOB, `redirect "${ALICE}";`);
    await here.deliver("Subject: round\n\nx", ALICE, "carol@outside.example");
    await until("the message is kept", async () => (await rows(here, ALICE)).length > 0, here);
    await until("nothing waits", async () => (await queue(here)).length + (await queue(there)).length === 0, there);
    assert.deepEqual(await subjects(here, ALICE), ["round"]);
    assert.deepEqual(await subjects(there, BOB), []);
  });
});

Deno.test("two servers whose accounts are both away: one answer goes each way, and none answers an answer", async () => {
  await two(async (here, there) => {
    const away = 'require ["vacation", "vacation-seconds"]; vacation :seconds 0 "away";';
    await activate(here, ALICE, away);
    await activate(there, BOB, away);
    await there.deliver(`From: ${ALICE}\nTo: ${BOB}\nSubject: hi\n\nx`, BOB, ALICE);
    await until("the answer is there", async () => (await rows(here, ALICE)).length > 0, there);
    await until("nothing waits", async () => (await queue(here)).length + (await queue(there)).length === 0, here);
    assert.deepEqual(await subjects(here, ALICE), ["Auto: hi"]);
    assert.deepEqual(await subjects(there, BOB), ["hi"]);
  });
});

Deno.test("two accounts of a server that redirect to each other: it ends, and the message is kept once", async () => {
  await using server = await testServer({ listen: true });
  const [alice, bob] = ["alice@example.test", "bob@example.test"];
  await activate(server, alice, `redirect "${bob}";`);
  await activate(server, bob, `redirect "${alice}";`);
  await server.deliver("Subject: round\n\nx", alice, "carol@outside.example");
  const all = async () => [...await subjects(server, alice), ...await subjects(server, bob)];
  await until("the message is kept", async () => (await all()).length > 0, server);
  await until("nothing waits", async () => (await queue(server)).length === 0, server);
  assert.deepEqual(await all(), ["round"]);
});

Deno.test("two accounts of a server that are both away: one answer, and no answer to it", async () => {
  await using server = await testServer({ listen: true });
  const [alice, bob] = ["alice@example.test", "bob@example.test"];
  for (const who of [alice, bob]) {
    await activate(server, who, 'require "vacation-seconds"; vacation :seconds 0 "away";');
  }
  await server.deliver(`From: ${alice}\nTo: ${bob}\nSubject: hi\n\nx`, bob, alice);
  await until("the answer is there", async () => (await rows(server, alice)).length > 0, server);
  await until("nothing waits", async () => (await queue(server)).length === 0, server);
  assert.deepEqual([await subjects(server, alice), await subjects(server, bob)], [["Auto: hi"], ["hi"]]);
});

Deno.test("notices about notices end with the first", async () => {
  await using server = await testServer({ listen: true });
  const [alice, bob] = ["alice@example.test", "bob@example.test"];
  const tell = (who: string) => `require "enotify"; notify :message "you have mail" "mailto:${who}";`;
  await activate(server, alice, tell(bob));
  await activate(server, bob, tell(alice));
  await server.deliver("From: carol@outside.example\nSubject: hi\n\nx", alice, "carol@outside.example");
  await until("the notice is there", async () => (await rows(server, bob)).length > 0, server);
  await until("nothing waits", async () => (await queue(server)).length === 0, server);
  assert.deepEqual(await subjects(server, alice), ["hi"]);
  const [notice] = await rows(server, bob);
  assert.match(await textOf(server, notice!), /^Auto-Submitted: auto-notified; owner-email="alice@example\.test"\r$/m);
});

Deno.test("LMTP tells each recipient what its own script says", async () => {
  await using server = await testServer();
  await activate(server, "alice@example.test", 'require "reject"; reject "not me";');
  const replies = await smtp(
    server,
    "carol@outside.example",
    ["alice@example.test", "bob@example.test"],
    "Subject: x\n\nx",
    "lmtp",
  );
  assert.match(replies.at(-2)!, /^550 5\.7\.1 not me/);
  assert.match(replies.at(-1)!, /^250 /);
  assert.deepEqual(await subjects(server, "bob@example.test"), ["x"]);
});

Deno.test("a refusal after acceptance is a report to the sender, whose own script files it", async () => {
  await using server = await testServer({ listen: true });
  const [alice, bob] = ["alice@example.test", "bob@example.test"];
  await activate(server, alice, 'require "ereject"; ereject "no more of this";');
  await activate(
    server,
    bob,
    'require ["fileinto", "mailbox", "envelope"]; if envelope "from" "" { fileinto :create "Reports"; }',
  );
  await server.deliver(`From: ${bob}\nSubject: x\n\nx`, [alice, bob], bob);
  await until("the report is there", async () => (await rows(server, bob, "Reports")).length > 0, server);
  const [report] = await rows(server, bob, "Reports");
  assert.match(await textOf(server, report!), /no more of this/);
  assert.deepEqual(await subjects(server, bob), ["x"]);
  assert.deepEqual(await subjects(server, alice), []);
});

Deno.test("a script may file into a shared mailbox where its owner has the right to post", async () => {
  await using server = await testServer();
  const [alice, bob] = ["alice@example.test", "bob@example.test"];
  const account = await server.storage.perform("account.get", { address: bob });
  const share = (rights: string) =>
    server.storage.perform("acl.set", {
      accountId: account!.accountId,
      path: "Archive",
      identifier: alice,
      mode: "replace",
      rights,
    });
  await activate(server, alice, `require "fileinto"; fileinto "Other Users/${bob}/Archive";`);
  await share("lr");
  await server.deliver("Subject: one\n\nx", alice, "carol@outside.example");
  await share("lrp");
  await server.deliver("Subject: two\n\nx", alice, "carol@outside.example");
  assert.deepEqual(await subjects(server, alice), ["one"]);
  assert.deepEqual(await subjects(server, bob, "Archive"), ["two"]);
});

Deno.test("redirects beyond the bound are a failure of the script: the mail is kept, and nothing goes out", async () => {
  await using server = await testServer({ config: { outbound: { hold: true }, sieve: { redirects: 2 } } });
  const alice = "alice@example.test";
  await activate(server, alice, [1, 2, 3].map((i) => `redirect "x${i}@else.example";`).join("\n"));
  await server.deliver("Subject: one\n\nx", alice, "carol@outside.example");
  assert.deepEqual(await queue(server), []);
  assert.deepEqual([...await subjects(server, alice)].sort(), ["Your mail filter had trouble", "one"]);
});

Deno.test("a null sender is redirected as one, and never answered", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const alice = "alice@example.test";
  await activate(server, alice, 'require ["vacation", "copy"]; vacation "away"; redirect :copy "dave@else.example";');
  await server.deliver(`From: <>\nTo: ${alice}\nSubject: bounce\n\nx`, alice, "");
  assert.deepEqual((await queue(server)).map(({ sender, recipient }) => [sender.reversePath, recipient.forwardPath]), [
    ["", "dave@else.example"],
  ]);
});
