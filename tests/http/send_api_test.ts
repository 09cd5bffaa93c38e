/** `POST /api/v1/send`: a message in JSON or as it is, once for each key, and what became of it. */
import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../src/server/test_server.ts";

const TO = { from: "Ann <alice@example.test>", to: "zoe@there.example" };

async function send(server: TestServer, body: unknown, headers: Record<string, string> = {}) {
  const response = await server.admin("POST", "/api/v1/send", body, headers);
  return { status: response.status, headers: response.headers, json: await response.json() };
}

async function raw(server: TestServer, query: string, body: BodyInit, headers: Record<string, string> = {}) {
  const request = new Request(`http://localhost/api/v1/send?${query}`, {
    method: "POST",
    headers: { "content-type": "message/rfc822", authorization: "Bearer test-server-admin-token", ...headers },
    body,
  });
  const response = await server.server.fetch(request);
  return { status: response.status, headers: response.headers, json: await response.json() };
}

const rows = (server: TestServer) => server.storage.perform("queue.list", { after: null, limit: 100 });

async function inbox(server: TestServer, who: string, mailbox = "INBOX"): Promise<string> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask(`a LOGIN ${who}@example.test ${who}`, "a OK");
  await imap.ask(`b SELECT ${mailbox}`, "b OK");
  const text = await imap.ask("c FETCH 1:* BODY[]", "c OK");
  imap.close();
  return text;
}

Deno.test("a message in JSON has its fields, alternatives, images and files, and nobody sees Bcc", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const { status, headers, json } = await send(server, {
    from: { name: 'Zoë "Z" Müller', email: "alice@example.test" },
    to: ["Bob <bob@example.test>", "zoe@there.example"],
    cc: "BOB@example.test",
    bcc: ["max@there.example"],
    replyTo: "desk@example.test",
    subject: "Grüße",
    text: "Hallo\n.\nWelt",
    html: '<p>Hallo <img src="cid:logo@x"></p>',
    attachments: [
      { name: "../../etc/passwd", type: "text/plain", content: "aGVsbG8=" },
      { name: "Übersicht.pdf", content: "JVBERg==" },
      { contentId: "logo@x", type: "image/png", content: "iVBORw==" },
    ],
    headers: { "List-Unsubscribe": "<https://example.test/u>", "X-Two": ["a", "b"] },
    inReplyTo: "<one@x>",
    tags: ["welcome"],
    metadata: { order: "17" },
  });
  assert.equal(status, 201);
  assert.equal(headers.get("location"), json.link);
  assert.deepEqual(
    json.recipients.map((one: { address: string; state: string }) => [one.address, one.state]),
    [
      ["bob@example.test", "delivered"],
      ["zoe@there.example", "queued"],
      ["max@there.example", "queued"],
    ].map(([a, b]) => [a === "bob@example.test" ? "BOB@example.test" : a, b]),
  );
  assert.deepEqual((await rows(server)).map(({ queueId }) => queueId), [
    json.recipients[1].queueId,
    json.recipients[2].queueId,
  ]);
  assert.deepEqual([json.tags, json.metadata], [["welcome"], { order: "17" }]);
  const text = await inbox(server, "bob");
  for (
    const part of [
      /\r\nFrom: =\?utf-8\?.*<alice@example\.test>/i,
      /\r\nTo: "?Bob"? <bob@example\.test>, zoe@there\.example\r\n/,
      /\r\nCc: BOB@example\.test\r\n/,
      /\r\nReply-To: desk@example\.test\r\n/,
      /\r\nSubject: =\?utf-8\?/i,
      /\r\nIn-Reply-To: <one@x>\r\n/,
      /\r\nX-Two: a\r\nX-Two: b\r\n/,
      /multipart\/mixed[^]*multipart\/alternative[^]*text\/plain[^]*multipart\/related[^]*text\/html[^]*image\/png/,
      /Content-ID: <logo@x>/,
      /filename=passwd\r\n/,
      /filename\*=utf-8''%C3%9Cbersicht\.pdf/,
    ]
  ) assert.match(text, part);
  assert.ok(text.includes(`Message-ID: <${json.messageId}>`));
  assert.doesNotMatch(text, /bcc|max@there/i);
  assert.deepEqual(await (await server.admin("GET", json.link)).json(), json);
});

