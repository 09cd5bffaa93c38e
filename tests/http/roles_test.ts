/** Roles of the admin API: who may do what, tried at every route of the OpenAPI document. */
import assert from "node:assert/strict";
import type { Scope } from "../../src/contract/mod.ts";
import { type Answered, answered, testAdmin, TOKEN } from "./admin_over_memory.ts";
import { openApi, requestsOf } from "./every_route.ts";

const API = "/api/v1";

/** The password of each account is its local part; `token-WORD` is a token of Alice for that scope. */
function rolesAdmin() {
  let failures = 0;
  const admin = testAdmin({
    async logIn(shown, _address, door) {
      const failed = () => (failures++, { refused: "credentials" } as const);
      const scope = "token" in shown ? shown.token.reveal().replace("token-", "") as Scope : null;
      const login = "token" in shown ? "alice@a.example" : shown.login;
      if (!("token" in shown) && shown.password.reveal() !== login.split("@")[0]) return failed();
      if ("token" in shown && (!shown.token.reveal().startsWith("token-") || scope !== door)) return failed();
      const account = await admin.storage.perform("account.get", { address: login });
      if (account === null) return failed();
      if (account.disabled) return { refused: "disabled" };
      return { accountId: account.accountId, login: account.address, scopes: scope && [scope] };
    },
    provePassword: async (login, password) => {
      const account = await admin.storage.perform("account.get", { address: login });
      const right = account !== null && password.reveal() === login.split("@")[0];
      return right
        ? { accountId: account.accountId, login, scopes: null }
        : { refused: password.reveal() === "again" ? "tooMany" : "credentials" };
    },
  });
  const as = async (login: string, method: string, path: string, body?: unknown, more = {}): Promise<Answered> => {
    const authorization = login.includes("@")
      ? `Basic ${btoa(`${login}:${login.split("@")[0]}`)}`
      : login === "nobody"
      ? undefined
      : `Bearer ${login}`;
    return await answered(
      admin.app,
      new Request(`http://localhost${path.startsWith("/") ? API + path : path}`, {
        method,
        headers: {
          ...(authorization && { authorization }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...more,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
  };
  return { ...admin, as, failures: () => failures };
}

/** Two domains: `a.example` with an administrator, Alice and Bob, `b.example` with an administrator and Carl. */
async function twoDomains() {
  const admin = rolesAdmin();
  const { ask } = admin;
  for (const domain of ["a.example", "b.example"]) await ask("POST", `${API}/domains`, { name: domain });
  for (const address of ["admin@a.example", "alice@a.example", "bob@a.example", "admin@b.example", "carl@b.example"]) {
    assert.equal((await ask("POST", `${API}/accounts`, { address, password: "x" })).status, 201);
  }
  for (const one of ["a", "b"]) {
    const role = { role: "domain", domains: [`${one}.example`] };
    assert.equal((await ask("PUT", `${API}/accounts/admin@${one}.example/role`, role)).status, 200);
    const alias = { address: `info@${one}.example`, targets: ["zoe@example.net"] };
    assert.equal((await ask("POST", `${API}/aliases`, alias)).status, 201);
  }
  return admin;
}

/** All that the administrator of the server sees, but what reading changes. */
async function everything({ ask }: Awaited<ReturnType<typeof twoDomains>>): Promise<string> {
  const seen = [];
  for (const path of ["/domains", "/accounts", "/aliases", "/bans", "/queue"]) {
    seen.push((await ask("GET", API + path)).text);
  }
  for (const address of ["alice@a.example", "bob@a.example"]) {
    for (const part of ["", "/role", "/tokens", "/acl", "/delivery", "/vacation", "/mailboxes", "/sieve", "/rules"]) {
      seen.push((await ask("GET", `${API}/accounts/${address}${part}`)).text);
    }
  }
  seen.push((await ask("GET", `${API}/domains/a.example/dkim`)).text);
  return seen.join("\n");
}

Deno.test("no route lets strangers, other accounts or administrators of other domains see or change anything", async () => {
  const admin = await twoDomains();
  const document = await openApi(admin);
  const before = await everything(admin);
  let tried = 0;
  for (const request of requestsOf(document, "a.example", "alice@a.example", "info@a.example")) {
    const { route, access, method, path, body, type, ofThing } = request;
    for (const login of ["nobody", "carl@b.example", "admin@b.example", "bob@a.example", "token-imap"]) {
      tried++;
      const answer = await admin.as(login, method, path, body, type === null ? {} : { "content-type": type });
      const { status, text } = answer;
      const where = `${route} as ${login}: ${status} ${text.slice(0, 200)}`;
      if (login === "nobody" || login === "token-imap") {
        assert.equal(status, 401, where);
        continue;
      }
      if (ofThing || access === "server") {
        assert.ok(status === 403 || status === 404, where);
      } else {
        // What is nobody's in particular: a list shows what is one's own, an addition elsewhere is refused.
        assert.ok(status < 300 || status === 403 || status === 404 || status === 409, where);
        if (login !== "bob@a.example" && method === "GET") assert.ok(!text.includes("a.example"), where);
        assert.ok(!text.includes("alice@a.example") || status > 299, where);
      }
      if (!ofThing || login === "bob@a.example") continue;
      // What is not there looks the same.
      const elsewhere = path.replaceAll(/(alice|info)(%40|@)a\.example/g, "nobody$2a.example").replace(
        "domains/a.example",
        "domains/nothing.example",
      );
      const other = await admin.as(login, method, elsewhere, body, type === null ? {} : { "content-type": type });
      const plain = (text: string) =>
        text.replaceAll(/(alice|info|nobody)@a\.example|(a|nothing)\.example/g, "X").replaceAll(
          /"instance":"[^"]*"/g,
          "",
        );
      assert.deepEqual([other.status, plain(other.text)], [status, plain(text)], where);
    }
  }
  assert.ok(tried > 250, `${tried}`);
  assert.equal(await everything(admin), before);
  assert.deepEqual(admin.reported, []);
});

Deno.test("an administrator of a domain does all there is to do in it, and sees no more", async () => {
  const { as } = await twoDomains();
  const boss = "admin@a.example";
  assert.deepEqual((await as(boss, "GET", "/me")).json, {
    by: boss,
    address: boss,
    scopes: null,
    role: "domain",
    domains: ["a.example"],
  });
  const names = (list: { address?: string; name?: string }[]) => list.map((one) => one.address ?? one.name);
  assert.deepEqual(names((await as(boss, "GET", "/domains")).json.domains), ["a.example"]);
  const accounts = ["admin@a.example", "alice@a.example", "bob@a.example"];
  assert.deepEqual(names((await as(boss, "GET", "/accounts")).json.accounts), accounts);
  assert.deepEqual((await as(boss, "GET", "/accounts?domain=b.example")).json.accounts, []);
  assert.deepEqual(names((await as(boss, "GET", "/aliases")).json.aliases), ["info@a.example"]);
  assert.equal((await as(boss, "POST", "/accounts", { address: "new@a.example", password: "x" })).status, 201);
  const elsewhere = await as(boss, "POST", "/accounts", { address: "new@b.example", password: "x" });
  const nowhere = await as(boss, "POST", "/accounts", { address: "new@c.example", password: "x" });
  assert.deepEqual([elsewhere.status, elsewhere.json.code], [409, "noDomain"]);
  assert.equal(elsewhere.json.detail.replace("b.example", "c.example"), nowhere.json.detail);
  assert.equal((await as(boss, "PUT", "/accounts/new@a.example/password", { password: "y" })).status, 204);
  assert.equal((await as(boss, "PATCH", "/accounts/new@a.example", { quota: { bytes: 5 } })).status, 200);
  assert.equal((await as(boss, "POST", "/accounts/new@a.example/tokens", { name: "phone" })).status, 201);
  assert.equal((await as(boss, "DELETE", "/accounts/new@a.example")).status, 204);
  assert.equal((await as(boss, "PATCH", "/domains/a.example", { catchAll: "bob@a.example" })).status, 200);
  const theirs = await as(boss, "PATCH", "/domains/a.example", { catchAll: "carl@b.example" });
  const none = await as(boss, "PATCH", "/domains/a.example", { catchAll: "none@a.example" });
  assert.deepEqual([theirs.status, none.status], [404, 404]);
  assert.equal(theirs.json.detail.replace("carl@b", "none@a"), none.json.detail);
  assert.equal((await as(boss, "POST", "/domains/a.example/dkim")).status, 201);
  assert.equal((await as(boss, "GET", "/domains/a.example/dns")).status, 200);
  for (const path of ["/queue", "/bans"]) assert.equal((await as(boss, "GET", path)).status, 403, path);
  assert.equal((await as(boss, "POST", "/domains", { name: "c.example" })).status, 403);
  assert.equal((await as(boss, "DELETE", "/domains/a.example")).status, 403);
  assert.equal((await as(boss, "PUT", `/accounts/${boss}/role`, { role: "server" })).status, 403);
});

Deno.test("an administrator of a domain has no power over whoever may administer more", async () => {
  const { as, ask } = await twoDomains();
  const boss = "admin@a.example";
  for (const role of [{ role: "server" }, { role: "domain", domains: ["a.example", "b.example"] }]) {
    assert.equal((await ask("PUT", `${API}/accounts/bob@a.example/role`, role)).status, 200);
    assert.equal((await as(boss, "GET", "/accounts/bob@a.example")).status, 200);
    assert.equal((await as(boss, "GET", "/accounts/bob@a.example/role")).json.role, role.role);
    const cases = [
      ["PUT", "/password", { password: "mine" }],
      ["POST", "/tokens", { name: "mine" }],
      ["GET", "/tokens"],
      ["PATCH", "", { disabled: true }],
      ["DELETE", ""],
      ["GET", "/messages?mailbox=INBOX"],
      ["PATCH", "/delivery", { forward: ["me@example.net"] }],
      ["PUT", "/sieve/mine", { content: "keep;" }],
      ["PUT", "/acl", { mailbox: "INBOX", identifier: boss, rights: "lr" }],
    ] as const;
    for (const [method, part, body] of cases) {
      assert.equal((await as(boss, method, `/accounts/bob@a.example${part}`, body)).status, 403, `${method} ${part}`);
    }
  }
  assert.equal((await ask("PUT", `${API}/accounts/bob@a.example/role`, { role: "none" })).status, 200);
  assert.equal((await as(boss, "PATCH", "/accounts/bob@a.example", { disabled: true })).status, 200);
});

Deno.test("an account sees and changes what is its own, and a password only with the one before", async () => {
  const { as, told } = await twoDomains();
  const own = "/accounts/alice@a.example";
  const alice = "alice@a.example";
  assert.deepEqual((await as(alice, "GET", "/me")).json.role, "none");
  assert.equal((await as(alice, "GET", own)).json.quota.bytes, null);
  assert.deepEqual((await as(alice, "GET", "/accounts")).json.accounts.length, 1);
  for (const part of ["/tokens", "/acl", "/delivery", "/vacation", "/mailboxes", "/sieve", "/rules", "/role"]) {
    assert.equal((await as(alice, "GET", own + part)).status, 200, part);
  }
  assert.equal((await as(alice, "PATCH", own, { name: "Alice" })).status, 200);
  assert.equal((await as(alice, "PATCH", own, { quota: { bytes: null } })).status, 403);
  assert.equal((await as(alice, "PATCH", own, { disabled: false })).status, 403);
  assert.equal((await as(alice, "DELETE", own)).status, 403);
  assert.equal((await as(alice, "PUT", `${own}/role`, { role: "server" })).status, 403);
  const set = (body: unknown) => as(alice, "PUT", `${own}/password`, body);
  assert.deepEqual([(await set({ password: "new" })).json.errors[0].path], ["old"]);
  assert.deepEqual((await set({ password: "new", old: "wrong" })).json.code, "oldPassword");
  assert.deepEqual((await set({ password: "new", old: "again" })).status, 429);
  assert.equal(told.includes(alice), false);
  assert.equal((await set({ password: "new", old: "alice" })).status, 204);
  assert.ok(told.includes(alice));
  assert.equal((await as(alice, "GET", "/domains")).status, 403);
  assert.equal((await as(alice, "GET", "/aliases")).status, 403);
});

Deno.test("a token that is for admin makes none that is for more", async () => {
  const { as } = await twoDomains();
  const path = "/accounts/alice@a.example/tokens";
  assert.deepEqual((await as("token-admin", "GET", "/me")).json.scopes, ["admin"]);
  assert.equal((await as("token-admin", "POST", path, { name: "x" })).status, 403);
  assert.equal((await as("token-admin", "POST", path, { name: "x", scopes: ["admin", "imap"] })).status, 403);
  assert.equal((await as("token-admin", "POST", path, { name: "x", scopes: ["admin"] })).status, 201);
});

Deno.test("a role goes with its account and its domain, and is never half a role", async () => {
  const { as, ask } = await twoDomains();
  const role = (body: unknown) => ask("PUT", `${API}/accounts/alice@a.example/role`, body);
  for (
    const wrong of [{ role: "root" }, { role: "domain" }, { role: "domain", domains: [] }, {
      role: "none",
      domains: ["a.example"],
    }]
  ) assert.equal((await role(wrong)).status, 422, JSON.stringify(wrong));
  assert.equal((await role({ role: "domain", domains: ["c.example"] })).status, 409);
  await ask("POST", `${API}/domains`, { name: "c.example" });
  await ask("POST", `${API}/domains`, { name: "d.example" });
  assert.deepEqual((await role({ role: "domain", domains: ["d.example", "c.example"] })).json.domains, [
    "c.example",
    "d.example",
  ]);
  assert.equal((await as("alice@a.example", "GET", "/domains/c.example")).status, 200);
  await ask("DELETE", `${API}/domains/c.example`);
  await ask("POST", `${API}/domains`, { name: "c.example" });
  assert.equal((await as("alice@a.example", "GET", "/domains/c.example")).status, 404);
  assert.equal((await as("alice@a.example", "GET", "/domains/d.example")).status, 200);
  assert.equal((await role({ role: "server" })).status, 200);
  assert.equal((await as("alice@a.example", "GET", "/queue")).status, 200);
  await ask("DELETE", `${API}/accounts/alice@a.example`);
  await ask("POST", `${API}/accounts`, { address: "alice@a.example", password: "x" });
  assert.equal((await as("alice@a.example", "GET", "/queue")).status, 403);
});

Deno.test("accounts log in by HTTPS or from this machine, and never for a page of another origin", async () => {
  const { app } = await twoDomains();
  const authorization = `Basic ${btoa("alice@a.example:alice")}`;
  const ask = async (url: string, client: { address: string; origin?: string }, headers = {}, method = "GET") =>
    (await app.fetch(new Request(url, { method, headers: { authorization, ...headers } }), client)).status;
  const path = `${API}/me`;
  assert.equal(await ask(`http://mail.example${path}`, { address: "192.0.2.1" }), 403);
  assert.equal(await ask(`https://mail.example${path}`, { address: "192.0.2.1", origin: "http://mail.example" }), 403);
  assert.equal(await ask(`https://mail.example${path}`, { address: "192.0.2.1" }), 200);
  assert.equal(await ask(`http://mail.example${path}`, { address: "192.0.2.1", origin: "https://mail.example" }), 200);
  for (const address of ["127.0.0.1", "::1", ""]) {
    assert.equal(await ask(`http://mail.example${path}`, { address }), 200);
  }
  const dkim = "https://mail.example/api/v1/domains/a.example/dkim";
  const boss = { authorization: `Basic ${btoa("admin@a.example:admin")}` };
  const near = { address: "192.0.2.1" };
  assert.equal(await ask(dkim, near, { ...boss, origin: "https://evil.example" }, "POST"), 403);
  assert.equal(await ask(dkim, near, { ...boss, "sec-fetch-site": "cross-site" }, "POST"), 403);
  assert.equal(await ask(dkim, near, { ...boss, origin: "https://mail.example" }, "POST"), 201);
});

Deno.test("whoever is disabled, unknown or slowed down hears so, and the admin token still works", async () => {
  const { as, ask, app, failures } = await twoDomains();
  await ask("PATCH", `${API}/accounts/alice@a.example`, { disabled: true });
  assert.equal((await as("alice@a.example", "GET", "/me")).json.code, "disabled");
  assert.equal((await as("stranger@a.example", "GET", "/me")).status, 401);
  assert.equal((await as("no-such-token", "GET", "/me")).status, 401);
  assert.equal(failures(), 2);
  assert.equal((await as(TOKEN, "GET", "/me")).json.role, "server");
  const slow = testAdmin({ logIn: () => Promise.resolve({ refused: "tooMany" }) });
  const request = new Request(`http://localhost${API}/me`, { headers: { authorization: `Basic ${btoa("a@b:c")}` } });
  const { status, headers } = await answered(slow.app, request.clone());
  assert.deepEqual([status, headers.get("retry-after")], [429, "60"]);
  assert.match((await answered(app, request)).headers.get("www-authenticate") ?? "", /^Basic realm="Palomar"/);
  assert.equal((await slow.ask("GET", `${API}/me`)).status, 200);
});
