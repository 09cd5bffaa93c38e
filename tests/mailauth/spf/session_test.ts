import assert from "node:assert/strict";
import { iprev, spfOfSession, type SpfSession } from "../../../src/mailauth/mod.ts";
import { argsOf, runProgram } from "../../support/run_program.ts";
import { answersOf, type Zone } from "./zone.ts";

const ZONE: Zone = {
  "example.com": ["TXT v=spf1 ip4:192.0.2.3 -all"],
  "users.example": ["TXT v=spf1 exists:%{l}._u.%{d} ~all"],
  "alice._u.users.example": ["A 127.0.0.2"],
  "mx.example.org": ["TXT v=spf1 a -all", "A 192.0.2.3"],
};

function session(more: Partial<SpfSession>) {
  const whole = {
    address: "192.0.2.3",
    helo: "mx.example.org",
    reversePath: "bob@example.com",
    receiver: "mx.test",
    ...more,
  };
  const { result } = runProgram(spfOfSession(whole), answersOf(ZONE));
  const methods = result.methods.map(({ method, result, properties }) => {
    return `${method}=${result} ${properties.map((item) => `${item.ptype}.${item.property}=${item.value}`).join(" ")}`;
  });
  return { ...result, methods, reasons: result.methods.map(({ reason }) => reason) };
}

Deno.test("spfOfSession() reports both identities, MAIL FROM first", () => {
  const got = session({});
  assert.deepEqual(got.methods, ["spf=pass smtp.mailfrom=example.com", "spf=pass smtp.helo=mx.example.org"]);
  assert.deepEqual(got.reasons, [null, null]);
  assert.equal(got.mailFrom.domain, "example.com");
});

Deno.test("spfOfSession() reports the local part only where a record asked for it (RFC 8601 section 2.7.2)", () => {
  const got = session({ reversePath: "alice@users.example" });
  assert.equal(got.methods[0], "spf=pass smtp.mailfrom=alice@users.example");
});

Deno.test("spfOfSession() takes HELO for the null sender, and says so once", () => {
  const got = session({ reversePath: "" });
  assert.deepEqual(got.methods, ["spf=pass smtp.helo=mx.example.org"]);
  assert.equal(got.mailFrom, got.helo);
});

Deno.test("spfOfSession() says none of a HELO that is no name, and why of what is no pass", () => {
  const got = session({ helo: "[192.0.2.3]", address: "192.0.2.4" });
  assert.deepEqual(got.methods, ["spf=fail smtp.mailfrom=example.com", "spf=none smtp.helo=[192.0.2.3]"]);
  assert.deepEqual(got.reasons, ["192.0.2.4 may not send for 'example.com': '-all' matches", null]);
});

function reverse(zone: Zone, address: string) {
  const { result, calls } = runProgram(iprev(address), answersOf(zone));
  return { ...result, asked: argsOf(calls, "dns.resolve").map(({ name, type }) => `${name} ${type}`) };
}

Deno.test("iprev() follows the names of an address back to it", () => {
  const arpa = "3.2.0.192.in-addr.arpa";
  const table: [lines: Record<string, readonly string[]>, result: string, name: string | null][] = [
    [{ [arpa]: ["PTR b.example", "PTR A.example."], "a.example": ["A 192.0.2.3"] }, "pass", "a.example"],
    [
      { [arpa]: ["PTR t.example", "PTR a.example"], "t.example": ["fails"], "a.example": ["A 192.0.2.3"] },
      "pass",
      "a.example",
    ],
    [{ [arpa]: ["PTR a.example"], "a.example": ["A 192.0.2.4"] }, "fail", null],
    [{ [arpa]: ["PTR a.example"] }, "fail", null],
    [{ [arpa]: ["PTR a..example", "PTR 192.0.2.3"] }, "fail", null],
    [{ [arpa]: ["PTR t.example", "PTR a.example"], "t.example": ["fails"] }, "temperror", null],
    [{ [arpa]: ["fails"] }, "temperror", null],
    [{ [arpa]: [] }, "permerror", null],
    [{}, "permerror", null],
  ];
  for (const [lines, result, name] of table) {
    const got = reverse(lines, "::ffff:192.0.2.3");
    assert.deepEqual([got.result, got.name, got.method.result], [result, name, result]);
    assert.deepEqual(got.method.properties, [{ ptype: "policy", property: "iprev", value: "192.0.2.3" }]);
  }
});

Deno.test("iprev() asks for nibbles of IPv6, looks at ten names at most, and knows what is no address", () => {
  const nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
  const names = Array.from({ length: 500 }, (_, i) => `PTR n${i}.example`);
  const got = reverse({ [nibbles]: names, "n10.example": ["AAAA 2001:db8::1"] }, "2001:DB8::1");
  assert.deepEqual([got.result, got.asked.length, got.asked[1]], ["fail", 11, "n0.example AAAA"]);
  assert.deepEqual([reverse({}, "local").result, reverse({}, "local").asked], ["permerror", []]);
});
