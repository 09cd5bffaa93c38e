import assert from "node:assert/strict";
import { answered, testAdmin, TOKEN } from "./admin_over_memory.ts";

const API = "/api/v1";
const ROUTES = [
  ["GET", "/domains"],
  ["POST", "/domains"],
  ["GET", "/domains/example.org"],
  ["PATCH", "/domains/example.org"],
  ["DELETE", "/domains/example.org"],
  ["GET", "/accounts"],
  ["POST", "/accounts"],
  ["GET", "/accounts/a@example.org"],
  ["PATCH", "/accounts/a@example.org"],
  ["DELETE", "/accounts/a@example.org"],
  ["PUT", "/accounts/a@example.org/password"],
  ["GET", "/accounts/a@example.org/acl"],
  ["PUT", "/accounts/a@example.org/acl"],
  ["DELETE", "/accounts/a@example.org/acl"],
  ["GET", "/aliases"],
  ["POST", "/aliases"],
  ["DELETE", "/aliases/a@example.org"],
  ["GET", "/queue"],
  ["POST", "/queue/change"],
  ["POST", "/queue/reroute"],
  ["GET", "/queue/q1"],
  ["DELETE", "/queue/q1"],
  ["POST", "/queue/q1/retry"],
  ["GET", "/messages/t1"],
] as const;

Deno.test("the API answers nothing without the token", async () => {
  const { app } = testAdmin();
  for (const [method, path] of ROUTES) {
    const without = await answered(app, new Request(`http://localhost${API}${path}`, { method }));
    assert.equal(without.status, 401, `${method} ${path}`);
    assert.equal(without.headers.get("www-authenticate"), "Bearer");
    assert.equal(without.json.code, "unauthorized");
  }
});

Deno.test("the API takes exactly its token", async () => {
  const { app } = testAdmin();
  const status = async (authorization: string) =>
    (await answered(app, new Request(`http://localhost${API}/domains`, { headers: { authorization } }))).status;
  assert.equal(await status(`Bearer ${TOKEN}`), 200);
  assert.equal(await status(`bearer  ${TOKEN}`), 200);
  for (
    const wrong of [
      "",
      "Bearer",
      "Bearer ",
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(0, -1)}`,
      `Bearer ${TOKEN.toUpperCase()}`,
      `Basic ${TOKEN}`,
      TOKEN,
      `Bearer ${TOKEN},${TOKEN}`,
      `Bearer ${"x".repeat(100_000)}`,
    ]
  ) assert.equal(await status(wrong), 401, wrong.slice(0, 60));
});

Deno.test("the token is not asked for where the app is trusted, and never for health, metrics and the description", async () => {
  const trusted = testAdmin({ trusted: true });
  assert.equal((await answered(trusted.app, new Request(`http://localhost${API}/domains`))).status, 200);
  const { app } = testAdmin();
  for (const path of ["/", "/health", "/metrics", `${API}/openapi.json`]) {
    assert.equal((await answered(app, new Request(`http://localhost${path}`))).status, 200, path);
  }
});

Deno.test("what is not there is 404, and a method that a path does not take is 405 with Allow", async () => {
  const { ask } = testAdmin();
  for (const path of ["/nothing", `${API}/nothing`, `${API}`, `${API}/domains/a/b`, "/api/v2/domains", "/metrics/x"]) {
    const { status, json } = await ask("GET", path);
    assert.deepEqual([status, json.code], [404, "notFound"], path);
  }
  const cases = [
    ["DELETE", `${API}/domains`, "GET, HEAD, POST"],
    ["POST", `${API}/accounts/a@example.org`, "GET, HEAD, PUT, PATCH, DELETE"],
    ["GET", `${API}/accounts/a@example.org/password`, "PUT"],
    ["POST", "/health", "GET, HEAD"],
  ] as const;
  for (const [method, path, allow] of cases) {
    const { status, json, headers } = await ask(method, path);
    assert.deepEqual([status, json.code, headers.get("allow")], [405, "method", allow], `${method} ${path}`);
  }
});

Deno.test("every error is a problem of RFC 9457 and tells nothing of the inside", async () => {
  const boom = new Error("SELECT secret FROM /home/somebody");
  const { ask, reported } = testAdmin({ perform: () => Promise.reject(boom) });
  const { status, json, headers, text } = await ask("GET", `${API}/domains`);
  assert.equal(status, 500);
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.deepEqual(Object.keys(json).sort(), ["code", "detail", "instance", "status", "title", "type"]);
  assert.ok(!text.includes("SELECT"));
  assert.deepEqual(reported, [boom]);
  for (const [reason, expected] of [["unavailable", 503], ["full", 507], ["bug", 500]] as const) {
    const failing = testAdmin({ perform: () => Promise.reject(Object.assign(new Error("x"), { reason })) });
    assert.equal((await failing.ask("GET", `${API}/domains`)).status, expected, reason);
  }
});

Deno.test("a body is JSON by its type and in fact", async () => {
  const { ask } = testAdmin();
  const post = (body: string, type: string) => ask("POST", `${API}/domains`, body, { "content-type": type });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]) {
    assert.equal((await post('{"name":"example.org"}', type)).status, 415, type);
  }
  assert.equal((await post('{"name":"example.org"}', "Application/JSON; charset=utf-8")).status, 201);
  for (const broken of ["{", "{'name':1}", '{"name":"a.example"} x', "\u0000", "[", "NaN"]) {
    const { status, json } = await post(broken, "application/json");
    assert.deepEqual([status, json.code], [400, "notJson"], broken);
  }
  const none = await ask("POST", `${API}/domains`);
  assert.deepEqual([none.status, none.json.code], [422, "invalid"]);
});

