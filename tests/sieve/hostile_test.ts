/** Scripts and messages that want to take long, grow large or lose mail. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { checkSieve, parseSieve } from "../../src/sieve/mod.ts";
import { now, outcome, play, scriptOf } from "./scene.ts";

/** The one failure of a run that kept the message. */
function failure(script: string, scene: Parameters<typeof play>[1] = {}): string {
  const result = play(script, scene);
  assert.equal(result.failures.length, 1, JSON.stringify(outcome(result)));
  assert.deepEqual(result.actions.map(({ kind }) => kind), ["keep"]);
  assert.equal(result.implicitKeep, true);
  return result.failures[0]!.message;
}

Deno.test("deep, long and broken scripts are refused with a bounded number of errors", () => {
  const scripts = [
    "if ".repeat(5_000),
    "{".repeat(20_000),
    "}".repeat(100_000),
    "(".repeat(100_000),
    "if not ".repeat(10_000),
    "if true {".repeat(10_000),
    "if allof(" + "allof(".repeat(10_000),
    "[".repeat(100_000),
    "keep;".repeat(10_500),
    "/*".repeat(100_000),
    '"'.repeat(19_999),
    "text:\n".repeat(1_000),
    'require ["' + '","'.repeat(5_000) + '"];',
    "\0".repeat(1_000),
    "elsif true {} ".repeat(5_000),
    "unknown; ".repeat(5_000),
    "x".repeat((1 << 20) + 1),
    'require "encoded-character"; redirect "' + "${hex:".repeat(20_000) + '";',
    'require "encoded-character"; redirect "${hex:' + "a ".repeat(40_000) + '";',
    'require "variables"; redirect "' + "${a".repeat(50_000) + '";',
  ];
  for (const script of scripts) {
    const errors = checkSieve(script);
    assert.ok(errors.length > 0 && errors.length <= 100, `${script.slice(0, 40)}: ${errors.length} errors`);
    for (const error of errors) assert.ok(error.message.length < 500 && error.found.length <= 60);
  }
});

