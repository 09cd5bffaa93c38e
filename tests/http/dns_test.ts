import assert from "node:assert/strict";
import { answered, testAdmin } from "./admin_over_memory.ts";

Deno.test("/api/v1/domains/…/dns lists records and compares them with the DNS", async () => {
  const { ask } = testAdmin();
  assert.equal((await ask("GET", "/api/v1/domains/example.org/dns")).status, 404);
  assert.equal((await ask("GET", "/api/v1/domains/example.org/dns/check")).status, 404);
  await ask("POST", "/api/v1/domains", { name: "example.org" });
  const { json } = await ask("GET", "/api/v1/domains/example.org/dns");
  const kinds = new Set(json.records.map(({ kind }: { kind: string }) => kind));
  for (const kind of ["mx", "spf", "dkim", "dmarc", "sts", "stsHost", "tlsReport", "srv", "ptr", "caa"]) {
    assert.ok(kinds.has(kind), kind);
  }
  const checked = await ask("GET", "/api/v1/domains/example.org/dns/check");
  assert.equal(checked.json.records[0].status, "missing");
  assert.equal(checked.json.records[0].detail, "add: example.org. IN MX 10 mail.example.org.");
});

Deno.test("/.well-known/mta-sts.txt is the policy of the domain that was asked for, and needs no token", async () => {
  const { ask, app } = testAdmin();
  await ask("POST", "/api/v1/domains", { name: "example.org" });
  const get = (host: string) =>
    answered(app, new Request("http://127.0.0.1/.well-known/mta-sts.txt", { headers: { host } }));
  for (const host of ["mta-sts.example.org", "MTA-STS.Example.Org:443", "mta-sts.example.org."]) {
    const { status, headers, text } = await get(host);
    assert.deepEqual([status, headers.get("content-type")], [200, "text/plain; charset=utf-8"], host);
    assert.equal(text, "version: STSv1\r\nmode: testing\r\nmx: mail.example.org\r\nmax_age: 604800\r\n");
  }
  for (
    const host of [
      "example.org",
      "mta-sts.example.net",
      "mta-sts.",
      "",
      "mta-sts.__proto__",
      `mta-sts.${"a".repeat(9000)}`,
    ]
  ) {
    assert.equal((await get(host)).status, 404, host.slice(0, 40));
  }
});
