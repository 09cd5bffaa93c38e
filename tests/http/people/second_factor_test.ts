/** TOTP in a browser: on, used, lost, off; and what it means for mail programs. */
import assert from "node:assert/strict";
import { codeOf, decodeBase32, stepOf } from "../../../src/factors/mod.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { Browser } from "./browser.ts";

const ALICE = { login: "alice@example.test", password: "alice" };
const PATH = "/account/second-step";

const codeAt = (server: TestServer, secret: string, steps = 0) =>
  codeOf(decodeBase32(secret)!, stepOf(server.clock.wall()) + steps);

/** Turns it on; the secret and the recovery codes. */
async function enrol(server: TestServer): Promise<{ browser: Browser; secret: string; recovery: string[] }> {
  const browser = new Browser(server);
  await browser.signIn("alice");
  const page = await browser.get(PATH);
  assert.match(page.text, /<svg class="code" role="img"/);
  const secret = /class="secret">([A-Z2-7 ]+)</.exec(page.text)![1]!.replaceAll(" ", "");
  assert.equal(decodeBase32(secret)!.length, 20);
  assert.match(page.text, new RegExp(`otpauth://totp/[^"]*secret=${secret}&amp;issuer=mail.example.test`));
  const done = await browser.submit(`${PATH}/confirm`, { code: codeAt(server, secret) });
  const recovery = [...done.text.matchAll(/class="secret">([a-z2-7-]{19})</g)].map(([, code]) => code!);
  assert.equal(new Set(recovery).size, 10);
  await server.clock.advance(30_000);
  return { browser, secret, recovery };
}

async function logIn(server: TestServer, password: string): Promise<boolean> {
  const imap = server.connect("imap");
  await imap.until("\r\n");
  const asked = imap.ask(`a LOGIN ${ALICE.login} ${password}`, /a (OK|NO).*\r\n/);
  await server.clock.advance(5_000);
  const said = await asked;
  imap.close();
  return said.includes("a OK");
}

Deno.test("with TOTP on, the password leads to a second step, and only a code that was not used leads on", async () => {
  await using server = await testServer();
  const { secret, recovery } = await enrol(server);
  const browser = new Browser(server);
  assert.equal((await browser.signIn("alice")).url, "/sign-in/code");
  assert.match((await browser.get("/account")).url, /^\/sign-in\?/); // nobody is signed in yet
  await browser.get("/sign-in/code");
  const wrong = await browser.submit("/sign-in/code", { code: "000000" });
  assert.deepEqual([wrong.status, wrong.url], [403, "/sign-in/code"]);
  const code = codeAt(server, secret);
  assert.equal(
    (await browser.submit("/sign-in/code", { code: `${code.slice(0, 3)} ${code.slice(3)}` })).url,
    "/account",
  );
  const replay = new Browser(server);
  await replay.signIn("alice");
  assert.equal((await replay.submit("/sign-in/code", { code })).status, 403);
  assert.equal((await replay.submit("/sign-in/code", { code: recovery[0]!.toUpperCase() })).url, "/account");
  const again = new Browser(server);
  await again.signIn("alice");
  assert.equal((await again.submit("/sign-in/code", { code: recovery[0]! })).status, 403);
  assert.equal((await again.submit("/sign-in/code", { code: recovery[1]! })).url, "/account");
});

Deno.test("codes cannot be guessed: five for a password, twenty an hour for an account, and recovery codes still open", async () => {
  await using server = await testServer();
  const { secret, recovery } = await enrol(server);
  let blocked = false;
  for (let round = 0; round < 6 && !blocked; round++) {
    const browser = new Browser(server);
    browser.address = `203.0.113.${round}`;
    const entering = browser.signIn("alice");
    await server.clock.advance(5_000);
    assert.equal((await entering).url, "/sign-in/code");
    for (let i = 0; i < 5; i++) {
      const guess = browser.submit("/sign-in/code", { code: "000000" });
      await server.clock.advance(1000);
      const page = await guess;
      blocked ||= /too many wrong codes/.test(page.text);
      if (i === 4) assert.match(page.url, /^\/sign-in\?/);
    }
  }
  assert.ok(blocked);
  const owner = new Browser(server);
  const entering = owner.signIn("alice");
  await server.clock.advance(5_000);
  await entering;
  assert.equal((await owner.submit("/sign-in/code", { code: codeAt(server, secret, 1) })).status, 403);
  assert.equal((await owner.submit("/sign-in/code", { code: recovery[0]! })).url, "/account");
});

