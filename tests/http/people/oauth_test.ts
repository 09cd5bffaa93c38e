/** OAuth from end to end: a browser, a client, and what becomes of mischief. */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { Browser, ORIGIN } from "./browser.ts";
import { answerOf, DEVICE, OAuthClient, REDIRECT } from "./client.ts";

async function house() {
  const server = await testServer();
  const browser = new Browser(server);
  const client = await OAuthClient.registered(server);
  return { server, browser, client, [Symbol.asyncDispose]: () => server.stop() };
}

/** The person signs in and says yes; the code. */
async function codeFor(browser: Browser, client: OAuthClient, more = {}): Promise<string> {
  const first = await browser.get(client.link(more));
  if (first.url.startsWith("/sign-in")) {
    await browser.submit("/sign-in", { login: "alice@example.test", password: "alice" });
  }
  const answer = await browser.submit("/oauth/authorize", { answer: "yes" });
  const { code, iss, state } = answerOf(answer.url);
  assert.deepEqual([iss, state], [ORIGIN, "a state"]);
  return code!;
}

Deno.test("a client that registers gets a code with PKCE, tokens, and opens every door with them", async () => {
  await using h = await house();
  const page = await h.browser.get(h.client.link());
  assert.match(page.url, /^\/sign-in\?next=/);
  const asked = await h.browser.submit("/sign-in", { login: "alice@example.test", password: "alice" });
  assert.match(asked.text, /Test Mail/);
  assert.match(asked.text, /client\.example/);
  assert.match(asked.text, /Send mail in your name/);
  assert.match(
    asked.headers.get("content-security-policy")!,
    /form-action 'self' https:\/\/client\.example; frame-ancestors 'none'/,
  );
  const answer = await h.browser.submit("/oauth/authorize", { answer: "yes" });
  assert.ok(answer.url.startsWith(`${REDIRECT}?code=`));
  const tokens = await h.client.redeem(answerOf(answer.url)["code"]!);
  assert.deepEqual([tokens.status, tokens["token_type"], tokens["expires_in"], tokens["scope"]], [
    200,
    "Bearer",
    3600,
    "mail offline_access",
  ]);
  assert.equal(tokens.headers.get("cache-control"), "no-store");
  const access = tokens["access_token"] as string;
  assert.ok(await h.client.opens(access));
  const message = btoa(`n,a=alice@example.test,\x01auth=Bearer ${access}\x01\x01`);
  for (
    const [door, greeting, line, good] of [
      ["imap", "\r\n", `a AUTHENTICATE OAUTHBEARER ${message}`, /a OK/],
      ["pop3", "\r\n", `AUTH OAUTHBEARER ${message}`, /^\+OK/],
      ["managesieve", /^OK.*\r\n/m, `AUTHENTICATE "OAUTHBEARER" "${message}"`, /^OK/m],
    ] as const
  ) {
    const session = h.server.connect(door);
    await session.until(greeting);
    assert.match(await session.ask(line, /\r\n/), good, door);
    session.close();
  }
  const submission = h.server.connect("submission");
  await submission.ask("EHLO client.example.test", /250 .*\r\n/);
  assert.match(await submission.ask(`AUTH OAUTHBEARER ${message}`, /\r\n/), /^235/m);
  await h.server.clock.advance(3_600_001);
  assert.ok(!await h.client.opens(access));
  const more = await h.client.refresh(tokens["refresh_token"]);
  assert.ok(await h.client.opens(more["access_token"]));
  assert.ok(!JSON.stringify(h.server.logs).includes(access));
});

Deno.test("tokens of a narrow scope open no other door, and a refresh asks for no more than was granted", async () => {
  await using h = await house();
  const code = await codeFor(h.browser, h.client, { scope: "imap offline_access urn:example:unknown" });
  const tokens = await h.client.redeem(code);
  assert.equal(tokens["scope"], "imap offline_access");
  assert.ok(!await h.client.opens(tokens["access_token"]));
  assert.equal((await h.client.refresh(tokens["refresh_token"], { scope: "imap jmap" }))["error"], "invalid_scope");
  const again = await h.client.refresh(tokens["refresh_token"]);
  assert.equal(again["scope"], "imap offline_access");
});

