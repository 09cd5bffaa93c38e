/** How the worker chooses: together, in turns, and not at all. */
import assert from "node:assert/strict";
import { friendly, type House, house, peer, relayTo, THERE } from "./house.ts";

const empty = (home: House) => async () => (await home.rows()).length === 0;
const MX = (...names: string[]) =>
  Object.fromEntries(
    names.map((name) => [name, { MX: [{ type: "MX", preference: 10, exchange: "mx.there.example" }] }]),
  );

Deno.test("recipients of several domains behind one exchanger go in one transaction", async () => {
  const there = await peer(friendly);
  const zones = {
    ...THERE,
    ...MX("one.example", "two.example"),
    "own.example": { A: [{ type: "A", address: "127.0.0.1" }] },
  };
  const home = await house({ zones: zones as typeof THERE, policy: { port: there.port } });
  await home.send(["a@one.example", "b@two.example", "c@there.example", "d@own.example", "e@nowhere.example"]);
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.equal(there.transactions(), 2);
  const all = there.heard.join("");
  assert.match(all, /RCPT TO:<a@one\.example>\r\nRCPT TO:<b@two\.example>\r\nRCPT TO:<c@there\.example>\r\nDATA/);
  assert.equal((await home.inbox()).length, 1); // e's domain does not exist
  await home.close();
  await there.close();
});

Deno.test("recipients of all domains behind one relay go in one transaction", async () => {
  const there = await peer(friendly);
  const relay = relayTo(there.port);
  const home = await house({ policy: { relay } });
  await home.send(["a@one.example", "b@two.example", "c@three.example"]);
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.equal(there.transactions(), 1);
  assert.equal(there.heard[0]!.split("RCPT TO:").length - 1, 3);
  await home.close();
  await there.close();
});

Deno.test("many messages for a destination that cannot be reached make a few connections, and all are put off", async () => {
  let taken = 0;
  const there = await peer(() => null);
  await there.close();
  const counted = await peer((verb, line) => {
    if (verb === "EHLO") taken++;
    return verb === "EHLO" ? "421 4.3.2 Closed" : friendly(verb, line);
  });
  const home = await house({ zones: THERE, policy: { port: counted.port, connectionsPerDomain: 20 } });
  for (let i = 0; i < 60; i++) await home.send([`b${i}@there.example`]);
  home.worker.start();
  await home.until("all put off", async () => (await home.rows()).every((row) => row.attempts === 1));
  assert.ok(taken <= 5, `${taken} connections`);
  const replies = (await home.rows()).map((row) => row.lastReply!);
  assert.equal(replies.filter((text) => text === "421 4.3.2 Closed").length, taken);
  const suspended = /^451 4\.4\.1 Not tried now: mx\.there\.example said 421 4\.3\.2 Closed$/;
  assert.equal(replies.filter((text) => suspended.test(text)).length, 60 - taken);
  // A person's word is tried at once.
  await home.storage.perform("queue.change", { ids: null, change: "retry", now: home.now });
  home.worker.retry();
  await home.until("another attempt", async () => (await home.rows()).every((row) => row.attempts === 2));
  assert.ok(taken > replies.filter((text) => text.startsWith("421")).length);
  await home.close();
  await counted.close();
});

Deno.test("a single message passes a mailing that waits for the same destination", async () => {
  const order: string[] = [];
  const there = await peer((verb, line) => {
    if (verb === "MAIL") order.push(line.slice(11, 12));
    return friendly(verb, line);
  });
  const home = await house({ zones: THERE, policy: { port: there.port, connectionsPerDomain: 1 } });
  for (let i = 0; i < 50; i++) await home.send([`b${i}@there.example`], { sender: { reversePath: "m@ours.example" } });
  await home.send(["c@there.example"], { sender: { reversePath: "x@ours.example" } });
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.equal(order.length, 51);
  assert.ok(order.indexOf("x") <= 2, order.join(""));
  await home.close();
  await there.close();
});

