/** Webhooks from the API to a receiver: what is told of mail, signed, tried again, given up. */
import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { type Receiver, receiver } from "./receiver.ts";

const LOCAL = { webhooks: { http: true, privateNetworks: true } };
const ALL = ["delivered", "deferred", "bounced", "complained", "received", "suppressed"];

async function ask(server: TestServer, method: string, path: string, body?: unknown) {
  const response = await server.admin(method, `/api/v1${path}`, body);
  const text = await response.text();
  return { status: response.status, json: text === "" ? null : JSON.parse(text) };
}

async function hook(server: TestServer, { url }: Receiver, more: Record<string, unknown> = {}) {
  const { status, json } = await ask(server, "POST", "/webhooks", { url, events: ALL, ...more });
  assert.equal(status, 201, JSON.stringify(json));
  return json as { id: string; secret: string };
}

/** Waits in real time for a thing that happens over sockets. */
async function until<T>(what: () => T | Promise<T>): Promise<T> {
  for (let i = 0; i < 500; i++) {
    const found = await what();
    if (found) return found;
    await new Promise((go) => setTimeout(go, 5));
  }
  throw new Error("it did not come to that");
}

Deno.test("a message that is sent and received is told, signed, with its tags and a link to its octets", async () => {
  await using there = await receiver();
  await using server = await testServer({ config: { ...LOCAL, outbound: { hold: true } } });
  const { secret } = await hook(server, there);
  const sent = await ask(server, "POST", "/send", {
    from: "alice@example.test",
    to: "bob@example.test",
    subject: "Grüße",
    text: "hello",
    tags: ["t"],
    metadata: { order: "17" },
  });
  await until(() => there.heard.length === 2);
  for (const one of there.heard) await there.verify(one, secret);
  const of = (type: string) => there.heard.find(({ json }) => json.type === type)!.json;
  const { data } = of("message.delivered");
  assert.deepEqual([data.id, data.messageId, data.recipient, data.send.tags, data.send.metadata], [
    sent.json.id,
    sent.json.messageId,
    "bob@example.test",
    ["t"],
    { order: "17" },
  ]);
  const received = of("message.received").data;
  assert.deepEqual([received.account, received.headers.subject, received.headers.from], [
    "bob@example.test",
    "Grüße",
    [{ name: "", email: "alice@example.test" }],
  ]);
  const raw = await server.admin("GET", received.raw);
  assert.equal(raw.headers.get("content-type"), "message/rfc822");
  assert.match(await raw.text(), /^Return-Path: <alice@example\.test>[^]*\r\n\r\nhello\r\n$/);
  const elsewhere = received.raw.replace("bob", "alice");
  assert.equal((await server.admin("GET", elsewhere)).status, 404);
  assert.equal(new Set(there.heard.map(({ id }) => id)).size, 2);
});

Deno.test("a webhook hears only of its events, domains and accounts, and of sends alone where it says so", async () => {
  await using there = await receiver();
  await using server = await testServer({ config: LOCAL });
  await hook(server, there, { events: ["received"], accounts: ["bob@example.test"] });
  await hook(server, there, { events: ["received"], domains: ["other.test"] });
  await hook(server, there, { events: ["delivered"], onlySends: true });
  await hook(server, there, { enabled: false });
  await server.deliver("Subject: one\n\n", "alice@example.test");
  await server.deliver("Subject: two\n\n", ["alice@example.test", "bob@example.test"]);
  await until(() => there.heard.length === 1);
  const [{ json }] = there.heard as [Receiver["heard"][number]];
  assert.deepEqual([json.type, json.data.account, json.data.headers.subject], [
    "message.received",
    "bob@example.test",
    "two",
  ]);
});

Deno.test("what fails is tried again later under its id, and is there after a restart", async () => {
  await using there = await receiver();
  there.answer = 500;
  const first = await testServer({ config: LOCAL });
  const { id } = await hook(first, there);
  await first.deliver("Subject: one\n\n", "alice@example.test");
  await until(() => there.heard.length === 1);
  const shown = await until(async () => {
    const { json } = await ask(first, "GET", `/webhooks/${id}/deliveries`);
    return json.deliveries[0]?.attempts === 1 && json.deliveries[0];
  });
  assert.deepEqual([shown.state, shown.status, shown.error], ["waiting", 500, "HTTP 500: no thanks"]);
  assert.ok((await ask(first, "GET", `/webhooks/${id}`)).json.failingSince);
  there.answer = 204;
  await first.clock.advance(1_000); // too soon
  assert.equal(there.heard.length, 1);
  await until(async () => {
    await first.clock.advance(3_000);
    return there.heard.length === 2;
  });
  assert.equal(there.heard[0]!.id, there.heard[1]!.id);
  assert.equal(there.heard[0]!.body, there.heard[1]!.body);
  const done = await until(async () => {
    const { json } = await ask(first, "GET", `/webhooks/${id}/deliveries`);
    return json.deliveries[0]?.state === "delivered" && json.deliveries[0];
  });
  assert.deepEqual([done.attempts, done.status, done.error], [2, 204, null]);
  const state = (await ask(first, "GET", `/webhooks/${id}`)).json;
  assert.deepEqual([state.waiting, state.failingSince], [0, null]);
  assert.equal((await ask(first, "POST", `/webhooks/${id}/deliveries/${done.id}/redeliver`)).status, 202);
  await until(() => there.heard.length === 3);
  assert.equal(there.heard[2]!.id, done.id);
  assert.equal((await ask(first, "POST", `/webhooks/${id}/deliveries/nothing/redeliver`)).status, 404);
  await first.stop();
});

