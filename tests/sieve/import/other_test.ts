import assert from "node:assert/strict";
import { checkSieve } from "../../../src/sieve/mod.ts";
import { importMaildrop, importSieve } from "../../../src/sieve/import/mod.ts";

const MAILDROP: readonly (readonly [string, string, readonly number[]])[] = [
  [
    "if (/^Subject:.*sale/)\n{\n  to Mail/ads\n}",
    'if header :contains "Subject" "sale" { fileinto :create "ads"; stop; }',
    [],
  ],
  [
    'if (/^Subject: *sale$/:h) to "$HOME/Maildir/.ads/"',
    'if header :is "Subject" "sale" { fileinto :create "ads"; stop; }',
    [],
  ],
  [
    'if (/^A:/ && !/^B:/ || $SIZE > 10) cc "!a@b.example"',
    'anyof (allof (exists "A", not exists "B"), size :over 10)',
    [],
  ],
  ['if (/^A:/) { to "x" } else { to "y" }', 'if exists "A" { fileinto :create "x"; stop; } else { fileinto', []],
  ['if (/^A:/) to "x"\nelsif (/^B:/) to "y"', '} elsif exists "B" { fileinto :create "y"; stop; }', []],
  ['if (/buy now/:b) to "/dev/null"', 'body :text :contains "buy now" { discard; stop; }', []],
  ['if (/Buy/:bD) to "x"', 'body :comparator "i;octet" :text :contains "Buy"', []],
  ['if (hasaddr("l@b.example")) to "x"', 'address :is ["to", "cc", "resent-to", "resent-cc"] "l@b.example"', []],
  ['L="deno"\nif (/^S:.*$L/) to "$L"', 'if header :contains "S" "deno" { fileinto :create "deno"; stop; }', []],
  ['to "$DEFAULT"', "keep; stop;", []],
  ['to "| /usr/sbin/sendmail a@b.example"', 'redirect "a@b.example"; stop;', []],
  ["exit", "discard; stop;", []],
  ['xfilter "spamc"\nexit', '# Not translated (line 1): it runs a program # xfilter "spamc"', [1, 2]],
  ["\nif (`true`) { to x }", "# Not translated (line 2): it asks a program", [2]],
  ['foreach /^A: .*/ { to "x" }\nexit', "loops have no counterpart", [1, 2]],
  ['exception { to "x" }\nexit', "it drops the message, which may have been delivered", [1, 2]],
  ['include "x"', "another file", [1]],
  ["if (lookup(a, b)) { exit }", "lookup", [1]],
];

Deno.test("filters of maildrop become Sieve that can run, and what is left out is told with its line", () => {
  for (const [text, piece, lines] of MAILDROP) {
    const { script, untranslated } = importMaildrop(text);
    assert.deepEqual(checkSieve(script), [], script);
    assert(script.replace(/\s+/g, " ").includes(piece), `${JSON.stringify(text)} has not ${piece}:\n${script}`);
    assert.deepEqual(untranslated.map(({ line }) => line), lines, script);
  }
});

Deno.test("a script that can run stays octet by octet, what cannot becomes comments", () => {
  const roundcube =
    'require ["fileinto","copy"];\n# rule:[One]\nif header :contains "subject" "x"\n{\n\tfileinto "A";\n}\n';
  assert.deepEqual(importSieve(roundcube), { script: roundcube, untranslated: [] });
  const { script, untranslated } = importSieve(
    'require ["fileinto","vnd.example.frob"];\n' +
      'if true { frob "x"; }\nelse { keep; }\n# rule:[Two]\nfileinto "A";\n',
  );
  assert.deepEqual(checkSieve(script), []);
  assert.match(script, /^require \["fileinto"\];\r?$/m);
  assert.match(script, /^# if true \{ frob "x"; \}\r?$/m);
  assert.match(script, /^# else \{ keep; \}\r?$/m);
  assert.match(script, /^# rule:\[Two\]\nfileinto "A";$/m);
  assert.equal(untranslated.length, 2);
  const none = importSieve("hello {{{ ");
  assert.deepEqual([checkSieve(none.script), none.untranslated.length], [[], 1]);
});

Deno.test("hostile files of other programs are read in time, and make scripts that can run", () => {
  const texts = [
    "if (".repeat(20_000),
    "if (/^A:/) {\n".repeat(20_000),
    "if (" + "!".repeat(100_000) + "/^A:/) exit",
    '"'.repeat(100_001),
    "/".repeat(100_001),
    "}".repeat(100_000),
    "foreach while if else elsif ".repeat(5_000),
    'A="$A"\n'.repeat(5_000),
    'to "x\\"; discard; \\n"',
    "# \u2028\u0000\n\u0000",
  ];
  const start = performance.now();
  for (const text of texts) {
    for (const read of [importMaildrop, importSieve]) {
      const wrong = checkSieve(read(text).script).filter(({ message }) => !/at most|commands/.test(message));
      assert.deepEqual(wrong, [], `${read.name} ${text.slice(0, 40)}`);
    }
  }
  assert(performance.now() - start < 20_000);
});
