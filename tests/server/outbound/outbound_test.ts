import assert from "node:assert/strict";
import type { TraceId } from "../../../src/contract/mod.ts";
import { friendly, HOUR, type House, house, peer, recipient, relayTo, type Script, START, THERE } from "./house.ts";

const empty = (home: House) => async () => (await home.rows()).length === 0;
const deferred = (home: House) => async () => {
  const [row] = await home.rows();
  return row?.state === "ready" && row.attempts > 0;
};
const events = async (home: House, traceId: TraceId) =>
  (await home.storage.perform("journal.read", { traceId })).map((entry) => entry.event);
const only = (script: Partial<Record<string, string | null>>): Script => (verb, line) =>
  verb in script ? script[verb]! : friendly(verb, line);

/** The port of nobody: taken and given back a moment ago. */
async function deadPort(): Promise<number> {
  const nobody = await peer(friendly);
  await nobody.close();
  return nobody.port;
}

Deno.test("the worker delivers what is queued while it runs", async () => {
  const there = await peer(friendly);
  const home = await house({ zones: THERE, policy: { port: there.port } });
  home.worker.start();
  const traceId = await home.send(["bob@there.example", "carol@there.example"]);
  await home.until("an empty queue", empty(home));
  assert.equal(there.heard.length, 1);
  assert.match(there.heard[0]!, /^EHLO mail\.ours\.example\r\nMAIL FROM:<alice@ours\.example>\r\n/);
  assert.match(there.heard[0]!, /RCPT TO:<bob@there\.example>\r\nRCPT TO:<carol@there\.example>\r\nDATA\r\n/);
  assert.match(there.heard[0]!, /DATA\r\nReceived: by mail\.ours\.example\r\nFrom: alice/);
  assert.match(there.heard[0]!, /\r\n\r\nhello\r\n\.\.dots\r\n\.\r\n/);
  assert.deepEqual(await events(home, traceId), ["delivered", "delivered"]);
  await home.close();
  await there.close();
});

Deno.test("the worker tries again after a temporary refusal, when its time has come", async () => {
  const answers = ["450 4.2.0 Busy", "250 2.1.5 ok"];
  const there = await peer((verb, line) => verb === "RCPT" ? answers.shift()! : friendly(verb, line));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  const traceId = await home.send(["bob@there.example"]);
  home.worker.start();
  await home.until("a deferred row", deferred(home));
  const [row] = await home.rows();
  assert.equal(row!.lastReply, "450 4.2.0 Busy");
  assert.ok(row!.dueAt > START + 20_000 && row!.dueAt < START + 40_000, String(row!.dueAt - START));
  home.worker.wake();
  await home.until("a second look", async () => (await home.rows())[0]?.state === "ready");
  assert.equal(there.transactions(), 1);
  home.now += 40_000;
  home.worker.wake();
  await home.until("an empty queue", empty(home));
  assert.equal(there.transactions(), 2);
  assert.deepEqual(await events(home, traceId), ["deferred", "delivered"]);
  await home.close();
  await there.close();
});

Deno.test("a refusal for good comes back to the sender's INBOX as a report", async () => {
  const there = await peer(only({ RCPT: "550 5.1.1 No such user here" }));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  const traceId = await home.send(["bob@there.example"]);
  home.worker.start();
  await home.until("an empty queue", empty(home));
  const [bounce, more] = await home.inbox();
  assert.ok(bounce);
  assert.equal(more, undefined);
  assert.match(bounce, /^Return-Path: <>\r\nDelivered-To: alice@ours\.example\r\n/);
  assert.match(bounce, /Content-Type: multipart\/report; report-type=delivery-status;/);
  assert.match(bounce, /Auto-Submitted: auto-replied/);
  assert.match(bounce, /Final-Recipient: rfc822; bob@there\.example\r\nAction: failed\r\nStatus: 5\.1\.1\r\n/);
  assert.match(
    bounce,
    /Remote-MTA: dns; mx\.there\.example\r\nDiagnostic-Code: smtp; 550 5\.1\.1 No such user here\r\n/,
  );
  assert.match(bounce, /Content-Type: text\/rfc822-headers\r\n/);
  assert.match(bounce, /\r\nMessage-ID: <m1@ours\.example>\r\n/);
  assert.doesNotMatch(bounce, /hello/);
  assert.deepEqual(await events(home, traceId), ["bounced", "reported"]);
  await home.close();
  await there.close();
});

