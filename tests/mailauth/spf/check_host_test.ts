import assert from "node:assert/strict";
import { check, resultOf, type Zone } from "./zone.ts";

/** RFC 7208 appendix A */
const APPENDIX: Record<string, readonly string[]> = {
  "example.com": ["MX 10 mail-a.example.com", "MX 20 mail-b.example.com", "A 192.0.2.10", "A 192.0.2.11"],
  "amy.example.com": ["A 192.0.2.65"],
  "bob.example.com": ["A 192.0.2.66"],
  "mail-a.example.com": ["A 192.0.2.129"],
  "mail-b.example.com": ["A 192.0.2.130"],
  "example.org": ["MX 10 mail-c.example.org"],
  "mail-c.example.org": ["A 192.0.2.140"],
  "10.2.0.192.in-addr.arpa": ["PTR example.com"],
  "65.2.0.192.in-addr.arpa": ["PTR amy.example.com"],
  "140.2.0.192.in-addr.arpa": ["PTR mail-c.example.org"],
  "4.0.0.10.in-addr.arpa": ["PTR bob.example.com"],
};

function appendix(record: string, more: Record<string, readonly string[]> = {}): Zone {
  return { ...APPENDIX, "example.com": [...APPENDIX["example.com"]!, `TXT ${record}`], ...more };
}

Deno.test("checkHost() passes whom appendix A.1 says", () => {
  const table: [record: string, pass: string[], fail: string[]][] = [
    ["v=spf1 +all", ["192.0.2.3", "2001:db8::1"], []],
    ["v=spf1 a -all", ["192.0.2.10", "192.0.2.11"], ["192.0.2.12", "192.0.2.65"]],
    ["v=spf1 a:example.org -all", [], ["192.0.2.10", "192.0.2.140"]],
    ["v=spf1 mx -all", ["192.0.2.129", "192.0.2.130"], ["192.0.2.10"]],
    ["v=spf1 mx:example.org -all", ["192.0.2.140"], ["192.0.2.129"]],
    ["v=spf1 mx mx:example.org -all", ["192.0.2.129", "192.0.2.130", "192.0.2.140"], ["192.0.2.131"]],
    ["v=spf1 mx/30 mx:example.org/30 -all", ["192.0.2.131", "192.0.2.143"], ["192.0.2.132", "192.0.2.139"]],
    ["v=spf1 ptr -all", ["192.0.2.65", "192.0.2.10"], ["192.0.2.140", "10.0.0.4"]],
    ["v=spf1 ip4:192.0.2.128/28 -all", ["192.0.2.129"], ["192.0.2.65"]],
  ];
  for (const [record, pass, fail] of table) {
    for (const address of pass) assert.equal(check(appendix(record), { address }).result, "pass", record + address);
    for (const address of fail) assert.equal(check(appendix(record), { address }).result, "fail", record + address);
  }
});

Deno.test("checkHost() does the lists of users of appendix A.3 and the law of A.4", () => {
  const zone = appendix("v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all", {
    "mobile-users._spf.example.com": ["TXT v=spf1 exists:%{l1r+}.%{d}"],
    "remote-users._spf.example.com": ["TXT v=spf1 exists:%{ir}.%{l1r+}.%{d}"],
    "mary.mobile-users._spf.example.com": ["A 127.0.0.2"],
    "15.15.168.192.joel.remote-users._spf.example.com": ["A 127.0.0.2"],
  });
  const from = (local: string, address: string) => check(zone, { sender: `${local}@example.com`, address });
  assert.equal(from("mary+news", "198.51.100.1").result, "pass");
  assert.equal(from("joel", "192.168.15.15").result, "pass");
  assert.equal(from("joel", "192.168.15.16").result, "fail");
  assert.ok(from("joel", "192.168.15.15").usesLocalPart);
  const law = appendix("v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all", {
    "ip4._spf.example.com": ["TXT v=spf1 -ip4:192.0.2.0/24 +all"],
    "ptr._spf.example.com": ["TXT v=spf1 -ptr:example.com +all"],
  });
  assert.equal(check(law, { address: "192.0.2.65" }).result, "pass");
  assert.equal(check(law, { address: "192.0.2.140" }).result, "fail");
  assert.equal(check(law, { address: "10.0.0.4" }).result, "fail");
});

Deno.test("checkHost() selects one record, whatever else stands there", () => {
  const texts = (...records: string[]) => check({ "example.com": records.map((text) => `TXT ${text}`) }, {});
  assert.equal(texts("v=spf10 +all", "google-site=1", "V=sPf1 +all", "v=spf1\t-all").result, "pass");
  assert.equal(texts("v=spf1 +all", "v=spf1 +all").result, "permerror");
  assert.equal(texts("v=spf1").result, "neutral");
  assert.equal(texts("v=spf2.0/pra -all").result, "none");
  assert.equal(check({}, {}).result, "none");
  assert.equal(check({ "example.com": ["fails"] }, {}).result, "temperror");
  assert.match(texts("v=spf1 +all", "v=spf1 -all").why, /'example.com' publishes 2 SPF records/);
});

