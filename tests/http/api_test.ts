import assert from "node:assert/strict";
import { NOW, queueMail, testAdmin } from "./admin_over_memory.ts";

const API = "/api/v1";
const CREATED = new Date(NOW).toISOString();

Deno.test("/api/v1/domains adds, shows, changes and removes", async () => {
  const { ask } = testAdmin();
  assert.deepEqual((await ask("GET", `${API}/domains`)).json, { domains: [], next: null });
  const added = await ask("POST", `${API}/domains`, { name: "Example.ORG" });
  assert.equal(added.status, 201);
  assert.deepEqual(added.json, { name: "example.org", catchAll: null, createdAt: CREATED });
  assert.equal((await ask("POST", `${API}/domains`, { name: "example.org" })).status, 409);
  assert.equal((await ask("GET", `${API}/domains/example.org`)).json.name, "example.org");
  assert.equal((await ask("GET", `${API}/domains/other.example`)).status, 404);

  await ask("POST", `${API}/accounts`, { address: "alice@example.org", password: "secret" });
  const changed = await ask("PATCH", `${API}/domains/example.org`, { catchAll: "alice@example.org" });
  assert.equal(changed.json.catchAll, "alice@example.org");
  const inUse = await ask("DELETE", `${API}/domains/example.org`);
  assert.deepEqual([inUse.status, inUse.json.code], [409, "inUse"]);
  assert.equal((await ask("DELETE", `${API}/accounts/alice@example.org`)).status, 204);
  assert.equal((await ask("DELETE", `${API}/domains/example.org`)).status, 204);
  assert.equal((await ask("DELETE", `${API}/domains/example.org`)).status, 404);
});

Deno.test("/api/v1/domains takes U-labels and keeps A-labels", async () => {
  const { ask } = testAdmin();
  assert.equal((await ask("POST", `${API}/domains`, { name: "bücher.example" })).json.name, "xn--bcher-kva.example");
  assert.equal((await ask("GET", `${API}/domains/${encodeURIComponent("bücher.example")}`)).status, 200);
});

Deno.test("/api/v1/accounts adds, shows, changes and removes, and never shows a password", async () => {
  const { ask, told } = testAdmin();
  await ask("POST", `${API}/domains`, { name: "example.org" });
  const path = `${API}/accounts/alice%40example.org`;
  const added = await ask("POST", `${API}/accounts`, {
    address: "Alice@Example.org",
    name: "Alice",
    password: "correct horse",
    quota: { bytes: 1000, messages: null },
  });
  assert.equal(added.status, 201);
  const { accountId, ...rest } = added.json;
  assert.equal(typeof accountId, "string");
  assert.deepEqual(rest, {
    address: "alice@example.org",
    name: "Alice",
    quota: { bytes: 1000, messages: null },
    usage: { bytes: 0, messages: 0 },
    disabled: false,
    shared: false,
    createdAt: CREATED,
  });
  assert.ok(!added.text.includes("correct horse"));
  assert.deepEqual((await ask("GET", path)).json, added.json);
  assert.deepEqual((await ask("GET", `${API}/accounts`)).json, { accounts: [added.json], next: null });
  assert.deepEqual((await ask("GET", `${API}/accounts?domain=example.net`)).json, { accounts: [], next: null });

  const named = await ask("PATCH", path, { name: "Alice Liddell" });
  assert.deepEqual([named.json.name, named.json.quota.bytes, named.json.disabled], ["Alice Liddell", 1000, false]);
  assert.deepEqual(told, []);
  assert.equal((await ask("PATCH", path, { disabled: true })).json.disabled, true);
  assert.equal((await ask("PUT", `${path}/password`, { password: "another" })).status, 204);
  assert.equal((await ask("DELETE", path)).status, 204);
  // Whoever is logged in must go: three times.
  assert.deepEqual(told, ["alice@example.org", "alice@example.org", "alice@example.org"]);
  for (const [method, at, body] of [["GET", path], ["PATCH", path, {}], ["DELETE", path]] as const) {
    assert.equal((await ask(method, at, body)).status, 404, method);
  }
  assert.equal((await ask("PUT", `${path}/password`, { password: "x" })).status, 404);
});

