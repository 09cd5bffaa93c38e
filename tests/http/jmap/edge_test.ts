/** JMAP over HTTP: logging in, the session, requests, up- and downloads (RFC 8620 sections 2, 3 and 6). */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient } from "./client.ts";

const MAIL =
  "Subject: hello\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHi Alice\n--x\nContent-Type: text/html\n" +
  "Content-Transfer-Encoding: base64\n\nPHNjcmlwdD4=\n--x--\n";

Deno.test("RFC 8620 section 2: the session says who one is and where everything is, and nobody else learns it", async () => {
  await using server = await testServer();
  const alice = new JmapClient(server, "alice");
  const lead = await alice.fetch("/.well-known/jmap", { redirect: "manual" });
  assert.deepEqual([lead.status, lead.headers.get("location")], [307, "/jmap/session"]);
  const session = await alice.session();
  assert.equal(session["username"], "alice@example.test");
  assert.equal(session["apiUrl"], "https://mail.example.test/jmap/api");
  const core = (session["capabilities"] as Record<string, Record<string, unknown>>)["urn:ietf:params:jmap:core"]!;
  assert.ok((core["maxSizeUpload"] as number) >= 50_000_000);
  const accounts = session["accounts"] as Record<string, { name: string; isPersonal: boolean }>;
  assert.deepEqual(Object.values(accounts).map(({ name, isPersonal }) => [name, isPersonal]), [[
    "alice@example.test",
    true,
  ]]);
  const state = session["state"];
  assert.equal((await (await alice.post({ using: [], methodCalls: [] })).json()).sessionState, state);
  for (
    const authorization of ["", "Basic x", "Basic " + btoa("alice@example.test:wrong"), "Bearer palomar_x", "Digest x"]
  ) {
    const refused = await alice.fetch("/jmap/session", { headers: { authorization } });
    assert.equal(refused.status, 401, authorization);
    assert.match(refused.headers.get("www-authenticate")!, /Basic/);
  }
});

Deno.test("RFC 8620 section 8.2: a token opens what a password opens, and a changed password shuts at once", async () => {
  await using server = await testServer();
  const made = await server.admin("POST", "/api/v1/accounts/alice@example.test/tokens", { name: "phone" });
  const { token } = await made.json();
  const alice = new JmapClient(server, "alice");
  const bearer = { headers: { authorization: `Bearer ${token}` } };
  assert.equal((await alice.fetch("/jmap/session", bearer)).status, 200);
  assert.equal((await alice.fetch("/jmap/session")).status, 200);
  const password = { password: "another horse battery" };
  const changed = await server.admin("PUT", "/api/v1/accounts/alice@example.test/password", password);
  assert.ok(changed.ok, await changed.text());
  assert.equal((await alice.fetch("/jmap/session")).status, 401);
  await server.admin("PATCH", "/api/v1/accounts/alice@example.test", { disabled: true });
  assert.notEqual((await alice.fetch("/jmap/session", bearer)).status, 200);
});

Deno.test("RFC 8620 section 3.6.1: what is no request is told so, as a problem", async () => {
  await using server = await testServer();
  const alice = new JmapClient(server, "alice");
  const type = async (body: unknown, headers?: HeadersInit) => {
    const response = await alice.post(body, headers);
    assert.deepEqual([response.status, response.headers.get("content-type")], [400, "application/problem+json"]);
    return (await response.json()).type.replace("urn:ietf:params:jmap:error:", "");
  };
  assert.equal(await type("{"), "notJSON");
  assert.equal(await type({}, { "content-type": "text/plain" }), "notJSON");
  assert.equal(await type({ using: [] }), "notRequest");
  assert.equal(await type({ using: ["urn:none"], methodCalls: [] }), "unknownCapability");
  assert.equal(await type("[".repeat(100_000)), "notJSON");
  assert.equal(await type(`{"using":[],"methodCalls":[],"x":"${"y".repeat(10_000_000)}"}`), "limit");
  const get = await alice.fetch("/jmap/api");
  assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST"]);
});

Deno.test("RFC 8620 section 6: what was uploaded comes down again, whole or in ranges, and for nobody else", async () => {
  await using server = await testServer();
  const [alice, bob] = [new JmapClient(server, "alice"), new JmapClient(server, "bob")];
  const up = await alice.upload("0123456789", "text/plain; charset=utf-8");
  assert.deepEqual([up["size"], up["type"], up["accountId"]], [10, "text/plain; charset=utf-8", alice.accountId]);
  const path = `/jmap/download/${alice.accountId}/${up["blobId"]}/a.txt?type=text/plain`;
  const whole = await alice.fetch(path);
  assert.deepEqual([whole.status, await whole.text()], [200, "0123456789"]);
  assert.equal(whole.headers.get("content-length"), "10");
  assert.equal(whole.headers.get("x-content-type-options"), "nosniff");
  assert.match(whole.headers.get("content-disposition")!, /^attachment; filename="a.txt"/);
  const range = async (range: string) => {
    const part = await alice.fetch(path, { headers: { range } });
    return [part.status, await part.text(), part.headers.get("content-range")];
  };
  assert.deepEqual(await range("bytes=2-4"), [206, "234", "bytes 2-4/10"]);
  assert.deepEqual(await range("bytes=7-"), [206, "789", "bytes 7-9/10"]);
  assert.deepEqual(await range("bytes=-2"), [206, "89", "bytes 8-9/10"]);
  assert.deepEqual(await range("bytes=10-"), [416, "", "bytes */10"]);
  assert.deepEqual(await range("bytes=0-1,3-4"), [200, "0123456789", null]);
  await bob.session();
  assert.equal((await bob.fetch(path)).status, 404);
  assert.equal((await bob.fetch(path.replace(alice.accountId, bob.accountId))).status, 404);
  const other = await bob.fetch(`/jmap/upload/${alice.accountId}`, { method: "POST", body: "x" });
  assert.equal(other.status, 404);
});

Deno.test("RFC 8620 section 6.2: an email and its parts come down decoded, and never as a page", async () => {
  await using server = await testServer();
  await server.deliver(MAIL, "alice@example.test");
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const email = `/jmap/download/${alice.accountId}/e1`;
  const raw = await (await alice.fetch(`${email}/mail.eml?type=message/rfc822`)).text();
  assert.match(raw, /^Return-Path:/);
  assert.match(raw, /Hi Alice/);
  const part = await alice.fetch(`${email}_2/..%2Fa%22b.html?type=text/html`);
  assert.equal(await part.text(), "<script>");
  assert.match(part.headers.get("content-security-policy")!, /sandbox/);
  assert.match(part.headers.get("content-disposition")!, /^attachment; filename=".._a_b.html"/);
  const injected = await alice.fetch(`${email}_1/a?type=${encodeURIComponent("text/html\r\nx: y")}`);
  assert.deepEqual([injected.headers.get("content-type"), injected.headers.get("x")], ["text/plain", null]);
  for (const id of ["e1_3", "e1_0", "e1_1_1", "e2", "b" + "0".repeat(64), "e1_" + "1_".repeat(99), "..", "x"]) {
    assert.equal((await alice.fetch(`/jmap/download/${alice.accountId}/${id}/x`)).status, 404, id);
  }
});

Deno.test("a page of anybody's may ask with a token it was given, and never by itself", async () => {
  await using server = await testServer();
  const alice = new JmapClient(server, "alice");
  const headers = {
    authorization: "",
    origin: "https://client.example",
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
  };
  const preflight = await alice.fetch("/jmap/api", { method: "OPTIONS", headers });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
  assert.equal(preflight.headers.get("access-control-allow-credentials"), null);
});