Deno.test("checkHost() says none to what is no domain, without a question", () => {
  const names = [
    "",
    ".",
    "com",
    "[192.0.2.3]",
    "192.0.2.3",
    "a..example.com",
    `${"x".repeat(64)}.com`,
    "a\0b.com",
    "ex.-",
  ];
  for (const domain of [...names, "x.".repeat(126) + "com", "\u0080.com", "é@victim.com"]) {
    const got = check({ "victim.com": ["TXT v=spf1 +all"] }, { domain });
    assert.deepEqual([got.result, got.asked], ["none", []], domain);
  }
  const local = check({ "example.com": ["TXT v=spf1 +all"] }, { address: "local" });
  assert.deepEqual([local.result, local.asked], ["none", []]);
});

Deno.test("checkHost() checks the whole grammar before the first mechanism", () => {
  const got = resultOf("v=spf1 ip4:192.0.2.3 a:%{x}.org -all");
  assert.equal(got.result, "permerror");
  assert.deepEqual(got.asked, ["example.com TXT"]);
  assert.match(got.why, /broken at 'a:%\{x\}\.org': no macro/);
});

Deno.test("checkHost() gives the qualifier of the first match, and neutral by default", () => {
  const table: [string, string, string | null][] = [
    ["v=spf1 ?ip4:192.0.2.3 -all", "neutral", "?ip4:192.0.2.3"],
    ["v=spf1 ~all", "softfail", "~all"],
    ["v=spf1 -IP4:192.0.2.0/30 +all", "fail", "-IP4:192.0.2.0/30"],
    ["v=spf1 ip4:192.0.2.3/32", "pass", "ip4:192.0.2.3/32"],
    ["v=spf1 ip4:192.0.2.2", "neutral", null],
    ["v=spf1 ip6:::/0", "neutral", null],
  ];
  for (const [record, result, term] of table) {
    const got = resultOf(record);
    assert.deepEqual([got.result, got.matched?.term ?? null], [result, term], record);
  }
});

Deno.test("checkHost() compares by prefix, each family for itself", () => {
  const hosts = { "h.example.org": ["A 192.0.2.200", "AAAA 2001:db8:0:ff00::1"] };
  const table: [string, string, string][] = [
    ["a:h.example.org/24", "192.0.2.3", "pass"],
    ["a:h.example.org/25", "192.0.2.3", "fail"],
    ["a:h.example.org//56", "192.0.2.3", "fail"],
    ["a:h.example.org//56", "2001:db8:0:ffff::9", "pass"],
    ["a:h.example.org//57", "2001:db8:0:ffff::9", "fail"],
    ["a:h.example.org//64", "2001:db8:0:ffff::9", "fail"],
    ["a:h.example.org/0", "2001:db8::9", "fail"],
    ["a:h.example.org//0", "fe80::1%eth0", "pass"],
    ["a:nothing.example.org/0", "192.0.2.3", "fail"],
    ["ip4:192.0.2.3", "::ffff:192.0.2.3", "pass"],
    ["ip4:192.0.2.3", "::FFFF:C000:203", "pass"],
    ["ip6:::ffff:192.0.2.3", "::ffff:192.0.2.3", "fail"],
    ["ip4:192.0.2.3", "::192.0.2.3", "fail"],
    ["ip6:::192.0.2.3", "::c000:203", "pass"],
    ["ip4:0.0.0.0/0", "::1", "fail"],
    ["ip6:2001:db8::/33", "2001:db8:8000::", "fail"],
    ["ip6:2001:db8::/32", "2001:db8:8000::", "pass"],
    ["exists:h.example.org", "2001:db8::1", "pass"],
  ];
  for (const [term, address, want] of table) {
    assert.equal(resultOf(`v=spf1 ${term} -all`, { address }, hosts).result, want, `${term} ${address}`);
  }
});

