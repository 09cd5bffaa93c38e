import assert from "node:assert/strict";
import { scriptedResolver } from "../../src/dns/mod.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { testAdmin } from "../http/admin_over_memory.ts";
import { desk } from "./command_line.ts";

Deno.test("domain dns prints lines of a zone file; what is to be filled in is a comment", async () => {
  const { run } = desk();
  await run("domain add example.org");
  const { out, err, code } = await run("domain dns example.org");
  assert.deepEqual([code, err], [0, ""]);
  for (const line of out.split("\n")) {
    assert.match(line, /^$|^; |^[\w.-]+\. IN (MX|TXT|SRV|CNAME|TLSA) [^<>]+$/);
  }
  assert.match(out, /^_dmarc\.example\.org\. IN TXT "v=DMARC1; p=none; rua=mailto:dmarc-reports@example\.org"$/m);
  assert.match(out, /^; mail\.example\.org\. IN A <its public IPv4 address>$/m);
  assert.match(out, /^rsa-20260131\._domainkey\.example\.org\. IN TXT "v=DKIM1; k=rsa; p=[^"]{237}" "[^"]+"$/m);
  for (const selector of ["rsa-20260131", "ed25519-20260131"]) await run(`dkim remove example.org ${selector} --force`);
  assert.match((await run("domain dns example.org")).err, /not signed.*palomar dkim rotate example\.org/);
});

Deno.test("domain dns --check says what to do, and ends with 1 while something required is wrong", async () => {
  let resolver = scriptedResolver({});
  const { run } = desk(testAdmin({ trusted: true }, memoryStorage(), (name, type) => resolver.resolve(name, type)));
  await run("domain add example.org");
  const empty = await run("domain dns example.org --check");
  assert.equal(empty.code, 1);
  assert.match(
    empty.out,
    /^STATUS +NEED +TYPE +NAME +WHAT TO DO\nmissing +required +MX +example\.org\. +add: example\.org\. IN MX/,
  );
  resolver = scriptedResolver({ "org": "servfail", "example.org": "servfail", "mail.example.org": "servfail" });
  const json = await run("domain dns example.org --check --json");
  assert.equal(JSON.parse(json.out)[0].status, "unknown");
  assert.equal((await run("domain dns example.net --check")).code, 1);
});