Deno.test("a code is good once, and a second time takes what came of the first", async () => {
  await using h = await house();
  const code = await codeFor(h.browser, h.client);
  const tokens = await h.client.redeem(code);
  assert.ok(await h.client.opens(tokens["access_token"]));
  const again = await h.client.redeem(code);
  assert.deepEqual([again.status, again["error"]], [400, "invalid_grant"]);
  assert.ok(!await h.client.opens(tokens["access_token"]));
  assert.equal((await h.client.refresh(tokens["refresh_token"]))["error"], "invalid_grant");
});

Deno.test("a code in wrong hands is worth nothing: verifier, client, redirect URI, time", async () => {
  await using h = await house();
  const other = await OAuthClient.registered(h.server, { client_name: "Other" });
  const wrong: Record<string, (code: string) => Promise<Readonly<Record<string, unknown>>>> = {
    verifier: (code) => h.client.redeem(code, { code_verifier: "x".repeat(43) }),
    short: (code) => h.client.redeem(code, { code_verifier: "x" }),
    challenge: (code) =>
      h.client.redeem(code, { code_verifier: new URL(h.client.link(), ORIGIN).searchParams.get("code_challenge")! }),
    client: (code) => other.redeem(code, { code_verifier: h.client.verifier }),
    redirect: (code) => h.client.redeem(code, { redirect_uri: `${REDIRECT}/` }),
    late: async (code) => {
      await h.server.clock.advance(60_001);
      return await h.client.redeem(code);
    },
  };
  for (const [what, redeem] of Object.entries(wrong)) {
    const code = await codeFor(h.browser, h.client, { prompt: "consent" });
    assert.equal((await redeem(code))["error"], "invalid_grant", what);
    assert.equal((await h.client.redeem(code))["error"], "invalid_grant", `${what}: used up`);
  }
  assert.equal((await h.client.token({ grant_type: "authorization_code", code: "x" }))["error"], "invalid_request");
});

Deno.test("a refresh token is good once; who brings an old one ends the grant for all", async () => {
  await using h = await house();
  const first = await h.client.redeem(await codeFor(h.browser, h.client));
  const second = await h.client.refresh(first["refresh_token"]);
  const third = await h.client.refresh(second["refresh_token"]);
  assert.ok(await h.client.opens(third["access_token"]));
  assert.equal((await h.client.refresh(first["refresh_token"]))["error"], "invalid_grant");
  assert.equal((await h.client.refresh(third["refresh_token"]))["error"], "invalid_grant");
  assert.ok(!await h.client.opens(third["access_token"]));
  assert.ok(
    h.server.logs.some(({ event, fields }) => event === "oauth.reused" && fields?.["account"] === "alice@example.test"),
  );
});

Deno.test("of two that use a refresh token at the same moment neither has a token that lasts", async () => {
  await using h = await house();
  const tokens = await h.client.redeem(await codeFor(h.browser, h.client));
  const both = await Promise.all([1, 2].map(() => h.client.refresh(tokens["refresh_token"])));
  const got = both.filter((one) => one.status === 200);
  assert.ok(got.length <= 1);
  for (const one of got) assert.ok(!await h.client.opens(one["access_token"]));
});

Deno.test("a changed password and a disabled account end what was granted, and a new consent begins anew", async () => {
  await using h = await house();
  const tokens = await h.client.redeem(await codeFor(h.browser, h.client));
  const path = "/api/v1/accounts/alice@example.test";
  assert.ok((await h.server.admin("PUT", `${path}/password`, { password: "another horse battery" })).ok);
  assert.ok(!await h.client.opens(tokens["access_token"]));
  assert.equal((await h.client.refresh(tokens["refresh_token"]))["error"], "invalid_grant");
  assert.match((await h.browser.get(h.client.link())).url, /^\/sign-in/);
  await h.browser.submit("/sign-in", { login: "alice@example.test", password: "another horse battery" });
  const answer = h.browser.page!.url.startsWith("/oauth/authorize")
    ? await h.browser.submit("/oauth/authorize", { answer: "yes" })
    : await h.browser.get(h.client.link());
  const again = await h.client.redeem(answerOf(answer.url)["code"]!);
  assert.ok(await h.client.opens(again["access_token"]));
  assert.ok((await h.server.admin("PATCH", path, { disabled: true })).ok);
  assert.ok(!await h.client.opens(again["access_token"]));
  assert.equal((await h.client.refresh(again["refresh_token"]))["error"], "invalid_grant");
});

