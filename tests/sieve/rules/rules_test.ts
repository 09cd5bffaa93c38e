/** Rules as Sieve and back: what is written is sound and reads as it was, and no string gets out of its quotes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { FilterRule, OpaqueRule, PlainRule, RuleAction, RuleCondition } from "../../../src/contract/mod.ts";
import { play } from "../scene.ts";
import { checkSieve, readRules, writeRules } from "../../../src/sieve/mod.ts";

const HOSTILE = [
  '"; discard; #',
  "\\",
  '\\"',
  '"]; stop; if true { keep; }',
  "\n# rule:[evil]\nif true { discard; }\n",
  "*/ discard; /*",
  "${subject}",
  "${hex:0a}",
  "text:\n.\n; discard;",
  "\r\n.\r\n",
  "]",
  "# rule:[x]",
  "a\u2028b",
  "\0",
  "\x1b[2J",
  "\ud800",
  "\ufeff",
  "Entwürfe/Ämter",
  " ",
  "",
];
const anyText = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
const endless = anyText.map((text) => text.replace(/[\r\n]+$/, ""));
const address = fc.constantFrom("a@example.org", "o'brien+x@example.org", '"a b"@example.org', "Al <al@example.org>");
const not = fc.boolean();
const values = fc.array(anyText, { minLength: 1, maxLength: 3 });
const match = fc.constantFrom("contains" as const, "is" as const, "matches" as const);
const headers = fc.uniqueArray(fc.constantFrom("X-Spam", "Sender", "Reply-To"), { minLength: 1 });
const condition: fc.Arbitrary<RuleCondition> = fc.oneof(
  fc.record({ test: fc.constantFrom("from" as const, "to" as const, "subject" as const), match, values, not }),
  fc.record({ test: fc.constant("list" as const), match: fc.constant("is" as const), values, not }),
  fc.record({ test: fc.constant("header" as const), headers, match, values, not }),
  fc.record({ test: fc.constant("exists" as const), headers, not }),
  fc.record({ test: fc.constant("body" as const), values, not }),
  fc.record({
    test: fc.constant("size" as const),
    over: fc.boolean(),
    octets: fc.oneof(fc.nat(), fc.nat(9).map((n) => n << 20)),
    not,
  }),
  fc.record({ test: fc.constant("attachment" as const), not }),
  fc.record({ test: fc.constant("duplicate" as const), seconds: fc.integer({ min: 1, max: 7_776_000 }), not }),
);
const nullable = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const action: fc.Arbitrary<RuleAction> = fc.oneof(
  fc.record({ do: fc.constantFrom("move" as const, "copy" as const), mailbox: anyText, create: fc.boolean() }),
  fc.record({ do: fc.constantFrom("discard" as const, "keep" as const, "stop" as const) }),
  fc.record({ do: fc.constant("forward" as const), address, keep: fc.boolean() }),
  fc.record({
    do: fc.constant("deliver" as const),
    to: fc.constantFrom("learn", "maildir:home", "http:a.b-c_d"),
    keep: fc.boolean(),
  }),
  fc.record({
    do: fc.constant("reply" as const),
    text: endless,
    subject: nullable(anyText),
    days: nullable(fc.integer({ min: 1, max: 30 })),
    from: nullable(address),
    addresses: fc.array(address, { maxLength: 2 }),
  }),
  fc.record({ do: fc.constant("reject" as const), text: endless, early: fc.boolean() }),
);
const flags: fc.Arbitrary<RuleAction> = fc.oneof(
  fc.constant<RuleAction>({ do: "markRead" }),
  fc.record({ do: fc.constant("flag" as const), flags: fc.constantFrom(["\\Flagged"], ["$Work", "\\Seen"]) }),
);
const plain: fc.Arbitrary<PlainRule> = fc.record({
  name: anyText,
  enabled: fc.boolean(),
  match: fc.constantFrom("all" as const, "any" as const),
  conditions: fc.array(condition, { maxLength: 3 }),
  actions: fc.tuple(fc.array(flags, { maxLength: 1 }), fc.array(action, { minLength: 1, maxLength: 2 }))
    .map(([first, rest]) => [...first, ...rest]),
}).map((rule) => rule.conditions.length === 0 ? { ...rule, match: "all" } : rule);
const opaque: fc.Arbitrary<OpaqueRule> = fc.record({
  name: anyText,
  requires: fc.constant(["fileinto", "variables"]),
  sieve: fc.constantFrom(
    'if header :matches "subject" "*" { set "s" "${1}"; }\n# to where?\nfileinto "L/${s}";',
    'set "a" "\n# rule:[no]\n"; fileinto text:\n${a}\n.\n;\n/*\n# rule:[neither]\n*/',
  ),
});