Deno.test("no report answers the null sender, nor a recipient with NOTIFY=NEVER", async () => {
  const there = await peer(only({ RCPT: "550 5.1.1 No such user here" }));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  const first = await home.send(["bob@there.example"], { sender: { reversePath: "" } });
  await home.send(["bob@there.example"], { recipient: { ...recipient("bob@there.example"), notify: [] } });
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.equal(there.transactions(), 2);
  assert.deepEqual(await home.inbox(), []);
  assert.deepEqual(await events(home, first), ["bounced"]);
  await home.close();
  await there.close();
});

Deno.test("a refused connection is put off, given up at its time and then reported", async () => {
  const home = await house({ zones: THERE, policy: { port: await deadPort() } });
  await home.send(["bob@there.example"]);
  home.worker.start();
  await home.until("a deferred row", deferred(home));
  const [row] = await home.rows();
  assert.match(row!.lastReply!, /^451 4\.4\.1 mx\.there\.example \(127\.0\.0\.1, port \d+\) refuses connections$/);
  home.now = row!.expiresAt;
  home.worker.wake();
  await home.until("an empty queue", empty(home));
  const [bounce] = await home.inbox();
  assert.match(bounce!, /Status: 5\.4\.7\r\n/);
  assert.match(bounce!, /It was tried 2 times in 5 days, and then given up\./);
  assert.match(bounce!, /Diagnostic-Code: x-palomar; 451 4\.4\.1/);
  await home.close();
});

Deno.test("the next host is tried where the first has trouble of its own", async () => {
  const sick = await peer(friendly);
  await sick.close();
  const there = await peer(friendly, sick.port);
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
  await home.send(["bob@there.example"]);
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.equal(there.heard.length, 1);
  assert.deepEqual(await home.inbox(), []);
  await home.close();
  await there.close();
});

Deno.test("stop() puts back an attempt that has not begun to send, due at once", async () => {
  const there = await peer(only({ EHLO: null }));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  await home.send(["bob@there.example"]);
  home.worker.start();
  await home.until("a greeting", () => Promise.resolve((there.heard[0] ?? "").startsWith("EHLO")));
  assert.equal((await home.rows())[0]!.state, "leased");
  await home.worker.stop(5_000);
  const [row] = await home.rows();
  assert.equal(row!.state, "ready");
  assert.equal(row!.dueAt, START);
  await home.close();
  await there.close();
});

Deno.test("stop() cuts an attempt that does not end in its grace", async () => {
  const there = await peer(only({ ".": null }));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  await home.send(["bob@there.example"]);
  home.worker.start();
  await home.until("a whole message", () => Promise.resolve((there.heard[0] ?? "").endsWith("\r\n.\r\n")));
  await home.worker.stop(10);
  assert.equal((await home.rows())[0]!.state, "ready");
  await home.close();
  await there.close();
});

Deno.test("nothing goes out while the worker is held", async () => {
  const there = await peer(friendly);
  const home = await house({ zones: THERE, policy: { port: there.port, hold: true } });
  await home.send(["bob@there.example"]);
  home.worker.start();
  home.worker.wake();
  await home.storage.perform("queue.next", {});
  assert.equal((await home.rows())[0]!.state, "ready");
  home.worker.hold(false);
  await home.until("an empty queue", empty(home));
  assert.equal(there.heard.length, 1);
  await home.close();
  await there.close();
});