Deno.test("RFC 7009: a refresh token that is revoked takes its grant along; strangers revoke nothing", async () => {
  await using h = await house();
  const other = await OAuthClient.registered(h.server);
  const tokens = await h.client.redeem(await codeFor(h.browser, h.client));
  const revoke = (client: OAuthClient, token: unknown) =>
    client.post("/oauth/revoke", { client_id: client.clientId, token: token as string });
  assert.equal((await revoke(other, tokens["refresh_token"])).status, 200);
  assert.equal((await revoke(h.client, "unknown")).status, 200);
  assert.ok(await h.client.opens(tokens["access_token"]));
  assert.equal((await revoke(h.client, tokens["access_token"])).status, 200);
  assert.ok(!await h.client.opens(tokens["access_token"]));
  const more = await h.client.refresh(tokens["refresh_token"]);
  assert.ok(await h.client.opens(more["access_token"]));
  assert.equal((await revoke(h.client, more["refresh_token"])).status, 200);
  assert.ok(!await h.client.opens(more["access_token"]));
  assert.equal((await h.client.refresh(more["refresh_token"]))["error"], "invalid_grant");
});

Deno.test("a consent is remembered for that client and scope; more is asked about, and so are apps on a machine", async () => {
  await using h = await house();
  await codeFor(h.browser, h.client, { scope: "imap" });
  assert.ok((await h.browser.get(h.client.link({ scope: "imap" }))).url.startsWith(REDIRECT));
  assert.match((await h.browser.get(h.client.link({ scope: "imap jmap" }))).url, /^\/oauth\/authorize/);
  assert.match((await h.browser.get(h.client.link({ scope: "imap", prompt: "consent" }))).url, /^\/oauth\/authorize/);
  const none = await h.browser.get(h.client.link({ scope: "imap", prompt: "none" }));
  assert.ok("code" in answerOf(none.url));
  assert.equal(answerOf((await h.browser.get(h.client.link({ prompt: "none" }))).url)["error"], "consent_required");
  const stranger = new Browser(h.server);
  assert.equal(answerOf((await stranger.get(h.client.link({ prompt: "none" }))).url)["error"], "login_required");
  const native = await OAuthClient.registered(h.server, { redirect_uris: ["http://127.0.0.1/done"] });
  for (const port of [49_152, 50_000]) {
    const page = await h.browser.get(native.link({ redirect_uri: `http://127.0.0.1:${port}/done`, scope: "imap" }));
    assert.match(page.url, /^\/oauth\/authorize/);
    const answer = await h.browser.submit("/oauth/authorize", { answer: "yes" });
    assert.ok(answer.url.startsWith(`http://127.0.0.1:${port}/done?code=`));
    const redeemed = await native.redeem(answerOf(answer.url)["code"]!, {
      redirect_uri: `http://127.0.0.1:${port}/done`,
    });
    assert.equal(redeemed.status, 200);
  }
});

Deno.test("no is an answer: access_denied, with state and iss", async () => {
  await using h = await house();
  await h.browser.signIn("alice");
  await h.browser.get(h.client.link());
  const answer = await h.browser.submit("/oauth/authorize", { answer: "no" });
  assert.deepEqual(answerOf(answer.url), { error: "access_denied", state: "a state", iss: ORIGIN });
});

Deno.test("nobody is led to where the client has not registered to be", async () => {
  await using h = await house();
  await h.browser.signIn("alice");
  for (
    const redirect_uri of [
      "https://client.example@evil.example/callback",
      "https://client.example.evil.example/callback",
      "https://client.example/callback/../evil",
      "https://client.example/callback?x=1",
      "https://client.example/callback#x",
      "https://client.example:444/callback",
      "https://client.example\\@evil.example/callback",
      "http://client.example/callback",
      "https://CLIENT.example/callback",
      "//evil.example",
      "javascript:alert(1)",
      `${REDIRECT}\r\nset-cookie: x=y`,
      `${REDIRECT}${"x".repeat(3000)}`,
    ]
  ) {
    const page = await h.browser.get(h.client.link({ redirect_uri }));
    assert.deepEqual([page.status, page.url.slice(0, 17)], [400, "/oauth/authorize?"], redirect_uri);
    assert.ok(!page.text.includes("evil.example"));
  }
  for (const link of [h.client.link({ client_id: "nobody-knows-it" }), h.client.link({ client_id: undefined })]) {
    assert.equal((await h.browser.get(link)).status, 400);
  }
  const twice = `${h.client.link()}&redirect_uri=${encodeURIComponent("https://evil.example/")}`;
  assert.equal((await h.browser.get(twice)).status, 400);
  assert.equal((await h.browser.get(`${h.client.link()}&client_id=x`)).status, 400);
  assert.equal((await h.browser.get(`/oauth/authorize?${"x".repeat(9000)}`)).status, 400);
});

