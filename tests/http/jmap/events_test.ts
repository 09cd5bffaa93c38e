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