Deno.test("a route of the domain goes before its exchangers, and a login goes to it only", async () => {
  const there = await peer(friendly);
  const relay = relayTo(there.port);
  const home = await house({ policy: { port: 1, routes: new Map([["there.example", relay]]) } });
  await home.send(["bob@there.example"]);
  await home.send(["bob@nowhere.example"]);
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.equal(there.heard.length, 1);
  assert.match((await home.inbox())[0]!, /Status: 5\.1\.2/);
  await home.close();
  await there.close();
});

Deno.test("a row for a full account waits here and is delivered when there is room", async () => {
  const home = await house({ quota: 10 });
  const traceId = await home.send(["alice@ours.example"], {
    domain: null,
    prefix: new TextEncoder().encode(
      "Return-Path: <x@y.example>\r\nDelivered-To: old@ours.example\r\nReceived: by us\r\n",
    ),
    sender: { reversePath: "bob@there.example" },
  });
  home.worker.start();
  // Larger than the whole mailbox may be: that is for good, but its sender cannot be reached.
  await home.until("an empty queue or a bounce", async () => (await home.rows()).every((row) => row.domain !== null));
  assert.deepEqual((await events(home, traceId)).slice(0, 2), ["bounced", "reported"]);
  await home.storage.perform("account.change", {
    address: "alice@ours.example",
    quota: { bytes: null, messages: 0 },
  });
  const second = await home.send(["alice@ours.example"], {
    domain: null,
    prefix: new TextEncoder().encode(
      "Return-Path: <x@y.example>\r\nDelivered-To: old@ours.example\r\nReceived: by us\r\n",
    ),
  });
  const row = async () => (await home.rows()).find((row) => row.traceId === second);
  await home.until("a deferred row", async () => ((await row())?.attempts ?? 0) > 0);
  assert.match((await row())!.lastReply!, /^452 4\.2\.2 /);
  await home.storage.perform("account.change", {
    address: "alice@ours.example",
    quota: { bytes: null, messages: null },
  });
  home.now += HOUR;
  home.worker.wake();
  await home.until("a delivery", async () => await row() === undefined);
  const [mail] = await home.inbox();
  assert.match(
    mail!,
    /^Return-Path: <alice@ours\.example>\r\nDelivered-To: alice@ours\.example\r\nReceived: by us\r\nFrom: alice/,
  );
  await home.close();
});

Deno.test("more jobs of one domain than it may have connections are all sent, a few at a time", async () => {
  let now = 0;
  let most = 0;
  const there = await peer((verb, line) => {
    if (verb === "EHLO") most = Math.max(most, ++now);
    if (verb === "QUIT") now--;
    return friendly(verb, line);
  });
  const home = await house({ zones: THERE, policy: { port: there.port, connectionsPerDomain: 2, connections: 4 } });
  for (let i = 0; i < 6; i++) await home.send([`b${i}@there.example`]);
  home.worker.start();
  await home.until("an empty queue", empty(home)); // the clock stands: nobody is put off
  assert.equal(there.transactions(), 6);
  assert.ok(most <= 2, `${most} at once`);
  await home.close();
  await there.close();
});

Deno.test("our own listener as the exchanger of a domain that is not ours is a loop, and no attempt", async () => {
  const us = await peer(friendly);
  for (const own of [`127.0.0.1:${us.port}`, `0.0.0.0:${us.port}`, `:::${us.port}`, `[::]:${us.port}`]) {
    const home = await house({ zones: THERE, policy: { port: us.port }, own: [own] });
    await home.send(["bob@there.example"]);
    home.worker.start();
    await home.until("an empty queue", empty(home));
    assert.match((await home.inbox())[0]!, /Status: 5\.4\.6\r\n/, own);
    await home.close();
  }
  assert.equal(us.heard.length, 0);
  await us.close();
});

Deno.test("a domain that became ours while mail for it waited is delivered here", async () => {
  const home = await house();
  await home.send(["alice@ours.example"], { domain: "ours.example" });
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.match(
    (await home.inbox())[0]!,
    /^Return-Path: <alice@ours\.example>\r\nDelivered-To: alice@ours\.example\r\n/,
  );
  await home.close();
});

