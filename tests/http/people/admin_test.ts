/** What the operator can do for people, and against programs. */
import assert from "node:assert/strict";
import { codeOf, decodeBase32, stepOf } from "../../../src/factors/mod.ts";
import { testServer } from "../../../src/server/test_server.ts";
import { Authenticator } from "./authenticator.ts";
import { Browser, ORIGIN } from "./browser.ts";
import { answerOf, OAuthClient } from "./client.ts";

const ALICE = "/api/v1/accounts/alice@example.test";

Deno.test("the operator sees how somebody signs in, takes a lost device away, and ends sessions", async () => {
  await using server = await testServer();
  const ask = async (method: string, path: string, body?: unknown) => (await server.admin(method, path, body)).json();
  const browser = new Browser(server);
  await browser.signIn("alice");
  const page = await browser.get("/account/second-step");
  const secret = /class="secret">\s*([A-Z2-7 ]+)\s*</.exec(page.text)![1]!.replaceAll(" ", "");
  const code = codeOf(decodeBase32(secret)!, stepOf(server.clock.wall()));
  await browser.submit("/account/second-step/confirm", { code });
  await browser.get("/account/passkeys");
  const [, given] = /name="options"\s+value="([^"]+)"/.exec(browser.page!.text)!;
  const credential = new Authenticator(ORIGIN).create(JSON.parse(given!.replaceAll("&quot;", '"')));
  await browser.submit("/account/passkeys", { name: "key", credential });
  const state = await ask("GET", `${ALICE}/sign-in`);
  assert.deepEqual([state.totp, state.recoveryCodes, state.passwordAtDoors, state.browsers], [true, 10, false, 1]);
  assert.deepEqual(state.passkeys.map(({ name }: { name: string }) => name), ["key"]);
  assert.ok(!JSON.stringify(state).includes(secret));
  assert.deepEqual(await ask("POST", `${ALICE}/sign-in`, { removeTotp: true }), {
    totp: true,
    passkeys: 0,
    browsers: 0,
  });
  assert.equal((await new Browser(server).signIn("alice")).url, "/account");
  const all = await ask("POST", `${ALICE}/sign-in`, { removePasskeys: true, signOut: true });
  assert.deepEqual(all, { totp: false, passkeys: 1, browsers: 2 });
  assert.match((await browser.get("/account")).url, /^\/sign-in/);
  assert.equal((await server.admin("GET", "/api/v1/accounts/nobody@example.test/sign-in")).status, 404);
});

Deno.test("the operator disconnects programs and forgets clients", async () => {
  await using server = await testServer();
  const client = await OAuthClient.registered(server);
  const browser = new Browser(server);
  await browser.signIn("alice");
  const connect = async () => {
    await browser.get(client.link({ prompt: "consent" }));
    const answer = await browser.submit("/oauth/authorize", { answer: "yes" });
    return await client.redeem(answerOf(answer.url)["code"]!);
  };
  const list = async () => (await (await server.admin("GET", `${ALICE}/grants`)).json()).grants;
  const [one, two] = [await connect(), await connect()];
  const grants = await list();
  assert.deepEqual(grants.map(({ name, place }: Record<string, string>) => [name, place]), [
    ["Test Mail", "client.example"],
    ["Test Mail", "client.example"],
  ]);
  assert.equal((await server.admin("DELETE", `${ALICE}/grants/${grants[0].grantId}`)).status, 204);
  assert.equal((await server.admin("DELETE", `${ALICE}/grants/${grants[0].grantId}`)).status, 404);
  assert.equal(
    (await server.admin("DELETE", `/api/v1/accounts/bob@example.test/grants/${grants[1].grantId}`)).status,
    404,
  );
  const opened = [await client.opens(one["access_token"]), await client.opens(two["access_token"])];
  assert.deepEqual(opened.sort(), [false, true]);
  assert.deepEqual(await (await server.admin("DELETE", `${ALICE}/grants`)).json(), { removed: 1 });
  assert.ok(!await client.opens(one["access_token"]) && !await client.opens(two["access_token"]));
  assert.equal((await browser.get(client.link())).url.slice(0, 16), "/oauth/authorize"); // asked again
  const three = await connect();
  const clients = (await (await server.admin("GET", "/api/v1/oauth/clients")).json()).clients;
  assert.deepEqual(clients.map(({ clientId }: { clientId: string }) => clientId), [client.clientId]);
  assert.equal((await server.admin("DELETE", `/api/v1/oauth/clients/${client.clientId}`)).status, 204);
  assert.equal((await server.admin("DELETE", `/api/v1/oauth/clients/${client.clientId}`)).status, 404);
  assert.equal((await client.refresh(three["refresh_token"]))["error"], "invalid_client");
});

Deno.test("an account that was disabled has to be signed in to anew, and let programs in anew", async () => {
  await using server = await testServer();
  const client = await OAuthClient.registered(server);
  const browser = new Browser(server);
  await browser.signIn("alice");
  await browser.get(client.link());
  const answer = await browser.submit("/oauth/authorize", { answer: "yes" });
  const tokens = await client.redeem(answerOf(answer.url)["code"]!);
  await server.admin("PATCH", ALICE, { disabled: true });
  await server.admin("PATCH", ALICE, { disabled: false });
  assert.match((await browser.get("/account")).url, /^\/sign-in/);
  assert.ok(!await client.opens(tokens["access_token"]));
});

Deno.test("where registration is shut, the operator adds clients, and those stay", async () => {
  await using server = await testServer({ config: { oauth: { registration: false } } });
  const client = new OAuthClient(server);
  const refused = await client.register({ redirect_uris: ["https://client.example/callback"] });
  assert.deepEqual([refused.status, refused["error"]], [400, "access_denied"]);
  const found = await server.server.fetch(new Request(`${ORIGIN}/.well-known/oauth-authorization-server`));
  assert.equal((await found.json()).registration_endpoint, undefined);
  const bad = await server.admin("POST", "/api/v1/oauth/clients", {
    name: "Web",
    redirectUris: ["http://evil.example"],
  });
  assert.equal(bad.status, 422);
  const made = await server.admin("POST", "/api/v1/oauth/clients", {
    name: "Web",
    redirectUris: ["https://client.example/callback"],
  });
  client.clientId = (await made.json()).clientId;
  await server.clock.advance(25 * 3_600_000);
  const browser = new Browser(server);
  await browser.signIn("alice");
  await browser.get(client.link());
  const answer = await browser.submit("/oauth/authorize", { answer: "yes" });
  assert.equal((await client.redeem(answerOf(answer.url)["code"]!)).status, 200);
  const clients = (await (await server.admin("GET", "/api/v1/oauth/clients")).json()).clients;
  assert.deepEqual([clients[0].clientId, clients[0].kept], [client.clientId, true]);
});