Deno.test("include is the table of section 5.2", () => {
  const included = (other: readonly string[]) =>
    resultOf("v=spf1 ~include:other.example -all", {}, { "other.example": other }).result;
  assert.equal(included(["TXT v=spf1 +all"]), "softfail");
  for (const record of ["-all", "~all", "?all", ""]) assert.equal(included([`TXT v=spf1 ${record}`]), "fail", record);
  assert.equal(included(["TXT v=spf1 a:temp.example"]), "fail");
  assert.equal(included(["fails"]), "temperror");
  assert.equal(included(["TXT v=spf1 foo"]), "permerror");
  assert.equal(included([]), "permerror");
  assert.equal(included(["TXT v=spf1 -all", "TXT v=spf1 -all"]), "permerror");
  assert.equal(resultOf("v=spf1 include:%{l}..example.com +all").result, "permerror");
  assert.match(resultOf("v=spf1 include:gone.example -all").why, /'include:gone.example': 'gone.example' publishes no/);
});

Deno.test("redirect takes the other record's result, and its absence is an error", () => {
  const redirected = (other: readonly string[], spec = "other.example") =>
    resultOf(`v=spf1 ip4:10.0.0.1 redirect=${spec}`, {}, { "other.example": other });
  const got = redirected(["TXT v=spf1 -ip4:192.0.2.3"]);
  assert.deepEqual([got.result, got.matched], ["fail", { term: "-ip4:192.0.2.3", domain: "other.example" }]);
  assert.match(got.why, /in the record of 'other.example'/);
  assert.equal(redirected(["TXT v=spf1"]).result, "neutral");
  assert.equal(redirected([]).result, "permerror");
  assert.equal(redirected(["fails"]).result, "temperror");
  assert.equal(redirected(["TXT v=spf1 +all"], "%{l}..%{d}").result, "permerror");
  assert.deepEqual(resultOf("v=spf1 redirect=other.example ip4:192.0.2.3").asked, ["example.com TXT"]);
});

Deno.test("%{d} and a bare mechanism mean the domain under evaluation, %{o} the sender's", () => {
  const got = resultOf("v=spf1 include:other.example redirect=third.example", {}, {
    "other.example": ["TXT v=spf1 a mx exists:%{d}.%{o}", "A 10.0.0.1"],
    "third.example": ["TXT v=spf1 a:%{d}", "A 192.0.2.3"],
  });
  assert.deepEqual(got.asked, [
    ...["example.com TXT", "other.example TXT", "other.example A", "other.example MX"],
    ...["other.example.example.com A", "third.example TXT", "third.example A"],
  ]);
  assert.deepEqual([got.result, got.matched?.domain], ["pass", "third.example"]);
});

Deno.test("a and mx ask for the family of the client; mx has no fallback to the name itself", () => {
  const hosts = { "example.com": ["TXT v=spf1 mx a -all", "A 192.0.2.3"] };
  assert.deepEqual(check(hosts, {}).asked, ["example.com TXT", "example.com MX", "example.com A"]);
  assert.deepEqual(check(hosts, { address: "2001:db8::1" }).asked.at(-1), "example.com AAAA");
  const exchanges = check({
    "example.com": [
      "TXT v=spf1 mx -all",
      "MX 20 late.example",
      "MX 0 .",
      "MX 5 x..y",
      "MX 10 b.example",
      "MX 10 A.example.",
    ],
    "b.example": ["A 192.0.2.3"],
  }, {});
  assert.deepEqual(exchanges.asked.slice(2), ["a.example A", "b.example A"]);
  assert.equal(exchanges.result, "pass");
});

Deno.test("a failing DNS is temperror, but for ptr, which does not match", () => {
  const more = {
    "t.example": ["fails"],
    "mx.example": ["MX 1 t.example"],
    "3.2.0.192.in-addr.arpa": ["PTR t.example", "PTR good.example.com"],
    "good.example.com": ["A 192.0.2.3"],
    "1.2.0.192.in-addr.arpa": ["fails"],
  };
  for (
    const term of [
      "a:t.example",
      "mx:t.example",
      "mx:mx.example",
      "exists:t.example",
      "include:t.example",
      "redirect=t.example",
    ]
  ) {
    const got = resultOf(`v=spf1 ${term}`, {}, more);
    assert.equal(got.result, "temperror", term);
    assert.match(got.why, /no answer for 't.example'/);
  }
  assert.equal(resultOf("v=spf1 ptr:t.example -all", {}, more).result, "fail");
  assert.equal(resultOf("v=spf1 ptr -all", {}, more).result, "pass");
  assert.equal(resultOf("v=spf1 ptr -all", { address: "192.0.2.1" }, more).result, "fail");
});

