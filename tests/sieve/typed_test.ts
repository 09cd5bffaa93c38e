import assert from "node:assert/strict";
import type { Action } from "../../src/contract/mod.ts";
import { actionAt, checkSieve, readActions, writeActions } from "../../src/sieve/mod.ts";

Deno.test("readActions() believes nothing of an answer", () => {
  const cases: readonly (readonly [unknown, RegExp | null])[] = [
    [[], null],
    [[{ kind: "keep" }, { kind: "keep", flags: ["\\Seen"] }], null],
    [[{ kind: "fileinto", mailbox: "A", create: true, copy: false, flags: [] }], null],
    [[{ kind: "vacation", text: "x", days: 3, subject: "s", addresses: ["a@b.c"], handle: "h" }], null],
    [{}, /no list/],
    [null, /no list/],
    ["keep", /no list/],
    [[null], /action 1 is no action/],
    [[[]], /action 1 is no action/],
    [[{ kind: "keep" }, { kind: "frob" }], /action 2 has no kind that is known: keep, fileinto/],
    [[{ kind: "constructor" }], /no kind/],
    [[{ kind: "__proto__" }], /no kind/],
    [[{}], /no kind/],
    [[{ kind: "fileinto" }], /action 1 \(fileinto\) lacks "mailbox"/],
    [[{ kind: "fileinto", mailbox: 5 }], /"mailbox" should be a text/],
    [[{ kind: "fileinto", mailbox: "A", flag: [] }], /member that is not known: "flag"/],
    [[{ kind: "fileinto", mailbox: "A\0" }], /characters that mail cannot carry/],
    [[{ kind: "fileinto", mailbox: "\ud800" }], /characters that mail cannot carry/],
    [[{ kind: "keep", flags: "\\Seen" }], /"flags" should be a list/],
    [[{ kind: "keep", flags: [1] }], /"flags" has an entry that should be a text/],
    [[{ kind: "keep", flags: Array(101).fill("a") }], /more than 100/],
    [[{ kind: "reject", reason: "x".repeat(70_000) }], /more than 65536/],
    [[{ kind: "vacation", text: "x", days: 1.5 }], /number of days/],
    [Array(65).fill({ kind: "keep" }), /more than 64 actions/],
    [Array(21).fill({ kind: "note", text: "a" }), /more than 20 notes/],
  ];
  for (const [value, wrong] of cases) {
    const read = readActions(JSON.stringify(value), 64);
    if (wrong === null) assert.deepEqual(read, { actions: value });
    else assert.match("wrong" in read ? read.wrong : "", wrong, JSON.stringify(value).slice(0, 60));
  }
  assert.match(JSON.stringify(readActions("[", 64)), /no list/);
  assert.match(JSON.stringify(readActions(" ".repeat(300_000), 64)), /262144/);
});

Deno.test("writeActions() makes a script that can run, whatever the texts are", () => {
  const nasty = '";\r\ndiscard;\n# ${x} \\" text:\n.\n';
  const all: readonly Action[] = [
    { kind: "note", text: "a\nnote" },
    { kind: "addheader", name: "X-Seen", value: 'ja \\ "nein"' },
    { kind: "keep", flags: [] },
    { kind: "keep", flags: ["\\Seen", "$Work"] },
    { kind: "fileinto", mailbox: nasty.replace(/\s/g, " "), create: true, copy: true, flags: ["\\Flagged"] },
    { kind: "redirect", address: "bob@example.net", copy: true },
    { kind: "notify", to: "o'neil+x?y&z@example.net", message: nasty },
    { kind: "vacation", text: nasty, subject: nasty.slice(0, 8), days: 3, addresses: [], handle: "h" },
    { kind: "pipe", target: "archive", arguments: ['a "b"', "c"], copy: true },
    { kind: "pipe", target: "archive" },
    { kind: "discard" },
  ];
  const { text, lines, notes } = writeActions(all);
  assert.deepEqual(checkSieve(text), []);
  assert.deepEqual(notes, ["a note"]);
  assert.equal(lines.length, all.length);
  assert.doesNotMatch(text.replace(/"(?:[^"\\]|\\.)*"/gs, '""').replace(/^discard;\r$/m, ""), /discard/);
  assert.match(text, /^discard;\r$/m);
});

Deno.test("actionAt() names the action whose value is wrong", () => {
  const written = writeActions([
    { kind: "note", text: "x" },
    { kind: "vacation", text: "one\ntwo\nthree" },
    { kind: "redirect", address: "nobody" },
  ]);
  const [error] = checkSieve(written.text);
  assert(error);
  assert.equal(actionAt(error.line, written), 3);
});
