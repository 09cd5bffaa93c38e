/** Passkeys: registered, used, and what a device or a stranger may try. */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { PASSKEY_SCRIPT } from "../../../src/http/sign_in/passkey_script.ts";
import { Authenticator, type Mischief } from "./authenticator.ts";
import { Browser, ORIGIN } from "./browser.ts";

const PATH = "/account/passkeys";

/** The options that stand in the form of the box, as the script reads them. */
function optionsOf(browser: Browser) {
  const [, given] = /name="options"\s+value="([^"]+)"/.exec(browser.page!.text)!;
  return JSON.parse(given!.replaceAll("&quot;", '"').replaceAll("&amp;", "&"));
}

async function house() {
  const server = await testServer();
  const browser = new Browser(server);
  await browser.signIn("alice");
  const device = new Authenticator(ORIGIN);
  return { server, browser, device, [Symbol.asyncDispose]: () => server.stop() };
}

async function register({ browser, device }: { browser: Browser; device: Authenticator }, mischief: Mischief = {}) {
  await browser.get(PATH);
  return await browser.submit(PATH, { name: "key", credential: device.create(optionsOf(browser), mischief) });
}

Deno.test("a passkey is registered, opens the account without a password, and is removed", async () => {
  await using h = await house();
  const page = await register(h);
  assert.deepEqual([page.status, page.url], [200, PATH], page.text);
  assert.match(page.text, /<strong>key<\/strong>/);
  assert.match(page.headers.get("content-security-policy")!, /script-src 'nonce-[^']+'; form-action/);
  const browser = new Browser(h.server);
  await browser.get("/sign-in?next=/device");
  const options = optionsOf(browser);
  assert.deepEqual([options.rpId, options.userVerification], ["mail.example.test", "required"]);
  const before = browser.cookie;
  assert.equal((await browser.submit("/sign-in/passkey", { credential: h.device.get(options) })).url, "/device");
  assert.notEqual(browser.cookie, before);
  await h.browser.get(PATH);
  await h.browser.submit(`${PATH}/remove`, {});
  const late = new Browser(h.server);
  await late.get("/sign-in");
  assert.equal((await late.submit("/sign-in/passkey", { credential: h.device.get(optionsOf(late)) })).status, 403);
});

Deno.test("an assertion is good once, here, now, for this browser, and as the device made it", async () => {
  await using h = await house();
  await register(h);
  const enter = async (mischief: Mischief = {}, browser = new Browser(h.server)) => {
    await browser.get("/sign-in");
    return (await browser.submit("/sign-in/passkey", { credential: h.device.get(optionsOf(browser), mischief) }))
      .status;
  };
  const wrong: readonly Mischief[] = [
    { origin: "https://evil.example" },
    { origin: "http://mail.example.test" },
    { rpId: "evil.example" },
    { type: "webauthn.create" },
    { challenge: "x".repeat(75) },
    { flags: 0 },
    { flags: 1 }, // present, but not verified
    { userHandle: "c29tZWJvZHkgZWxzZQ" },
    { signature: new Uint8Array(70) },
    { signature: new Uint8Array() },
  ];
  for (const mischief of wrong) {
    const entering = enter(mischief);
    await h.server.clock.advance(30_000);
    assert.equal(await entering, 403, JSON.stringify(mischief));
  }
  assert.equal(await enter(), 200);
  assert.equal(await enter({ counter: 1 }), 403); // it counted further before: a copy
  // The same answer again, and in another browser.
  const browser = new Browser(h.server);
  await browser.get("/sign-in");
  const page = browser.page!;
  const credential = h.device.get(optionsOf(browser), { counter: 100 });
  const other = new Browser(h.server);
  await other.get("/sign-in");
  assert.equal((await other.submit("/sign-in/passkey", { credential })).status, 403);
  const cookie = browser.cookie;
  assert.equal((await browser.submit("/sign-in/passkey", { credential })).url, "/account");
  browser.cookie = cookie;
  browser.page = page;
  assert.equal((await browser.submit("/sign-in/passkey", { credential })).status, 403);
  const slow = new Browser(h.server);
  await slow.get("/sign-in");
  const late = h.device.get(optionsOf(slow), { counter: 200 });
  await h.server.clock.advance(5 * 60_000 + 1);
  assert.equal((await slow.submit("/sign-in/passkey", { credential: late })).status, 403);
});

