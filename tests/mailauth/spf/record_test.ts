import assert from "node:assert/strict";
import fc from "fast-check";
import { isSpfRecord, parseSpfRecord } from "../../../src/mailauth/mod.ts";

const wrongOf = (terms: string) => {
  const parsed = parseSpfRecord(`v=spf1 ${terms}`);
  return "wrong" in parsed ? `${parsed.term}: ${parsed.wrong}` : null;
};

Deno.test("isSpfRecord() wants the version alone or before a space, in any case", () => {
  for (const text of ["v=spf1", "v=spf1 ", "V=SPF1 -all", "v=spf1  -all"]) assert.ok(isSpfRecord(text), text);
  for (const text of ["", "v=spf10", "v=spf1\t-all", " v=spf1", "v=spf2.0/pra -all", "v=ſpf1 -all", "v=spf"]) {
    assert.ok(!isSpfRecord(text), text);
  }
});

Deno.test("parseSpfRecord() takes what the grammar allows", () => {
  const sound = [
    "all +all -ALL ~all ?aLL",
    "a A/24 a//64 a/24//64 a:example.org a:example.org/0 a:example.org//128 a:example.org/32//0",
    "a:%{d} a:%{d}/24 a:foo%% a:foo%_ a:foo%- a:example.org. a:x/y.example.org a:/.example.org/8",
    "mx mx:%{d1r}//0 mx:_a.b-c.d0e a:example.x-9y a:museum.1a1",
    "ptr ptr:example.org ip4:0.0.0.0/0 ip4:255.255.255.255/32 ip4:192.0.2.1",
    "ip6:::/0 ip6:::1 ip6:2001:DB8::cb01/128 ip6:::ffff:192.0.2.1 ip6:1:2:3:4:5:6:7:8 ip6:1::2:3:4:5:6:7",
    "exists:%{ir}.%{l1r+-}._spf.%{d} include:%{s} exists:%{L001R.-+,/_=}",
    "redirect=example.org exp=a.b.c moo=%{c}%{r}%{t} moo= a=b all=x:/y r-._9=%% redirect.x=",
  ];
  for (const terms of sound) assert.equal(wrongOf(terms), null, terms);
});

Deno.test("parseSpfRecord() names the term that is wrong", () => {
  const wrong = [
    ...[
      "all:x",
      "all/8",
      "-all.",
      "+-all",
      "-",
      ":",
      "/",
      "foo",
      "foo:bar.org",
      "include",
      "include:",
      "exists",
      "exists/",
    ],
    ...[
      "a:",
      "a/",
      "a/33",
      "a/024",
      "a//129",
      "a/24/64",
      "a//64/24",
      "a/24//",
      "a:/24",
      "a:org",
      "a:example.1",
      "a:x.-y",
    ],
    ...["a:x.y-", "a:example.org..", "a:%", "a:%(d)", "a:%{d", "a:%{}", "a:%{x}", "a:%{d0}", "a:%{d00r}", "a:%{drr}"],
    ...[
      "a:%{dr1}",
      "a:%{d!}",
      "a:%{c}",
      "exists:%{t}",
      "include:%{r}",
      "a:%{d}com",
      "a:ü.org",
      "a:x\t.org",
      "a:x\x7f.org",
    ],
    ...[
      "mx/",
      "mx:",
      "mx:org",
      "ptr:",
      "ptr/24",
      "ptr:org",
      "ip4",
      "ip4:",
      "ip4:1.2.3",
      "ip4:1.2.3.4.5",
      "ip4:1.2.3.04",
    ],
    ...["ip4:1.2.3.256", "ip4:1.2.3.4/33", "ip4:1.2.3.4/", "ip4:1.2.3.4/08", "ip4:1.2.3.4//32", "ip4:::1", "ip4/8"],
    ...["ip6", "ip6:", "ip6:1.2.3.4", "ip6:::1/129", "ip6:::1/", "ip6:1::2::3", "ip6:1:2:3:4:5:6:7", "ip6:12345::"],
    ...[
      "ip6:1:2:3:4:5:6:7:8:9",
      "ip6:fe80::1%eth0",
      "ip6::::",
      "ip6:1.2.3.4::",
      "ip6:::1.2.3.4:5",
      "ip6:1:2:3:4:5:6:7:8::",
    ],
    ...[
      "redirect=",
      "redirect=org",
      "redirect:example.org",
      "exp=",
      "exp=%{c}",
      "exp=x",
      "=x",
      "9a=x",
      "moo=%",
      "moo=%{z}",
    ],
    ...["-redirect=example.org", "moo=ü", "moo=%{d0}"],
  ];
  for (const term of wrong) {
    const got = wrongOf(`ip4:192.0.2.0/24 ${term} -all`);
    assert.ok(got?.startsWith(term + ": "), `${term} -> ${got}`);
  }
  assert.match(wrongOf("redirect=a.org exp=b.org redirect=c.org") ?? "", /^redirect=c.org: .*twice/);
  assert.match(wrongOf("exp=a.org EXP=b.org") ?? "", /^EXP=b.org: .*twice/);
});

Deno.test("parseSpfRecord() keeps what was written and what it means", () => {
  const parsed = parseSpfRecord("v=spf1  ~MX:%{d2r-}/24//64 redirect=x.org   exp=y.org ");
  assert.deepEqual(parsed, {
    directives: [{
      qualifier: "~",
      text: "~MX:%{d2r-}/24//64",
      mechanism: {
        kind: "mx",
        domain: [{ letter: "d", escaped: false, parts: 2, reversed: true, delimiters: "-" }],
        prefix4: 24,
        prefix6: 64,
      },
    }],
    redirect: ["x.org"],
    explanation: ["y.org"],
  });
});

Deno.test("parseSpfRecord() ignores redirect where all stands, wherever it stands (section 5.1)", () => {
  const parsed = parseSpfRecord("v=spf1 redirect=x.org ?all");
  assert.ok(!("wrong" in parsed) && parsed.redirect === null);
});

Deno.test("parseSpfRecord() never throws, and its error is a term of the record", () => {
  const words = [
    "a",
    "mx",
    ":",
    "/",
    "%",
    "{",
    "}",
    "%{d}",
    "24",
    " ",
    "=",
    ".",
    "ip4",
    "ip6",
    "all",
    "-",
    "\0",
    "é",
    "_",
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 30 });
  fc.assert(
    fc.property(text, (parts) => {
      const record = "v=spf1 " + parts.join("");
      const parsed = parseSpfRecord(record);
      if ("wrong" in parsed) assert.ok(record.split(" ").includes(parsed.term));
      else assert.ok(parsed.directives.every((directive) => record.split(" ").includes(directive.text)));
    }),
    { numRuns: 2000, seed: 7208 },
  );
});
