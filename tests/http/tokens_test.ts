import assert from "node:assert/strict";
import { testAdmin } from "./admin_over_memory.ts";

const API = "/api/v1";

Deno.test("/api/v1/accounts/…/tokens makes, lists and removes tokens, and shows a secret once", async () => {
  const { ask } = testAdmin();
  await ask("POST", `${API}/domains`, { name: "example.org" });
  await ask("POST", `${API}/accounts`, { address: "alice@example.org", password: "secret" });
  const path = `${API}/accounts/alice%40example.org/tokens`;
  const made = await ask("POST", path, { name: "phone", expiresAt: "2027-01-31T00:00:00Z" });
  assert.equal(made.status, 201);
  assert.deepEqual([made.json.token, made.json.name], ["made-1", "phone"]);
  assert.equal(Date.parse(made.json.expiresAt as string), Date.UTC(2027, 0, 31));
  assert.deepEqual([made.json.scopes, made.json.lastUsedAt, made.json.lastUsedFrom], [null, null, null]);
  const listed = await ask("GET", path);
  const { token: _, ...shown } = made.json;
  assert.deepEqual(listed.json, { tokens: [shown] });
  assert.ok(!JSON.stringify(listed.json).includes("made-1"));
  assert.equal((await ask("DELETE", `${path}/k999`)).status, 404);
  assert.equal((await ask("DELETE", `${path}/${made.json.tokenId}`)).status, 204);
  assert.deepEqual((await ask("GET", path)).json, { tokens: [] });
});

Deno.test("/api/v1/accounts/…/tokens refuses what makes no sense", async () => {
  const { ask } = testAdmin();
  const path = `${API}/accounts/nobody%40example.org/tokens`;
  assert.equal((await ask("GET", path)).status, 404);
  assert.equal((await ask("POST", path, { name: "x" })).status, 404);
  for (
    const body of [
      {},
      { name: "" },
      { name: "x".repeat(101) },
      { name: "x", expiresAt: "soon" },
      {
        name: "x",
        more: 1,
      },
      { name: "x", scopes: [] },
      { name: "x", scopes: ["root"] },
    ]
  ) {
    const { status } = await ask("POST", path, body);
    assert.ok(status === 400 || status === 422, JSON.stringify(body));
  }
});
