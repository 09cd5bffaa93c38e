/** JMAP over WebSocket (RFC 8887), by the runtime over TCP and by our own frames over TLS, with an independent client. */
import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { JmapClient } from "./client.ts";
import { SocketClient } from "./socket_client.ts";

const address = "127.0.0.1";
const LISTENERS = [
  { protocol: "smtp", address, port: 0, tls: "none" },
  { protocol: "http", address, port: 0, tls: "none" },
  { protocol: "http", address, port: 0, tls: "implicit" },
] as const;

async function listening(config: Record<string, unknown> = {}) {
  const server = await testServer({ listen: true, config: { listeners: [...LISTENERS], ...config } });
  return { server, ca: await Deno.readTextFile(server.server.caFile!) };
}

/** Both ways that a WebSocket is made. */
async function both(run: (server: TestServer, open: (name: string) => Promise<SocketClient>) => Promise<void>) {
  const { server, ca } = await listening();
  try {
    for (const way of [{}, { tls: "implicit", ca }]) await run(server, (name) => SocketClient.open(server, name, way));
  } finally {
    await server.stop();
  }
}

Deno.test("RFC 8887 section 4.3: requests are answered with their ids, and what is none is refused", async () => {
  await both(async (_, open) => {
    const alice = await open("alice");
    assert.equal(alice.socket.protocol, "jmap");
    const echo = await alice.ask([["Core/echo", { hello: true }, "c"]], "R1");
    assert.equal(echo["@type"], "Response");
    assert.deepEqual(echo["methodResponses"], [["Core/echo", { hello: true }, "c"]]);
    assert.match(echo["sessionState"], /^\w+$/);
    const error = async (value: unknown) => {
      alice.say(value);
      const answer = await alice.next();
      assert.deepEqual([answer["@type"], answer["status"]], ["RequestError", 400]);
      return [answer["requestId"], answer["type"].replace("urn:ietf:params:jmap:error:", "")];
    };
    const request = { "@type": "Request", using: [], methodCalls: [] };
    assert.deepEqual(await error("{"), [null, "notJSON"]);
    assert.deepEqual(await error("[".repeat(50_000)), [null, "notJSON"]);
    assert.deepEqual(await error([]), [null, "notRequest"]);
    assert.deepEqual(await error({ id: "x", using: [] }), ["x", "notRequest"]);
    assert.deepEqual(await error({ ...request, id: "y", methodCalls: 5 }), ["y", "notRequest"]);
    assert.deepEqual(await error({ ...request, id: 5, using: ["urn:no"] }), [null, "unknownCapability"]);
    assert.deepEqual(await error({ "@type": "WebSocketPushEnable", dataTypes: "Email" }), [null, "notRequest"]);
    const many = Array.from({ length: 65 }, () => ["Core/echo", {}, "c"]);
    assert.deepEqual(await error({ ...request, id: "z", methodCalls: many }), ["z", "limit"]);
    // Without an id there is none in the answer; and it goes on.
    alice.say(request);
    const answer = await alice.next();
    assert.deepEqual([answer["@type"], "requestId" in answer], ["Response", false]);
    alice.socket.send(new Uint8Array([1, 2, 3]));
    assert.equal((await alice.closed).code, 1003);
  });
});