Deno.test("rules read back as they were written, and what cannot be written is refused", () => {
  let written = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 5, arbitrary: plain }, opaque), { maxLength: 4 }), (rules) => {
      const result = writeRules(rules);
      if ("problems" in result) return;
      if (rules.length > 0) written++;
      const wanted = structuredClone(rules); // objects of fast-check may lack a prototype
      assert.deepEqual(checkSieve(result.script), []);
      assert.deepEqual(readRules(result.script), wanted);
      assert.deepEqual(writeRules(readRules(result.script)), result);
    }),
    { numRuns: 1500 },
  );
  assert(written > 100, `only ${written} of them could be written`);
});

const rule = (change: Partial<PlainRule>): PlainRule => ({
  name: "r",
  enabled: true,
  match: "all",
  conditions: [],
  actions: [{ do: "keep" }],
  ...change,
});

Deno.test("a hostile string in any place is refused or stays a value", () => {
  for (const text of HOSTILE) {
    for (const enabled of [true, false]) {
      const tries: FilterRule[] = [
        rule({ name: text, enabled }),
        rule({ enabled, conditions: [{ test: "subject", match: "contains", values: [text], not: true }] }),
        rule({ enabled, conditions: [{ test: "header", headers: [text], match: "is", values: ["x"], not: false }] }),
        rule({ enabled, actions: [{ do: "move", mailbox: text, create: false }] }),
        rule({ enabled, actions: [{ do: "flag", flags: [text] }] }),
        rule({ enabled, actions: [{ do: "forward", address: text, keep: true }] }),
        rule({ enabled, actions: [{ do: "reject", text: text.replace(/[\r\n]+$/, ""), early: false }] }),
      ];
      for (const one of tries) {
        const result = writeRules([rule({}), one, rule({})]);
        if ("problems" in result) assert(result.problems.every(({ path }) => path.startsWith("rules.1.")));
        else assert.deepEqual(readRules(result.script), [rule({}), one, rule({})]);
      }
    }
  }
});

Deno.test("opaque Sieve cannot reach out of its place", () => {
  for (
    const sieve of [
      "if true { keep; } }",
      "if true {",
      'keep "',
      "/* ",
      'require "fileinto";',
      "else { discard; }",
      "# rule:[other]\nkeep;",
      "keep;\n# rule:[other]",
      'fileinto "x";',
      "text:\nkeep;",
      "nonsense;",
      "\ufeffkeep;",
      "keep;\0",
    ]
  ) {
    const result = writeRules([{ name: "o", sieve, requires: [] }]);
    assert("problems" in result && result.problems[0]?.path.startsWith("rules.0.sieve"), sieve);
  }
  assert("problems" in writeRules([{ name: "o", sieve: "keep;", requires: ['x"]; discard; #'] }]));
});

Deno.test("a `${` beside rules that expand strings is refused", () => {
  const dollar = rule({ actions: [{ do: "move", mailbox: "${x}", create: false }] });
  assert("script" in writeRules([dollar]));
  const result = writeRules([dollar, { name: "v", sieve: 'set "x" "Trash";', requires: ["variables"] }]);
  assert("problems" in result && result.problems[0]?.path === "rules.0");
});

Deno.test("writeRules() writes what people can read", () => {
  const result = writeRules([
    rule({
      name: "Lists",
      match: "any",
      conditions: [
        { test: "list", match: "is", values: ["deno.example.org"], not: false },
        { test: "size", over: true, octets: 5 << 20, not: true },
      ],
      actions: [{ do: "move", mailbox: "Lists", create: false }, { do: "markRead" }, { do: "stop" }],
    }),
    rule({
      name: "Off",
      enabled: false,
      conditions: [{ test: "from", match: "is", values: ["a@example.org"], not: false }],
    }),
  ]);
  assert("script" in result);
  assert.equal(
    result.script,
    `require ["fileinto", "imap4flags"];
# rule:[Lists]
if anyof (header :contains "list-id" "<deno.example.org>", not size :over 5M)
{
\taddflag "\\\\Seen";
\tfileinto "Lists";
\tstop;
}
# rule:[Off]
if false # address :is "from" "a@example.org"
{
\tkeep;
}
`,
  );
});

