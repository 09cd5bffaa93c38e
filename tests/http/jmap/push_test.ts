/** Push to URLs (RFC 8620 section 7.2, RFC 8030, RFC 8291, RFC 8292) against a push service of its own. */
import assert from "node:assert/strict";
import { utf8String } from "../../../src/base/bytes.ts";
import { keysOf, makeReceiver, openPush } from "../../web_push/receiver.ts";
import type { TestServer } from "../../../src/server/test_server.ts";
import { JmapClient } from "./client.ts";
import { HOST, PushService, serverFor, subscribe } from "./push_service.ts";

/** Waits until so many pushes have come to an end, whatever that was. */
async function sent(server: TestServer, count: number) {
  for (;;) {
    const lines = server.logs.filter(({ event }) => event === "push.sent");
    if (lines.length >= count) return lines;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("a subscription is told nothing before it shows its code, then what has changed, sealed and signed", async () => {
  await using service = await PushService.start();
  await using server = await serverFor(service);
  const alice = new JmapClient(server, "alice");
  const session = await alice.session();
  const receiver = await makeReceiver();
  const { created } = await alice.call("PushSubscription/set", {
    create: { x: { deviceClientId: "phone", url: service.url("/p?q=1"), keys: keysOf(receiver), types: null } },
  });
  const { id, expires } = created.x;
  assert.equal(expires, "2026-01-31T12:00:00Z");
  const first = await service.next();
  assert.equal(first.path, "/p?q=1");
  assert.equal(first.headers["content-encoding"], "aes128gcm");
  assert.equal(first.headers["ttl"], "3600");
  const vapid = (session["capabilities"] as Record<string, Record<string, unknown>>)[
    "urn:ietf:params:jmap:webpush-vapid"
  ]!;
  assert.ok(first.headers["authorization"]!.endsWith(`k=${vapid["applicationServerKey"]}`));
  const verification = JSON.parse(utf8String(await openPush(first.octets, receiver)));
  assert.deepEqual([verification["@type"], verification.pushSubscriptionId], ["PushVerification", id]);

  await server.deliver("Subject: x\n\nx", "alice@example.test");
  const wrong = { verificationCode: verification.verificationCode.slice(1) + "x" };
  const { notUpdated } = await alice.call("PushSubscription/set", { update: { [id]: wrong } });
  assert.deepEqual([notUpdated[id].type, notUpdated[id].properties], ["invalidProperties", ["verificationCode"]]);
  const seen = async () => (await alice.call("PushSubscription/get", { ids: null }))["list"];
  assert.equal((await seen())[0].verificationCode, null);
  const right = { verificationCode: verification.verificationCode };
  await alice.call("PushSubscription/set", { update: { [id]: right } });
  assert.deepEqual(await seen(), [{ id, deviceClientId: "phone", ...right, expires, types: null }]);

  await server.deliver("Subject: y\n\ny", "alice@example.test");
  const second = await service.next();
  assert.equal(service.all.length, 2);
  assert.equal(second.headers["urgency"], "normal");
  assert.match(second.headers["topic"] as string, /^[\w-]{32}$/);
  const change = JSON.parse(utf8String(await openPush(second.octets, receiver)));
  assert.equal(change["@type"], "StateChange");
  const states = change.changed[alice.accountId];
  assert.deepEqual(Object.keys(states).sort(), ["Email", "EmailDelivery", "Mailbox", "Quota", "Thread"]);
  const { state } = await alice.call("Email/get", { ids: [] });
  assert.equal(states.Email, state);
});

Deno.test("RFC 8620 section 7.2: types are chosen, seen email is no delivery, and without keys it is JSON", async () => {
  await using service = await PushService.start();
  await using server = await serverFor(service);
  const alice = new JmapClient(server, "alice");
  await alice.session();
  await subscribe(alice, service, { url: service.url("/new"), types: ["EmailDelivery", "CalendarEvent"] });
  await subscribe(alice, service, { url: service.url("/any"), types: ["Email", "Identity"] });
  await server.deliver("Subject: x\n\nx", "alice@example.test");
  const two = [await service.next(), await service.next()].sort((a, b) => a.path < b.path ? -1 : 1);
  assert.deepEqual(two.map(({ path, json }) => [path, Object.keys(json.changed[alice.accountId])]), [
    ["/any", ["Email"]],
    ["/new", ["EmailDelivery"]],
  ]);
  assert.equal(two[0]!.headers["content-type"], "application/json");
  const { ids } = await alice.call("Email/query");
  await alice.call("Email/set", { update: { [ids[0]]: { "keywords/$seen": true } } });
  const seen = await service.next();
  assert.deepEqual([seen.path, seen.headers["urgency"]], ["/any", "low"]);
  const using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:submission"];
  await alice.call("Identity/set", { create: { i: { name: "A", email: "alice@example.test" } } }, using);
  assert.deepEqual(Object.keys((await service.next()).json.changed[alice.accountId]), ["Identity"]);
  assert.equal(service.left, 0);
});

Deno.test("PushSubscription/set refuses what is no place to push to, and /get keeps secrets", async () => {
  await using service = await PushService.start();
  await using server = await serverFor(service, {}, { subscriptions: 2 });
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const receiver = await makeReceiver();
  const url = service.url("/x");
  const wish = { deviceClientId: "d", url, types: null };
  const { p256dh, auth } = keysOf(receiver);
  const refused = async (bad: unknown) => {
    const { notCreated } = await alice.call("PushSubscription/set", { create: { x: { ...wish, ...bad as object } } });
    return [notCreated?.x.type, ...notCreated?.x.properties ?? []];
  };
  for (
    const [bad, property] of [
      [{ url: "http://push.example.test/" }, "url"],
      [{ url: "https://user:secret@push.example.test/" }, "url"],
      [{ url: "https://push.example.test/#x" }, "url"],
      [{ url: "https://" }, "url"],
      [{ url: "https://x/" + "y".repeat(2000) }, "url"],
      [{ url: 5 }, "url"],
      [{ deviceClientId: "" }, "deviceClientId"],
      [{ deviceClientId: "x".repeat(256) }, "deviceClientId"],
      [{ keys: { p256dh } }, "keys"],
      [{ keys: { p256dh: p256dh.slice(4), auth } }, "keys"],
      [{ keys: { p256dh: "B".repeat(87), auth } }, "keys"],
      [{ keys: { p256dh, auth: "AAAA" } }, "keys"],
      [{ verificationCode: "x" }, "verificationCode"],
      [{ expires: "tomorrow" }, "expires"],
      [{ types: "Email" }, "types"],
      [{ types: ["x".repeat(100)] }, "types"],
      [{ id: "p1" }, "id"],
      [{ __proto__x: 1 }, "__proto__x"],
    ] as const
  ) assert.deepEqual(await refused(bad), ["invalidProperties", property], JSON.stringify(bad).slice(0, 100));
  assert.equal(service.all.length, 0);

  const id = await subscribe(alice, service);
  assert.equal(await alice.fails("PushSubscription/get", { ids: [id], properties: ["url"] }), "forbidden");
  assert.equal(await alice.fails("PushSubscription/get", { ids: [id], properties: ["id", "keys"] }), "forbidden");
  assert.equal(await alice.fails("PushSubscription/get", { ids: [id], properties: ["x"] }), "invalidArguments");
  assert.equal(await alice.fails("PushSubscription/set", { ifInState: "1" }), "invalidArguments");
  const got = await alice.call("PushSubscription/get", { ids: [id, "p999", id], properties: ["types"] });
  assert.deepEqual(got, { list: [{ id, types: null }], notFound: ["p999"] });

  for (const patch of [{ url }, { keys: null }, { deviceClientId: "other" }, { expires: 5 }, { "types/0": "x" }]) {
    const { notUpdated } = await alice.call("PushSubscription/set", { update: { [id]: patch } });
    assert.match(notUpdated[id].type, /^invalid(Properties|Patch)$/, JSON.stringify(patch));
  }
  const { updated } = await alice.call("PushSubscription/set", {
    update: { [id]: { expires: "2030-01-01T00:00:00Z", types: ["Email"], deviceClientId: "d" } },
  });
  assert.deepEqual(updated, { [id]: { expires: "2026-01-31T12:00:00Z" } });

  // Two at most; what was destroyed makes room.
  await subscribe(alice, service);
  assert.deepEqual(await refused({}), ["overQuota"]);
  const { created, destroyed } = await alice.call("PushSubscription/set", { create: { x: wish }, destroy: [id] });
  assert.deepEqual([Object.keys(created), destroyed], [["x"], [id]]);
  const bob = new JmapClient(server, "bob");
  await bob.session();
  assert.deepEqual((await bob.call("PushSubscription/get", { ids: [created.x.id] }))["notFound"], [created.x.id]);
});

Deno.test("an account makes so many new subscriptions an hour, whatever becomes of them", async () => {
  await using service = await PushService.start();
  await using server = await serverFor(service);
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const wish = { deviceClientId: "d", url: service.url("/x"), types: null };
  let destroy: string[] = [];
  let made = 0;
  for (;;) {
    const create = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x${i}`, wish]));
    const { created, notCreated } = await alice.call("PushSubscription/set", { create, destroy });
    destroy = Object.values(created ?? {}).map((one) => (one as { id: string }).id);
    made += destroy.length;
    if (notCreated) {
      assert.ok(Object.values(notCreated).every((one) => (one as { type: string }).type === "rateLimit"));
      break;
    }
  }
  assert.equal(made, 60);
  await server.clock.advance(3_600_000);
  const { created } = await alice.call("PushSubscription/set", { create: { x: wish }, destroy });
  assert.ok(created.x.id);
});

Deno.test("RFC 8620 section 7.2: a subscription belongs to the password or token it was made with, and ends with it", async () => {
  await using service = await PushService.start();
  await using server = await serverFor(service);
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const made = await server.admin("POST", "/api/v1/accounts/alice@example.test/tokens", { name: "phone" });
  const { token, tokenId } = await made.json();
  const phone = new JmapClient(server, "alice", token);
  const own = await subscribe(alice, service, { url: service.url("/password") });
  const other = await subscribe(phone, service, { url: service.url("/token") });
  const ids = async (client: JmapClient) => {
    const { list } = await client.call("PushSubscription/get", {});
    return list.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual([await ids(alice), await ids(phone)], [[own], [other]]);
  const { notDestroyed } = await phone.call("PushSubscription/set", { destroy: [own] });
  assert.equal(notDestroyed[own].type, "notFound");

  await server.admin("DELETE", `/api/v1/accounts/alice@example.test/tokens/${tokenId}`);
  await server.deliver("Subject: x\n\nx", "alice@example.test");
  assert.equal((await service.next()).path, "/password");
  const password = { password: "another horse battery" };
  await server.admin("PUT", "/api/v1/accounts/alice@example.test/password", password);
  const after = new JmapClient(server, "alice", password.password);
  await subscribe(after, service, { url: service.url("/after") });
  await server.deliver("Subject: y\n\ny", "alice@example.test");
  assert.equal((await service.next()).path, "/after");
  const left = async () => {
    const { objects } = await server.storage.perform("object.list", {
      accountId: after.accountId as never,
      kind: "push",
      ids: null,
    });
    return objects.length;
  };
  while (await left() > 1) await new Promise((resolve) => setTimeout(resolve, 5));

  // Who is disabled hears nothing for the time being.
  await server.admin("PATCH", "/api/v1/accounts/alice@example.test", { disabled: true });
  await server.deliver("Subject: z\n\nz", "bob@example.test");
  assert.equal(service.left, 0);
});

Deno.test("a push service that is gone, slow or overrun: removed, passed by, asked less often", async () => {
  await using service = await PushService.start();
  await using server = await serverFor(service);
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const gone = await subscribe(alice, service, { url: service.url("/gone") });
  await subscribe(alice, service, { url: service.url("/busy") });
  await subscribe(alice, service, { url: service.url("/hangs") });
  await subscribe(alice, service, { url: service.url("/good") });
  service.answer = (path) =>
    path === "/gone"
      ? { status: 410 }
      : path === "/busy"
      ? { status: 429, headers: { "retry-after": "600" } }
      : path === "/hangs"
      ? null
      : { status: 201 };
  await server.deliver("Subject: 1\n\n1", "alice@example.test");
  const first = await Promise.all([1, 2, 3, 4].map(() => service.next()));
  assert.deepEqual(first.map(({ path }) => path).sort(), ["/busy", "/gone", "/good", "/hangs"]);
  await server.deliver("Subject: 2\n\n2", "alice@example.test");
  assert.equal((await service.next()).path, "/good");
  const { notFound } = await alice.call("PushSubscription/get", { ids: [gone] });
  assert.deepEqual(notFound, [gone]);
  await server.deliver("Subject: 3\n\n3", "alice@example.test");
  assert.equal((await service.next()).path, "/good");
  service.answer = () => ({ status: 201 });
  await sent(server, 4 + 3 + 2);
  await server.clock.advance(599_000);
  assert.equal(service.left, 0);
  await server.clock.advance(400_000);
  // What came meanwhile is one piece of news, the newest.
  const late = await service.next();
  const { state } = await alice.call("Email/get", { ids: [] });
  assert.deepEqual([late.path, late.json.changed[alice.accountId].Email], ["/busy", state]);
  assert.equal(service.left, 0);
});

Deno.test("no push goes to this machine, into private networks, or where a redirect leads", async () => {
  await using service = await PushService.start();
  const a = (...all: string[]) => ({ A: all.map((address) => ({ type: "A", address }) as const) });
  await using server = await serverFor(
    service,
    { dns: { "inside.test": a("10.0.0.1"), "mixed.test": a("192.168.1.1", "127.0.0.1"), "none.test": {} } },
    { privateAddresses: false },
  );
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const hosts = [HOST, "127.0.0.1", "[::1]", "10.1.2.3", "169.254.169.254", "[fe80::1]", "[::ffff:127.0.0.1]"];
  const names = ["0x7f000001", "2130706433", "localhost", "inside.test", "mixed.test", "none.test"];
  const create = Object.fromEntries(
    [...hosts, ...names].map((host, i) => [`x${i}`, { deviceClientId: "d", url: service.url("/", host), types: null }]),
  );
  const { created } = await alice.call("PushSubscription/set", { create });
  assert.equal(Object.keys(created).length, 13);
  const told = await sent(server, 13);
  assert.ok(told.every(({ level, fields }) => level === "warn" && fields["result"] === "later"));
  assert.equal(service.all.length, 0);

  await using open = await serverFor(service);
  const bob = new JmapClient(open, "bob");
  await bob.session();
  await subscribe(bob, service, { url: service.url("/moved") });
  service.answer = () => ({ status: 307, headers: { location: service.url("/elsewhere") } });
  await open.deliver("Subject: x\n\nx", "bob@example.test");
  assert.equal((await service.next()).path, "/moved");
  await sent(open, 2);
  service.answer = () => ({ status: 201 });
  await open.clock.advance(30_000);
  assert.equal((await service.next()).path, "/moved");
});

Deno.test("subscriptions survive a restart, what was missed is told after it, and what has ended is told nothing", async () => {
  await using service = await PushService.start();
  const { memoryStorage } = await import("../../../src/storage/memory/mod.ts");
  const storage = memoryStorage();
  const kept = { ...storage, perform: storage.perform.bind(storage), close: () => Promise.resolve() };
  const store = new Proxy(storage, {
    get: (target, name) => {
      if (name === "close") return kept.close;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const first = await serverFor(service, { storage: store });
  const alice = new JmapClient(first, "alice");
  await alice.session();
  await subscribe(alice, service);
  await first.deliver("Subject: 1\n\n1", "alice@example.test");
  await service.next();
  // The second is on its way when the server goes.
  service.answer = () => null;
  await first.deliver("Subject: 2\n\n2", "alice@example.test");
  await service.next();
  await first.stop();
  service.answer = () => ({ status: 201 });
  const second = await serverFor(service, { storage: store });
  const again = new JmapClient(second, "alice");
  await again.session();
  const missed = await service.next();
  const { state } = await again.call("Email/get", { ids: [] });
  assert.equal(missed.json.changed[again.accountId].EmailDelivery, state);
  await second.deliver("Subject: 3\n\n3", "alice@example.test");
  assert.notEqual((await service.next()).json.changed[again.accountId].Email, state);
  const { list: [{ id }] } = await again.call("PushSubscription/get", {});
  const expires = new Date(second.clock.wall() + 60_000).toISOString().replace(/\.\d+/, "");
  await again.call("PushSubscription/set", { update: { [id]: { expires } } });
  await second.clock.advance(60_000);
  await second.deliver("Subject: 4\n\n4", "alice@example.test");
  const { list } = await again.call("PushSubscription/get", {});
  assert.deepEqual([list, service.left], [[], 0]);
  await second.stop();
  await storage.close();
});
