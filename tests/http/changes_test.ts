/** Conditions, request ids and the audit log of the admin API. */
import assert from "node:assert/strict";
import type { AuditEntry } from "../../src/http/audit_desk.ts";
import { masked } from "../../src/http/masked.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { AuditBook } from "../../src/server/audit_book.ts";
import { NOW, testAdmin } from "./admin_over_memory.ts";

const API = "/api/v1";
const ALICE = `${API}/accounts/alice@example.org`;

async function withAlice(more: Parameters<typeof testAdmin>[0] = {}) {
  const admin = testAdmin(more);
  await admin.ask("POST", `${API}/domains`, { name: "example.org" });
  await admin.ask("POST", `${API}/accounts`, { address: "alice@example.org", password: "x" });
  return admin;
}

Deno.test("what is read and changed has an ETag, and If-Match keeps two from undoing each other's work", async () => {
  const { ask } = await withAlice();
  for (
    const [path, one, two] of [
      [`${API}/domains/example.org`, { catchAll: "alice@example.org" }, { catchAll: null }],
      [ALICE, { name: "Alice" }, { name: "Liddell" }],
      [`${ALICE}/delivery`, { keep: false, forward: ["a@example.net"] }, { keep: true }],
    ] as const
  ) {
    const read = await ask("GET", path);
    const tag = read.headers.get("etag")!;
    assert.match(tag, /^"[\w-]{20,}"$/, path);
    const changed = await ask("PATCH", path, one, { "if-match": tag });
    assert.equal(changed.status, 200, path);
    const next = changed.headers.get("etag")!;
    assert.notEqual(next, tag);
    assert.equal((await ask("GET", path)).headers.get("etag"), next);
    const late = await ask("PATCH", path, two, { "if-match": tag });
    assert.deepEqual([late.status, late.json.code, late.headers.get("etag")], [412, "changed", next]);
    assert.equal((await ask("GET", path)).headers.get("etag"), next);
    assert.equal((await ask("PATCH", path, two, { "if-match": `"x", ${next}` })).status, 200);
    assert.equal((await ask("PATCH", path, two, { "if-match": "*" })).status, 200);
    assert.equal((await ask("PATCH", path, two, { "if-match": `W/${next}` })).status, 412);
    assert.equal((await ask("PATCH", path, two, { "if-none-match": "*" })).status, 412);
  }
  const gone = await ask("DELETE", `${API}/aliases/none@example.org`, undefined, { "if-match": "*" });
  assert.ok(gone.status === 412 || gone.status === 404);
  const { headers } = await ask("GET", `${ALICE}/delivery`);
  const same = await ask("GET", `${ALICE}/delivery`, undefined, { "if-none-match": headers.get("etag")! });
  assert.deepEqual([same.status, same.text, same.headers.get("etag")], [304, "", headers.get("etag")]);
});

Deno.test("of many who change one state of a thing at once, one does", async () => {
  const { ask } = await withAlice();
  const tag = (await ask("GET", ALICE)).headers.get("etag")!;
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, i) => ask("PATCH", ALICE, { name: `N${i}` }, { "if-match": tag })),
  );
  assert.deepEqual(all.map(({ status }) => status).sort(), [200, 412, 412, 412, 412, 412, 412, 412]);
});

Deno.test("each request has an id: one that came, or a new one, in the answer, its problem and the log", async () => {
  const lines: Record<string, unknown>[] = [];
  const done: unknown[] = [];
  const { ask } = await withAlice({
    log: (level, event, fields) => void lines.push({ level, event, ...fields }),
    requestDone: ({ method, route, status }) => void done.push([method, route, status]),
  });
  lines.length = done.length = 0;
  const kept = await ask("GET", `${API}/accounts/none@example.org`, undefined, { "x-request-id": "mine-1" });
  assert.equal(kept.headers.get("x-request-id"), "mine-1");
  assert.equal(kept.json.instance, "urn:palomar:request:mine-1");
  for (const wrong of ["", "a b", "x".repeat(65), "<script>", "-x"]) {
    const id = (await ask("GET", ALICE, undefined, { "x-request-id": wrong })).headers.get("x-request-id")!;
    assert.match(id, /^[0-9a-f-]{36}$/, wrong);
  }
  await ask("PATCH", ALICE, { name: "A" }, { "x-request-id": "mine-2" });
  await ask("GET", "/nothing/at/all");
  const [first, last] = [lines[0]!, lines.at(-2)!];
  assert.deepEqual([first.level, first.event, first.request, first.status], ["debug", "http.request", "mine-1", 404]);
  assert.deepEqual([last.level, last.request, last.by], ["info", "mine-2", "the admin token"]);
  assert.deepEqual(done[0], ["GET", "/api/v1/accounts/:address", 404]);
  assert.deepEqual(done.at(-1), ["GET", "none", 404]);
});