Deno.test("/api/v1/accounts refuses what is taken, foreign, or no password", async () => {
  const { ask } = testAdmin({
    makeCredentials: () => Promise.resolve({ refused: "password", text: "the password contains a NUL" }),
  });
  await ask("POST", `${API}/domains`, { name: "example.org" });
  const refused = await ask("POST", `${API}/accounts`, { address: "a@example.org", password: "a\0b" });
  assert.deepEqual([refused.status, refused.json.code, refused.json.detail], [
    422,
    "password",
    "the password contains a NUL",
  ]);
  const other = testAdmin();
  const foreign = await other.ask("POST", `${API}/accounts`, { address: "a@example.net", password: "x" });
  assert.deepEqual([foreign.status, foreign.json.code], [409, "noDomain"]);
  await other.ask("POST", `${API}/domains`, { name: "example.net" });
  assert.equal((await other.ask("POST", `${API}/accounts`, { address: "a@example.net", password: "x" })).status, 201);
  const taken = await other.ask("POST", `${API}/accounts`, { address: "A@EXAMPLE.NET", password: "x" });
  assert.deepEqual([taken.status, taken.json.code], [409, "exists"]);
});

Deno.test("/api/v1/accounts/…/acl gives, shows and takes rights, and a shared account needs no password", async () => {
  const { ask } = testAdmin();
  await ask("POST", `${API}/domains`, { name: "example.org" });
  await ask("POST", `${API}/accounts`, { address: "bob@example.org", password: "x" });
  const shared = await ask("POST", `${API}/accounts`, { address: "info@example.org", shared: true });
  assert.deepEqual([shared.status, shared.json.shared], [201, true]);
  const both = await ask("POST", `${API}/accounts`, { address: "a@example.org", shared: true, password: "x" });
  assert.deepEqual([both.status, both.json.detail], [422, "password: a shared account has none"]);
  const none = await ask("POST", `${API}/accounts`, { address: "a@example.org" });
  assert.deepEqual([none.status, none.json.code], [422, "invalid"]);

  const path = `${API}/accounts/info@example.org/acl`;
  assert.deepEqual((await ask("GET", path)).json, { mailboxes: [] });
  assert.deepEqual((await ask("GET", `${path}?mailbox=INBOX`)).json, {
    mailboxes: [{ mailbox: "INBOX", entries: [] }],
  });
  const put = async (mailbox: string, identifier: string, rights: string, at = path) =>
    (await ask("PUT", at, { mailbox, identifier, rights })).status;
  assert.equal(await put("inbox", "Bob@example.org", "srl"), 204);
  assert.equal(await put("Sent", "-anyone", "d"), 204);
  assert.deepEqual((await ask("GET", path)).json, {
    mailboxes: [
      { mailbox: "INBOX", entries: [{ identifier: "bob@example.org", rights: "lrs" }] },
      { mailbox: "Sent", entries: [{ identifier: "-anyone", rights: "te" }] },
    ],
  });
  assert.equal(await put("Nothing", "bob@example.org", "l"), 404);
  assert.equal(await put("INBOX", "zoe@example.org", "l"), 422);
  assert.equal(await put("INBOX", "info@example.org", "l"), 422);
  assert.equal(await put("INBOX", "bob@example.org", "lq"), 422);
  assert.equal(await put("INBOX", "bob@example.org", "l", `${API}/accounts/zoe@example.org/acl`), 404);
  const remove = async (query: string) => (await ask("DELETE", `${path}?${query}`)).status;
  assert.equal(await remove("mailbox=INBOX&identifier=bob%40example.org"), 204);
  assert.equal(await remove("mailbox=Nothing&identifier=bob%40example.org"), 404);
  assert.equal(await remove("mailbox=INBOX"), 422);
  assert.deepEqual((await ask("GET", `${path}?mailbox=INBOX`)).json.mailboxes[0].entries, []);
  // What others let this account see is not its own to give.
  await ask("PUT", `${API}/accounts/bob@example.org/acl`, {
    mailbox: "INBOX",
    identifier: "info@example.org",
    rights: "la",
  });
  assert.equal((await ask("GET", path)).json.mailboxes.length, 1);
});