Deno.test("RFC 8887 section 4.3.5: news of the types that are wanted, with a state to come back with", async () => {
  await both(async (server, open) => {
    const alice = await open("alice");
    const client = new JmapClient(server, "alice");
    await client.session();
    alice.say({ "@type": "WebSocketPushEnable", dataTypes: ["Email", "EmailDelivery", "Nothing"] });
    await alice.ask([["Core/echo", {}, "c"]]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await server.deliver("Subject: 1\n\n1", "alice@example.test");
    const change = await alice.next();
    assert.equal(change["@type"], "StateChange");
    assert.deepEqual(Object.keys(change["changed"][client.accountId]), ["Email", "EmailDelivery"]);
    const { state } = await client.call("Email/get", { ids: [] });
    assert.equal(change["changed"][client.accountId].Email, state);

    alice.say({ "@type": "WebSocketPushDisable" });
    await alice.ask([["Core/echo", {}, "c"]]);
    await server.deliver("Subject: 2\n\n2", "alice@example.test");
    await new Promise((resolve) => setTimeout(resolve, 60));
    await alice.ask([["Core/echo", {}, "nothing came between"]]);
    await alice.close();

    const again = await open("alice");
    again.say({ "@type": "WebSocketPushEnable", dataTypes: null, pushState: change["pushState"] });
    const missed = await again.next();
    assert.deepEqual(Object.keys(missed["changed"][client.accountId]).sort(), [
      "Email",
      "EmailDelivery",
      "Mailbox",
      "Quota",
      "Thread",
    ]);
    assert.notEqual(missed["pushState"], change["pushState"]);
    // What is known is not told again.
    again.say({ "@type": "WebSocketPushEnable", dataTypes: null, pushState: missed["pushState"] });
    await again.ask([["Core/echo", {}, "c"]]);
    await again.close();
  });
});

Deno.test("a WebSocket needs the login, the subprotocol and a place, and ends with the password and with the server", async () => {
  const { server, ca } = await listening({ jmap: { listenersPerAccount: 2 } });
  for (const way of [{}, { tls: "implicit", ca }]) {
    await assert.rejects(SocketClient.open(server, "nobody", way));
    await assert.rejects(SocketClient.open(server, "alice", { ...way, protocol: "chat" }));
    const two = [await SocketClient.open(server, "alice", way), await SocketClient.open(server, "alice", way)];
    await assert.rejects(SocketClient.open(server, "alice", way));
    const events = await new JmapClient(server, "alice").fetch("/jmap/events");
    assert.equal(events.status, 429);
    await events.body?.cancel();
    await Promise.all(two.map((one) => one.close()));
    const { port } = server.address("http", "implicit");
    const client = Deno.createHttpClient({ caCerts: [ca] });
    const plain = await fetch(`https://localhost:${port}/jmap/ws`, {
      client,
      headers: { authorization: "Basic " + btoa("alice@example.test:alice") },
    });
    client.close();
    assert.deepEqual([plain.status, plain.headers.get("upgrade"), (await plain.json()).code], [
      426,
      "websocket",
      "upgrade",
    ]);
  }
  const session = await new JmapClient(server, "alice").session();
  const { url, supportsPush } =
    (session["capabilities"] as Record<string, Record<string, unknown>>)["urn:ietf:params:jmap:websocket"]!;
  assert.deepEqual([url, supportsPush], ["wss://mail.example.test/jmap/ws", true]);
  const open = [
    await SocketClient.open(server, "alice"),
    await SocketClient.open(server, "alice", { tls: "implicit", ca }),
  ];
  const password = { password: "another horse battery" };
  await server.admin("PUT", "/api/v1/accounts/alice@example.test/password", password);
  for (const one of open) assert.equal((await one.closed).code, 1008);
  const last = [
    await SocketClient.open(server, "bob"),
    await SocketClient.open(server, "bob", { tls: "implicit", ca }),
  ];
  await server.stop();
  for (const one of last) assert.equal((await one.closed).code, 1001);
});

Deno.test("RFC 8887 section 4.3.2: no more requests at once than by HTTP, of all connections together", async () => {
  const { server, ca } = await listening();
  try {
    const one = await SocketClient.open(server, "alice", { tls: "implicit", ca });
    const other = await SocketClient.open(server, "alice");
    const using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
    const accountId = (await new JmapClient(server, "alice").session(), "a1");
    const methodCalls = [["Mailbox/get", { accountId }, "c"]];
    for (let i = 0; i < 30; i++) {
      one.say({ "@type": "Request", id: `a${i}`, using, methodCalls });
      other.say({ "@type": "Request", id: `b${i}`, using, methodCalls });
    }
    const answers = [];
    for (let i = 0; i < 30; i++) answers.push(await one.next(), await other.next());
    const errors = answers.filter((answer) => answer["@type"] === "RequestError");
    assert.ok(errors.every((answer) => answer["limit"] === "maxConcurrentRequests"));
    assert.equal(new Set(answers.map((answer) => answer["requestId"])).size, 60);
    assert.ok(answers.length - errors.length >= 8);
    // Places are given back.
    assert.equal((await one.ask(methodCalls))["@type"], "Response");
    await one.close();
    await other.close();
  } finally {
    await server.stop();
  }
});