Deno.test("RFC 6749 section 4.1.2.1: what is wrong with a request is told to the client, with iss", async () => {
  await using h = await house();
  await h.browser.signIn("alice");
  const wrong: readonly [Record<string, string | undefined>, string][] = [
    [{ response_type: "token" }, "unsupported_response_type"],
    [{ response_type: undefined }, "invalid_request"],
    [{ code_challenge: undefined }, "invalid_request"],
    [{ code_challenge_method: "plain" }, "invalid_request"],
    [{ code_challenge_method: undefined }, "invalid_request"],
    [{ code_challenge: "short" }, "invalid_request"],
    [{ scope: "root" }, "invalid_scope"],
    [{ response_mode: "fragment" }, "invalid_request"],
    [{ request: "x.y.z" }, "request_not_supported"],
    [{ request_uri: "https://evil.example/" }, "request_uri_not_supported"],
    [{ state: "x".repeat(1500) }, "invalid_request"],
  ];
  for (const [more, error] of wrong) {
    const answer = answerOf((await h.browser.get(h.client.link(more))).url);
    assert.deepEqual([answer["error"], answer["iss"]], [error, ORIGIN], JSON.stringify(more));
  }
  const twice = await h.browser.get(`${h.client.link()}&scope=imap`);
  assert.equal(answerOf(twice.url)["error"], "invalid_request");
});

Deno.test("RFC 6749 section 5.2: the token endpoint's refusals", async () => {
  await using h = await house();
  const { client } = h;
  const ask = async (fields: Record<string, string> | URLSearchParams, headers = {}) => {
    const reply = await client.post("/oauth/token", fields, headers);
    return [reply.status, reply["error"]];
  };
  assert.deepEqual(await ask({}), [400, "invalid_request"]);
  assert.deepEqual(await ask({ grant_type: "password", client_id: client.clientId }), [400, "unsupported_grant_type"]);
  assert.deepEqual(await ask({ grant_type: "refresh_token" }), [400, "invalid_request"]);
  assert.deepEqual(await ask({ grant_type: "refresh_token", client_id: "nobody-knows-it" }), [401, "invalid_client"]);
  assert.deepEqual(await ask({ grant_type: "refresh_token", client_id: client.clientId }), [400, "invalid_request"]);
  assert.deepEqual(await ask({ grant_type: "refresh_token", client_id: client.clientId, refresh_token: "x" }), [
    400,
    "invalid_grant",
  ]);
  const twice = new URLSearchParams({ grant_type: "refresh_token", client_id: client.clientId });
  twice.append("client_id", client.clientId);
  assert.deepEqual(await ask(twice), [400, "invalid_request"]);
  assert.deepEqual(await ask({ grant_type: "refresh_token", client_id: "x".repeat(5000) }), [400, "invalid_request"]);
  const basic = await client.post("/oauth/token", {}, { authorization: "Basic eDp5" });
  assert.deepEqual([basic.status, basic["error"]], [401, "invalid_client"]);
  assert.match(basic.headers.get("www-authenticate")!, /^Basic/);
  const codes = await OAuthClient.registered(h.server, { grant_types: ["authorization_code"] });
  assert.equal((await codes.refresh("x"))["error"], "unauthorized_client");
  const big = await client.post("/oauth/token", { code: "x".repeat(40_000) });
  assert.equal(big.status, 413);
});