Deno.test("the audit log has who changed what, what it was and is, and no secrets", async () => {
  const storage = memoryStorage();
  let now = NOW;
  const failures: unknown[] = [];
  const book = new AuditBook({ storage, now: () => now++, keptMs: 1e9, failed: (error) => void failures.push(error) });
  const admin = testAdmin({ audit: book }, storage);
  const { ask } = admin;
  await ask("POST", `${API}/domains`, { name: "example.org" });
  const secret = "a secret that nobody may read";
  await ask("POST", `${API}/accounts`, { address: "alice@example.org", password: secret });
  await ask("PUT", `${ALICE}/password`, { password: secret });
  await ask("POST", `${ALICE}/tokens`, { name: "phone" });
  await ask("PATCH", ALICE, { name: "Alice", disabled: true }, { "x-request-id": "r1" });
  await ask("PATCH", ALICE, { nonsense: true });
  await ask("GET", ALICE);
  await ask("DELETE", ALICE);
  await ask("DELETE", ALICE);
  const { audit } = (await ask("GET", `${API}/audit`)).json as { audit: (AuditEntry & { at: string })[] };
  assert.deepEqual(audit.map(({ action }) => action).reverse(), [
    "POST /domains",
    "POST /accounts",
    "PUT /accounts/{address}/password",
    "POST /accounts/{address}/tokens",
    "PATCH /accounts/{address}",
    "DELETE /accounts/{address}",
  ]);
  const [removed, changed, token] = audit;
  assert.deepEqual([changed!.by, changed!.request, changed!.resource], [
    "the admin token",
    "r1",
    "/accounts/alice@example.org",
  ]);
  const states = [changed!.before, changed!.after] as { disabled: boolean; name: string }[];
  assert.deepEqual(states.map(({ disabled, name }) => [disabled, name]), [[false, ""], [true, "Alice"]]);
  assert.equal(removed!.after, null);
  assert.equal((token!.after as { token: string }).token, "***");
  assert.ok(!JSON.stringify(audit).includes(secret) && !JSON.stringify(audit).includes("made-1"));
  const found = async (query: string) =>
    ((await ask("GET", `${API}/audit?${query}`)).json.audit as AuditEntry[]).map(({ action }) => action.split(" ")[0]);
  assert.deepEqual(await found("request=r1"), ["PATCH"]);
  assert.deepEqual(await found("resource=/domains"), ["POST"]);
  assert.deepEqual(await found("by=somebody"), []);
  assert.deepEqual(await found(`until=${new Date(NOW + 1).toISOString()}`), ["POST"]);
  assert.deepEqual(await found(`since=${audit[1]!.at}`), ["DELETE", "PATCH"]);
  const pages = [];
  for (let after = "";;) {
    const page = (await ask("GET", `${API}/audit?limit=2${after}`)).json as {
      audit: AuditEntry[];
      next: string | null;
    };
    pages.push(page.audit.length);
    if (page.next === null) break;
    after = `&after=${page.next}`;
  }
  assert.equal(pages.reduce((sum, one) => sum + one, 0), 6);
  assert.deepEqual(failures, []);
});

Deno.test("what cannot be written into the audit log is told, and what was done stays done", async () => {
  const failures: unknown[] = [];
  const storage = { perform: () => Promise.reject(new Error("no room")) };
  const book = new AuditBook({ storage, now: () => NOW, keptMs: 1, failed: (error) => void failures.push(error) });
  const { ask } = testAdmin({ audit: book });
  assert.equal((await ask("POST", `${API}/domains`, { name: "example.org" })).status, 201);
  assert.equal(failures.length, 1);
});

Deno.test("masked() keeps nothing secret, and nothing long or deep", () => {
  const deep = (levels: number): unknown => levels === 0 ? 1 : [deep(levels - 1)];
  const text = JSON.stringify(masked({
    password: "p1",
    old: "p2",
    nested: [{ storedKey: "p3", apiSecret: "p4", hash: "p5", secret: ["p6"] }],
    token: "p7",
    long: "x".repeat(100_000),
    list: Array.from({ length: 10_000 }, (_, i) => i),
    deep: deep(1_000),
    ["n".repeat(10_000)]: 1,
    keep: true,
    name: "Alice",
  }));
  assert.doesNotMatch(text, /p\d/);
  assert.ok(text.length < 3_000 && text.includes("Alice"), text);
});
