/** Where the operator sends mail instead: by recipient, by sender, by LMTP, under an authority of his own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { testServer } from "../../../src/server/test_server.ts";
import { friendly, type House, house, peer, relayTo, THERE } from "./house.ts";

const empty = (home: House) => async () => (await home.rows()).length === 0;

Deno.test("a route of the recipient's domain goes before one of the sender's, and that before the relay", async () => {
  const [to, from, all] = [await peer(friendly), await peer(friendly), await peer(friendly)];
  const home = await house({
    policy: {
      routes: new Map([["there.example", relayTo(to.port)]]),
      senderRoutes: new Map([["xn--bcher-kva.example", relayTo(from.port)]]),
      relay: relayTo(all.port),
    },
  });
  home.worker.start();
  const by = { sender: { reversePath: "a@b\u00fccher.example", smtputf8: false } };
  await home.send(["r1@there.example"], by);
  await home.send(["r2@else.example"], by);
  await home.send(["r3@else.example"]);
  await home.send(["r4@else.example"], { sender: { reversePath: "" } });
  await home.until("an empty queue", empty(home));
  const heard = [to, from, all].map((one) =>
    [...one.heard.join("").matchAll(/RCPT TO:<(r\d)/g)].map(([, name]) => name)
  );
  assert.deepEqual(heard, [["r1"], ["r2"], ["r3", "r4"]]);
  await home.close();
  for (const one of [to, from, all]) await one.close();
});

Deno.test("an LMTP route says LHLO and has an answer for each recipient", async () => {
  let dots = 0;
  const store = await peer((verb, line) =>
    verb === "LHLO"
      ? "250-store\r\n250 PIPELINING"
      : verb === "."
      ? (dots++, "250 2.0.0 stored\r\n550 5.1.1 Gone meanwhile\r\n452 4.2.2 Full")
      : friendly(verb, line)
  );
  const home = await house({
    policy: { routes: new Map([["there.example", relayTo(store.port, { protocol: "lmtp" })]]) },
  });
  await home.send(["a@there.example", "b@there.example", "c@there.example"]);
  home.worker.start();
  await home.until("one that waits", async () => {
    const rows = await home.rows();
    return rows.length === 1 && rows[0]!.attempts === 1;
  });
  assert.equal(dots, 1);
  assert.match(store.heard[0]!, /^LHLO mail\.ours\.example\r\n/);
  assert.equal((await home.rows())[0]!.lastReply, "452 4.2.2 Full");
  assert.match((await home.inbox())[0]!, /Final-Recipient: rfc822; b@there\.example\r\nAction: failed/);
  await home.close();
  await store.close();
});

Deno.test("a domain or a relay with a limit of its own has no more connections than that", async () => {
  let now = 0;
  let most = 0;
  const there = await peer((verb, line) => {
    if (verb === "EHLO") most = Math.max(most, ++now);
    if (verb === "QUIT") now--;
    return friendly(verb, line);
  });
  const policies = [
    { port: there.port, destinations: new Map([["there.example", { connections: 1 }]]) },
    { relay: relayTo(there.port, { connections: 1 }) },
  ];
  for (const policy of policies) {
    const home = await house({ zones: THERE, policy: { connectionsPerDomain: 20, ...policy } });
    for (let i = 0; i < 12; i++) await home.send([`b${i}@there.example`]);
    home.worker.start();
    await home.until("an empty queue", empty(home));
    await home.close();
  }
  assert.equal(there.transactions(), 24);
  assert.equal(most, 1);
  await there.close();
});

Deno.test("connections come from the address that is chosen, of the family that is spoken", async () => {
  const there = await peer(friendly);
  const home = await house({ zones: THERE, policy: { port: there.port, sourceAddress: ["::1", "127.0.0.9"] } });
  await home.send(["bob@there.example"]);
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.deepEqual(there.from, ["127.0.0.9"]);
  await home.close();
  await there.close();
});

Deno.test("a relay whose authority is named is trusted, and one whose file is missing is not", async () => {
  await using relay = await testServer({ listen: true, config: { outbound: { hold: true } } });
  const at = {
    host: "127.0.0.1",
    port: relay.address("submission", "starttls").port,
    username: "alice@example.test",
    password: "alice",
  };
  const ca = join(relay.config.dataDir, "tls", "ca.pem");
  for (const [file, sent] of [[ca, true], [ca + ".gone", false]] as const) {
    await using here = await testServer({ config: { outbound: { relay: { ...at, ca: file } } } });
    const alias = { address: "away@example.test", targets: ["bob@there.example"], now: 1 };
    await here.storage.perform("alias.add", alias);
    await here.deliver("Subject: hi\n\nhello\n", "away@example.test", "alice@example.test");
    const end = performance.now() + 10_000;
    const rows = () => here.storage.perform("queue.list", { after: null, limit: 9 });
    while ((await rows()).some((row) => row.attempts === 0) && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const [row] = await rows();
    if (sent) assert.equal(row, undefined, row?.lastReply ?? "");
    else assert.match(row!.lastReply!, /^451 4\.7\.5 /);
  }
  const taken = await relay.storage.perform("queue.list", { after: null, limit: 9 });
  assert.deepEqual(taken.map((row) => row.recipient.forwardPath), ["bob@there.example"]);
});

Deno.test("the way that a person chose goes before every route: to a host, or as if for another domain", async () => {
  const [host, usual] = [await peer(friendly), await peer(friendly)];
  const home = await house({
    policy: { routes: new Map([["there.example", relayTo(usual.port)]]), relay: relayTo(usual.port) },
  });
  await home.send(["r1@there.example", "r2@there.example"]);
  await home.send(["r3@else.example"]);
  const [first, second, third] = await home.rows();
  const reroute = (row: typeof first, route: string) =>
    home.storage.perform("queue.reroute", { ids: [row!.queueId], route, now: home.now });
  await reroute(first, `127.0.0.1:${host.port}`);
  await reroute(third, "there.example");
  assert.equal(second!.route, null);
  home.worker.start();
  await home.until("an empty queue", empty(home));
  const heard = [host, usual].map((one) =>
    [...one.heard.join("").matchAll(/RCPT TO:<(r\d)/g)].map(([, name]) => name).sort()
  );
  assert.deepEqual(heard, [["r1"], ["r2", "r3"]]);
  await home.close();
  for (const one of [host, usual]) await one.close();
});
