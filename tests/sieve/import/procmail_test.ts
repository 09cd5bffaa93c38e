import assert from "node:assert/strict";
import { checkSieve } from "../../../src/sieve/mod.ts";
import { importProcmail } from "../../../src/sieve/import/mod.ts";

/** A file, a piece of the script without its line ends and indents, and the lines that are left out. */
const CASES: readonly (readonly [string, string, readonly number[]])[] = [
  [":0:\n* ^Subject:.*sale\nads", 'if header :contains "Subject" "sale" { fileinto :create "ads"; stop; }', []],
  [":0\n* ^Subject: sale$\nads", 'if header :is "Subject" "sale" {', []],
  [":0\n* ^Subject: sale\nads", 'if header :regex "Subject" "^sale" {', []],
  [":0 D\n* ^Subject:.*Sale\nads", 'header :comparator "i;octet" :contains "Subject" "Sale"', []],
  [":0\n* ^(From|Sender):.*@a\\.example\nads", 'header :contains ["From", "Sender"] "@a.example"', []],
  [":0\n* ^From:.*x|^Cc:.*y\nads", 'anyof (header :contains "From" "x", header :contains "Cc" "y")', []],
  [":0\n* (^From:.*x|^Cc:.*y)\nads", 'anyof (header :contains "From" "x", header :contains "Cc" "y")', []],
  [":0\n* ^X-List:\nads", 'if exists "X-List" {', []],
  [":0\n* ! ^X-List:\n* > 5000\nads", 'if allof (not exists "X-List", size :over 5000) {', []],
  [":0\n* ^From .*bounce\nads", 'envelope :contains "from" "bounce"', []],
  [":0 B\n* buy now\nads", 'body :text :contains "buy now"', []],
  [":0 HB\n* ^Subject:.*a\nads", 'anyof (header :contains "Subject" "a", body :text :regex', []],
  [":0\n* B ?? \\\\[free\nads", 'body :text :contains "[free"', []],
  [":0\n* B ?? a.*[^b]$\nads", 'body :text :regex "a[^\r\n]*[^\r\nb]'.replace(/\s+/g, " "), []],
  [":0\n* ^FROM_DAEMON\nads", 'envelope :is "from" ""', []],
  [":0 D\n* ^FROM_MAILER\nads", "where the case of letters counts", [1]],
  [":0 B\n* ^FROM_DAEMON\nads", "it looks for fields in the body", [1]],
  [":0\n* B ?? free\nads", 'body :text :contains "free"', []],
  [":0 c\n! you@b.example", 'redirect :copy "you@b.example";', []],
  [":0\n! you@b.example, -oi me@b.example", 'redirect "you@b.example"; redirect "me@b.example"; stop;', []],
  [":0\n* ^A:\n| $SENDMAIL -oi you@b.example", 'redirect "you@b.example"; stop;', []],
  [":0\n* ^A:\n/dev/null", 'if exists "A" { discard; stop; }', []],
  [":0\n* ^A:\n.Lists.deno/", 'fileinto :create "Lists/deno"', []],
  ["MAILDIR=$HOME/Mail\n:0\n* ^A:\n$MAILDIR/x/y", 'fileinto :create "x/y"', []],
  ["MAILDIR=/home/a/Mail\n:0\n* ^A:\n/home/a/Mail/x", 'fileinto :create "x"', []],
  [":0\n* ^A:\n$DEFAULT", 'if exists "A" { keep; stop; }', []],
  ["DEFAULT=$HOME/Mail/new\n", 'fileinto :create "new";', []],
  ["L=deno\n:0\n* $ ^List:.*$L\n$L", 'if header :contains "List" "deno" { fileinto :create "deno"; stop; }', []],
  [":0 Wh: cache.lock\n| formail -D 8192 cache", "if duplicate { discard; stop; }", []],
  [':0 fhw\n| formail -I "X-A: b"', 'deleteheader "X-A"; addheader :last "X-A" "b";', []],
  // What stands behind a recipe without conditions as its else never runs.
  [":0\n{\n:0 c\nx\n}\n:0 E\ny", 'fileinto :copy :create "x"; if false { fileinto :create "y"; stop; }', []],
  [":0\n* ^A:\nx\n:0 E\ny\n:0 E\nz", '} else { fileinto :create "y"; stop; } if false { fileinto :create "z";', []],
  [
    ":0\n* ^A:\n{\n  :0 c\n  ! a@b.example\n\n  :0\n  x\n}\n:0 E\ny",
    'if exists "A" { redirect :copy "a@b.example"; fileinto :create "x"; stop; } else { fileinto :create "y"; stop; }',
    [],
  ],
  [
    ":0 c\n* ^A:\nx\n:0 A\n* ^B:\ny",
    'if exists "A" { fileinto :copy :create "x"; if exists "B" { fileinto :create "y"; stop; } }',
    [],
  ],
  [":0\n* ^Subject:.*\\<deno\\>\nx", '"(^|[^A-Za-z0-9_])deno($|[^A-Za-z0-9_])"', []],
  [":0\n* ^TO_list@b\\.example\nx", '"(^|[^-a-zA-Z0-9_.])list@b\\\\.example"', []],
  [":0\n* ^Subject:.*long\\\n er\nx", 'header :contains "Subject" "longer"', []],
  // What cannot be said
  [":0 fw\n| spamassassin", "# Not translated (line 1): spam is looked at by the server", [1]],
  ["\n:0\n* ? test -f x\ny", "# Not translated (line 2): it asks a program", [2]],
  [":0\n* -1^0 ^A:\ny", "counts scores", [1]],
  [":0\n* ^A:\n| /usr/bin/x y", "it runs a program", [1]],
  [":0\n* ^A:\n`date`", "", [1]],
  [":0\n* ^A:\n$UNKNOWN/x", "not known beforehand", [1]],
  [":0\n* anything\nx", "not about a field that it names", [1]],
  [":0\n* MATCH ?? x\nx", "the variable MATCH", [1]],
  [":0\n* ? x\nx\n:0 A\ny\n:0 E\nz", "it depends on a recipe that is not translated", [1, 4, 6]],
  [":0\n* ^S:.*((\nx", "no regular expression", [1]],
  [":0\n* ^S:.*[z-a]\nx", "no regular expression", [1]],
  ["INCLUDERC=other\n", "another file is read here", [1]],
  ["what is this", "no recipe and no assignment", [1]],
  [":0\n* ^A:\n../../etc/x", "", [1]],
  [":0\n* ^A:\n! nobody", "no address with a domain", [1]],
];

