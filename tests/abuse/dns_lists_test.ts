import assert from "node:assert/strict";
import {
  askList,
  type DnsList,
  heloFault,
  judgeLists,
  type ListAnswer,
  listedName,
  parseCodes,
} from "../../src/abuse/mod.ts";
import type { DnsAnswer, DnsRecord } from "../../src/contract/mod.ts";
import { runProgram } from "../support/run_program.ts";

const list = (more: Partial<DnsList> = {}): DnsList => ({
  name: "zen.example",
  kind: "block",
  codes: [],
  weight: 1,
  ...more,
});
const ok = (...records: DnsRecord[]): DnsAnswer => ({
  kind: "ok",
  records,
  canonicalName: "",
  authenticated: false,
  ttl: 1,
});
const none: DnsAnswer = { kind: "nxdomain", authenticated: false, ttl: 1 };

function asked(address: string, one: DnsList, a: DnsAnswer, txt: DnsAnswer = none) {
  return runProgram(askList(address, one), { "dns.resolve": ({ type }) => type === "A" ? a : txt });
}

Deno.test("listedName() turns octets and nibbles around", () => {
  assert.equal(listedName("192.0.2.99", "bad.example"), "99.2.0.192.bad.example");
  assert.equal(listedName("::ffff:192.0.2.99", "bad.example"), "99.2.0.192.bad.example");
  assert.equal(
    listedName("2001:db8:1:2:3:4:567:89ab", "bad.example"), // RFC 5782 section 2.4
    "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bad.example",
  );
  assert.equal(listedName("local", "bad.example"), null);
});

Deno.test("parseCodes() takes a code or a range of the last octet", () => {
  const base = 127 * 2 ** 24;
  assert.deepEqual(parseCodes("127.0.0.2"), { first: base + 2, last: base + 2 });
  assert.deepEqual(parseCodes("127.0.0.2-11"), { first: base + 2, last: base + 11 });
  for (
    const text of ["", "127.0.0", "128.0.0.2", "127.0.0.11-2", "127.0.0.2-", "127.0.0.2-256", "127.0.0.2-3-4", "x"]
  ) {
    assert.equal(parseCodes(text), null, text);
  }
});

Deno.test("askList(): what counts as listed, and what a list cannot say", () => {
  const a = (address: string) => ok({ type: "A", address });
  const codes = [parseCodes("127.0.0.2-11")!];
  const table: readonly (readonly [DnsList, DnsAnswer, ListAnswer["result"]])[] = [
    [list(), a("127.0.0.2"), "listed"],
    [list({ codes }), a("127.0.0.11"), "listed"],
    [list({ codes }), a("127.0.0.12"), "unlisted"],
    [list(), a("127.255.255.254"), "unlisted"], // "you may not ask"
    [list(), a("192.0.2.80"), "unlisted"], // a parked domain
    [list(), ok(), "unlisted"],
    [list(), none, "unlisted"],
    [list(), { kind: "nodata", authenticated: false, ttl: 1 }, "unlisted"],
    [list(), { kind: "tempfail", reason: "SERVFAIL" }, "unknown"],
  ];
  for (const [one, answer, result] of table) {
    assert.equal(asked("192.0.2.1", one, answer).result.result, result, JSON.stringify(answer));
  }
  assert.deepEqual(asked("local", list(), none).calls, []);
});

Deno.test("askList() carries a list's words, made harmless, and asks for none of an allow list", () => {
  const words = (text: string) =>
    asked("192.0.2.1", list(), ok({ type: "A", address: "127.0.0.2" }), ok({ type: "TXT", text })).result.text;
  assert.equal(words("See https://zen.example/?q=192.0.2.1"), "See https://zen.example/?q=192.0.2.1");
  assert.equal(words("a\r\n250 Ok\0\u202eé"), "a 250 Ok");
  assert.equal(words("x".repeat(5000))?.length, 200);
  assert.equal(words("\r\n"), null);
  const allow = asked("192.0.2.1", list({ kind: "allow" }), ok({ type: "A", address: "127.0.0.2" }));
  assert.deepEqual([allow.result.result, allow.result.text, allow.calls.length], ["listed", null, 1]);
});

Deno.test("judgeLists() sums weights, an allow list wins, silence counts for nothing", () => {
  const on = (weight: number, more: Partial<ListAnswer> = {}): ListAnswer => ({
    list: list({ weight }),
    result: "listed",
    text: null,
    ...more,
  });
  assert.equal(judgeLists([], 1).verdict, "clean");
  assert.equal(judgeLists([on(1)], 1).verdict, "listed");
  assert.equal(judgeLists([on(1), on(2)], 4).verdict, "clean");
  const both = judgeLists([on(1), on(3)], 4);
  assert.deepEqual([both.verdict, both.score, both.on.map((one) => one.list.weight)], ["listed", 4, [3, 1]]);
  assert.equal(judgeLists([on(9, { result: "unknown" }), on(1, { result: "unlisted" })], 1).verdict, "clean");
  assert.equal(judgeLists([on(9), { ...on(1), list: list({ kind: "allow" }) }], 1).verdict, "allowed");
});

Deno.test("heloFault() knows names that no server of its own has", () => {
  const facts = { remoteAddress: "192.0.2.1", localAddress: "192.0.2.25", hostname: "mail.example.test" };
  const table: readonly (readonly [string, ReturnType<typeof heloFault>])[] = [
    ["mx.outside.test", null],
    ["MX.outside.test.", null],
    ["[192.0.2.1]", null],
    ["mail.example.test", "ownName"],
    ["MAIL.EXAMPLE.TEST.", "ownName"],
    ["[192.0.2.25]", "ownAddress"],
    ["[192.0.2.2]", "otherLiteral"],
    ["[192.0.2.1", "otherLiteral"],
    ["[]", "otherLiteral"],
    ["[x]", "otherLiteral"],
    ["192.0.2.1", "bareAddress"],
    ["2001:db8::1", "bareAddress"],
    ["localhost", "unqualified"],
    ["WIN-ABC", "unqualified"],
  ];
  for (const [helo, fault] of table) assert.equal(heloFault(helo, facts), fault, helo);
  const six = { ...facts, remoteAddress: "2001:db8::1" };
  assert.equal(heloFault("[IPv6:2001:DB8:0::1]", six), null);
  assert.equal(heloFault("[IPv6:2001:db8::2]", six), "otherLiteral");
});