Deno.test("a body that is not UTF-8 is refused", async () => {
  const { app } = testAdmin();
  const request = new Request(`http://localhost${API}/domains`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: new Uint8Array([0x22, 0xff, 0xfe, 0x22]),
  });
  const { status, json } = await answered(app, request);
  assert.deepEqual([status, json.code], [400, "notUtf8"]);
});

Deno.test("a body beyond the limit is 413, declared or streamed, and is not read to its end", async () => {
  const { app } = testAdmin({ bodyLimit: 1000 });
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const url = `http://localhost${API}/domains`;
  const declared = new Request(url, { method: "POST", headers, body: `{"name":"${"a".repeat(2000)}"}` });
  assert.equal((await answered(app, declared)).status, 413);
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(500).fill(0x20));
    },
  });
  assert.equal((await answered(app, new Request(url, { method: "POST", headers, body: endless }))).status, 413);
  assert.ok(pulled < 10, `${pulled} pieces were read`);
});

Deno.test("hostile bodies are refused with the place of each fault, and change nothing", async () => {
  const { ask, storage, reported } = testAdmin();
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  const cases: readonly (readonly [string, string])[] = [
    ["/domains", "null"],
    ["/domains", "[]"],
    ["/domains", '"example.org"'],
    ["/domains", "{}"],
    ["/domains", '{"name":null}'],
    ["/domains", '{"name":{"toString":"x"}}'],
    ["/domains", '{"name":"example.org","extra":1}'],
    ["/domains", '{"__proto__":{"name":"example.org"}}'],
    ["/domains", '{"name":"no spaces.example"}'],
    ["/domains", '{"name":"[192.0.2.1]"}'],
    ["/domains", `{"name":"${"a.".repeat(5000)}example"}`],
    ["/domains", `{"name":${deep}}`],
    ["/domains", '{"name":"a\\r\\nb.example"}'],
    ["/accounts", '{"address":"a@example.org"}'],
    ["/accounts", '{"address":"not an address","password":"x"}'],
    ["/accounts", '{"address":"a@example.org","password":""}'.replace('""', "7")],
    ["/accounts", `{"address":"a@example.org","password":"${"x".repeat(1025)}"}`],
    ["/accounts", '{"address":"a@example.org","password":"x","name":"a\\u0000b"}'],
    ["/accounts", '{"address":"a@example.org","password":"x","quota":{"bytes":-1}}'],
    ["/accounts", '{"address":"a@example.org","password":"x","quota":{"bytes":1e300}}'],
    ["/aliases", '{"address":"a@example.org","targets":[]}'],
    ["/aliases", '{"address":"a@example.org","targets":"b@example.org"}'],
    ["/queue/change", '{"change":"explode","ids":"all"}'],
    ["/queue/change", '{"change":"hold","ids":[]}'],
    ["/queue/reroute", '{"ids":"all","to":"not a host"}'],
    ["/queue/reroute", '{"ids":"all","to":"mx.example:0"}'],
    ["/queue/reroute", '{"ids":"all"}'],
    ["/queue/change", '{"change":"hold","ids":["../../etc/passwd"]}'],
  ];
  for (const [path, body] of cases) {
    const { status, json } = await ask("POST", API + path, body);
    assert.equal(status, 422, `${path} ${body.slice(0, 80)}`);
    assert.equal(json.code, "invalid");
    assert.ok(json.errors.length > 0 && json.errors[0].path !== "", body.slice(0, 80));
  }
  assert.deepEqual(await storage.perform("domain.list", {}), []);
  assert.deepEqual(reported, []);
});

Deno.test("hostile paths and queries are answered, never thrown at", async () => {
  const { ask, reported } = testAdmin();
  for (
    const path of [
      "/accounts/%00",
      "/accounts/%ff%fe",
      "/accounts/..%2f..%2fetc%2fpasswd",
      "/domains/%",
      "/queue/%0d%0aSet-Cookie:%20x=1",
      "/queue?limit=0",
      "/queue?limit=99999",
      "/queue?limit=-1",
      "/queue?state=all",
      "/queue?after=%27%20or%201%3D1",
      "/messages/" + "a".repeat(300),
      "/accounts?domain=" + "a".repeat(5000),
    ]
  ) {
    const { status, headers } = await ask("GET", API + path);
    assert.ok(status === 422 || status === 404 || status === 400, `${path.slice(0, 60)}: ${status}`);
    assert.equal(headers.get("set-cookie"), null);
  }
  assert.deepEqual(reported, []);
});

Deno.test("no answer may be kept, sniffed, framed or read by another origin", async () => {
  const { ask } = testAdmin();
  for (const path of ["/", "/health", "/metrics", `${API}/domains`, `${API}/nothing`]) {
    const { headers } = await ask("GET", path, undefined, { origin: "https://evil.example" });
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("cache-control"), "no-store", path);
    assert.equal(headers.get("access-control-allow-origin"), null, path);
  }
  assert.match((await ask("GET", "/")).headers.get("content-security-policy") ?? "", /default-src 'none'/);
});
