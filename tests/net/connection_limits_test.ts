import assert from "node:assert/strict";
import { ConnectionLimits, isIn, networks } from "../../src/net/connection_limits.ts";
import { addressGroup, normaliseAddress } from "../../src/net/transport_address.ts";

const LIMITS = { total: 1_000, perAddress: 1_000, perAddressPerMinute: 1_000_000 };

Deno.test("addressGroup() is the /64 of IPv6 in one spelling, and every IPv4 address for itself", () => {
  const table: readonly (readonly [string, string])[] = [
    ["192.0.2.1", "192.0.2.1"],
    ["local", "local"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::6", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002::6", "2001:db8:1:2::/64"],
    ["2001:db8::6", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:1::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
  ];
  for (const [address, group] of table) assert.equal(addressGroup(address), group, address);
});

Deno.test("normaliseAddress() takes zones and the IPv6 coat off", () => {
  assert.equal(normaliseAddress("FE80::1%lo"), "fe80::1");
  assert.equal(normaliseAddress("::ffff:127.0.0.1"), "127.0.0.1");
  assert.equal(normaliseAddress(undefined), "local");
});

Deno.test("ConnectionLimits holds back an address by its /64, and lets in again after release", () => {
  const limits = new ConnectionLimits({ ...LIMITS, perAddress: 2 });
  assert.equal(limits.admit("2001:db8::1", 0), "admitted");
  assert.equal(limits.admit("2001:db8::2", 0), "admitted");
  assert.equal(limits.admit("2001:db8::3", 0), "perAddress");
  assert.equal(limits.admit("2001:db8:0:1::1", 0), "admitted");
  limits.release("2001:db8::2");
  assert.equal(limits.admit("2001:db8::3", 0), "admitted");
  assert.equal(limits.total, 3);
});

Deno.test("ConnectionLimits counts new connections by the minute, and gives them back evenly", () => {
  const limits = new ConnectionLimits({ ...LIMITS, perAddressPerMinute: 6 });
  const open = (now: number): string => {
    const admission = limits.admit("192.0.2.1", now);
    if (admission === "admitted") limits.release("192.0.2.1");
    return admission;
  };
  const atOnce = Array.from({ length: 8 }, () => open(0));
  assert.deepEqual(atOnce, [...Array(6).fill("admitted"), "rate", "rate"]);
  assert.equal(open(9_000), "rate");
  assert.equal(open(10_000), "admitted"); // one in ten seconds
  assert.equal(open(10_000), "rate");
  assert.equal(limits.admit("192.0.2.2", 10_000), "admitted");
  // Rest does not save up more than a minute's worth.
  const later = Array.from({ length: 8 }, () => open(3_600_000));
  assert.deepEqual(later, [...Array(6).fill("admitted"), "rate", "rate"]);
});

Deno.test("ConnectionLimits spares trusted networks all but the total", () => {
  const limits = new ConnectionLimits({
    total: 3,
    perAddress: 1,
    perAddressPerMinute: 1,
    trusted: ["10.0.0.0/8", "::1"],
  });
  for (const address of ["10.1.2.3", "10.1.2.3", "::1"]) assert.equal(limits.admit(address, 0), "admitted");
  assert.equal(limits.admit("10.1.2.3", 0), "total");
  assert.equal(limits.admit("192.0.2.1", 0), "total");
  limits.release("10.1.2.3");
  assert.equal(limits.admit("192.0.2.1", 0), "admitted");
});

Deno.test("networks() reads CIDR and says what is none", () => {
  const list = networks(["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"]);
  for (const address of ["192.0.2.255", "2001:db8:ffff::1", "198.51.100.7"]) assert.ok(isIn(list, address), address);
  for (const address of ["192.0.3.0", "2001:db9::1", "198.51.100.8", "local", ""]) {
    assert.ok(!isIn(list, address), address);
  }
  for (const bad of ["", "example.org", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/x", "2001:db8::/129", "1.2.3/8"]) {
    assert.throws(() => networks([bad]), /is no address/, bad);
  }
});

Deno.test("ConnectionLimits refuses the banned first, and they take nobody's place", () => {
  const limits = new ConnectionLimits({ ...LIMITS, total: 1, isBanned: (address) => address === "192.0.2.1" });
  for (let n = 0; n < 5; n++) assert.equal(limits.admit("192.0.2.1", 0), "banned");
  assert.equal(limits.total, 0);
  assert.equal(limits.admit("192.0.2.2", 0), "admitted");
  assert.equal(limits.admit("192.0.2.1", 0), "banned");
});