Deno.test("a report that cannot be stored holds up neither what was delivered nor itself", async () => {
  const there = await peer((verb, line) =>
    verb === "RCPT" && line.includes("nobody") ? "550 5.1.1 No such user" : friendly(verb, line)
  );
  const home = await house({ zones: THERE, policy: { port: there.port } });
  const createBlob = home.storage.createBlob.bind(home.storage);
  await home.send(["bob@there.example", "nobody@there.example"]);
  let full = 1;
  home.storage.createBlob = () => {
    if (full-- > 0) throw Object.assign(new Error("no space"), { reason: "full" });
    return createBlob();
  };
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.equal(there.heard.length, 1);
  assert.equal((await home.inbox()).length, 1);
  assert.ok(home.lines.some((line) => line.event === "queue.settle.failed"));
  await home.close();
  await there.close();
});

Deno.test("a report that cannot be delivered is told to nobody", async () => {
  const home = await house();
  const traceId = await home.send(["bob@there.example"], { sender: { reversePath: "gone@nowhere.example" } });
  home.worker.start();
  await home.until("an empty queue", empty(home));
  const journal = await home.storage.perform("journal.read", { traceId });
  const report = journal.at(-1)!.detail.match(/report (b[0-9a-f]+\.1)/)![1] as TraceId;
  assert.deepEqual(await events(home, report), ["accepted", "queued", "bounced"]);
  const local = await home.send(["bob@there.example"], { sender: { reversePath: "nobody@ours.example" } });
  await home.until("an empty queue", empty(home));
  assert.match(
    (await home.storage.perform("journal.read", { traceId: local })).at(-1)!.detail,
    /^The sender cannot be told: 550 /,
  );
  assert.deepEqual(await home.inbox(), []);
  await home.close();
});

Deno.test("mail that requires TLS all the way is returned where the way is not signed", async () => {
  const there = await peer(friendly);
  const home = await house({ zones: THERE, policy: { port: there.port } });
  await home.send(["bob@there.example"], { sender: { requireTls: true } });
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.match((await home.inbox())[0]!, /Status: 5\.7\.10\r\n/);
  assert.equal(there.heard.length, 0);
  await home.close();
  await there.close();
});

Deno.test("stop() and hold() give back at once what only waited for its domain", async () => {
  const there = await peer(only({ EHLO: null }));
  const home = await house({ zones: THERE, policy: { port: there.port, connectionsPerDomain: 1 } });
  for (let i = 0; i < 4; i++) await home.send([`b${i}@there.example`]);
  home.worker.start();
  await home.until("a greeting", () => Promise.resolve((there.heard[0] ?? "").startsWith("EHLO")));
  await home.worker.stop(5_000);
  const claim = { owner: "the next one", now: home.now, leaseMs: 1, limit: 10 };
  assert.equal((await home.storage.perform("queue.claim", claim)).length, 4);
  assert.equal(there.heard.length, 1);
  await home.close();
  await there.close();
});

Deno.test("what a row only reports is told once, in one report a message, and nothing is delivered for it", async () => {
  const home = await house();
  const wish = (forwardPath: string) => ({ ...recipient(forwardPath), notify: ["success"] as const });
  const row = { domain: null, prefix: new Uint8Array(0) };
  await home.send(["x"], { ...row, recipient: wish("alice@ours.example"), report: "delivered" });
  await home.send(["x"], { ...row, recipient: wish("team@ours.example"), report: "expanded", expiresAt: home.now });
  home.worker.start();
  await home.until("an empty queue", empty(home));
  const told = (await home.inbox()).join("");
  assert.equal(told.split("multipart/report").length - 1, 2);
  assert.match(told, /Final-Recipient: rfc822; alice@ours\.example\r\nAction: delivered\r\nStatus: 2\.1\.5\r\n/);
  assert.match(told, /Final-Recipient: rfc822; team@ours\.example\r\nAction: expanded\r\nStatus: 2\.1\.5\r\n/);
  assert.match(told, /\r\nSubject: Your message was passed on:/);
  assert.doesNotMatch(told, /hello/);
  await home.close();
});
