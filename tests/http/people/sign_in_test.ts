/** Signing in by a browser: who is let in, and what other pages cannot do. */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { Browser } from "./browser.ts";
import { OAuthClient } from "./client.ts";

const ALICE = { login: "alice@example.test", password: "alice" };

Deno.test("a person signs in with the account's password, gets another cookie, and signs out", async () => {
  await using server = await testServer();
  const browser = new Browser(server);
  const page = await browser.get("/account");
  assert.match(page.url, /^\/sign-in\?next=%2Faccount/);
  for (
    const [header, value] of [
      ["content-security-policy", /default-src 'none'.*frame-ancestors 'none'; base-uri 'none'/],
      ["x-content-type-options", /^nosniff$/],
      ["cache-control", /^no-store$/],
      ["referrer-policy", /^same-origin$/],
    ] as const
  ) assert.match(page.headers.get(header)!, value);
  assert.ok(!page.headers.get("content-security-policy")!.includes("unsafe"));
  assert.match(page.text, /<label for="login">/);
  const before = browser.cookie;
  const account = await browser.submit("/sign-in", ALICE);
  assert.deepEqual([account.status, account.url], [200, "/account"]);
  assert.notEqual(browser.cookie, before);
  const stale = new Browser(server);
  stale.cookie = before; // whoever knew the cookie from before has nothing
  assert.match((await stale.get("/account")).url, /^\/sign-in/);
  const kept = browser.cookie;
  await browser.submit("/sign-out", {});
  const old = new Browser(server);
  old.cookie = kept;
  assert.match((await old.get("/account")).url, /^\/sign-in/);
});

Deno.test("wrong passwords and app passwords open no page, and are counted as at the other doors", async () => {
  await using server = await testServer();
  const made = await server.admin("POST", "/api/v1/accounts/alice@example.test/tokens", { name: "phone" });
  const { token } = await made.json();
  const browser = new Browser(server);
  await browser.get("/sign-in");
  for (const password of ["wrong", token]) {
    const page = await browser.submit("/sign-in", { ...ALICE, password });
    assert.equal(page.status, 403);
    assert.match(page.text, /role="alert"/);
    assert.match(page.text, /aria-describedby="problem"/);
    assert.ok(!page.text.includes(password));
  }
  assert.equal((await browser.submit("/sign-in", { login: "nobody@example.test", password: "x" })).status, 403);
  assert.equal((await browser.submit("/sign-in", { login: "x".repeat(400), password: "x" })).status, 422);
  browser.address = "203.0.113.5";
  const said = [];
  for (let i = 0; i < 22; i++) {
    const page = browser.submit("/sign-in", { ...ALICE, password: `guess ${i}` });
    await server.clock.advance(20_000);
    said.push((await page).status);
  }
  assert.equal(said.at(-1), 429);
  const owner = new Browser(server);
  const entered = owner.signIn("alice");
  await server.clock.advance(5_000);
  assert.equal((await entered).url, "/account");
});

Deno.test("other pages cannot send our forms", async () => {
  await using server = await testServer();
  const browser = new Browser(server);
  await browser.get("/sign-in");
  assert.equal(
    (await browser.submit("/sign-in", ALICE, { "origin": "https://evil.example", "sec-fetch-site": "cross-site" }))
      .status,
    403,
  );
  await browser.get("/sign-in");
  assert.equal((await browser.submit("/sign-in", ALICE, { "origin": "null" })).status, 403);
  await browser.get("/sign-in");
  assert.equal((await browser.submit("/sign-in", ALICE, { "sec-fetch-site": "same-site" })).status, 403);
  assert.equal((await browser.post("/sign-in", new URLSearchParams(ALICE))).status, 403);
  assert.equal((await browser.post("/sign-in", new URLSearchParams({ ...ALICE, form: "x".repeat(43) }))).status, 403);
  const other = new Browser(server);
  await other.get("/sign-in");
  browser.cookie = other.cookie; // the field of one browser with the cookie of another
  await browser.get("/sign-in");
  const field = /name="form" value="([^"]+)"/.exec(browser.page!.text)![1]!;
  browser.cookie = `__Host-palomar=${"A".repeat(32)}`;
  assert.equal((await browser.post("/sign-in", new URLSearchParams({ ...ALICE, form: field }))).status, 403);
  const client = await OAuthClient.registered(server);
  await other.submit("/sign-in", ALICE);
  const forged = new URLSearchParams({ request: client.link().split("?")[1]!, account: ALICE.login, answer: "yes" });
  assert.equal((await other.post("/oauth/authorize", forged)).status, 403);
});