Deno.test("two secrets sign while one replaces the other, and a test is signed too", async () => {
  await using there = await receiver();
  await using server = await testServer({ config: LOCAL });
  const { id, secret } = await hook(server, there);
  const { json } = await ask(server, "POST", `/webhooks/${id}/secret`);
  assert.notEqual(json.secret, secret);
  const test = await ask(server, "POST", `/webhooks/${id}/test`);
  assert.deepEqual([test.json.ok, test.json.status], [true, 200]);
  await there.verify(there.heard[0]!, secret);
  await there.verify(there.heard[0]!, json.secret);
  await ask(server, "PATCH", `/webhooks/${id}`, { enabled: false }); // a test goes all the same
  await server.clock.advance(25 * 3600_000);
  await ask(server, "POST", `/webhooks/${id}/test`);
  await there.verify(there.heard[1]!, json.secret);
  await assert.rejects(there.verify(there.heard[1]!, secret));
  const shown = await ask(server, "GET", "/webhooks");
  assert.doesNotMatch(JSON.stringify(shown.json), /whsec_/);
});

Deno.test("no redirect is followed, who is gone is disabled, and private addresses are refused", async () => {
  await using there = await receiver();
  await using server = await testServer({ config: LOCAL });
  const { id } = await hook(server, there);
  there.answer = { status: 302, headers: { location: there.url } };
  const moved = await ask(server, "POST", `/webhooks/${id}/test`);
  assert.deepEqual([moved.json.ok, moved.json.error], [false, "HTTP 302, and redirects are not followed"]);
  assert.equal(there.heard.length, 1);
  there.answer = 410;
  await server.deliver("Subject: one\n\n", "alice@example.test");
  const state = await until(async () => {
    const { json } = await ask(server, "GET", `/webhooks/${id}`);
    return !json.enabled && json;
  });
  assert.match(state.disabledBecause, /410/);
  const again = await ask(server, "PATCH", `/webhooks/${id}`, { enabled: true });
  assert.deepEqual([again.json.enabled, again.json.disabledBecause], [true, null]);

  await using strict = await testServer({
    dns: { "rebind.example": { A: [{ type: "A", address: "127.0.0.1" }] } },
  });
  for (
    const url of [
      "http://hooks.example.org/",
      "ftp://hooks.example.org/",
      "https://user:pw@hooks.example.org/",
      "javascript:alert(1)",
      "x",
    ]
  ) assert.equal((await ask(strict, "POST", "/webhooks", { url, events: ALL })).status, 422, url);
  for (
    const host of [
      "127.0.0.1",
      "[::1]",
      "[::ffff:10.0.0.1]",
      "169.254.169.254",
      "0x7f.1",
      "2130706433",
      "rebind.example",
    ]
  ) {
    const made = await ask(strict, "POST", "/webhooks", { url: `https://${host}:8443/`, events: ALL });
    const { json } = await ask(strict, "POST", `/webhooks/${made.json.id}/test`);
    assert.deepEqual([json.ok, json.status], [false, null]);
    assert.match(json.error, /not on the public Internet|no address/, host);
  }
});

Deno.test("a receiver that takes nothing for five days is disabled, and mail goes on meanwhile", async () => {
  await using there = await receiver();
  there.answer = 503;
  await using server = await testServer({ config: LOCAL });
  const { id } = await hook(server, there);
  await server.deliver("Subject: one\n\n", "alice@example.test");
  await until(async () => (await ask(server, "GET", `/webhooks/${id}`)).json.failingSince);
  const now = server.clock.wall();
  const kept = (await server.storage.perform("record.get", { kind: "webhook", key: id, now }))!;
  const failing = { ...JSON.parse(kept.value), failingSince: now - 5 * 86_400_000 };
  await server.storage.perform("record.put", { kind: "webhook", key: id, value: JSON.stringify(failing), now });
  await server.clock.advance(20_000);
  const state = await until(async () => {
    await server.clock.advance(10_000);
    const { json } = await ask(server, "GET", `/webhooks/${id}`);
    return !json.enabled && json;
  });
  assert.match(state.disabledBecause, /Nothing got through since 2025-12-27/);
  assert.ok(server.logs.some(({ event }) => event === "webhook.disabled"));
  await server.deliver("Subject: two\n\n", "alice@example.test");
  const before = there.heard.length;
  await server.clock.advance(60_000);
  assert.equal(there.heard.length, before);
});

Deno.test("requests about webhooks are checked", async () => {
  await using server = await testServer({ config: LOCAL });
  const url = "https://hooks.example.org/";
  const cases: readonly unknown[] = [
    {},
    { url },
    { url, events: [] },
    { url, events: ["opened"] },
    { url, events: ALL, domains: ["a b"] },
    { url, events: ALL, accounts: ["bob"] },
    { url: "x".repeat(3000), events: ALL },
    { url, events: ALL, secret: "whsec_mine" },
  ];
  for (const body of cases) {
    assert.equal((await ask(server, "POST", "/webhooks", body)).status, 422, JSON.stringify(body));
  }
  for (const [method, path] of [["GET", ""], ["PATCH", ""], ["DELETE", ""], ["POST", "/secret"], ["POST", "/test"]]) {
    const body = method === "PATCH" ? { enabled: true } : undefined;
    assert.equal((await ask(server, method!, `/webhooks/nothing${path}`, body)).status, 404, path);
  }
});