Deno.test("whatever the text, it is a script or has errors with places in it", () => {
  const words = [
    "if",
    "not",
    "header",
    '"a"',
    '["a","b"]',
    ":is",
    "{",
    "}",
    ";",
    "(",
    ")",
    ",",
    "keep",
    "1K",
    "else",
    "require",
    "#x\n",
  ];
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((all) => all.join(" ")),
  );
  fc.assert(
    fc.property(text, (text) => {
      const parsed = parseSieve(text);
      if ("script" in parsed) return;
      const lines = text.split("\n");
      assert.ok(parsed.errors.length > 0);
      for (const { line, column } of parsed.errors) {
        assert.ok(line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1]!.length + 1);
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("variables cannot grow: they are cut, and a string has an end", () => {
  const doubled = 'set "a" "${a}${a}";'.repeat(40);
  const result = play(`require ["variables", "fileinto"]; set "a" "0123456789"; ${doubled}
    set :length "n" "\${a}"; fileinto "\${n}";`);
  assert.deepEqual(outcome(result), ["fileinto 16384"]);
  const many = "${a}".repeat(100);
  assert.match(
    failure(`require ["variables"]; set "a" "x"; ${doubled} set "b" "${many}";`),
    /more than 262144 characters/,
  );
  const names = Array.from({ length: 300 }, (_, i) => `set "v${i}" "x";`).join("");
  assert.match(failure(`require "variables"; ${names}`), /more than 256 variables/);
});

Deno.test("actions, notifications and edits have a bound, and beyond it the message is kept", () => {
  const files = Array.from({ length: 100 }, (_, i) => `fileinto "m${i}";`).join("");
  assert.match(failure(`require "fileinto"; ${files}`), /more than 64 actions/);
  assert.match(failure(`require "enotify"; ${'notify "mailto:a@b.example";'.repeat(6)}`), /more than 5 notifications/);
  const edit = `addheader "X-A" "${"x".repeat(5_000)}";`;
  assert.match(failure(`require "editheader"; ${edit.repeat(20)}`), /more than 65536 octets/);
});

Deno.test("a message is enclosed and replaced within a bound", () => {
  const message = "X-Big: " + "x".repeat(100_000) + "\n\n";
  assert.match(
    failure('require "enclose"; ' + 'enclose :headers "X-Big" "x"; '.repeat(500), { message }),
    /more than 100 changes/,
  );
  assert.match(failure('require "replace"; ' + 'replace "x"; '.repeat(500)), /more than 100 changes/);
});

Deno.test("a run that takes too many steps ends, and the message is kept", () => {
  const keys = Array.from({ length: 200 }, (_, i) => `"([a${i}b]|ab)*[x-z]"`).join(",");
  const message = "Subject: " + "ab".repeat(10_000) + "\n\n";
  assert.match(
    failure(`require "regex"; if header :regex "subject" [${keys}] { discard; }`, { message }),
    /more than 200000 steps/,
  );
  const parts = "--x\n\n\n".repeat(3_000);
  const loops = 'require ["foreverypart","mime"]; ' +
    'foreverypart { foreverypart { if header :mime :anychild "a" "b" { discard; } } } '.repeat(100);
  const nested = `Content-Type: multipart/mixed; boundary=x\n\n${parts}--x--\n`;
  assert.match(failure(loops + loops.slice(loops.indexOf(";") + 1).repeat(3), { message: nested }), /steps|octets/);
});

Deno.test("the world is asked and told a bounded number of things", () => {
  let asked = 0;
  const world = {
    mailboxExists: () => now(++asked > 0),
    seen: () => now(false),
  };
  const names = Array.from({ length: 5_000 }, (_, i) => `"m${i}"`).join(",");
  assert.match(
    failure(`require "mailbox"; if mailboxexists [${names}] { discard; }`, { world }),
    /more than 200000 steps/,
  );
  assert.ok(asked <= 2_000);
  const tests = Array.from({ length: 70 }, (_, i) => `if duplicate :uniqueid "${i}" { discard; }`).join("");
  assert.match(failure(`require "duplicate"; ${tests}`, { world }), /more than 64 things/);
});

Deno.test("bodies are read within a bound", () => {
  const message = "Subject: x\n\n" + "line\n".repeat(1_000);
  const limits = { bodyOctets: 4_000 };
  assert.match(
    failure('require "body"; if body :raw :contains "x" { discard; }', { message, limits }),
    /more than 4000 octets/,
  );
  assert.deepEqual(outcome(play('require "body"; if body :raw :contains "line" { discard; }', { message })), [
    "discard",
  ]);
});

Deno.test("what was read of a body is not read again", () => {
  const message = "Subject: x\n\n" + "line\n".repeat(1_000);
  const tests = ["raw", "text", 'content "text"'].map((how) => `if body :${how} :contains "x" { stop; }`).join("");
  const result = play(`require "body"; ${tests.repeat(20)} discard;`, { message, limits: { bodyOctets: 15_000 } });
  assert.deepEqual(outcome(result), ["discard"]);
});

Deno.test("includes have a bound in depth and number", () => {
  const script = (_: string, name: string) =>
    now(scriptOf(`require "include"; include "${Number(name) + 1}"; include "${Number(name) + 1000}";`));
  assert.match(failure('require "include"; include "1";', { world: { script } }), /more than 10 deep/);
  const leaf = () => now(scriptOf("keep;"));
  const wide = Array.from({ length: 70 }, (_, i) => `include "s${i}";`).join("");
  assert.match(failure(`require "include"; ${wide}`, { world: { script: leaf } }), /more than 64 scripts/);
});

Deno.test("a large message with many fields is tested in bounded work", () => {
  const message = "X: <\n".repeat(0) +
    Array.from({ length: 5_000 }, (_, i) => `X-${i % 7}: =?utf-8?q?${"=41".repeat(20)}?=`).join("\n") +
    "\n\n";
  const result = play('if header :contains ["x-1","x-2","x-3"] ["b","c"] { discard; }', { message });
  assert.deepEqual(outcome(result), ["implicit keep"]);
  assert.ok(result.steps < 50_000, String(result.steps));
});

Deno.test("a hostile header makes no script fail that would run otherwise", () => {
  const rules = Array.from(
    { length: 50 },
    (_, i) =>
      `if header :contains "subject" ["a${i}", "b${i}", "c${i}"] { discard; }
     if address :is "to" ["a${i}@x.example", "b${i}@x.example"] { discard; }
     if exists "x-${i}" { discard; }`,
  ).join("\n");
  const to = Array.from({ length: 4_000 }, (_, i) => `u${i}@example.org`).join(",\n ");
  const many = Array.from({ length: 40_000 }, () => "Y: z").join("\n");
  for (
    const header of [
      `To: ${to}`,
      many,
      `Subject: ${"x".repeat(250_000)}`,
      `Subject: ${"=?utf-8?q?=41?= ".repeat(10_000)}`,
    ]
  ) {
    const result = play(rules, { message: `${header}\n\n` });
    assert.deepEqual(outcome(result), ["implicit keep"]);
  }
});

Deno.test("names that every object has are no variables, tests or environment items", () => {
  const result = play(`require ["variables", "environment", "fileinto"];
    fileinto "[\${__proto__}\${constructor}]";
    if environment :contains "constructor" "" { fileinto "no"; }
    set "__proto__" "x"; fileinto "\${__proto__}";`);
  assert.deepEqual(outcome(result), ["fileinto []", "fileinto x"]);
  assert.ok(checkSieve("constructor; if toString { keep; }").length === 2);
});

Deno.test("values from a message are checked where they are used", () => {
  const message = "Subject: a\tb\nX-To: nobody\n\n";
  const script = (use: string) =>
    `require ["variables","fileinto","date","enotify","editheader"];
     if header :matches "x-to" "*" { set "to" "\${1}"; } if header :matches "subject" "*" { set "s" "\${1}"; } ${use}`;
  assert.match(failure(script('redirect "${to}";'), { message }), /"nobody" is no address/);
  assert.match(failure(script('fileinto "${s}";'), { message }), /is not the name of a mailbox/);
  assert.match(failure(script('fileinto "${none}";'), { message }), /is not the name of a mailbox/);
  assert.match(failure(script('notify "${to}";'), { message }), /no mailto/);
  assert.match(failure(script('addheader "${s}" "x";'), { message }), /no name of a field/);
  assert.match(failure(script('if currentdate :zone "${to}" "hour" "1" { stop; }'), { message }), /no zone/);
});

Deno.test("a regular expression out of a variable that is none is an error for the owner", () => {
  const script = 'require ["regex","variables"]; set "p" "("; if header :regex "subject" "${p}" { discard; }';
  assert.match(failure(script), /is no regular expression/);
});

Deno.test("a thousand blocks or tests in one another are refused with where they begin to be too many", () => {
  for (const text of ["if true {".repeat(1_000) + "}".repeat(1_000), `if ${"not ".repeat(1_000)}true { keep; }`]) {
    const errors = checkSieve(text);
    assert.match(errors[0]!.message, /in one another at most 32 deep/);
  }
});

Deno.test("strings of a megabyte and floods of wildcards are compared within the steps of a run", () => {
  const flood = ["*".repeat(50_000), "?".repeat(50_000), "*?".repeat(20_000), "?*a".repeat(10_000)];
  const message = `Subject: ${"a".repeat(50_000)}\n\n`;
  for (const pattern of flood) {
    const began = performance.now();
    const result = play(`if header :matches "subject" "${pattern}" { keep; }`, { message });
    assert.ok(result.actions.some(({ kind }) => kind === "keep"));
    assert.ok(performance.now() - began < 10_000);
  }
  const large = `"${"a".repeat(500_000)}b${"a".repeat(500_000)}"`;
  const body = `Subject: x\n\n${"a".repeat(1_500_000)}\n`;
  for (const kind of [":contains", ":is"]) {
    const began = performance.now();
    play(`require "body"; if body :raw ${kind} ${large} { discard; }`, { message: body });
    assert.ok(performance.now() - began < 10_000, kind);
  }
});

Deno.test("nested quantifiers take no more than their length times the text's", () => {
  const message = `Subject: ${"a".repeat(5_000)}\n\n`;
  for (const pattern of ["(a*)*[b]", "((a+)+)+[b]", "(a|a)*[b]", "(a{1,9}){1,9}[b]"]) {
    const began = performance.now();
    play(`require "regex"; if header :regex "subject" "${pattern}" { discard; }`, { message });
    assert.ok(performance.now() - began < 10_000, pattern);
  }
});

Deno.test("names of mailboxes with control characters are refused, and paths stay names", () => {
  for (const name of ["a\r\nb", "a\0b", "\x7f"]) {
    assert.ok(checkSieve(`require "fileinto"; fileinto "${name}";`).length > 0, JSON.stringify(name));
  }
  assert.deepEqual(outcome(play('require "fileinto"; fileinto "../../etc/passwd";')), ["fileinto ../../etc/passwd"]);
  for (const address of ["a@b.example\r\nRCPT TO:<c@d.example>", "a@b@c.example", "<a@b.example", "a@b.example>", ""]) {
    assert.ok(checkSieve(`redirect "${address}";`).length > 0, address);
  }
});

Deno.test("100,000 header fields are tested and edited within the steps of a run", () => {
  const message = Array.from({ length: 100_000 }, (_, i) => `X-${i % 50}: v${i}`).join("\n") + "\n\n";
  const began = performance.now();
  const result = play(
    'require ["editheader", "index"]; deleteheader "x-7"; addheader "X-New" "y"; ' +
      'if header :index 1 "x-1" "v1" { keep; }',
    { message },
  );
  assert.deepEqual(outcome(result), ["keep #1"]);
  assert.ok(performance.now() - began < 10_000);
});
