import assert from "node:assert/strict";
import { check, resultOf } from "./zone.ts";

const many = <T>(count: number, term: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => term(i));

Deno.test("ten terms may ask the DNS over all records, the eleventh is a permerror", () => {
  const hosts = { "h.example": ["A 10.0.0.1"] };
  assert.equal(resultOf(`v=spf1 ${"a:h.example ".repeat(10)}-all`, {}, hosts).result, "fail");
  const eleven = resultOf(`v=spf1 ${"a:h.example ".repeat(11)}-all`, {}, hosts);
  assert.deepEqual([eleven.result, eleven.asked.length], ["permerror", 11]);
  const spread = (inner: number) =>
    resultOf("v=spf1 include:i.example a:h.example redirect=r.example", {}, {
      ...hosts,
      "i.example": [`TXT v=spf1 ${"a:h.example ".repeat(inner)}`],
      "r.example": ["TXT v=spf1 a:h.example -all"],
    });
  assert.equal(spread(6).result, "fail");
  assert.deepEqual(spread(6).lookups, { terms: 10, voids: 0, questions: 11 });
  assert.equal(spread(7).result, "permerror");
});

Deno.test("all, ip4 and ip6 ask nothing, and a match ends the counting", () => {
  const got = resultOf(`v=spf1 ${"ip4:10.0.0.1 ip6:::1 ".repeat(100)}ip4:192.0.2.3 ${"a ".repeat(20)}`);
  assert.deepEqual([got.result, got.lookups], ["pass", { terms: 0, voids: 0, questions: 1 }]);
});

Deno.test("%{p} counts as a term of its own, and malformed names count too", () => {
  const hosts = {
    "3.2.0.192.in-addr.arpa": ["PTR a.example"],
    "a.example": ["A 192.0.2.3"],
    "p.a.example": ["A 10.0.0.1"],
  };
  assert.equal(resultOf(`v=spf1 ${"a:p.%{p} ".repeat(5)}-all`, {}, hosts).result, "fail");
  assert.equal(resultOf(`v=spf1 ${"a:p.%{p} ".repeat(5)}a:a.example -all`, {}, hosts).result, "permerror");
  const malformed = resultOf(`v=spf1 ${"a:%{l}..%{d} ".repeat(11)}-all`);
  assert.deepEqual([malformed.result, malformed.asked.length], ["permerror", 1]);
});

Deno.test("two terms may find nothing, the third is a permerror", () => {
  assert.equal(resultOf("v=spf1 a:a.example mx:a.example -all").result, "fail");
  const three = resultOf("v=spf1 a:a.example mx:a.example exists:a.example -all");
  assert.deepEqual([three.result, three.lookups.voids], ["permerror", 3]);
  assert.equal(resultOf("v=spf1 a:a.example exists:%{p}.example -all").result, "permerror");
  assert.equal(resultOf("v=spf1 ptr a:a.example a:a.example -all").result, "permerror", "no PTR is nothing, too");
});

Deno.test("hosts of MX records that have no address are not counted as void", () => {
  const hosts = { "m.example": many(5, (i) => `MX ${i} m${i}.example`) };
  assert.equal(resultOf("v=spf1 mx:m.example -all", {}, hosts).result, "fail");
});

Deno.test("ten hosts of an MX answer are asked for; the eleventh is a permerror, unless one matched before", () => {
  const exchanges = (count: number) => ({
    "m.example": many(count, (i) => `MX ${i} m${i}.example`),
    "m9.example": ["A 192.0.2.4"],
  });
  assert.equal(resultOf("v=spf1 mx:m.example -all", {}, exchanges(10)).result, "fail");
  const eleven = resultOf("v=spf1 mx:m.example -all", {}, exchanges(11));
  assert.deepEqual([eleven.result, eleven.asked.length], ["permerror", 12]);
  assert.match(eleven.why, /'m.example' has more than 10 MX/);
  assert.equal(resultOf("v=spf1 mx:m.example -all", { address: "192.0.2.4" }, exchanges(11)).result, "pass");
  const same = { "m.example": many(11, (i) => `MX ${i} m.example`), "x.example": [] };
  assert.equal(resultOf("v=spf1 mx:m.example -all", {}, same).result, "permerror");
});

Deno.test("names of a client after the tenth are ignored", () => {
  const names = (last: number) => ({
    "3.2.0.192.in-addr.arpa": many(last, (i) => `PTR n${i}.example.com`),
    [`n${last - 1}.example.com`]: ["A 192.0.2.3"],
  });
  assert.equal(resultOf("v=spf1 ptr -all", {}, names(10)).result, "pass");
  assert.equal(resultOf("v=spf1 ptr -all", {}, names(11)).result, "fail");
  assert.equal(
    resultOf("v=spf1 ptr:other.example -all", {}, names(10)).asked.length,
    2,
    "names that cannot match are not asked for",
  );
});

Deno.test("records that lead back to themselves are a permerror at once", () => {
  assert.deepEqual(resultOf("v=spf1 include:example.com -all").asked, ["example.com TXT"]);
  assert.equal(resultOf("v=spf1 redirect=EXAMPLE.com.").result, "permerror");
  const ring = { "a.example": ["TXT v=spf1 include:b.example"], "b.example": ["TXT v=spf1 redirect=a.example"] };
  const got = check(ring, { domain: "a.example" });
  assert.deepEqual([got.result, got.asked.length], ["permerror", 2]);
  assert.match(got.why, /leads back to itself/);
});

