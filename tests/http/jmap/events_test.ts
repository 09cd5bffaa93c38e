/** News as they happen (RFC 8620 section 7.3). */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient } from "./client.ts";
import { reader } from "./event_reader.ts";

Deno.test("RFC 8620 section 7.3: a delivery is told with its states, to those who asked for the type", async () => {
  await using server = await testServer();
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const all = reader(await alice.fetch("/jmap/events?types=*&closeafter=no&ping=0"));
  const once = reader(await alice.fetch("/jmap/events?types=Email,Nothing&closeafter=state&ping=30"));
  const bob = new JmapClient(server, "bob");
  const other = reader(await bob.fetch("/jmap/events?types=*&closeafter=no&ping=0"));
  await server.deliver("Subject: x\n\nx", "alice@example.test");
  const event = (await all.next())!;
  assert.match(event, /^event: state\nid: \S+\ndata: \{"@type":"StateChange"/);
  const { changed } = JSON.parse(event.slice(event.indexOf("{")));
  assert.deepEqual(Object.keys(changed), [alice.accountId]);
  assert.deepEqual(Object.keys(changed[alice.accountId]).sort(), [
    "Email",
    "EmailDelivery",
    "Mailbox",
    "Quota",
    "Thread",
  ]);
  const news = await alice.call("Email/changes", { sinceState: "1" });
  assert.equal(changed[alice.accountId].Email, news["newState"]);
  assert.deepEqual(Object.keys(JSON.parse((await once.next())!.split("data: ")[1]!).changed[alice.accountId]), [
    "Email",
  ]);
  assert.equal(await once.next(), null);
  await server.admin("PUT", "/api/v1/accounts/alice@example.test/password", { password: "another horse battery" });
  assert.equal(await all.next(), null);
  await other.cancel();
});

Deno.test("RFC 8620 section 7.3: what is asked for wrongly, or too often, is refused", async () => {
  await using server = await testServer();
  const alice = new JmapClient(server, "alice");
  for (const query of ["types=a/b", "closeafter=never", "ping=-1", "ping=x"]) {
    assert.equal((await alice.fetch(`/jmap/events?${query}`)).status, 400, query);
  }
  assert.equal((await alice.fetch("/jmap/events", { headers: { authorization: "" } })).status, 401);
  const open = [];
  for (;;) {
    const response = await alice.fetch("/jmap/events");
    if (response.status !== 200) {
      assert.equal(response.status, 429);
      break;
    }
    open.push(response);
    assert.ok(open.length < 1000);
  }
  await Promise.all(open.map(({ body }) => body!.cancel()));
  const again = await alice.fetch("/jmap/events");
  assert.equal(again.status, 200);
  await again.body!.cancel();
});

/** The changed states of a state event, and its id. */
function read(event: string | null): { readonly id: string; readonly changed: Record<string, Record<string, string>> } {
  const found = /^event: state\nid: (\S+)\ndata: (.*)$/.exec(event ?? "");
  assert.ok(found, event ?? "the stream ended");
  return { id: found[1]!, changed: JSON.parse(found[2]!).changed };
}

Deno.test("RFC 8620 section 7.3: whoever comes back with the last id hears what was missed, of the types he wants", async () => {
  await using server = await testServer();
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const listen = async (query: string, id?: string) =>
    reader(await alice.fetch(`/jmap/events?${query}`, id === undefined ? {} : { headers: { "last-event-id": id } }));
  const first = await listen("types=*&closeafter=no&ping=0");
  await server.deliver("Subject: 1\n\n1", "alice@example.test");
  const { id } = read(await first.next());
  await first.cancel();
  await server.deliver("Subject: 2\n\n2", "alice@example.test");
  // One that only waits for a state is told at once, and is done.
  const second = await listen("types=Email,EmailDelivery&closeafter=state&ping=0", id);
  const missed = read(await second.next());
  assert.deepEqual(Object.keys(missed.changed[alice.accountId]!), ["Email", "EmailDelivery"]);
  assert.equal(await second.next(), null);
  assert.notEqual(missed.id, id);
  const { ids } = await alice.call("Email/query");
  await alice.call("Email/set", { update: { [ids[0]]: { "keywords/$seen": true } } });
  const third = await listen("types=*&closeafter=state&ping=0", missed.id);
  assert.deepEqual(Object.keys(read(await third.next()).changed[alice.accountId]!), ["Mailbox", "Email"]);

  // With all of it known, with an id that was never one, and for a type that has not changed, nothing comes at once.
  const { state } = await alice.call("Email/get", { ids: [] });
  for (
    const [query, known] of [
      ["types=*", `${alice.accountId}=${state}`],
      ["types=Identity", id],
      ["types=*", "x".repeat(50_000)],
      ["types=*", "a1=1;DROP"],
      ["types=*", "a999=1"],
    ] as const
  ) {
    const quiet = await listen(`${query}&closeafter=state&ping=10`, known);
    await server.clock.advance(10_000);
    assert.match((await quiet.next())!, /^event: ping\n/, known.slice(0, 20));
    await quiet.cancel();
  }
});

Deno.test("RFC 8620 section 7.3: a ping comes that long after the event before, says its interval, and has no id", async () => {
  await using server = await testServer();
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const events = reader(await alice.fetch("/jmap/events?types=*&closeafter=no&ping=30"));
  const short = reader(await alice.fetch("/jmap/events?types=*&closeafter=no&ping=1"));
  const long = reader(await alice.fetch("/jmap/events?types=*&closeafter=no&ping=99999"));
  await server.clock.advance(29_000);
  await server.deliver("Subject: x\n\nx", "alice@example.test");
  read(await events.next());
  await server.clock.advance(29_000);
  await server.deliver("Subject: y\n\ny", "alice@example.test");
  read(await events.next());
  await server.clock.advance(30_000);
  assert.equal(await events.next(), 'event: ping\ndata: {"interval":30}');
  assert.equal(await short.next(), 'event: ping\ndata: {"interval":10}');
  await server.clock.advance(870_000);
  read(await long.next());
  read(await long.next());
  assert.equal(await long.next(), 'event: ping\ndata: {"interval":900}');
  for (const one of [events, short, long]) await one.cancel();
});

Deno.test("RFC 8620 section 7.1: what others share is told as it comes, of mail alone, and no longer when it is taken back", async () => {
  await using server = await testServer();
  const [alice, bob] = [new JmapClient(server, "alice"), new JmapClient(server, "bob")];
  await Promise.all([alice.session(), bob.session()]);
  const bobs = bob.accountId;
  const events = reader(await alice.fetch("/jmap/events?types=*&closeafter=no&ping=0"));
  const acl = "/api/v1/accounts/bob@example.test/acl";
  const give = (rights: string) =>
    server.admin("PUT", acl, { mailbox: "INBOX", identifier: "alice@example.test", rights });
  await server.deliver("Subject: before\n\nx", "bob@example.test");
  const given = await give("lr");
  assert.ok(given.ok, await given.text());
  const until = async (wanted: (changed: Record<string, Record<string, string>>) => boolean) => {
    for (;;) {
      const { id, changed } = read(await events.next());
      if (wanted(changed)) return { id, changed };
    }
  };
  // As soon as it is looked into.
  for (let i = 0; i < 200 && (await alice.session(), Object.keys(await accounts(alice)).length < 2); i++) {
    await server.clock.advance(1000);
  }
  await server.deliver("Subject: shared\n\nx", "bob@example.test");
  const { id, changed } = await until((changed) => changed[bobs]?.["EmailDelivery"] !== undefined);
  assert.deepEqual(Object.keys(changed[bobs]!), ["Mailbox", "Email", "EmailDelivery", "Thread"]);
  assert.deepEqual(id.split(",").map((one) => one.split("=")[0]), [alice.accountId, bobs]);
  await server.admin("DELETE", `${acl}?mailbox=INBOX&identifier=alice@example.test`);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await server.deliver("Subject: no longer\n\nx", "bob@example.test");
  await server.deliver("Subject: own\n\nx", "alice@example.test");
  const own = await until((changed) => changed[alice.accountId] !== undefined);
  assert.deepEqual(Object.keys(own.changed), [alice.accountId]);
  assert.deepEqual(own.id.split("=")[0], alice.accountId);
  await events.cancel();
});

async function accounts(client: JmapClient): Promise<Record<string, unknown>> {
  return (await client.session())["accounts"] as Record<string, unknown>;
}
