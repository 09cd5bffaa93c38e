import assert from "node:assert/strict";
import { scriptedResolver, type ScriptedZones } from "../../src/dns/mod.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { testAdmin } from "../http/admin_over_memory.ts";
import { desk } from "./command_line.ts";

Deno.test("dkim list, rotate, activate and remove", async () => {
  let zones: ScriptedZones = {};
  const { run } = desk(
    testAdmin({ trusted: true }, memoryStorage(), (name, type) => scriptedResolver(zones).resolve(name, type)),
  );
  assert.match((await run("dkim list")).err, /no keys/);
  assert.equal((await run("dkim rotate example.org")).code, 1);
  await run("domain add example.org");
  assert.match(
    (await run("dkim list")).out,
    /^DOMAIN +SELECTOR +STATE +SINCE\nexample\.org +rsa-20260131 +active +2026/,
  );
  assert.equal(JSON.parse((await run("dkim list example.org --json")).out)[1].domain, "example.org");

  const rotated = await run("dkim rotate example.org");
  assert.equal(rotated.code, 0);
  const lines = rotated.out.trimEnd().split("\n");
  assert.match(lines[0]!, /^rsa-20260131-2\._domainkey\.example\.org\. IN TXT "v=DKIM1; k=rsa; p=[^"]+" "[^"]+"$/);
  assert.ok(lines[0]!.match(/"[^"]*"/g)!.every((string) => string.length <= 257));
  const early = await run("dkim activate example.org");
  assert.deepEqual([early.code, early.out], [1, ""]);
  assert.match(early.err, /ed25519-20260131-2\._domainkey\.example\.org does not exist; publish it with: v=DKIM1/);

  zones = Object.fromEntries(lines.map((line) => {
    const text = [...line.matchAll(/"([^"]*)"/g)].map(([, string]) => string).join("");
    return [line.split(" ")[0]!, { TXT: [{ type: "TXT", text }] }];
  }));
  const done = await run("dkim activate example.org");
  assert.deepEqual([done.code, done.err], [0, ""]);
  assert.match(done.out, /^Signing for example\.org now: rsa-20260131-2, ed25519-20260131-2\n$/);
  assert.equal((await run("dkim activate example.org")).code, 1);
  assert.equal((await run("dkim remove example.org rsa-20260131-2")).code, 1);
  assert.equal((await run("dkim remove example.org rsa-20260131")).code, 0);
  assert.equal((await run("dkim remove example.org rsa-20260131-2 --force")).code, 0);
  assert.equal(JSON.parse((await run("dkim list --json")).out).length, 2);
});
