/** `POST /api/v1/inbound`: mail that another server took, through all that mail at port 25 passes. */
import assert from "node:assert/strict";
import worker from "../../deploy/inbound/cloudflare_worker.js";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { type TestServer, testServer } from "../../src/server/test_server.ts";

const MAIL = "From: zoe@outside.test\r\nSubject: hello\r\n\r\nA pigeon.\r\n";

async function source(server: TestServer, more: Record<string, unknown> = {}): Promise<{ id: string; token: string }> {
  const response = await server.admin("POST", "/api/v1/inbound-sources", { name: "front", ...more });
  assert.equal(response.status, 201);
  return await response.json();
}

async function bring(
  server: TestServer,
  token: string,
  query: string,
  body: BodyInit | null = MAIL,
  headers: Record<string, string> = {},
  address = "203.0.113.9",
) {
  const request = new Request(`http://localhost/api/v1/inbound?${query}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "message/rfc822", ...headers },
    body,
  });
  const response = await server.server.fetch(request, { address });
  return { status: response.status, headers: response.headers, json: await response.json() };
}

async function inbox(server: TestServer, who: string): Promise<string> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask(`a LOGIN ${who}@example.test ${who}`, "a OK");
  await imap.ask("b SELECT INBOX", "b OK");
  const text = await imap.ask("c FETCH 1:* BODY[]", "c OK");
  imap.close();
  return text;
}

const TO_ALICE = "sender=zoe@outside.test&recipient=alice@example.test";

Deno.test("a message that is brought is delivered with its trace, and each recipient is answered", async () => {
  await using server = await testServer();
  const { token } = await source(server);
  const { status, json } = await bring(server, token, `${TO_ALICE}&recipient=nobody@example.test`);
  assert.equal(status, 200);
  const [taken, refused] = json.recipients;
  assert.deepEqual(taken, { address: "alice@example.test", code: 250, enhanced: "2.1.5", message: "Taken" });
  assert.deepEqual([refused.address, refused.code, refused.enhanced], ["nobody@example.test", 550, "5.1.1"]);
  const text = await inbox(server, "alice");
  assert.match(text, /Return-Path: <zoe@outside\.test>/);
  assert.match(text, /Received: from front \(\[203\.0\.113\.9\]\)\r\n\tby mail\.example\.test with HTTP/);
  assert.match(text, /Authentication-Results: mail\.example\.test/);
  assert.doesNotMatch(text, /spf=/);
  const story = await (await server.admin("GET", `/api/v1/messages/${json.traceId}`)).json();
  assert.ok(story.journal.some(({ event }: { event: string }) => event === "delivered"));
});

Deno.test("what port 25 refuses is refused in its words: for good 422, for now 503 with Retry-After", async () => {
  await using server = await testServer({ config: { limits: { messageSize: "64KB", recipients: 100 } } });
  const { token, id } = await source(server, { domains: ["example.test"] });
  const big = utf8Bytes("\n".repeat(40_000)) as BodyInit;
  const cases: readonly (readonly [string, BodyInit | null, Record<string, string>, number, RegExp])[] = [
    ["sender=zoe@outside.test&recipient=nobody@example.test", MAIL, {}, 422, /^550 5\.1\.1 /],
    ["sender=zoe@outside.test&recipient=zoe@elsewhere.test", MAIL, {}, 422, /^550 5\.7\.1 This source/],
    [TO_ALICE, big, {}, 413, /^552 5\.3\.4 /],
    [TO_ALICE, "Received: x\r\n".repeat(120) + "\r\n", {}, 422, /^554 5\.4\.6 /],
    ["recipient=alice@example.test", MAIL, {}, 422, /sender: is missing/],
    ["sender=zoe@outside.test", MAIL, {}, 422, /recipient: is missing/],
    ["sender=zoe&recipient=alice@example.test", MAIL, {}, 422, /should be an address/],
    ["sender=zoe@outside.test%0d%0aX:y&recipient=alice@example.test", MAIL, {}, 422, /should be an address/],
    [`${TO_ALICE}&clientAddress=x`, MAIL, {}, 422, /clientAddress/],
    [TO_ALICE, MAIL, { "content-type": "text/plain" }, 415, /message\/rfc822/],
    [TO_ALICE, "{", { "content-type": "application/json" }, 400, /JSON/],
    [
      "",
      '{"from":"a@b.example","to":"alice@example.test","message":"a*"}',
      { "content-type": "application/json" },
      422,
      /Base64/,
    ],
    ["", "x", { "content-type": "multipart/form-data; boundary=b" }, 400, /form/],
    ["", "--b\r\n\r\nx\r\n--b--", { "content-type": "multipart/form-data; boundary=b" }, 422, /message: is missing/],
    [`sender=&${"recipient=a@example.test&".repeat(1001)}`, MAIL, {}, 422, /1000/],
    [TO_ALICE, MAIL, { "idempotency-key": "x".repeat(300) }, 422, /255/],
    ["", MAIL, { "envelope-from": "%zz", "envelope-to": "alice%40example.test" }, 422, /sender/],
  ];
  for (const [query, body, headers, status, words] of cases) {
    const answer = await bring(server, token, query, body, headers);
    assert.deepEqual([query.slice(0, 60), answer.status], [query.slice(0, 60), status], answer.json.detail);
    assert.match(answer.json.detail, words);
  }
  await server.admin("PATCH", "/api/v1/accounts/alice@example.test", { quota: { bytes: 1, messages: null } });
  const full = await bring(server, token, TO_ALICE);
  assert.deepEqual([full.status, full.headers.get("retry-after")], [503, "60"]);
  assert.match(full.json.detail, /^452 4\.2\.2 /);
  for (const wrong of ["", "palomar_in_x_y", token + "x", token.toUpperCase(), `palomar_in_${id}_`]) {
    assert.equal((await bring(server, wrong, TO_ALICE)).status, 401, wrong);
  }
  assert.equal((await bring(server, "test-server-admin-token", TO_ALICE)).status, 401);
  await server.admin("PATCH", `/api/v1/inbound-sources/${id}`, { enabled: false });
  assert.equal((await bring(server, token, TO_ALICE)).status, 401);
});

Deno.test("envelope and message come by header fields, forms and JSON too, octet for octet", async () => {
  await using server = await testServer();
  const { token } = await source(server);
  const message = utf8Bytes("Subject: ä & = +\r\nFrom: zoe@outside.test\r\n\r\n--x\r\n%41\r\n\r\n");
  const octets = new Uint8Array([...message.subarray(0, 9), 0xe4, ...message.subarray(11)]);
  const percent = [...octets].map((one) => "%" + one.toString(16).padStart(2, "0")).join("");
  const basic = { authorization: `Basic ${btoa(`any:${token}`)}` };
  const file = new FormData();
  file.append("from", "zoe@outside.test");
  file.append("to", "alice@example.test");
  file.append("to", "bob@example.test");
  file.append("message", new Blob([octets], { type: "message/rfc822" }), "message.eml");
  const multipart = new Request("http://x/", { method: "POST", body: file });
  const requests: readonly (readonly [string, BodyInit, Record<string, string>])[] = [
    ["", octets as BodyInit, {
      "envelope-from": "zoe@outside.test",
      "envelope-to": "alice%40example.test, bob@example.test",
    }],
    ["", `sender=zoe%40outside.test&recipient=alice@example.test,bob%40example.test&body-mime=${percent}`, {
      "content-type": "application/x-www-form-urlencoded",
      ...basic,
    }],
    ["", new Uint8Array(await multipart.clone().arrayBuffer()) as BodyInit, {
      "content-type": multipart.headers.get("content-type")!,
    }],
    [
      "",
      JSON.stringify({
        from: "zoe@outside.test",
        to: ["alice@example.test", "bob@example.test"],
        message: btoa(String.fromCharCode(...octets)),
      }),
      { "content-type": "application/json" },
    ],
  ];
  for (const [query, body, headers] of requests) {
    const { status, json } = await bring(server, token, query, body, headers);
    assert.deepEqual([status, json.recipients?.length], [200, 2], JSON.stringify(json));
  }
  const rows = await Promise.all(["alice", "bob"].map((who) => inbox(server, who)));
  for (const text of rows) assert.equal(text.split("\r\n\r\n--x\r\n%41\r\n\r\n").length, 5);
});

Deno.test("a message comes once for each key, also where it is brought twice at the same time", async () => {
  await using server = await testServer();
  const { token } = await source(server);
  const other = await source(server);
  const key = { "idempotency-key": "m1" };
  const first = await Promise.all([1, 2, 3].map(() => bring(server, token, TO_ALICE, MAIL, key)));
  assert.ok(first.every(({ status }) => status === 200 || status === 503));
  const again = await bring(server, token, TO_ALICE, MAIL, key);
  assert.deepEqual(again.json, first.find(({ status }) => status === 200)!.json);
  assert.equal((await bring(server, other.token, TO_ALICE, MAIL, key)).status, 200);
  const forBob = await bring(server, token, TO_ALICE.replace("alice", "bob"), MAIL, key);
  assert.equal(forBob.json.recipients[0].address, "bob@example.test");
  assert.match(await inbox(server, "bob"), /A pigeon/);
  assert.equal((await inbox(server, "alice")).split("A pigeon.").length, 3);
  const wrong = { "idempotency-key": "m2" };
  assert.equal((await bring(server, token, "sender=&recipient=nobody@example.test", MAIL, wrong)).status, 422);
  assert.equal((await bring(server, token, TO_ALICE, MAIL, wrong)).status, 200);
});

Deno.test("the client that a source tells of counts only where the source is believed", async () => {
  await using server = await testServer({
    config: { authentication: { spf: "reject", trusted: [] } },
    dns: { "outside.test": { TXT: [{ type: "TXT", text: "v=spf1 ip4:198.51.100.1 -all" }] } },
  });
  const believed = await source(server, { believed: true });
  const plain = await source(server);
  const told = (address: string) => `${TO_ALICE}&clientAddress=${address}&clientHelo=mx.outside.test`;
  const fails = await bring(server, believed.token, told("192.0.2.66"));
  assert.equal(fails.status, 422, JSON.stringify(fails.json));
  assert.match(fails.json.detail, /5\.7\.23 SPF/);
  assert.equal((await bring(server, believed.token, told("198.51.100.1"))).status, 200);
  assert.equal((await bring(server, plain.token, told("192.0.2.66"))).status, 200);
  assert.equal((await bring(server, believed.token, TO_ALICE)).status, 200);
  const text = await inbox(server, "alice");
  assert.match(text, /Received: from mx\.outside\.test \(\[198\.51\.100\.1\]\)/);
  assert.match(text, /spf=pass/);
  assert.doesNotMatch(text, /192\.0\.2\.66/);
});

Deno.test("another Palomar brings mail by each form of its relay, and hears who is not there", async () => {
  await using server = await testServer({ listen: true });
  const { token } = await source(server);
  const forms = ["mime", "json", "multipart"];
  for (const form of forms) {
    assert.equal((await server.admin("POST", "/api/v1/domains", { name: `${form}.test` })).status, 201);
    const alias = { address: `box@${form}.test`, targets: ["alice@example.test"] };
    assert.equal((await server.admin("POST", "/api/v1/aliases", alias)).status, 201);
  }
  const url = `http://127.0.0.1:${server.address("http").port}/api/v1/inbound`;
  const relay = (format: string) => ({ protocol: "http", url, token, format, tls: "none" });
  const routes = Object.fromEntries(forms.map((form) => [`${form}.test`, relay(form)]));
  await using other = await testServer({ domain: "other.test", config: { outbound: { routes } as never } });
  for (const form of forms) {
    const to = [`box@${form}.test`, `nobody@${form}.test`];
    const body = { from: "alice@other.test", to, subject: "Grüße", text: "A pigeon." };
    const sent = await (await other.admin("POST", "/api/v1/send", body)).json();
    let states = ["queued"];
    for (let i = 0; i < 1000 && states.includes("queued"); i++) {
      await new Promise((go) => setTimeout(go, 5));
      const { recipients } = await (await other.admin("GET", sent.link)).json();
      states = recipients.map(({ state }: { state: string }) => state);
    }
    assert.deepEqual(states, ["delivered", "bounced"], form);
  }
  assert.equal((await inbox(server, "alice")).split("A pigeon.").length, 4);
});

Deno.test("the worker for Cloudflare brings, rejects and fails as it should", async () => {
  await using server = await testServer();
  const { token } = await source(server);
  const email = async (to: string, env = { PALOMAR_URL: "http://palomar", PALOMAR_TOKEN: token }) => {
    let rejected: string | null = null;
    const message = {
      from: "zoe@outside.test",
      to,
      raw: new Blob([MAIL]).stream(),
      setReject: (text: string) => void (rejected = text),
    };
    const real = globalThis.fetch;
    globalThis.fetch = (url, init) => server.server.fetch(new Request(url as string, init));
    try {
      await worker.email(message, env);
    } finally {
      globalThis.fetch = real;
    }
    return rejected;
  };
  assert.equal(await email("alice@example.test"), null);
  assert.match(await inbox(server, "alice"), /A pigeon/);
  assert.match(String(await email("nobody@example.test")), /^550 5\.1\.1/);
  await assert.rejects(email("alice@example.test", { PALOMAR_URL: "http://palomar", PALOMAR_TOKEN: "x" }), /token/);
});
