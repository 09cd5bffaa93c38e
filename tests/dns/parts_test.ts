import assert from "node:assert/strict";
import { answerCache } from "../../src/dns/cache.ts";
import { scriptedResolver } from "../../src/dns/mod.ts";
import { mixCase } from "../../src/dns/name.ts";
import { parseResolvConf, parseServer, serverAddresses } from "../../src/dns/servers.ts";

Deno.test("parseServer() reads addresses with and without a port", () => {
  assert.deepEqual(parseServer("192.0.2.1"), { address: "192.0.2.1", port: 53 });
  assert.deepEqual(parseServer("192.0.2.1:5353"), { address: "192.0.2.1", port: 5353 });
  assert.deepEqual(parseServer("2001:db8::1"), { address: "2001:db8::1", port: 53 });
  assert.deepEqual(parseServer("[2001:db8::1]:54"), { address: "2001:db8::1", port: 54 });
  for (const bad of ["", "host", "host:53", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:5e1"]) {
    assert.equal(parseServer(bad), null, bad);
  }
});

Deno.test("parseResolvConf() takes the first three name servers", () => {
  const text =
    "# c\nsearch example\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # x\nnameserver bad\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n";
  assert.deepEqual(parseResolvConf(text), ["192.0.2.1", "2001:db8::1", "192.0.2.3"]);
});

Deno.test("serverAddresses() trusts loopback and named servers only", () => {
  const trust = (servers: string[], trusted: string[]) => serverAddresses(servers, trusted).map((one) => one.trusted);
  assert.deepEqual(trust(["127.0.0.53", "::1", "192.0.2.1", "192.0.2.2:5353"], ["192.0.2.2"]), [
    true,
    true,
    false,
    true,
  ]);
});

Deno.test("mixCase() changes letters only", () => {
  assert.equal(mixCase("ab-1.example", new Uint8Array(32).fill(255)), "AB-1.EXAMPLE");
  assert.equal(mixCase("ab-1.example", new Uint8Array(32)), "ab-1.example");
});

Deno.test("answerCache() stays within its limit and keeps no tempfail", () => {
  const cache = answerCache(3);
  for (let i = 0; i < 100; i++) cache.put(`k${i}`, { kind: "nodata", authenticated: false, ttl: 60 }, 0);
  assert.equal(cache.get("k96", 0), null);
  assert.equal(cache.get("k99", 0)?.kind, "nodata");
  cache.put("t", { kind: "tempfail", reason: "x" }, 0);
  assert.equal(cache.get("t", 0), null);
});

Deno.test("scriptedResolver() has all four answers and follows CNAMEs", async () => {
  const resolver = scriptedResolver({
    "mx.example": { A: [{ type: "A", address: "127.0.0.1" }], AAAA: "servfail" },
    "alias.example": { CNAME: [{ type: "CNAME", name: "mx.example" }] },
    "loop.example": { CNAME: [{ type: "CNAME", name: "loop.example" }] },
    "broken.example": "servfail",
  });
  const kind = async (name: string, type: "A" | "AAAA" | "MX") => (await resolver.resolve(name, type)).kind;
  assert.equal(await kind("MX.example.", "A"), "ok");
  assert.equal(await kind("mx.example", "MX"), "nodata");
  assert.equal(await kind("example", "MX"), "nodata");
  assert.equal(await kind("none.example", "A"), "nxdomain");
  assert.equal(await kind("mx.example", "AAAA"), "tempfail");
  assert.equal(await kind("broken.example", "A"), "tempfail");
  assert.equal(await kind("loop.example", "A"), "tempfail");
  const followed = await resolver.resolve("alias.example", "A");
  assert.equal(followed.kind === "ok" && followed.canonicalName, "mx.example");
});