Deno.test("what is no registration is none, and a passkey is one account's alone", async () => {
  await using h = await house();
  for (
    const mischief of [
      { origin: "https://evil.example" },
      { rpId: "evil.example" },
      { type: "webauthn.get" },
      { flags: 1 },
      { challenge: "A".repeat(75) },
      { algorithm: -9 },
    ]
  ) assert.equal((await register(h, mischief)).status, 422, JSON.stringify(mischief));
  for (const credential of ["", "{", "[]", "null", '{"id":1}', `{"id":"${"x".repeat(2000)}"}`, "x".repeat(9500)]) {
    await h.browser.get(PATH);
    assert.equal((await h.browser.submit(PATH, { name: "key", credential })).status, 422);
  }
  assert.equal((await register(h)).status, 200);
  const bob = new Browser(h.server);
  await bob.signIn("bob");
  assert.equal((await register({ browser: bob, device: h.device })).status, 422);
  await bob.get(PATH);
  assert.match(bob.page!.text, /There are none/);
});

Deno.test("a disabled account is opened by no passkey", async () => {
  await using h = await house();
  await register(h);
  await h.server.admin("PATCH", "/api/v1/accounts/alice@example.test", { disabled: true });
  const browser = new Browser(h.server);
  await browser.get("/sign-in");
  assert.equal(
    (await browser.submit("/sign-in/passkey", { credential: h.device.get(optionsOf(browser)) })).status,
    403,
  );
});

Deno.test("a key that says it is of another algorithm than it is opens nothing", async () => {
  await using h = await house();
  await register(h, { algorithm: -8 });
  const browser = new Browser(h.server);
  await browser.get("/sign-in");
  assert.equal(
    (await browser.submit("/sign-in/passkey", { credential: h.device.get(optionsOf(browser)) })).status,
    403,
  );
});

Deno.test("the script of the pages brings what a device answers into the form, and says what went wrong", async () => {
  await using h = await house();
  await h.browser.get(PATH);
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));
  /** What a browser hands a script, of what the device makes. */
  const native = (made: string) => {
    const { id, type, response } = JSON.parse(made);
    const octets = Object.fromEntries(
      Object.entries(response).filter(([name]) => name !== "transports").map((
        [name, value],
      ) => [name, bytes(value as string).buffer]),
    );
    return { id, type, rawId: bytes(id).buffer, response: { ...octets, getTransports: () => ["internal"] } };
  };
  const said = (publicKey: { challenge: Uint8Array; user?: { id: Uint8Array } }) => ({
    ...publicKey,
    challenge: Buffer.from(publicKey.challenge).toString("base64url"),
    ...(publicKey.user && { user: { id: Buffer.from(publicKey.user.id).toString("base64url") } }),
  });
  const play = async (broken = false) => {
    const fields = { options: { value: JSON.stringify(optionsOf(h.browser)) }, credential: { value: "" } };
    const listeners: ((event: object) => Promise<void>)[] = [];
    const form = { elements: fields, addEventListener: (_: string, listener: never) => listeners.push(listener) };
    const box = { hidden: true, querySelector: () => form };
    const problem = { textContent: "", focus() {} };
    let sent = 0;
    const credentials = {
      create: ({ publicKey }: { publicKey: never }) => {
        if (broken) return Promise.reject(new Error("the person said no"));
        return Promise.resolve(native(h.device.create(said(publicKey) as never)));
      },
      get: ({ publicKey }: { publicKey: never }) => Promise.resolve(native(h.device.get(said(publicKey) as never))),
    };
    const document = { getElementById: (id: string) => id === "passkey" ? box : problem };
    const HTMLFormElement = { prototype: { submit: () => void sent++ } };
    const run = new Function("document", "window", "navigator", "HTMLFormElement", PASSKEY_SCRIPT);
    run(document, { PublicKeyCredential: {} }, { credentials }, HTMLFormElement);
    await listeners[0]!({ preventDefault() {} });
    return { shown: !box.hidden, sent, problem: problem.textContent, credential: fields.credential.value };
  };
  const refused = await play(true);
  assert.deepEqual([refused.shown, refused.sent, refused.problem], [true, 0, "It did not work: the person said no"]);
  const made = await play();
  assert.deepEqual([made.sent, made.problem], [1, ""]);
  const page = await h.browser.submit(PATH, { name: "by script", credential: made.credential });
  assert.match(page.text, /by script/);
  h.browser.cookie = "";
  await h.browser.get("/sign-in");
  const got = await play();
  assert.equal((await h.browser.submit("/sign-in/passkey", { credential: got.credential })).url, "/account");
});