Deno.test("recipes become Sieve that can run, and what is left out is told with its line", () => {
  for (const [text, piece, lines] of CASES) {
    const { script, untranslated } = importProcmail(text);
    assert.deepEqual(checkSieve(script), [], script);
    const flat = script.replace(/\s+/g, " ");
    assert(flat.includes(piece), `${JSON.stringify(text)} has not ${piece}:\n${script}`);
    assert.deepEqual(untranslated.map(({ line }) => line), lines, script);
  }
});

Deno.test("a hostile .procmailrc is read in time, and is a script that can run all the same", () => {
  const texts = [
    ":0\n{\n".repeat(20_000),
    ":0\n* ^Subject:" + "(".repeat(100_000) + "\nx",
    ":0\n* ^Subject:.*" + "a|^B:".repeat(20_000) + "\nx",
    ":0\n* " + "! ".repeat(50_000) + "^A:\nx",
    ":0\n* " + "$ ".repeat(50_000) + "^A:\nx",
    ":0\n* ^A:\nx\n".repeat(20_000),
    ":0 A\n" + ":0 A\n".repeat(20_000),
    "A=$A$A$A\n".repeat(5_000) + ":0\n* ^B:\n$A",
    ":0\n* ^A:\n" + '";\r\ndiscard; #'.repeat(10),
    ":0\n* ^A:\nx\x00y\u2028z",
    ":0\n* ^Subject:.*\u0000\\\nx",
    "\\\n".repeat(100_000),
  ];
  const start = performance.now();
  for (const text of texts) {
    const { script } = importProcmail(text);
    const wrong = checkSieve(script).filter(({ message }) => !/at most|commands/.test(message));
    assert.deepEqual(wrong, [], text.slice(0, 40));
    assert(!/^\s*discard/m.test(script));
  }
  assert(performance.now() - start < 20_000);
});
