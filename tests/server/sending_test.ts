/** Who is left alone after a bounce or a complaint, and which reports of others count. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isHardBounce } from "../../src/server/sending/hard_bounce.ts";
import { type TestServer, testServer } from "../../src/server/test_server.ts";

async function ask(server: TestServer, method: string, path: string, body?: unknown) {
  const response = await server.admin(method, `/api/v1${path}`, body);
  const text = await response.text();
  return { status: response.status, json: text === "" ? null : JSON.parse(text) };
}

const send = (server: TestServer, more: Record<string, unknown> = {}) =>
  ask(server, "POST", "/send", { from: "alice@example.test", to: "zoe@there.example", ...more });

async function until<T>(what: () => T | Promise<T>): Promise<T> {
  for (let i = 0; i < 400; i++) {
    const found = await what();
    if (found) return found;
    await new Promise((go) => setTimeout(go, 5));
  }
  throw new Error("it did not come to that");
}

/** A service that answers each recipient by the digits its address begins with: `550.5.1.1@there.example`. */
async function service() {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const recipients = (JSON.parse(body).to as string[]).map((address) => {
      const [code = "250", ...enhanced] = address.slice(0, address.indexOf("@")).split(".");
      return { address, code: Number(code), enhanced: enhanced.join("."), message: "says the service" };
    });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ recipients }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    relay: { protocol: "http", url: `http://127.0.0.1:${port}/`, tls: "none" },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

Deno.test("isHardBounce() tells an address that is no more from all else", () => {
  const cases: readonly (readonly [number, string | undefined, boolean])[] = [
    [550, "5.1.1", true],
    [550, "5.1.2", true],
    [556, "5.1.10", true],
    [550, "5.2.1", true],
    [550, undefined, true],
    [553, "5.0.0", true],
    [552, "5.2.2", false],
    [554, "5.7.1", false],
    [550, "5.7.1", false],
    [554, undefined, false],
    [450, "4.1.1", false],
    [552, "5.3.4", false],
  ];
  for (const [code, enhanced, hard] of cases) {
    assert.equal(isHardBounce({ code, enhanced }), hard, `${code} ${enhanced}`);
  }
});

Deno.test("who bounced for good is left alone until removed, or sent to all the same where that is asked for", async () => {
  await using there = await service();
  await using server = await testServer({ config: { outbound: { relay: there.relay as never } } });
  const to = [
    "550.5.1.1@there.example",
    "554.5.7.1@there.example",
    "451.4.0.0@there.example",
    "250.2.0.0@there.example",
  ];
  const { json } = await send(server, { to });
  const fates = await until(async () => {
    const { json: now } = await ask(server, "GET", `/send/${json.id}`);
    const states = now.recipients.map(({ state }: { state: string }) => state);
    return !states.includes("queued") && now;
  });
  assert.deepEqual(fates.recipients.map(({ state }: { state: string }) => state), [
    "bounced",
    "bounced",
    "deferred",
    "delivered",
  ]);
  assert.match(fates.recipients[2].detail, /says the service/);
  const listed = await until(async () => {
    const { json } = await ask(server, "GET", "/domains/example.test/suppressions");
    return json.suppressions.length > 0 && json.suppressions;
  });
  assert.equal(listed.length, 1);
  assert.deepEqual([listed[0].address, listed[0].reason, listed[0].id], [to[0], "bounced", json.id]);

  const again = await send(server, { to: [to[0], to[3]] });
  assert.deepEqual([again.status, again.json.recipients[0].state], [201, "suppressed"]);
  assert.match(again.json.recipients[0].detail, /The address bounced on 2026-01-01: .*says the service/);
  const alone = await send(server, { to: to[0]!.toUpperCase() });
  assert.deepEqual([alone.status, alone.json.code], [422, "suppressed"]);
  assert.equal((await send(server, { to: to[0], evenSuppressed: true })).status, 201);
  // Mail of people goes there.
  const query = `sender=alice@example.test&recipient=${to[0]}`;
  const plain = await server.server.fetch(
    new Request(`http://localhost/api/v1/messages?${query}`, {
      method: "POST",
      headers: { authorization: "Bearer test-server-admin-token", "content-type": "message/rfc822" },
      body: "Subject: x\n\n",
    }),
  );
  assert.equal(plain.status, 201);
  const path = `/domains/example.test/suppressions/${to[0]}`;
  assert.equal((await ask(server, "DELETE", path)).status, 204);
  assert.equal((await ask(server, "GET", path)).status, 404);
  assert.equal((await ask(server, "PUT", path, { detail: "asked by mail" })).json.reason, "asked");
  assert.equal((await ask(server, "GET", path)).json.detail, "asked by mail");
});

function report(type: string, told: string, original: string): string {
  return [
    `Content-Type: multipart/report; report-type=${type}; boundary=b`,
    "MIME-Version: 1.0",
    "Subject: report",
    "",
    "--b",
    "",
    "words",
    "--b",
    `Content-Type: message/${type}`,
    "",
    told,
    "--b",
    "Content-Type: message/rfc822",
    "",
    original,
    "",
    "body",
    "--b--",
    "",
  ].join("\n");
}

Deno.test("a complaint or a late bounce counts with the message's id, for its recipients, once", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const { json } = await send(server, { to: ["zoe@there.example", "max@there.example"] });
  const { json: other } = await send(server, { to: "ann@there.example" });
  const list = async () => (await ask(server, "GET", "/domains/example.test/suppressions")).json.suppressions;
  const bring = (text: string, from = "") => server.deliver(text, "alice@example.test", from || "<>".slice(1, 1));
  const dsn = (recipient: string, status = "5.1.1") =>
    `Reporting-MTA: dns; mx.there.example\n\nFinal-Recipient: rfc822; ${recipient}\nAction: failed\nStatus: ${status}\n` +
    "Diagnostic-Code: smtp; 550 5.1.1 no such user";
  const id = `Message-ID: <${json.messageId}>`;
  // Not ours, not its recipient, not failed for good, no report.
  await bring(report("delivery-status", dsn("zoe@there.example"), "Message-ID: <1234567890abcdef.1@example.test>"));
  await bring(report("delivery-status", dsn("eve@evil.example"), id));
  await bring(report("delivery-status", dsn("max@there.example", "5.2.2").replace("550 5.1.1", "552 5.2.2"), id));
  await bring(`Subject: x\n\n${dsn("zoe@there.example")}\n${id}`);
  await bring(
    report("feedback-report", "Feedback-Type: not-spam\nOriginal-Rcpt-To: zoe@there.example", id),
    "fbl@x.example",
  );
  // These count.
  await bring(report("delivery-status", dsn("ZOE@there.example"), id));
  const complaint = "Feedback-Type: abuse\nUser-Agent: Feedback/1.0\nVersion: 1";
  await bring(report("feedback-report", complaint, `Received: from x by mail id ${other.id} for y`), "fbl@x.example");
  const found = await until(async () => (await list()).length === 2 && await list());
  assert.deepEqual(
    found.map(({ address, reason }: { address: string; reason: string }) => [address, reason]).sort(),
    [["ann@there.example", "complained"], ["zoe@there.example", "bounced"]],
  );
  const states = async (id: string) =>
    (await ask(server, "GET", `/send/${id}`)).json.recipients.map(({ state }: { state: string }) => state);
  assert.deepEqual(await states(json.id), ["bounced", "bounced"]);
  assert.deepEqual(await states(other.id), ["complained"]);
});
