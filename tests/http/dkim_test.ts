import assert from "node:assert/strict";
import { scriptedResolver, type ScriptedZones } from "../../src/dns/mod.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { testAdmin } from "./admin_over_memory.ts";

const DKIM = "/api/v1/domains/example.org/dkim";

Deno.test("/api/v1/domains/…/dkim: a new domain signs at once, a removed one leaves no keys", async () => {
  const { ask, storage } = testAdmin();
  assert.equal((await ask("GET", DKIM)).status, 404);
  await ask("POST", "/api/v1/domains", { name: "example.org" });
  const { status, json, text } = await ask("GET", DKIM);
  assert.equal(status, 200);
  assert.deepEqual(json.keys.map((key: { selector: string; state: string }) => [key.selector, key.state]), [
    ["rsa-20260131", "active"],
    ["ed25519-20260131", "active"],
  ]);
  assert.equal(json.keys[0].record.name, "rsa-20260131._domainkey.example.org");
  assert.match(json.keys[0].record.text, /^v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{300,}={0,2}$/);
  assert.ok(!text.includes("PRIVATE"));
  assert.equal((await ask("DELETE", "/api/v1/domains/example.org")).status, 204);
  assert.equal(await storage.perform("setting.get", { name: "dkim.example.org" }), null);
});

Deno.test("/api/v1/domains/…/dkim rotates, says what the DNS lacks, activates and removes", async () => {
  let zones: ScriptedZones = {};
  const { ask } = testAdmin({}, memoryStorage(), (name, type) => scriptedResolver(zones).resolve(name, type));
  await ask("POST", "/api/v1/domains", { name: "example.org" });
  const rotated = await ask("POST", DKIM);
  assert.deepEqual([rotated.status, rotated.json.keys.length], [201, 4]);
  assert.equal((await ask("POST", DKIM)).status, 409);
  const early = await ask("POST", `${DKIM}/activate`, {});
  assert.deepEqual([early.status, early.json.activated], [200, []]);
  assert.match(early.json.lookups[0].detail, /^rsa-20260131-2\._domainkey\.example\.org does not exist; publish/);
  zones = Object.fromEntries(
    rotated.json.keys.map(({ record }: { record: { name: string; text: string } }) => [
      record.name,
      { TXT: [{ type: "TXT", text: record.text }] },
    ]),
  );
  const done = await ask("POST", `${DKIM}/activate`, {});
  assert.deepEqual(done.json.activated, ["rsa-20260131-2", "ed25519-20260131-2"]);
  assert.equal((await ask("POST", `${DKIM}/activate`, {})).status, 404);
  assert.equal((await ask("DELETE", `${DKIM}/rsa-20260131`)).status, 204);
  assert.equal((await ask("DELETE", `${DKIM}/rsa-20260131`)).status, 404);
  assert.equal((await ask("DELETE", `${DKIM}/rsa-20260131-2`)).status, 409);
  assert.equal((await ask("DELETE", `${DKIM}/rsa-20260131-2?force=true`)).status, 204);
});

Deno.test("/api/v1/domains/…/dkim refuses what makes no sense", async () => {
  const { ask } = testAdmin();
  await ask("POST", "/api/v1/domains", { name: "example.org" });
  for (const body of [{ force: 1 }, { force: "true" }, { more: true }, null, []]) {
    assert.equal((await ask("POST", `${DKIM}/activate`, body)).status, 422, JSON.stringify(body));
  }
  assert.equal((await ask("DELETE", `${DKIM}/x?force=yes`)).status, 422);
  assert.equal((await ask("DELETE", `${DKIM}/${"x".repeat(100)}`)).status, 422);
  assert.equal((await ask("POST", "/api/v1/domains/example.net/dkim")).status, 404);
  assert.equal((await ask("POST", "/api/v1/domains/__proto__/dkim")).status, 404);
});