Deno.test("nothing gets into a header by any field, and what cannot be is named", async () => {
  await using server = await testServer({ config: { limits: { messageSize: "64KB" } } });
  const evil = "x\r\nBcc: eve@evil.example";
  const cases: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ subject: evil }, /subject/],
    [{ subject: "x\u2028y" }, /subject/],
    [{ subject: "\ud800" }, /subject/],
    [{ from: evil }, /from/],
    [{ from: { email: "alice@example.test", name: evil } }, /from/],
    [{ from: { email: "alice@example.test>,<eve@evil.example", name: "" } }, /from/],
    [{ from: "alice@example.test, eve@evil.example" }, /from/],
    [{ from: ["alice@example.test", "eve@evil.example"] }, /from/],
    [{ to: "zoe" }, /to/],
    [{ to: "zoe@there.example\nBcc: eve@evil.example" }, /to/],
    [{ to: [], cc: [], bcc: [] }, /no recipient/],
    [{ headers: { "X-A": evil } }, /headers\.X-A/],
    [{ headers: { "X-A\r\nBcc": "x" } }, /no name of a header field/],
    [{ headers: { "X A": "x" } }, /no name/],
    [{ headers: { "bCC": "eve@evil.example" } }, /not to be written/],
    [{ headers: { "DKIM-Signature": "x" } }, /not to be written/],
    [{ headers: { "Content-Type": "text/html" } }, /not to be written/],
    [{ headers: { "Resent-To": "x@y.example" } }, /not to be written/],
    [{ headers: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`X-${i}`, "x"])) }, /at most 100/],
    [{ inReplyTo: "a b" }, /inReplyTo/],
    [{ references: ["<a>\r\nX: y"] }, /references/],
    [{ attachments: [{ content: "a*b=" }] }, /Base64/],
    [{ attachments: [{ content: "aGVsbG8" }] }, /Base64/],
    [{ attachments: [{ content: "", type: "multipart/mixed" }] }, /type/],
    [{ attachments: [{ content: "", type: 'text/plain; a="b\r\nX: y"' }] }, /type/],
    [{ attachments: [{ content: "", name: "a\r\nX: y" }] }, /name/],
    [{ attachments: [{ content: "", contentId: "a>\r\nX: <y" }] }, /contentId/],
    [{ attachments: Array(201).fill({ content: "" }) }, /attachments/],
    [{ envelope: { from: evil } }, /envelope/],
    [{ envelope: { to: ["<x>"] } }, /envelope/],
    [{ dsn: { envid: "a\r\nb" } }, /envid/],
    [{ to: Array.from({ length: 10_000 }, (_, i) => `a${i}@there.example`) }, /at most 1000/],
    [{
      to: Array(600).fill("a@b.example").map((_, i) => `a${i}@b.example`),
      bcc: Array.from({ length: 600 }, (_, i) => `b${i}@b.example`),
    }, /more than 1000/],
    [{ tags: ["a\nb"] }, /tags/],
    [{ metadata: { a: 1 } }, /metadata/],
    [{ sendAt: "tomorrow" }, /sendAt/],
    [{ sendAt: "2999-01-01T00:00:00Z" }, /for so long/],
    [{ saveToSent: true, envelope: { from: "nobody@example.test" } }, /no account/],
    [{ to: "nobody@example.test" }, /^550 5\.1\.1/],
    [{ text: "a\0b" }, /text/],
    [{ unknown: true }, /unknown/i],
  ];
  for (const [more, words] of cases) {
    const shown = JSON.stringify(more).slice(0, 80);
    const { status, json } = await send(server, { ...TO, ...more });
    assert.deepEqual([shown, status], [shown, 422], JSON.stringify(json).slice(0, 300));
    assert.match(json.detail, words, shown);
  }
  assert.equal((await send(server, { ...TO, text: "x".repeat(70_000) })).status, 413);
  assert.equal((await send(server, { ...TO, text: "x".repeat(1_200_000) })).status, 413);
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  const ask = (body: string, type = "application/json") =>
    server.server.fetch(
      new Request("http://localhost/api/v1/send", {
        method: "POST",
        headers: { "content-type": type, authorization: "Bearer test-server-admin-token" },
        body,
      }),
    );
  assert.equal((await ask(`{"from":${deep}}`)).status, 422);
  assert.equal((await ask("{")).status, 400);
  assert.equal((await ask("", "application/json")).status, 400);
  assert.equal((await ask("{}", "text/plain")).status, 415);
  assert.equal((await rows(server)).length, 0);
});