Deno.test("the same record twice, one after the other, is no loop", () => {
  const twice = resultOf("v=spf1 include:i.example include:i.example ~all", {}, { "i.example": ["TXT v=spf1 -all"] });
  assert.deepEqual([twice.result, twice.lookups.terms], ["softfail", 2]);
});

Deno.test("includes that grow exponentially or without end stop at ten", () => {
  const fan = Object.fromEntries(
    many(30, (i) => `f${i}.example`).map((
      name,
      i,
    ) => [name, [`TXT v=spf1 ${`include:f${i + 1}.example `.repeat(50)}`]]),
  );
  const got = check(fan, { domain: "f0.example" });
  assert.deepEqual([got.result, got.asked.length], ["permerror", 11]);
  const wide = { "w.example": [`TXT v=spf1 ${many(50, (i) => `include:w${i}.example`).join(" ")}`] };
  const leaves = Object.fromEntries(many(50, (i) => [`w${i}.example`, ["TXT v=spf1 include:l.example"]] as const));
  const all = check({ ...wide, ...leaves, "l.example": ["TXT v=spf1 -all"] }, { domain: "w.example" });
  assert.deepEqual([all.result, all.lookups.terms], ["permerror", 11]);
  const endless = check([
    ["e.example", ["TXT v=spf1 redirect=a.%{d}"]],
    ...many(30, (i) => ["a.".repeat(i + 1) + "e.example", ["TXT v=spf1 redirect=a.%{d}"]] as const),
  ], { domain: "e.example" });
  assert.deepEqual([endless.result, endless.asked.length], ["permerror", 11]);
});

Deno.test("the worst record asks 111 questions, its explanation 23 more", () => {
  const hosts = Object.fromEntries(many(10, (i) => `m${i}.example`).map((name) => [name, ["A 10.0.0.1"]]));
  const got = resultOf(`v=spf1 ${"mx:m.example ".repeat(10)}-all exp=%{p}.example`, {}, {
    ...hosts,
    "m.example": many(10, (i) => `MX ${i} m${i}.example`),
    "3.2.0.192.in-addr.arpa": many(300, (i) => `PTR p${i}.example`),
    "unknown.example": ["TXT You are %{p}"],
  });
  assert.deepEqual([got.result, got.explanation], ["fail", "You are unknown"]);
  assert.equal(got.lookups.questions, 111);
  assert.equal(got.asked.length, 111 + 23);
});

Deno.test("a record of a thousand terms is read in one go, one of ten thousand not at all", () => {
  const network = "ip4:10.0.0.1/8 ";
  const got = resultOf(`v=spf1 ${network.repeat(1_000)}?all`);
  assert.deepEqual([got.result, got.asked.length], ["neutral", 1]);
  const long = resultOf(`v=spf1 ${network.repeat(10_000)}+all`);
  assert.equal(long.result, "permerror");
  assert.match(long.why, /record of 'example.com' is too long/);
  assert.equal(resultOf("v=spf1 a:" + "/1".repeat(8_000)).result, "permerror");
});

Deno.test("thousands of macros make a name of 253 characters and an explanation of 400", () => {
  const query = { sender: `${"l".repeat(40)}@example.com` };
  const got = resultOf(`v=spf1 exists:${"%{s}.".repeat(3_000)}example.org -all`, query);
  assert.ok(got.asked[1]!.length <= 253 + 2 && got.asked[1]!.endsWith(".example.org A"), got.asked[1]);
  const text = resultOf("v=spf1 -all exp=w.example", query, { "w.example": ["TXT " + "%{S} ".repeat(10_000)] });
  assert.equal(text.explanation?.length, 400);
  const long = resultOf("v=spf1 -all exp=w.example", query, { "w.example": ["TXT " + "%{S} ".repeat(20_000)] });
  assert.equal(long.explanation, null);
});

Deno.test("thousands of terms whose macros make no name end at the eleventh", () => {
  const record = "v=spf1 " + "exists:%{s12r}..%{o}%{o}%{o}%{o} ".repeat(400);
  const got = resultOf(record, { sender: `${"a.".repeat(120)}b@example.com` });
  assert.deepEqual([got.result, got.asked.length], ["permerror", 1]);
});

Deno.test("after twenty seconds the check ends with a temperror", () => {
  const record = `v=spf1 ${"a:h.example ".repeat(10)}-all`;
  const zone = { "example.com": [`TXT ${record}`], "h.example": ["A 10.0.0.1"] };
  assert.equal(check(zone, {}, 1_500).result, "fail");
  const slow = check(zone, {}, 4_500);
  assert.deepEqual([slow.result, slow.asked.length], ["temperror", 5]);
  assert.match(slow.why, /more than 20 seconds/);
  assert.equal(
    check({ "example.com": ["TXT v=spf1 -all exp=w.example"], "w.example": ["TXT no"] }, {}, 30_000).explanation,
    null,
  );
});
