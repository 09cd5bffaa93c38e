import assert from "node:assert/strict";
import { testServer } from "../../mod.ts";

const basic = (login: string, password: string) => `Basic ${btoa(`${login}:${password}`)}`;

Deno.test("an account logs in to the admin API by its password, or a token that is for admin", async () => {
  await using test = await testServer();
  const { server } = test;
  const ask = async (authorization: string, method: string, path: string, body?: unknown, address = "127.0.0.1") => {
    const request = new Request(`http://localhost/api/v1${path}`, {
      method,
      headers: { authorization, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = server.fetch(request, { address });
    await test.clock.advance(60_000); // what failed before makes it wait
    const response = await answer;
    const text = await response.text();
    return { status: response.status, json: text === "" ? null : JSON.parse(text) };
  };
  const alice = "alice@example.test";
  const own = `/accounts/${alice}`;
  const password = basic(alice, "alice");
  assert.deepEqual((await ask(password, "GET", "/me")).json.address, alice);
  const token = async (body: object) => (await ask(password, "POST", `${own}/tokens`, body)).json.token as string;
  const [imap, admin, all] = [
    await token({ name: "imap", scopes: ["imap"] }),
    await token({ name: "admin", scopes: ["admin"] }),
    await token({ name: "all" }),
  ];
  for (const shown of [`Bearer ${imap}`, basic(alice, imap), basic(alice, "wrong"), "Bearer palomar_made_up"]) {
    assert.equal((await ask(shown, "GET", "/me")).status, 401, shown);
  }
  for (const shown of [`Bearer ${admin}`, basic(alice, admin), `Bearer ${all}`]) {
    assert.equal((await ask(shown, "GET", own)).status, 200, shown);
    const change = { password: "mine", old: shown.startsWith("Bearer") ? shown.slice(7) : admin };
    assert.equal((await ask(shown, "PUT", `${own}/password`, change)).json.code, "oldPassword");
  }
  assert.equal((await ask(password, "PUT", `${own}/password`, { password: "new", old: "alice" })).status, 204);
  assert.equal((await ask(password, "GET", "/me")).status, 401);
  assert.equal((await ask(basic(alice, "new"), "GET", "/me")).status, 200);
});

Deno.test("guessing at the admin API is slowed down as at every other door, and the owner is not locked out", async () => {
  await using test = await testServer();
  const ask = (authorization: string, address: string) =>
    test.server.fetch(new Request("https://mail.example.test/api/v1/me", { headers: { authorization } }), { address });
  const statuses = [];
  for (let i = 0; i < 30; i++) {
    const asked = ask(basic("alice@example.test", `guess${i}`), "192.0.2.66");
    await test.clock.advance(60_000);
    statuses.push((await asked).status);
  }
  assert.ok(statuses.includes(401) && statuses.includes(429), statuses.join(" "));
  const owner = ask(basic("alice@example.test", "alice"), "192.0.2.1");
  await test.clock.advance(60_000);
  assert.equal((await owner).status, 200);
});