Deno.test("the same key and request is one message with one answer; another request is refused", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const key = { "idempotency-key": "order-17" };
  const first = await send(server, TO, key);
  assert.equal(first.status, 201);
  const again = await send(server, TO, key);
  assert.deepEqual([again.status, again.json, again.headers.get("idempotent-replayed")], [201, first.json, "true"]);
  const other = await send(server, { ...TO, subject: "other" }, key);
  assert.deepEqual([other.status, other.json.code], [422, "keyReused"]);
  assert.equal((await rows(server)).length, 1);

  const query = "sender=alice@example.test&recipient=zoe@there.example";
  const mime = await raw(server, query, "Subject: x\n\nhello", { "idempotency-key": "m" });
  assert.equal(mime.status, 201);
  assert.deepEqual((await raw(server, query, "Subject: x\n\nhello", { "idempotency-key": "m" })).json, mime.json);
  assert.equal((await raw(server, query, "Subject: y\n\nhello", { "idempotency-key": "m" })).status, 422);
  assert.equal((await raw(server, query + "&tag=a", "Subject: x\n\nhello", { "idempotency-key": "m" })).status, 422);
  assert.equal((await rows(server)).length, 2);

  await server.clock.advance(25 * 3600_000);
  assert.notEqual((await send(server, TO, key)).json.id, first.json.id);
});

Deno.test("what was refused leaves its key free, and requests at the same time are one message", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const key = { "idempotency-key": "k" };
  assert.equal((await send(server, { ...TO, to: "nobody@example.test" }, key)).status, 422);
  const all = await Promise.all(Array.from({ length: 8 }, () => send(server, TO, key)));
  assert.ok(
    all.every(({ status }) => status === 201 || status === 409),
    JSON.stringify(all.map(({ status }) => status)),
  );
  assert.equal(new Set(all.filter(({ status }) => status === 201).map(({ json }) => json.id)).size, 1);
  assert.equal((await rows(server)).length, 1);
  assert.equal((await send(server, TO, { "idempotency-key": "\u00fc" })).status, 422);
});

Deno.test("a request that died under way is one message, whether it had come to be or not", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const key = { "idempotency-key": "k" };
  const first = await send(server, TO, key);
  const [kept] = await server.storage.perform("record.list", { kind: "sendKey", now: server.clock.wall(), limit: 10 });
  const put = (sessionId: string) =>
    server.storage.perform("record.put", {
      kind: "sendKey",
      key: kept!.key,
      value: JSON.stringify({ sessionId, until: server.clock.wall() + 1000 }),
      now: server.clock.wall(),
      expiresAt: server.clock.wall() + 3600_000,
    });
  await put(first.json.id.replace(".1", ""));
  assert.equal((await send(server, TO, key)).status, 409);
  await server.clock.advance(2000);
  assert.equal((await send(server, TO, key)).json.id, first.json.id);
  await put("neverwas");
  await server.clock.advance(2000);
  assert.notEqual((await send(server, TO, key)).json.id, first.json.id);
  assert.equal((await rows(server)).length, 2);
});

Deno.test("a message for later waits, can be taken back, and a copy is in Sent with its Bcc", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const sendAt = new Date(server.clock.wall() + 3600_000).toISOString();
  const { status, json } = await send(server, { ...TO, bcc: "bob@example.test", sendAt, saveToSent: true });
  assert.equal(status, 201);
  assert.deepEqual(json.recipients.map(({ state }: { state: string }) => state), ["scheduled", "scheduled"]);
  assert.match(await inbox(server, "alice", "Sent"), /\r\nBcc: bob@example\.test\r\n/);
  assert.equal((await server.admin("DELETE", json.link)).status, 204);
  assert.equal((await rows(server)).length, 0);
  const after = await (await server.admin("GET", json.link)).json();
  assert.deepEqual(after.recipients.map(({ state }: { state: string }) => state), ["canceled", "canceled"]);
  assert.equal((await server.admin("DELETE", json.link)).status, 409);
  assert.equal((await server.admin("GET", "/api/v1/send/nothing.1")).status, 404);
  assert.equal((await server.admin("GET", "/api/v1/send/..")).status, 404);
});

