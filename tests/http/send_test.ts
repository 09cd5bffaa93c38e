/** `POST /api/v1/messages`: a message with its envelope, through the program of submission. */
import assert from "node:assert/strict";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { type TestServer, testServer } from "../../src/server/test_server.ts";

async function post(server: TestServer, query: string, body: BodyInit, type = "message/rfc822", token = true) {
  const headers: Record<string, string> = { "content-type": type };
  if (token) headers.authorization = "Bearer test-server-admin-token";
  const request = new Request(`http://localhost/api/v1/messages?${query}`, { method: "POST", headers, body });
  const response = await server.server.fetch(request);
  return { status: response.status, json: await response.json() };
}

Deno.test("a message is sent by its envelope, whoever it is from, and its story can be read", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const query = "sender=Ann@else.example&recipient=alice%40example.test&recipient=zoe@there.example&notify=never";
  const { status, json } = await post(server, query, "From: x@y.example\nSubject: Grüße\n\nhello");
  assert.equal(status, 201);
  const list = () => server.storage.perform("queue.list", { after: null, limit: 10 });
  const [row] = await list();
  assert.deepEqual(row!.recipient, { forwardPath: "zoe@there.example", notify: [], orcpt: null });
  assert.deepEqual([row!.sender.reversePath, row!.sender.body, row!.sender.smtputf8], [
    "Ann@else.example",
    "8bitmime",
    true,
  ]);
  const urgent = await post(server, "sender=a@b.example&recipient=zoe@there.example&priority=urgent", "List-Id: x\n\n");
  assert.equal(urgent.status, 201);
  assert.deepEqual((await list()).map(({ priority }) => priority), ["normal", "urgent"]);
  const story = await (await server.admin("GET", `/api/v1/messages/${json.traceId}`)).json();
  assert.match(story.journal[0].detail, /^Submitted by the administrator as <Ann@else\.example> over HTTP, /);
});

Deno.test("what cannot be sent is refused with words, and nothing is stored", async () => {
  await using server = await testServer({ config: { limits: { messageSize: "64KB" } } });
  const ok = "sender=&recipient=alice@example.test";
  const cases: readonly (readonly [string, BodyInit, number, RegExp])[] = [
    ["recipient=alice@example.test", "x", 422, /sender/],
    ["sender=", "x", 422, /recipient/],
    ["sender=&recipient=alice", "x", 422, /should be an address/],
    [ok + "&notify=maybe", "x", 422, /never/],
    [ok + "&envid=%0d%0a", "x", 422, /printable/],
    [ok + "&ret=some", "x", 422, /ret/],
    [ok + "&priority=fast", "x", 422, /urgent/],
    [ok + "&verp=perhaps", "x", 422, /verp/],
    [ok + "&notify=never&notify=success", "x", 422, /notify is there 2 times, and recipient 1 times/],
    [ok + "&orcpt=rfc822;a&orcpt=rfc822;b", "x", 422, /orcpt is there 2 times/],
    [ok + "&orcpt=a%20b", "x", 422, /should be a type and an address/],
    [`sender=&${"recipient=a@b.example&".repeat(1001)}`, "x", 422, /at most 1000/],
    ["sender=&recipient=nobody@example.test", "x", 422, /^550 5\.1\.1 /],
    [ok, "From: a@b\nFrom: c@d\n\n", 422, /^554 5\.6\.0 /],
    [ok, utf8Bytes("\n".repeat(40_000)) as BodyInit, 413, /^552 5\.3\.4 /],
  ];
  for (const [query, body, status, words] of cases) {
    const answer = await post(server, query, body);
    assert.deepEqual([query.slice(0, 80), answer.status], [query.slice(0, 80), status]);
    assert.match(answer.json.detail, words);
  }
  assert.equal((await post(server, ok, "x", "text/plain")).status, 415);
  assert.equal((await post(server, ok, "{}", "application/json")).status, 415);
  assert.equal((await post(server, ok, "x", "message/rfc822", false)).status, 401);
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  assert.match(await imap.ask("b SELECT INBOX", "b OK"), /\* 0 EXISTS/);
});

Deno.test("each recipient may have wishes of its own, and with verp a sender of its own", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const query =
    "sender=alice@example.test&recipient=zoe@there.example&recipient=max@there.example&recipient=bob@example.test" +
    "&notify=success&notify=never&notify=&orcpt=rfc822;old@zoe.example&orcpt=&orcpt=&verp=true";
  assert.equal((await post(server, query, "Subject: x\n\nhello")).status, 201);
  const rows = await server.storage.perform("queue.list", { after: null, limit: 10 });
  assert.deepEqual(rows.map(({ recipient, sender }) => [recipient, sender.reversePath]), [
    [
      { forwardPath: "zoe@there.example", notify: ["success"], orcpt: "rfc822;old@zoe.example" },
      "alice+zoe=there.example@example.test",
    ],
    [{ forwardPath: "max@there.example", notify: [], orcpt: null }, "alice+max=there.example@example.test"],
  ]);
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask("a LOGIN bob@example.test bob", "a OK");
  await imap.ask("b SELECT INBOX", "b OK");
  assert.match(await imap.ask("c FETCH 1 BODY[HEADER]", "c OK"), /Return-Path: <alice@example\.test>/);
});
