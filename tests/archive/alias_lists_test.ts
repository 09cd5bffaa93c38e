import assert from "node:assert/strict";
import { readAliasFile, readForwardFile } from "../../src/archive/alias_lists.ts";

Deno.test("readAliasFile() reads names, lists, quotes and continued lines, and names what it leaves out", () => {
  const { entries, wrong } = readAliasFile(
    [
      "# the usual",
      "postmaster: root",
      "root:\talice,",
      "  # not the end",
      "  Bob@Example.NET, \\carol",
      '"odd name": dave',
      'spool: "|/usr/bin/spool -a, -b", /var/mail/old, :include:/etc/list, erin',
      "nothing",
      "",
    ].join("\r\n"),
    "example.org",
  );
  assert.deepEqual(entries.map(({ line, address, targets, own }) => [line, address, targets, own]), [
    [2, "postmaster@example.org", ["root@example.org"], []],
    [3, "root@example.org", ["alice@example.org", "Bob@Example.NET"], ["carol@example.org"]],
    [7, "spool@example.org", ["erin@example.org"], []],
  ]);
  assert.deepEqual(entries[2]?.untranslated.map(({ text }) => text), [
    '"|/usr/bin/spool -a, -b"',
    "/var/mail/old",
    ":include:/etc/list",
  ]);
  assert.deepEqual(wrong.map(({ line }) => line), [6, 8]);
});

Deno.test("readForwardFile() reads one target a line or a list", () => {
  const found = readForwardFile(
    '# away\n\\alice, bob@example.net\n"|vacation alice"\nbob@example.net\n',
    "example.org",
  );
  assert.deepEqual([found.targets, found.own], [["bob@example.net"], ["alice@example.org"]]);
  assert.equal(found.untranslated[0]?.text, '"|vacation alice"');
});

Deno.test("alias lists of hostile text are read in little time", () => {
  const start = performance.now();
  for (
    const text of [
      "a: " + '"'.repeat(50_000),
      "a: " + '\\"'.repeat(50_000),
      "a: " + ",".repeat(50_000),
      " ".repeat(50_000),
    ]
  ) {
    readAliasFile(text, "example.org");
    readForwardFile(text, "example.org");
  }
  assert(performance.now() - start < 2_000);
});