Deno.test("an account sends as itself within its limits, a domain's administrator as anybody of it", async () => {
  await using server = await testServer({
    accounts: ["alice", "bob", "carol"],
    config: { outbound: { hold: true }, abuse: { account: { messagesPerHour: 2 } } },
  });
  const role = { role: "domain", domains: ["example.test"] };
  assert.equal((await server.admin("PUT", "/api/v1/accounts/carol@example.test/role", role)).status, 200);
  const token = async (scopes: string[]) => {
    const made = await server.admin("POST", "/api/v1/accounts/alice@example.test/tokens", { name: scopes[0], scopes });
    return (await made.json()).token as string;
  };
  const as = async (who: string, body: Record<string, unknown>, method = "POST", path = "/api/v1/send") => {
    const authorization = who.startsWith("palomar_") ? `Bearer ${who}` : `Basic ${btoa(`${who}@example.test:${who}`)}`;
    const response = await server.server.fetch(
      new Request(`https://localhost${path}`, {
        method,
        headers: { authorization, ...(method === "POST" && { "content-type": "application/json" }) },
        ...(method === "POST" && { body: JSON.stringify(body) }),
      }),
      { address: "203.0.113.9" },
    );
    return { status: response.status, json: await response.json() };
  };
  const sending = await token(["submission"]);
  const first = await as(sending, { ...TO, saveToSent: true });
  assert.equal(first.status, 201, JSON.stringify(first.json));
  assert.equal((await as(await token(["imap"]), TO)).status, 401);
  assert.equal((await as(sending, {}, "GET", "/api/v1/accounts/alice@example.test")).status, 401);
  assert.match(await inbox(server, "alice", "Sent"), /From: "?Ann"? <alice@example\.test>/);
  for (
    const more of [
      { from: "bob@example.test" },
      { envelope: { from: "bob@example.test" } },
      { from: "bob@example.test", envelope: { from: "alice@example.test" } },
    ]
  ) {
    const { status, json } = await as(sending, { ...TO, ...more });
    assert.deepEqual([status, json.code], [422, "refused"], JSON.stringify(json));
  }
  const link = first.json.link;
  assert.equal((await as("alice", {}, "GET", link)).status, 200);
  assert.equal((await as("bob", {}, "GET", link)).status, 404);
  assert.equal((await as("bob", {}, "DELETE", link)).status, 404);
  const limited = await as("alice", TO);
  assert.equal(limited.status, 503, JSON.stringify(limited.json));

  for (const from of ["bob@example.test", "anybody@example.test"]) {
    assert.equal((await as("carol", { ...TO, from })).status, 201, from);
  }
  for (const more of [{ from: "x@other.test" }, { envelope: { from: "x@other.test" } }]) {
    assert.equal((await as("carol", { ...TO, ...more })).status, 422, JSON.stringify(more));
  }
  await server.admin("POST", "/api/v1/domains", { name: "other.test" });
  const url = "https://hooks.example.org/";
  const mine = { url, events: ["received"], domains: ["example.test"] };
  const all = { url, events: ["received"] };
  const foreign = await (await server.admin("POST", "/api/v1/webhooks", all)).json();
  const own = await as("carol", mine, "POST", "/api/v1/webhooks");
  assert.equal(own.status, 201);
  for (const body of [all, { ...mine, domains: ["example.test", "other.test"] }]) {
    assert.equal((await as("carol", body, "POST", "/api/v1/webhooks")).status, 403);
    assert.equal(
      (await as(
        "carol",
        { name: "x", ...("domains" in body && { domains: body.domains }) },
        "POST",
        "/api/v1/inbound-sources",
      )).status,
      403,
    );
  }
  const listed = await as("carol", {}, "GET", "/api/v1/webhooks");
  assert.deepEqual(listed.json.webhooks.map(({ id }: { id: string }) => id), [own.json.id]);
  assert.equal((await as("carol", {}, "GET", `/api/v1/webhooks/${foreign.id}/deliveries`)).status, 404);
  assert.equal((await as("bob", {}, "GET", "/api/v1/webhooks")).status, 403);
  assert.equal((await as("carol", {}, "GET", "/api/v1/domains/other.test/suppressions")).status, 404);
  // A key of one is none of another.
  const [one, two] = [await as("carol", { ...TO, subject: "a" }), await as("bob", { ...TO, from: "bob@example.test" })];
  assert.deepEqual([one.status, two.status], [201, 201]);
});