Deno.test("RFC 8628: a device is let in by a code that somebody types elsewhere", async () => {
  await using h = await house();
  const { client, browser } = h;
  const start = await client.post("/oauth/device_authorization", {
    client_id: client.clientId,
    scope: "imap offline_access",
  });
  assert.match(start["user_code"] as string, /^[B-Z]{4}-[B-Z]{4}$/);
  assert.deepEqual([start["verification_uri"], start["expires_in"], start["interval"]], [`${ORIGIN}/device`, 600, 5]);
  const poll = async () => (await client.token({ grant_type: DEVICE, device_code: start["device_code"] as string }));
  assert.equal((await poll())["error"], "authorization_pending");
  assert.equal((await poll())["error"], "slow_down");
  await h.server.clock.advance(5_000);
  assert.equal((await poll())["error"], "slow_down"); // five seconds more since then
  await h.server.clock.advance(16_000);
  assert.equal((await poll())["error"], "authorization_pending");
  const typed = (start["user_code"] as string).toLowerCase().replace("-", " ");
  await browser.get("/device");
  await browser.submit("/sign-in", { login: "alice@example.test", password: "alice" });
  const page = await browser.submit("/device", { user_code: typed });
  assert.match(page.text, /198\.51\.100\.7/);
  assert.match(page.text, /IMAP/);
  assert.match((await browser.submit("/device", { answer: "yes" })).text, /is let in/);
  const other = await OAuthClient.registered(h.server);
  const stolen = await other.token({ grant_type: DEVICE, device_code: start["device_code"] as string });
  assert.equal(stolen["error"], "invalid_grant");
  const tokens = await poll();
  assert.deepEqual([tokens.status, tokens["scope"]], [200, "imap offline_access"]);
  assert.equal((await poll())["error"], "expired_token");
  assert.equal((await client.refresh(tokens["refresh_token"])).status, 200);
});

Deno.test("a device that is refused, too late or unknown gets nothing, and codes cannot be guessed", async () => {
  await using h = await house();
  const { client, browser } = h;
  const start = () => client.post("/oauth/device_authorization", { client_id: client.clientId });
  const poll = async (one: Readonly<Record<string, unknown>>) =>
    (await client.token({ grant_type: DEVICE, device_code: one["device_code"] as string }))["error"];
  await browser.signIn("alice");
  const no = await start();
  await browser.get("/device");
  await browser.submit("/device", { user_code: no["user_code"] as string });
  await browser.submit("/device", { answer: "no" });
  assert.equal(await poll(no), "access_denied");
  const late = await start();
  await h.server.clock.advance(600_001);
  assert.equal(await poll(late), "expired_token");
  await browser.get("/device");
  assert.equal((await browser.submit("/device", { user_code: late["user_code"] as string })).status, 422);
  for (let i = 0; i < 9; i++) await browser.submit("/device", { user_code: "BBBB-BBBB" });
  const good = await start();
  assert.equal((await browser.submit("/device", { user_code: good["user_code"] as string })).status, 429);
  const impatient = await start();
  const said = [];
  for (let i = 0; i < 13; i++) said.push(await poll(impatient));
  assert.equal(said.at(-1), "expired_token");
});

Deno.test("RFC 7591: what a client may register, and what it may not", async () => {
  await using server = await testServer();
  const client = new OAuthClient(server);
  const error = async (metadata: unknown) => {
    client.address = `203.0.113.${++n}`;
    return (await client.register(metadata))["error"] ?? "none";
  };
  let n = 0;
  for (
    const uri of [
      "http://client.example/cb",
      "https://client.example/cb#fragment",
      "https://user@client.example/cb",
      "https://client.example\\@evil.example/",
      "javascript:alert(1)",
      "data:text/html,x",
      "http://127.0.0.1.evil.example/",
      "http://127.0.0.1:99999/",
      "http://127.0.0.1@evil.example/",
      "myapp:/cb",
      "https:///cb",
      "https://exämple.org/",
      `https://client.example/${"x".repeat(1000)}`,
      "",
      7,
    ]
  ) assert.equal(await error({ redirect_uris: [uri] }), "invalid_redirect_uri", String(uri));
  for (
    const uri of ["https://client.example/cb?x=1", "http://127.0.0.1:1234/cb", "http://[::1]/cb", "org.example.app:/cb"]
  ) {
    assert.equal(await error({ redirect_uris: [uri] }), "none", uri);
  }
  assert.equal(await error({}), "invalid_redirect_uri");
  assert.equal(await error({ redirect_uris: Array(11).fill(REDIRECT) }), "invalid_redirect_uri");
  for (
    const bad of [
      "{",
      [],
      null,
      { token_endpoint_auth_method: "client_secret_basic", redirect_uris: [REDIRECT] },
      { redirect_uris: [REDIRECT], grant_types: ["implicit"] },
      { redirect_uris: [REDIRECT], response_types: ["token"] },
      { redirect_uris: [REDIRECT], client_name: "x".repeat(101) },
      { redirect_uris: [REDIRECT], client_name: "good\u202eelif" },
      { redirect_uris: [REDIRECT], client_uri: "javascript:alert(1)" },
    ]
  ) assert.equal(await error(bad), "invalid_client_metadata", JSON.stringify(bad));
  client.address = "203.0.113.250";
  const replies = [];
  for (let i = 0; i < 25; i++) replies.push((await client.register({ redirect_uris: [REDIRECT] })).status);
  assert.equal(replies.indexOf(429), 20);
  // Nobody was let in by it: a day later it is forgotten.
  const unused = await OAuthClient.registered(server);
  await server.clock.advance(25 * 3_600_000);
  assert.equal((await unused.refresh("x"))["error"], "invalid_client");
});

