/** Mail that leaves by HTTP, and services that do not behave. */
import assert from "node:assert/strict";
import { latin1String } from "../../../../src/base/bytes.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { testServer } from "../../../../src/server/test_server.ts";
import { HOUR, type House, house, MESSAGE } from "../house.ts";
import { type Heard, provider, relayBy } from "./provider.ts";

const SENT = "Received: by mail.ours.example\r\n" + MESSAGE;
const empty = (home: House) => async () => (await home.rows()).length === 0;
const deferred = (home: House) => async () => (await home.rows()).some(({ attempts }) => attempts > 0);
const json = ({ body }: Heard) => JSON.parse(latin1String(body)) as { from: string; to: string[]; message: string };

Deno.test("a message goes by HTTP as JSON, with the secret, and the journal has the name it got there", async () => {
  const there = await provider((_, response) => response.end('{"id":"m-17"}'));
  const home = await house({ policy: { relay: relayBy(there.port) } });
  home.worker.start();
  const traceId = await home.send(["bob@there.example", "eve@there.example"]);
  await home.until("an empty queue", empty(home));
  assert.equal(there.heard.length, 1);
  const [request] = there.heard;
  assert.equal(request!.path, "/v1/send");
  assert.equal(request!.headers.authorization, "Bearer s3cret");
  assert.equal(request!.headers["content-type"], "application/json");
  assert.equal(Number(request!.headers["content-length"]), request!.body.length);
  assert.match(request!.headers["idempotency-key"] as string, /^[0-9a-f]{48}$/);
  const { from, to, message } = json(request!);
  assert.deepEqual([from, to], ["alice@ours.example", ["bob@there.example", "eve@there.example"]]);
  assert.equal(atob(message), SENT);
  const journal = await home.storage.perform("journal.read", { traceId });
  assert.equal(journal[0]!.detail, "Taken by 127.0.0.1 in clear, it said: 250 2.0.0 Accepted as m-17");
  await home.close();
  await there.close();
});

Deno.test("a message goes by HTTP as a form, or alone, under the names that the service has for things", async () => {
  const there = await provider((_, response) => response.end());
  const fields = { from: "sender", to: "rcpt", message: "mime" };
  const login = { username: "u", password: new Secret("p") };
  const routes = new Map([
    ["form.example", relayBy(there.port, { format: "multipart", fields, token: null }, login)],
    [
      "mime.example",
      relayBy(there.port, { format: "mime", token: null, headers: new Map([["X-Key", new Secret("k")]]) }),
    ],
  ]);
  const home = await house({ policy: { routes } });
  home.worker.start();
  await home.send(["a@form.example", "b@form.example"]);
  await home.until("an empty queue", empty(home));
  await home.send(["a@mime.example", "\u00fc@mime.example"], { sender: { smtputf8: true } });
  await home.until("an empty queue", empty(home));
  const [form, mime] = there.heard;
  assert.equal(form!.headers.authorization, `Basic ${btoa("u:p")}`);
  const data = await new Response(form!.body, { headers: { "content-type": form!.headers["content-type"]! } })
    .formData();
  assert.deepEqual(data.getAll("sender"), ["alice@ours.example"]);
  assert.deepEqual(data.getAll("rcpt"), ["a@form.example", "b@form.example"]);
  assert.equal(await (data.get("mime") as File).text(), SENT);
  assert.equal(latin1String(mime!.body), SENT);
  assert.equal(mime!.headers["x-key"], "k");
  assert.equal(mime!.headers.authorization, undefined);
  assert.equal(mime!.headers["envelope-from"], "alice@ours.example");
  assert.equal(mime!.headers["envelope-to"], "a@mime.example, %C3%BC@mime.example");
  await home.close();
  await there.close();
});

Deno.test("recipients that a service answers for one by one are settled one by one, in as many requests as it takes", async () => {
  const there = await provider((heard, response) => {
    const recipients = json(heard).to.map((address) =>
      address.startsWith("no")
        ? { address, code: 550, enhanced: "5.1.1", message: "No such user" }
        : { address, code: 250, id: "7" }
    );
    response.end(JSON.stringify({ recipients }));
  });
  const home = await house({ policy: { relay: relayBy(there.port, { recipients: 2 }) } });
  home.worker.start();
  const traceId = await home.send(["a@x.example", "no@x.example", "b@x.example"]);
  await home.until("an empty queue", empty(home));
  assert.deepEqual(there.heard.map((one) => json(one).to.length), [2, 1]);
  const keys = there.heard.map(({ headers }) => headers["idempotency-key"]);
  assert.notEqual(keys[0], keys[1]);
  const journal = await home.storage.perform("journal.read", { traceId });
  const events = journal.map(({ event, recipient }) => `${event} ${recipient}`).sort();
  assert.deepEqual(events.filter((one) => !one.startsWith("reported")), [
    "bounced no@x.example",
    "delivered a@x.example",
    "delivered b@x.example",
  ]);
  assert.match((await home.inbox())[0]!, /Final-Recipient: rfc822; no@x\.example\r\nAction: failed/);
  await home.close();
  await there.close();
});

