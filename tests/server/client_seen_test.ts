/** Who asks behind reverse proxies. */
import assert from "node:assert/strict";
import { clientSeen } from "../../src/server/client_seen.ts";

const seen = (
  peer: string | undefined,
  headers: Record<string, string>,
  { proxies = ["10.0.0.0/8", "2001:db8::/64"], origin = null }: { proxies?: string[]; origin?: string | null } = {},
) =>
  clientSeen({ origin, proxies })(
    new Request("http://inside:8080/jmap/session", { headers }),
    peer === undefined ? undefined : { address: peer },
  );

const ADDRESSES: readonly (readonly [what: string, peer: string, header: string, address: string])[] = [
  ["a stranger's word is nothing", "192.0.2.9", "198.51.100.1", "192.0.2.9"],
  ["a proxy's word is the client", "10.0.0.1", "198.51.100.1", "198.51.100.1"],
  ["what the client wrote before is nothing", "10.0.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1"],
  ["two proxies in a row", "10.0.0.1", "203.0.113.5, 198.51.100.1, 10.0.0.2", "198.51.100.1"],
  ["proxies all the way", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
  ["no header", "10.0.0.1", "", "10.0.0.1"],
  ["a name", "10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"],
  ["nonsense behind an address", "10.0.0.1", "nonsense, 10.0.0.2", "10.0.0.2"],
  ["with a port", "10.0.0.1", "198.51.100.1:4711", "198.51.100.1"],
  ["IPv6 in brackets", "2001:db8::1", "[2001:db9::7]:443", "2001:db9::7"],
  ["IPv4 in IPv6", "::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"],
  ["a UNIX socket speaks for its clients", "", "198.51.100.1", "198.51.100.1"],
  ["too many hops", "10.0.0.1", ["198.51.100.1", ...Array(40).fill("10.0.0.2")].join(), "10.0.0.2"],
  ["more than a header should have", "10.0.0.1", "198.51.100.1," + "9".repeat(5000), "10.0.0.1"],
];

for (const [what, peer, header, address] of ADDRESSES) {
  Deno.test(`clientSeen(): the address of the client: ${what}`, () => {
    assert.equal(seen(peer, header === "" ? {} : { "x-forwarded-for": header }).address, address);
  });
}

Deno.test("clientSeen(): without proxies in the configuration nobody is believed, and nobody is known without a peer", () => {
  const headers = { "x-forwarded-for": "198.51.100.1", "x-forwarded-proto": "https" };
  assert.deepEqual(seen("10.0.0.1", headers, { proxies: [] }), { address: "10.0.0.1" });
  assert.deepEqual(seen("", headers, { proxies: [] }), { address: "" });
  assert.deepEqual(seen(undefined, headers), { address: "" });
});

Deno.test("clientSeen(): where it was reached is what the configuration says, or a proxy that is trusted", () => {
  const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "mail.example.org" };
  const origin = "https://jmap.example.org";
  assert.equal(seen("192.0.2.9", headers, { origin }).origin, origin);
  assert.equal(seen("192.0.2.9", headers).origin, undefined);
  assert.equal(seen("10.0.0.1", headers).origin, "https://mail.example.org");
  assert.equal(seen("10.0.0.1", {}).origin, undefined);
  assert.equal(seen("10.0.0.1", { "x-forwarded-proto": "http, https" }).origin, "https://inside:8080");
  for (const host of ["a b", "x/../y", "evil.example@x", "a:123456", "<b>", "-x"]) {
    assert.equal(seen("10.0.0.1", { ...headers, "x-forwarded-host": host }).origin, "https://inside:8080", host);
  }
  assert.equal(seen("10.0.0.1", { ...headers, "x-forwarded-proto": "javascript" }).origin, "http://mail.example.org");
});