Deno.test("an exchanger that is down is found out once, and tried last for a while", async () => {
  let asked = 0;
  const down = await peer((verb) => verb === "EHLO" ? (asked++, "421 4.3.2 Down") : null, 0, "127.0.0.2");
  const there = await peer(friendly, down.port);
  const zones = {
    "there.example": {
      MX: [{ type: "MX", preference: 10, exchange: "a.example" }, {
        type: "MX",
        preference: 20,
        exchange: "b.example",
      }],
    },
    "a.example": { A: [{ type: "A", address: "127.0.0.2" }] },
    "b.example": { A: [{ type: "A", address: "127.0.0.1" }] },
  } as const;
  const home = await house({ zones, policy: { port: there.port } });
  home.worker.start();
  for (let i = 0; i < 4; i++) {
    await home.send([`b${i}@there.example`]);
    await home.until("an empty queue", empty(home));
  }
  assert.equal(asked, 1);
  home.now += 6 * 60_000;
  await home.send(["b9@there.example"]);
  await home.until("an empty queue", empty(home));
  assert.equal(asked, 2);
  assert.equal(there.transactions(), 5);
  await home.close();
  await down.close();
  await there.close();
});

Deno.test("what one message asks of a server, and does not get, is not held against it", async () => {
  const there = await peer(friendly); // no STARTTLS
  const relay = relayTo(there.port);
  const home = await house({ policy: { routes: new Map([["there.example", relay]]) } });
  home.worker.start();
  for (let i = 0; i < 6; i++) await home.send([`r${i}@there.example`], { sender: { requireTls: true } });
  await home.until("all put off", async () => (await home.rows()).every((row) => row.attempts === 1));
  await home.send(["bob@there.example"]);
  await home.until("one sent", async () => (await home.rows()).length === 6);
  assert.equal(there.transactions(), 1);
  await home.close();
  await there.close();
});

Deno.test("slow destinations that hold all places make way for what is due elsewhere", async () => {
  const waiting: (() => void)[] = [];
  let slow = 0;
  const script = (verb: string, line: string) =>
    verb !== "." ? friendly(verb, line) : new Promise<string>((resolve) => {
      slow++;
      waiting.push(() => resolve("250 2.0.0 ok"));
    });
  const [one, two, fast] = [await peer(script), await peer(script), await peer(friendly)];
  const routes = new Map([
    ["a.example", relayTo(one.port)],
    ["b.example", relayTo(two.port)],
    ["fast.example", relayTo(fast.port)],
  ]);
  const home = await house({ policy: { routes, connections: 4, connectionsPerDomain: 2 } });
  for (let i = 0; i < 40; i++) for (const name of ["a", "b"]) await home.send([`x${i}@${name}.example`]);
  home.worker.start();
  await home.until("all places taken", () => Promise.resolve(waiting.length >= 4));
  await home.send(["y@fast.example"]);
  home.worker.wake();
  for (let released = 0; fast.transactions() === 0; released++) {
    assert.ok(released < 12, `it waits behind ${slow} others`);
    const before = slow;
    waiting.shift()!();
    await home.until("another begins", () => Promise.resolve(slow > before || fast.transactions() > 0));
  }
  await home.close();
  for (const { close } of [one, two, fast]) await close();
});

Deno.test("of a mailing and what was put off again and again, a fresh message waits for neither", async () => {
  const heard: string[] = [];
  const there = await peer((verb, line) => {
    if (verb === "MAIL") heard.push(line.slice(11, line.indexOf("@")));
    return friendly(verb, line);
  });
  const home = await house({ zones: THERE, policy: { port: there.port, connections: 1, connectionsPerDomain: 1 } });
  for (let i = 0; i < 30; i++) {
    await home.send([`b${i}@there.example`], { priority: "bulk", sender: { reversePath: "mailing@ours.example" } });
  }
  await home.send(["c@there.example"], { sender: { reversePath: "person@ours.example" } });
  await home.send(["d@there.example"], { sender: { reversePath: "alarm@ours.example" }, priority: "urgent" });
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.deepEqual(heard.slice(0, 3), ["alarm", "person", "mailing"]);
  await home.close();
  await there.close();
});