Deno.test("readRules() reads the shape of Roundcube, and keeps what is no rule", () => {
  const script = [
    'require ["copy","fileinto","vacation","variables","regex"];',
    "# rule:[News [1]]",
    'if allof (header :contains ["from"] ["news","info"], not size :under 10K)',
    "{",
    '\tfileinto :copy "News";',
    "\tstop;",
    "}",
    "# rule:[Away]",
    "if false # true",
    "{",
    '\tvacation :days 3 :subject "Away" text:',
    "Until Monday.",
    "..",
    ".",
    ";",
    "}",
    "# rule:[Clever]",
    'if header :regex "subject" "^x" # odd',
    "{",
    '\tset "x" "1";',
    "}",
    "",
  ].join("\r\n");
  const rules = readRules(script);
  assert.deepEqual(rules.slice(0, 2), [
    rule({
      name: "News [1]",
      conditions: [
        { test: "from", match: "contains", values: ["news", "info"], not: false },
        { test: "size", over: false, octets: 10240, not: true },
      ],
      actions: [{ do: "copy", mailbox: "News", create: false }, { do: "stop" }],
    }),
    rule({
      name: "Away",
      enabled: false,
      actions: [{ do: "reply", text: "Until Monday.\r\n.", subject: "Away", days: 3, from: null, addresses: [] }],
    }),
  ]);
  assert.deepEqual({ ...rules[2], sieve: "" }, { name: "Clever", sieve: "", requires: ["regex", "variables"] });
  const again = writeRules(rules);
  assert("script" in again);
  assert.deepEqual(readRules(again.script), rules);
});

Deno.test("a text does not grow between programs that end it with a line end", () => {
  const told = (text: string) => writeRules([rule({ actions: [{ do: "reject", text, early: false }] })]);
  assert.deepEqual(told("no\nmore\r\n\n"), told("no\nmore"));
});

Deno.test("readRules() takes a script without markers apart, and keeps its comments", () => {
  const rules = readRules(
    '# mine\nrequire "fileinto";\n# lists\nif header "x" "y" { fileinto "A"; } elsif true { keep; }\nif size :over 1M { discard; }',
  );
  assert.deepEqual(rules, [
    { name: "", sieve: '# lists\nif header "x" "y" { fileinto "A"; } elsif true { keep; }', requires: ["fileinto"] },
    rule({
      name: "",
      conditions: [{ test: "size", over: true, octets: 1 << 20, not: false }],
      actions: [{ do: "discard" }],
    }),
  ]);
  assert.deepEqual(readRules(""), []);
});

Deno.test("rules decide over messages as they say", () => {
  const message = (disposition: string) =>
    [
      "From: Alice <alice@example.org>",
      "To: Bob <bob@example.net>",
      "Subject: Offer",
      "List-Id: News of all kinds <news.example.org>",
      "MIME-Version: 1.0",
      "Content-Type: multipart/mixed; boundary=b",
      "",
      "--b",
      "",
      "See below.",
      "--b",
      `Content-Disposition: ${disposition}; filename=attachment.txt`,
      "",
      "x",
      "--b--",
      "",
    ].join("\n");
  const hits = (condition: RuleCondition, disposition = "attachment") => {
    const actions: RuleAction[] = [{ do: "move", mailbox: "Hit", create: false }];
    const result = writeRules([rule({ conditions: [condition], actions })]);
    assert("script" in result);
    const done = play(result.script, { message: message(disposition) }).actions;
    return JSON.stringify(done).includes('"Hit"');
  };
  const not = false;
  assert(hits({ test: "attachment", not }));
  assert(!hits({ test: "attachment", not }, "inline"));
  assert(hits({ test: "list", match: "is", values: ["news.example.org"], not }));
  assert(!hits({ test: "list", match: "is", values: ["news.example"], not }));
  assert(hits({ test: "from", match: "is", values: ["ALICE@example.org"], not }));
  assert(hits({ test: "from", match: "contains", values: ["alice <"], not }));
  assert(!hits({ test: "to", match: "is", values: ["bob"], not }));
  assert(hits({ test: "to", match: "is", values: ["bob"], not: true }));
  assert(hits({ test: "body", values: ["below"], not }));
  assert(hits({ test: "subject", match: "matches", values: ["o?f*"], not }));
  assert(hits({ test: "size", over: true, octets: 100, not }));
});
