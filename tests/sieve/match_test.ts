/** Patterns against slow and simple oracles, and against what would make a backtracking matcher wait for ever. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Budget, SieveFault } from "../../src/sieve/match/budget.ts";
import { SIEVE_LANGUAGE } from "../../src/sieve/language.ts";
import { ComparedText } from "../../src/sieve/match/comparator.ts";
import { compileRegex } from "../../src/sieve/match/regex.ts";
import { runRegex } from "../../src/sieve/match/regex_run.ts";
import { Needle } from "../../src/sieve/match/search.ts";
import { matchWildcard, wildcardPattern } from "../../src/sieve/match/wildcard.ts";

type Name = "i;octet" | "i;ascii-casemap" | "i;ascii-numeric" | "i;unicode-casemap";
const named = (name: Name) => SIEVE_LANGUAGE.comparators.get(name)!.comparator;
const equalityKey = (text: string, name: Name) => named(name).key(text);
const compareTexts = (a: string, b: string, name: Name) => named(name).compare(a, b);
const PLENTY = () => new Budget(10_000_000);

function regex(pattern: string, text: string, name: Name = "i;octet") {
  const program = compileRegex(pattern, named(name), 2_000);
  if ("problem" in program) return program.problem;
  return runRegex(program, new ComparedText(text, named(name)), PLENTY());
}

function wildcard(pattern: string, text: string, name: Name = "i;octet", budget: Budget = PLENTY()) {
  return matchWildcard(wildcardPattern(pattern, named(name)), new ComparedText(text, named(name)), budget);
}

Deno.test("regular expressions match what POSIX says, leftmost and longest", () => {
  const table: [pattern: string, text: string, found: readonly string[] | string | null][] = [
    ["a|ab", "xabc", ["ab"]],
    ["(a*)(b|abc)", "abc", ["abc", "", "abc"]],
    ["abcd|c", "abcd", ["abcd"]],
    ["^$", "", [""]],
    ["^a", "ba", null],
    ["a$", "ba", ["a"]],
    ["(ab){2,3}", "ababababa", ["ababab", "ab"]],
    ["a{0}b", "ab", ["b"]],
    ["(a{2}){2}", "aaaaa", ["aaaa", "aa"]],
    ["[]a]+", "]a]b", ["]a]"]],
    ["[^]a]", "]ab", ["b"]],
    ["[a-c-]+", "-abc-d", ["-abc-"]],
    ["[[:alpha:]_]+", "1ab_2", ["ab_"]],
    ["[[.-.]]", "a-", ["-"]],
    ["\\.", "a.b", ["."]],
    ["a\\{2", "a{2", ["a{2"]],
    [".", "é", ["é"]],
    ["^.$", "😀", ["😀"]],
    ["(x)?y", "y", ["y", ""]],
    ["(a*)*", "aaa", ["aaa", "aaa"]],
    ["(a*)+", "b", ["", ""]],
    ["()|a", "a", ["a", ""]],
    ["", "a", [""]],
    ["(", "", "a `(` is not closed"],
    [")", "", "a `)` closes nothing"],
    ["a)", "", "a `)` closes nothing"],
    ["*a", "", "nothing stands before `*` that could be repeated"],
    ["a{3,2}", "", "the second bound is smaller than the first one"],
    ["a{256}", "", "a bound is at most 255"],
    ["a{x", "", "a `{` should be followed by one or two numbers and `}`"],
    ["[a", "", "a `[` is not closed"],
    ["[b-a]", "", "a range in brackets runs backwards"],
    ["[[:none:]]", "", "the name of a character class is not known"],
    ["\\", "", "a backslash stands at its end"],
    ["\\w+\\s\\S\\W", "(ab_1 c)", ["ab_1 c)"]],
    ["(a)\\1", "", "it cannot refer back to what a group took"],
    ["\\d", "", "`\\d` has no meaning; there are classes such as [[:digit:]]"],
  ];
  for (const [pattern, text, found] of table) assert.deepEqual(regex(pattern, text), found, `${pattern} on ${text}`);
  assert.deepEqual(regex("[A-C]+É", "xaBcÉ", "i;ascii-casemap"), ["aBcÉ"]);
});

Deno.test("a regular expression matches where the platform's does", () => {
  const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab)", "(a*b)", "(|a)", "^", "$");
  const piece = fc.tuple(atom, fc.constantFrom("", "*", "+", "?", "{2}", "{0,2}", "{1,}")).map(([a, mark]) =>
    a === "^" || a === "$" ? a : a + mark
  );
  const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(pattern, fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 }), (pattern, text) => {
      const found = regex(pattern, text);
      const expected = new RegExp(pattern, "u").exec(text);
      assert.equal(found === null, expected === null);
      // The platform takes the first way, not the longest, so only the start is the same.
      if (found !== null && expected !== null) {
        assert.ok(text.slice(expected.index).startsWith(found[0]!) && found[0]!.length >= expected[0].length);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("a wildcard takes as little as it can, from left to right", () => {
  const table: [pattern: string, text: string, found: readonly string[] | null][] = [
    ["*", "", ["", ""]],
    ["a*", "abc", ["abc", "bc"]],
    ["*b*b", "abbbb", ["abbbb", "a", "bb"]],
    ["?*?", "ab", ["ab", "a", "", "b"]],
    ["?*?", "a", null],
    ["**", "ab", ["ab", "", "ab"]],
    ["a\\*b", "a*b", ["a*b"]],
    ["a\\*b", "axb", null],
    ["?", "😀", ["😀", "😀"]],
    ["", "", [""]],
    ["", "a", null],
    ["*a", "ba\u0301", null],
    ["\\", "\\", ["\\"]],
  ];
  for (const [pattern, text, found] of table) assert.deepEqual(wildcard(pattern, text), found, `${pattern} on ${text}`);
});

Deno.test("a wildcard matches what a lazy regular expression of the platform matches", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 7 });
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      const source = [...pattern].map((char) => char === "*" ? "(.*?)" : char === "?" ? "(.)" : char).join("");
      const expected = new RegExp(`^${source}$`).exec(text);
      assert.deepEqual(wildcard(pattern, text), expected === null ? null : [...expected]);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("no pattern makes matching slow: the work is the text's length times the pattern's", () => {
  const work = (pattern: string, length: number) => {
    const program = compileRegex(pattern, named("i;octet"), 2_000);
    if ("problem" in program) throw new Error(program.problem);
    const budget = PLENTY();
    runRegex(program, new ComparedText("a".repeat(length) + "!", named("i;octet")), budget);
    return budget.used;
  };
  for (
    const pattern of ["(a*)*b", "(a|a)*b", "(a|aa)+$", "(a?){30}a{30}b", "((a*)*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"]
  ) {
    const once = work(pattern, 1_000);
    assert.ok(work(pattern, 4_000) < 5 * once, `${pattern} grows faster than its text`);
    assert.ok(once < 10_000, `${pattern} takes ${once}`);
  }
  const budget = PLENTY();
  assert.equal(wildcard("*a".repeat(500) + "b", "a".repeat(20_000), "i;octet", budget), null);
  assert.ok(budget.used < 10_000);
});

Deno.test("a pattern that would take too long ends the run", () => {
  const budget = new Budget(1_000);
  const pattern = "*" + "?".repeat(2_000) + "b*";
  assert.throws(() => wildcard(pattern, "a".repeat(20_000), "i;octet", budget), SieveFault);
});

Deno.test("bounds in bounds are refused when they grow beyond all bounds", () => {
  for (
    const pattern of ["((a{255}){255}){255}", "()".repeat(21) + "((((){255}){255}){255}){255}", "[a-b]{255}".repeat(9)]
  ) {
    assert.match(String(regex(pattern, "")), /more than 2000 steps/, pattern);
  }
  assert.match(String(regex("(".repeat(60) + ")".repeat(60), "")), /more than 50 deep/);
  assert.match(String(regex("a".repeat(5_000), "")), /longer than 4096/);
  assert.match(String(regex("a" + "+".repeat(20), "")), /more than ten/);
});

Deno.test("comparators compare as RFC 4790 and RFC 5051 say", () => {
  assert.equal(equalityKey("ÄbC", "i;ascii-casemap"), "Äbc");
  assert.equal(equalityKey("ÄbC", "i;unicode-casemap"), equalityKey("äBc", "i;unicode-casemap"));
  assert.equal(compareTexts("010x", "10", "i;ascii-numeric"), 0);
  assert.ok(compareTexts("9", "10", "i;ascii-numeric") < 0);
  assert.ok(compareTexts("00", "none", "i;ascii-numeric") < 0);
  assert.ok(compareTexts("x", "99999999999999999999999999", "i;ascii-numeric") > 0);
  assert.ok(compareTexts("100000000000000000000001", "100000000000000000000002", "i;ascii-numeric") < 0);
  assert.ok(compareTexts("a", "B", "i;octet") > 0 && compareTexts("a", "B", "i;ascii-casemap") < 0);
  const found = wildcard("GRÜ?E *", "Grüße Köln", "i;unicode-casemap");
  assert.deepEqual(found, ["Grüße Köln", "ß", "Köln"]);
});

Deno.test("looking for a long text takes no longer than both are long, wherever they differ", () => {
  const text = "a".repeat(2_000_000);
  for (const half of [100, 1_000, 100_000]) {
    const needle = new Needle("a".repeat(half) + "b" + "a".repeat(half));
    const began = performance.now();
    assert.equal(needle.isIn(text), false); // the platform's own search takes a minute and more
    assert.ok(performance.now() - began < 5_000);
    assert.equal(needle.isIn(text + "b" + text), true);
  }
});

Deno.test("Needle.isIn() says what the platform says", () => {
  const unit = fc.constantFrom("a", "b");
  fc.assert(
    fc.property(
      fc.string({ unit, minLength: 251, maxLength: 300 }),
      fc.string({ unit, maxLength: 20 }),
      fc.nat(300),
      fc.nat(50),
      (text, more, from, cut) => {
        const whole = text + more + text;
        const needle = whole.slice(from, from + 251 + cut) + more.slice(10);
        assert.equal(new Needle(needle).isIn(whole), whole.includes(needle));
      },
    ),
    { numRuns: 300 },
  );
});