Deno.test("after signing in nobody is led away from here", async () => {
  await using server = await testServer();
  for (
    const next of [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "/account\\@evil.example",
      "/account//evil.example",
      "/oauth/authorizeevil",
      "/account\r\nlocation: https://evil.example",
      "javascript:alert(1)",
      "/sign-out",
    ]
  ) {
    const browser = new Browser(server);
    await browser.get(`/sign-in?next=${encodeURIComponent(next)}`);
    const page = await browser.submit("/sign-in", ALICE);
    assert.equal(page.url, "/account", next);
  }
});

Deno.test("a changed password ends the sessions of browsers", async () => {
  await using server = await testServer();
  const browser = new Browser(server);
  await browser.signIn("alice");
  assert.equal((await browser.get("/account")).url, "/account");
  await server.admin("PUT", "/api/v1/accounts/alice@example.test/password", { password: "another horse battery" });
  assert.match((await browser.get("/account")).url, /^\/sign-in/);
});

Deno.test("one changes the password oneself: the old one is asked for, all other sessions end", async () => {
  await using server = await testServer();
  const [here, there] = [new Browser(server), new Browser(server)];
  for (const browser of [here, there]) await browser.signIn("alice");
  const change = async (old: string, wanted: string, again = wanted) => {
    await here.get("/account/password");
    return await here.submit("/account/password", { old, new: wanted, again });
  };
  assert.equal((await change("alice", "a new password", "another")).status, 422);
  assert.equal((await change("alice", "short")).status, 422);
  assert.equal((await change("alice", "a\u0000 new password")).status, 422);
  assert.equal((await change("wrong", "a new password")).status, 403);
  const before = here.cookie;
  assert.equal((await change("alice", "a new password")).url, "/account");
  assert.notEqual(here.cookie, before);
  assert.equal((await here.get("/account")).url, "/account");
  assert.match((await there.get("/account")).url, /^\/sign-in/);
  assert.equal((await new Browser(server).signIn("alice")).status, 403);
  assert.equal((await new Browser(server).signIn("alice", "a new password")).url, "/account");
});

Deno.test("in the clear nobody signs in, and no token is given out", async () => {
  await using server = await testServer();
  const ask = async (url: string, address: string, init: RequestInit = {}) => {
    const response = await server.server.fetch(new Request(url, init), { address });
    await response.body?.cancel();
    return response.status;
  };
  for (const path of ["/sign-in", "/account", "/device", "/account/passkeys"]) {
    assert.equal(await ask(`http://mail.example.test${path}`, "192.0.2.1"), 403, path);
  }
  assert.equal(await ask("http://localhost:8080/sign-in", "127.0.0.1"), 200);
  const token = { method: "POST", body: new URLSearchParams({ grant_type: "refresh_token" }) };
  assert.equal(await ask("http://mail.example.test/oauth/token", "192.0.2.1", token), 400);
  assert.equal(await ask("http://mail.example.test/oauth/authorize?client_id=x", "192.0.2.1"), 400);
});

Deno.test("a client may say whom it expects, and that is text", async () => {
  await using server = await testServer();
  const browser = new Browser(server);
  const client = await OAuthClient.registered(server);
  const page = await browser.get(client.link({ login_hint: '"><b>alice@example.test' }));
  assert.match(page.text, /value="&quot;&gt;&lt;b&gt;alice@example\.test"/);
});