Deno.test("a service that wants to be left alone is, and knows the message again when it comes back", async () => {
  const there = await provider((_, response, number) => {
    if (number > 1) return void response.end("{}");
    response.writeHead(429, { "retry-after": "7200" }).end('{"message":"slow down"}');
  });
  const home = await house({ policy: { relay: relayBy(there.port) } });
  home.worker.start();
  await home.send(["bob@there.example"]);
  await home.until("a deferred row", deferred(home));
  const [row] = await home.rows();
  assert.equal(row!.lastReply, "451 4.0.0 HTTP 429: slow down");
  assert.ok(row!.dueAt >= home.now + 2 * HOUR, String(row!.dueAt - home.now));
  home.now += 3 * HOUR;
  home.worker.wake();
  await home.until("an empty queue", empty(home));
  const keys = new Set(there.heard.map(({ headers }) => headers["idempotency-key"]));
  assert.deepEqual([there.heard.length, keys.size], [2, 1]);
  await home.close();
  await there.close();
});

const TROUBLE: readonly (readonly [string, Parameters<typeof provider>[0], RegExp])[] = [
  [
    "redirects",
    (_, r) => void r.writeHead(307, { location: "/elsewhere" }).end(),
    /^451 4\.0\.0 HTTP 307, and redirects/,
  ],
  ["knows us no more", (_, r) => void r.writeHead(401).end("who?"), /^451 4\.3\.5 HTTP 401: who\?$/],
  ["is down", (_, r) => void r.writeHead(503).end(), /^451 4\.0\.0 HTTP 503$/],
  ["says nothing", () => {}, /^451 4\.4\.2 there was no answer in time$/],
  ["begins an answer and does not end it", (_, r) => void r.write("{"), /^451 4\.4\.2 there was no answer in time$/],
  ["hangs up", (_, r) => void r.destroy(), /^451 4\.4\.2 /],
];
for (const [what, answer, reply] of TROUBLE) {
  Deno.test(`a service that ${what} has the message wait, and nobody else is asked`, async () => {
    const there = await provider(answer);
    const home = await house({ policy: { relay: relayBy(there.port) }, parts: { http: { timeoutMs: 200 } } });
    home.worker.start();
    await home.send(["bob@there.example"]);
    await home.until("a deferred row", deferred(home));
    assert.match((await home.rows())[0]!.lastReply!, reply);
    assert.equal(there.heard.length, 1);
    await home.close();
    await there.close();
  });
}

Deno.test("an answer without an end is read to a limit", async () => {
  let written = 0;
  const there = await provider((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536))) written++;
      if (!response.destroyed) response.once("drain", more);
    };
    more();
  });
  const home = await house({ policy: { relay: relayBy(there.port) } });
  home.worker.start();
  await home.send(["bob@there.example"]);
  await home.until("an empty queue", empty(home)); // its status was 200
  assert.ok(written < 1000, String(written));
  await home.close();
  await there.close();
});

Deno.test("what a service refuses goes back to its sender, with its words", async () => {
  const there = await provider((_, response) =>
    response.writeHead(422).end('{"message":"The sender is not verified"}')
  );
  const home = await house({ policy: { relay: relayBy(there.port) } });
  home.worker.start();
  await home.send(["bob@there.example"]);
  await home.until("an empty queue", empty(home));
  assert.match((await home.inbox())[0]!, /HTTP 422: The sender is not verified/);
  await home.close();
  await there.close();
});

Deno.test("a service with a certificate of nobody gets nothing", async () => {
  await using other = await testServer({ listen: true });
  const { port } = other.address("imap", "implicit");
  const relay = relayBy(port, { url: `https://127.0.0.1:${port}/` }, { tls: "implicit" });
  const home = await house({ policy: { relay } });
  home.worker.start();
  await home.send(["bob@there.example"]);
  await home.until("a deferred row", deferred(home));
  assert.match((await home.rows())[0]!.lastReply!, /^451 4\.4\.2 .*certificate/i);
  await home.close();
});

Deno.test("a large message is sent as it is read, and REQUIRETLS keeps it here", async () => {
  const there = await provider((_, response) => response.end("{}"));
  const home = await house({ policy: { relay: relayBy(there.port) } });
  home.text = MESSAGE + "0123456789abcdef\r\n".repeat(90_000);
  home.worker.start();
  await home.send(["bob@there.example"]);
  await home.until("an empty queue", empty(home));
  const sent = atob(json(there.heard[0]!).message);
  assert.equal(sent.length, "Received: by mail.ours.example\r\n".length + home.text.length);
  assert.ok(sent.endsWith(home.text.slice(-1000)));
  await home.send(["bob@there.example"], { sender: { requireTls: true } });
  await home.until("an empty queue", empty(home));
  assert.equal(there.heard.length, 1);
  assert.match((await home.inbox())[0]!, /5\.7\.30/);
  await home.close();
  await there.close();
});

Deno.test("a server that stops does not wait for a service that says nothing", async () => {
  const there = await provider(() => {});
  const home = await house({ policy: { relay: relayBy(there.port) } });
  home.worker.start();
  await home.send(["bob@there.example"]);
  await home.until("a request", () => Promise.resolve(there.heard.length === 1));
  const began = performance.now();
  await home.worker.stop(20);
  assert.ok(performance.now() - began < 5_000);
  const [row] = await home.rows();
  assert.deepEqual([row!.state, row!.dueAt], ["ready", home.now]);
  await home.close();
  await there.close();
});
