import assert from "node:assert/strict";
import { check } from "./zone.ts";

/** What an explanation with this text says; section 7.4 has the values. */
function expand(text: string, query: Parameters<typeof check>[1] = {}): string | null {
  const zone = {
    "email.example.com": ["TXT v=spf1 -all exp=exp.example.com"],
    "exp.example.com": [`TXT ${text}`],
    "3.2.0.192.in-addr.arpa": ["PTR mx.example.org"],
    "mx.example.org": ["A 192.0.2.3"],
  };
  return check(zone, { domain: "email.example.com", sender: "strong-bad@email.example.com", ...query }).explanation;
}

Deno.test("macros expand as the examples of RFC 7208 section 7.4", () => {
  const table: Record<string, string> = {
    "%{s}": "strong-bad@email.example.com",
    "%{o}": "email.example.com",
    "%{d}": "email.example.com",
    "%{d4}": "email.example.com",
    "%{d3}": "email.example.com",
    "%{d2}": "example.com",
    "%{d1}": "com",
    "%{dr}": "com.example.email",
    "%{d2r}": "example.email",
    "%{l}": "strong-bad",
    "%{l-}": "strong.bad",
    "%{lr}": "strong-bad",
    "%{lr-}": "bad.strong",
    "%{l1r-}": "strong",
    "%{ir}.%{v}._spf.%{d2}": "3.2.0.192.in-addr._spf.example.com",
    "%{lr-}.lp._spf.%{d2}": "bad.strong.lp._spf.example.com",
    "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}": "bad.strong.lp.3.2.0.192.in-addr._spf.example.com",
    "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}": "3.2.0.192.in-addr.strong.lp._spf.example.com",
    "%{d2}.trusted-domains.example.net": "example.com.trusted-domains.example.net",
    "%{p}": "mx.example.org",
  };
  for (const [text, want] of Object.entries(table)) assert.equal(expand(text), want, text);
  assert.equal(
    expand("%{ir}.%{v}._spf.%{d2}", { address: "2001:db8::cb01" }),
    "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com",
  );
});

Deno.test("macros: letters of explanations, escapes, and what stands for itself", () => {
  assert.equal(expand("%{c} %{r} %{t} %{h}"), "192.0.2.3 mx.example.net 1767225600 mx.example.org");
  assert.equal(expand("%{c}", { address: "2001:DB8:0:0:1:0:0:1" }), "2001:db8::1:0:0:1");
  assert.equal(expand("%{r}", { receiver: null }), "unknown");
  assert.equal(expand("a%%b%_c%-d"), "a%b c%20d");
  assert.equal(expand("%{S} %{L-}"), "strong-bad%40email.example.com strong.bad");
  assert.equal(expand("%{L}", { sender: 'a+b/c~_.-="d e@email.example.com' }), "a%2Bb%2Fc~_.-%3D%22d%20e");
  assert.equal(expand("%{l+=_,/-r}", { sender: "a@email.example.com" }), null, "r stands before the delimiters");
  assert.equal(expand("%{lr+=_,/-}", { sender: "a+b=c_d,e/f-g@email.example.com" }), "g.f.e.d.c.b.a");
  assert.equal(expand("%{l2+}", { sender: "+a++@email.example.com" }), ".", "empty parts count");
  assert.equal(expand("%{d99999999999999999999}"), "email.example.com");
  assert.equal(expand("%{l}", { sender: "email.example.com" }), "postmaster");
  assert.equal(expand("%{l}|%{o}", { sender: '"a@b"@email.example.com' }), '"a@b"|email.example.com');
});

Deno.test("%{p} is the domain itself, else a name below, else any, else unknown", () => {
  const answer = (names: readonly string[], valid: readonly string[]) =>
    check({
      "exp.example.com": ["TXT %{p}"],
      "3.2.0.192.in-addr.arpa": names.map((name) => `PTR ${name}`),
      ...Object.fromEntries(valid.map((name) => [name, ["A 192.0.2.3"]])),
      "example.com": [
        "TXT v=spf1 -all exp=exp.example.com",
        ...(valid.includes("example.com") ? ["A 192.0.2.3"] : []),
      ],
    }, {}).explanation;
  assert.equal(
    answer(["a.org", "sub.example.com", "Example.COM."], ["a.org", "sub.example.com", "example.com"]),
    "example.com",
  );
  assert.equal(answer(["a.org", "sub.example.com", "example.com"], ["a.org", "sub.example.com"]), "sub.example.com");
  assert.equal(answer(["b.org", "a.org", "badexample.com"], ["a.org", "badexample.com"]), "a.org");
  assert.equal(answer(["a.org"], []), "unknown");
  assert.equal(answer([], ["a.org"]), "unknown");
});

Deno.test("a name that macros make too long loses labels on the left, and only as many as it must", () => {
  const asked = (local: string, spec: string) =>
    check({ "example.com": [`TXT v=spf1 exists:${spec} -all`] }, { sender: `${local}@example.com` }).asked[1];
  const label = "x".repeat(49);
  const tail = `${label}.${label}.${label}.${label}.${label}`; // 249 characters
  assert.equal(asked("abc", `%{l}.${tail}`), `abc.${tail} A`);
  assert.equal(asked("abcd", `%{l}.${tail}`), `${tail} A`);
  assert.equal(asked("abcd", `%{l}.a.${tail}.`), `a.${tail} A`);
  assert.equal(asked("x", `%{l}.abc.${tail}`), `abc.${tail} A`);
  assert.equal(asked("x", `%{l}.abcd.${tail}`), `${tail} A`);
  // A label of more than 63 characters cannot be asked for, and there is nothing to match.
  assert.equal(asked("a".repeat(63), "%{l}.%{d}"), `${"a".repeat(63)}.example.com A`);
  assert.equal(asked("a".repeat(64), "%{l}.%{d}"), undefined);
  assert.equal(asked("a..b", "%{l}.%{d}"), undefined);
  assert.equal(asked("a", "%{i}"), undefined, "an address is no name");
});