Deno.test("/api/v1/aliases adds, lists and removes", async () => {
  const { ask } = testAdmin();
  await ask("POST", `${API}/domains`, { name: "example.org" });
  const targets = ["alice@example.org", "bob@example.net", "alice@example.org"];
  const added = await ask("POST", `${API}/aliases`, { address: "team@example.org", targets });
  assert.equal(added.status, 201);
  assert.deepEqual(added.json, {
    address: "team@example.org",
    targets: ["alice@example.org", "bob@example.net"],
    createdAt: CREATED,
  });
  assert.deepEqual((await ask("GET", `${API}/aliases?domain=example.org`)).json, { aliases: [added.json], next: null });
  assert.equal((await ask("POST", `${API}/aliases`, { address: "team@example.org", targets })).status, 409);
  const circle = await ask("POST", `${API}/aliases`, { address: "x@example.org", targets: ["x@example.org"] });
  assert.deepEqual([circle.status, circle.json.code], [422, "invalid"]);
  assert.equal((await ask("DELETE", `${API}/aliases/team@example.org`)).status, 204);
  assert.equal((await ask("DELETE", `${API}/aliases/team@example.org`)).status, 404);
});

Deno.test("/api/v1/queue lists in pages, filters, changes and removes", async () => {
  const { ask, storage, told } = testAdmin();
  await queueMail(storage, ["a@one.example", "b@two.example", "c@two.example"]);
  const all = (await ask("GET", `${API}/queue`)).json;
  assert.equal(all.next, null);
  assert.deepEqual(all.queue.map((row: { recipient: string }) => row.recipient).sort(), [
    "a@one.example",
    "b@two.example",
    "c@two.example",
  ]);
  const seen: string[] = [];
  let after = "";
  for (let page = 0; page < 4; page++) {
    const { queue, next } = (await ask("GET", `${API}/queue?limit=1${after}`)).json;
    seen.push(...queue.map((row: { queueId: string }) => row.queueId));
    if (next === null) break;
    after = `&after=${next}`;
  }
  assert.deepEqual(seen, all.queue.map((row: { queueId: string }) => row.queueId));
  assert.equal((await ask("GET", `${API}/queue?domain=two.example`)).json.queue.length, 2);
  assert.equal((await ask("GET", `${API}/queue?state=held`)).json.queue.length, 0);
  assert.equal((await ask("GET", `${API}/queue?traceId=other`)).json.queue.length, 0);

  const [id] = seen;
  assert.deepEqual((await ask("GET", `${API}/queue/${id}`)).json, all.queue[0]);
  assert.deepEqual((await ask("POST", `${API}/queue/${id}/hold`)).json, { changed: 1 });
  assert.equal((await ask("GET", `${API}/queue?state=held`)).json.queue.length, 1);
  assert.deepEqual(told, ["queue"]);
  assert.deepEqual((await ask("POST", `${API}/queue/change`, { change: "hold", ids: "all" })).json, {
    changed: 2,
    next: null,
  });
  assert.deepEqual((await ask("POST", `${API}/queue/change`, { change: "release", ids: [id] })).json, {
    changed: 1,
    next: null,
  });
  assert.equal((await ask("DELETE", `${API}/queue/${id}`)).status, 204);
  assert.equal((await ask("DELETE", `${API}/queue/${id}`)).status, 404);
  assert.equal((await ask("POST", `${API}/queue/${id}/retry`)).status, 404);
  assert.equal((await ask("GET", `${API}/queue/nothing`)).status, 404);
});

Deno.test("/api/v1/messages tells a message's story", async () => {
  const { ask, storage } = testAdmin();
  await queueMail(storage, ["a@one.example"], "s7.1");
  const { status, json } = await ask("GET", `${API}/messages/s7.1`);
  assert.equal(status, 200);
  assert.deepEqual(json.journal, [{
    at: CREATED,
    event: "accepted",
    recipient: null,
    detail: "Taken from alice@example.org.",
  }]);
  assert.deepEqual(json.waiting.map((row: { recipient: string }) => row.recipient), ["a@one.example"]);
  assert.equal((await ask("GET", `${API}/messages/s7.2`)).status, 404);
});