Deno.test("with TOTP on, mail programs need app passwords, unless the owner allows his password there", async () => {
  await using server = await testServer();
  assert.ok(await logIn(server, "alice"));
  const { browser } = await enrol(server);
  const made = await server.admin("POST", `/api/v1/accounts/${ALICE.login}/tokens`, { name: "phone" });
  const { token } = await made.json();
  assert.ok(!await logIn(server, "alice"));
  assert.ok(await logIn(server, token));
  const basic = { authorization: `Basic ${btoa(`${ALICE.login}:alice`)}` };
  const jmap = new Request("https://mail.example.test/jmap/session", { headers: basic });
  assert.equal((await server.server.fetch(jmap, { address: "192.0.2.77" })).status, 401);
  await browser.get(PATH);
  await browser.submit(`${PATH}/programs`, { password: "yes" });
  assert.ok(await logIn(server, "alice"));
  await browser.get(PATH);
  const body = new URLSearchParams({ form: /name="form" value="([^"]+)"/.exec(browser.page!.text)![1]! });
  await browser.post(`${PATH}/programs`, body);
  assert.ok(!await logIn(server, "alice"));
});

Deno.test("turning it off, and new recovery codes, want a code; the wrong one changes nothing", async () => {
  await using server = await testServer();
  const { browser, secret, recovery } = await enrol(server);
  await browser.get(PATH);
  assert.equal((await browser.submit(`${PATH}/off`, { code: "000000" })).status, 422);
  const renewed = await browser.submit(`${PATH}/recovery`, { code: codeAt(server, secret) });
  assert.match(renewed.text, /New recovery codes/);
  await browser.get(PATH);
  assert.equal((await browser.submit(`${PATH}/off`, { code: recovery[3]! })).status, 422);
  await server.clock.advance(30_000);
  await browser.get(PATH);
  assert.match((await browser.submit(`${PATH}/off`, { code: codeAt(server, secret) })).text, /is off/);
  const plain = new Browser(server);
  assert.equal((await plain.signIn("alice")).url, "/account");
  assert.ok(await logIn(server, "alice"));
});

Deno.test("a change of how one signs in wants a sign-in that is not old", async () => {
  await using server = await testServer();
  const browser = new Browser(server);
  await browser.signIn("alice");
  await server.clock.advance(16 * 60_000);
  assert.equal((await browser.get("/account")).url, "/account");
  for (const path of [PATH, "/account/app-passwords"]) {
    assert.match((await browser.get(path)).url, /^\/sign-in\?next=.*again=1/);
  }
  const page = await browser.submit("/sign-in", ALICE);
  assert.equal(page.url, "/account/app-passwords");
});

Deno.test("an app password is made for what is ticked, shown once, and taken back", async () => {
  await using server = await testServer();
  const browser = new Browser(server);
  await browser.signIn("alice");
  await browser.get("/account/app-passwords");
  assert.equal((await browser.submit("/account/app-passwords", { name: "phone" })).status, 422);
  const made = await browser.submit("/account/app-passwords", { name: "<phone>", "scope-imap": "yes", days: "30" });
  const secret = /palomar_[A-Za-z0-9_-]{32}/.exec(made.text)![0];
  assert.ok(await logIn(server, secret));
  const account = await browser.get("/account");
  assert.ok(!account.text.includes(secret) && !account.text.includes("<phone>"));
  await browser.submit("/account/app-passwords/remove", {});
  assert.ok(!await logIn(server, secret));
  assert.match((await browser.get("/account")).text, /There are none/);
});

Deno.test("one signs out other browsers and disconnects programs, and nobody does that for somebody else", async () => {
  await using server = await testServer();
  const [here, there, bob] = [new Browser(server), new Browser(server), new Browser(server)];
  for (const browser of [here, there]) await browser.signIn("alice");
  await bob.signIn("bob");
  await here.get("/account");
  await here.submit("/account/sign-out-everywhere", { programs: "yes" });
  assert.equal((await here.get("/account")).url, "/account");
  assert.match((await there.get("/account")).url, /^\/sign-in/);
  assert.equal((await bob.get("/account")).url, "/account");
});