Deno.test("what somebody calls himself is text on our pages", async () => {
  await using server = await testServer();
  const browser = new Browser(server);
  const client = await OAuthClient.registered(server, { client_name: '<script>alert("x")</script>' });
  await browser.signIn("alice");
  const page = await browser.get(client.link());
  assert.ok(!page.text.includes("<script"));
  assert.match(page.text, /&lt;script&gt;/);
});

Deno.test("RFC 8414 and RFC 9728: clients find everything from JMAP on, from any page", async () => {
  await using server = await testServer();
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await server.server.fetch(new Request(ORIGIN + path, { ...init, redirect: "manual" }));
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const shut = await ask("/jmap/session", { headers: { origin: "https://app.example", authorization: "Bearer x" } });
  assert.equal(shut.status, 401);
  const [, pointer] = /resource_metadata="([^"]+)"/.exec(shut.headers.get("www-authenticate")!)!;
  assert.match(shut.headers.get("www-authenticate")!, /error="invalid_token"/);
  assert.match(shut.headers.get("access-control-expose-headers")!, /www-authenticate/i);
  const resource = JSON.parse((await ask(pointer!.slice(ORIGIN.length))).text);
  assert.deepEqual([resource.resource, resource.authorization_servers], [`${ORIGIN}/jmap`, [ORIGIN]]);
  const metadata = await ask("/.well-known/oauth-authorization-server", { headers: { origin: "https://app.example" } });
  assert.equal(metadata.headers.get("access-control-allow-origin"), "*");
  const { issuer, ...about } = JSON.parse(metadata.text);
  assert.equal(issuer, ORIGIN);
  assert.deepEqual(about.code_challenge_methods_supported, ["S256"]);
  assert.equal(about.authorization_response_iss_parameter_supported, true);
  for (const name of ["token", "registration", "revocation", "device_authorization"]) {
    const path = (about[`${name}_endpoint`] as string).slice(ORIGIN.length);
    const asked = { "origin": "https://app.example", "access-control-request-method": "POST" };
    const preflight = await ask(path, {
      method: "OPTIONS",
      headers: { ...asked, "access-control-request-headers": "content-type" },
    });
    assert.deepEqual([preflight.status, preflight.headers.get("access-control-allow-origin")], [204, "*"], path);
    assert.equal(preflight.headers.get("access-control-allow-credentials"), null);
  }
  const jmap = { "origin": "https://app.example", "access-control-request-headers": "authorization" };
  for (const path of ["/jmap/api", "/.well-known/jmap"]) {
    const method = path === "/jmap/api" ? "POST" : "GET";
    const preflight = await ask(path, {
      method: "OPTIONS",
      headers: { ...jmap, "access-control-request-method": method },
    });
    assert.deepEqual([preflight.status, preflight.headers.get("access-control-allow-origin")], [204, "*"], path);
    assert.match(preflight.headers.get("access-control-allow-headers")!, /authorization/i);
  }
  for (const path of ["/sign-in", "/oauth/authorize", "/account", "/device", "/api/v1/accounts"]) {
    const page = await ask(path, { headers: { origin: "https://app.example" } });
    assert.equal(page.headers.get("access-control-allow-origin"), null, path);
  }
});