Deno.test("exp is of the record that matched, and only of a fail", () => {
  const texts = { "why.example.com": ["TXT %{i} is not %{d}"], "why.other.example": ["TXT other"] };
  const other = (record: string) => ({ ...texts, "other.example": [`TXT ${record}`] });
  assert.equal(resultOf("v=spf1 exp=why.%{d} -all", {}, texts).explanation, "192.0.2.3 is not example.com");
  for (const record of ["v=spf1 ~all exp=why.%{d}", "v=spf1 +all exp=why.%{d}", "v=spf1 exp=why.%{d}", "v=spf1 -all"]) {
    const got = resultOf(record, {}, texts);
    assert.deepEqual([got.explanation, got.asked.length], [null, 1], record);
  }
  const included = resultOf("v=spf1 -include:other.example exp=why.%{d}", {}, other("v=spf1 +all exp=why.%{d}"));
  assert.equal(included.explanation, "192.0.2.3 is not example.com");
  const redirected = resultOf("v=spf1 redirect=other.example exp=why.%{d}", {}, other("v=spf1 -all exp=why.%{d}"));
  assert.equal(redirected.explanation, "other");
  assert.equal(resultOf("v=spf1 redirect=other.example exp=why.%{d}", {}, other("v=spf1 -all")).explanation, null);
});

Deno.test("an explanation that is broken, several, absent, not ASCII or failing is none", () => {
  const explained = (...lines: string[]) =>
    resultOf("v=spf1 -all exp=w.example", {}, { "w.example": lines }).explanation;
  for (const text of ["50% off", "%{z}", "caf\xe9", "a\r\nb", "", "a\tb"]) {
    assert.equal(explained(`TXT ${text}`), null, text);
  }
  assert.equal(explained("TXT a", "TXT b"), null);
  assert.equal(explained(), null);
  assert.equal(explained("fails"), null);
  assert.equal(explained("TXT see  example.org!"), "see  example.org!");
  const crlf = resultOf("v=spf1 -all exp=w.example", { helo: "x\r\n250 OK" }, { "w.example": ["TXT %{h}"] });
  assert.equal(crlf.explanation, null);
  assert.equal(resultOf("v=spf1 -all exp=%{l}..example").explanation, null);
});

Deno.test("domains in U-labels are asked for and said in A-labels; a local part in UTF-8 never matches (RFC 8616)", () => {
  const zone = {
    "xn--bcher-kva.example": ["TXT v=spf1 exists:%{o} -all"],
    "mail.example": ["TXT v=spf1 exists:%{l}.mail.example include:%{l}.mail.example +all exp=w.example"],
    "r.example": ["TXT v=spf1 redirect=%{s}.example"],
  };
  const got = check(zone, { domain: "bücher.example" });
  assert.deepEqual(got.asked, ["xn--bcher-kva.example TXT", "xn--bcher-kva.example A"]);
  assert.equal(got.domain, "xn--bcher-kva.example");
  const local = check(zone, { domain: "mail.example", sender: "jürgen@mail.example" });
  assert.deepEqual([local.result, local.asked], ["pass", ["mail.example TXT"]]);
  assert.equal(check(zone, { domain: "r.example", sender: "ü@r.example" }).result, "permerror");
});

Deno.test("a sender without local part is postmaster, and %{s} shows it", () => {
  const asked = (sender: string) => resultOf("v=spf1 exists:%{s}.x.example -all", { sender }).asked[1];
  assert.equal(asked("@example.com"), "postmaster@example.com.x.example A");
  assert.equal(asked("example.com"), "postmaster@example.com.x.example A");
  assert.equal(asked(""), "postmaster@example.com.x.example A");
  assert.equal(asked("alice@example.com"), "alice@example.com.x.example A");
});

Deno.test("names of JavaScript's own are names like others", () => {
  const zone = [
    ["__proto__.example.com", [
      "TXT v=spf1 include:constructor.example.com a:__proto__.__proto__.com exists:%{l}.com -all",
    ]],
    ["constructor.example.com", ["TXT v=spf1 __proto__=x -all"]],
    ["__proto__.com", ["A 192.0.2.3"]],
  ] as const;
  const got = check(zone, { domain: "__proto__.example.com", sender: "__proto__@__proto__.example.com" });
  // A modifier's name begins with a letter, so that term is wrong.
  assert.deepEqual([got.result, got.asked.length], ["permerror", 2]);
  const sound = check(
    zone.map(([name, lines]) =>
      [name as string, lines.map((line) => line.replace("__proto__=x", "constructor=x"))] as const
    ),
    {
      domain: "__proto__.example.com",
      sender: "__proto__@__proto__.example.com",
    },
  );
  assert.deepEqual([sound.result, sound.matched?.term], ["pass", "exists:%{l}.com"]);
});

Deno.test("why is printable and short, whatever the record says", () => {
  const hostile = "v=spf1 a:" + "\x1b[31m\"\\'\xff".repeat(200);
  const got = resultOf(hostile, { domain: "example.com" });
  assert.match(got.why, /^[\x20-\x7e]+$/);
  assert.ok(got.why.length < 300, got.why);
});
