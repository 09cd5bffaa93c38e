import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  fileOfLevel,
  flagsOfLetters,
  isSafeBase,
  KeywordLetters,
  lettersOfFlags,
  levelOfFile,
  levelsOfMaildir,
  maildirOfLevels,
  makeBase,
  parseAcl,
  parseKeywords,
  parseMaildirName,
  parseSubscriptions,
  parseUidlistHead,
  parseUidlistRow,
  printAcl,
  printKeywords,
  printSubscriptions,
  printUidlistHead,
  printUidlistRow,
  Repeats,
  timeOfBase,
} from "../../src/archive/mod.ts";
import { digest } from "../../src/base/hash.ts";
import { utf8Bytes } from "../../src/base/bytes.ts";

Deno.test("names of files in a Maildir carry flags behind their base", () => {
  assert.deepEqual(parseMaildirName("12.M3P4.host,S=5:2,FSab"), { base: "12.M3P4.host,S=5", letters: "FSab" });
  assert.deepEqual(parseMaildirName("12.M3P4.host"), { base: "12.M3P4.host", letters: "" });
  assert.deepEqual(flagsOfLetters("DFPRSTab?z", ["Work", "$Junk"]), [
    "\\Draft",
    "\\Flagged",
    "$Forwarded",
    "\\Answered",
    "\\Seen",
    "\\Deleted",
    "Work",
    "$Junk",
  ]);
  const keywords = new KeywordLetters(["Old"]);
  assert.deepEqual(lettersOfFlags(["\\Seen", "\\Flagged", "Work", "Old"], keywords), { letters: "FSab", lost: [] });
  assert.deepEqual(keywords.keywords, ["Old", "Work"]);
  for (let i = 0; i < 24; i++) keywords.letterOf(`k${i}`);
  assert.deepEqual(lettersOfFlags(["k23", "more"], keywords), { letters: "z", lost: ["more"] });
  assert.equal(timeOfBase("1276528487.M364837P9451.kurkku"), 1276528487000);
  assert.equal(timeOfBase("x.1276528487"), null);
});

Deno.test("a base that came from elsewhere is a name of a file, or is not used", () => {
  for (
    const base of ["12.M3P4.host,S=5", "a", "ü.host", makeBase({ internalDate: -5, uidValidity: 4, uid: 3 })]
  ) {
    assert.ok(isSafeBase(base), base);
  }
  for (
    const base of [
      "",
      ".",
      "..",
      "../x",
      "a/b",
      ".hidden",
      "a\nb",
      "a\0",
      "a:2,S",
      "x".repeat(250),
      "ü".repeat(120),
      "\x7f",
      "From a@x.test Tue Jan  1 00:00:00 2002",
      "5.eml",
    ]
  ) {
    assert.ok(!isSafeBase(base), JSON.stringify(base));
  }
});

Deno.test("dovecot-uidlist: both versions are read, and what is none is not", () => {
  assert.deepEqual(parseUidlistHead("3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1"), {
    uidValidity: 1275660208,
    uidNext: 25022,
  });
  assert.deepEqual(parseUidlistHead("1 1275660208 25022"), { uidValidity: 1275660208, uidNext: 25022 });
  assert.deepEqual(parseUidlistHead("3 Vx N99999999999"), { uidValidity: null, uidNext: null });
  for (const line of ["", "2 1 2", "hello", "3"]) assert.ok(!parseUidlistHead(line)?.uidValidity, line);
  const rows: readonly (readonly [string, number, string])[] = [
    ["25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394:2,", 25006, "1276528487.M364837P9451.kurkku,S=1355,W=1394"],
    ["25017 W2481 S2400 Pabc :1276533073.M242911P3632.kurkku:2,F", 25017, "1276533073.M242911P3632.kurkku"],
    ["7 1276533073.P3632.kurkku", 7, "1276533073.P3632.kurkku"],
  ];
  for (const [line, uid, base] of rows) assert.deepEqual(parseUidlistRow(line), { uid, base }, line);
  for (const line of ["", "x :a", "99999999999 :a", "5 :", "5 :../a", "5"]) {
    assert.equal(parseUidlistRow(line), null, line);
  }
  assert.deepEqual(parseUidlistHead(printUidlistHead(5, 9, "ab")), { uidValidity: 5, uidNext: 9 });
  assert.deepEqual(parseUidlistRow(printUidlistRow(5, "a.b,S=3").trimEnd()), { uid: 5, base: "a.b,S=3" });
});

Deno.test("dovecot-keywords, subscriptions and dovecot-acl are read as they are written", () => {
  assert.deepEqual(parseKeywords("0 Work\n2 $Junk\n26 no\nx\n1\n"), ["Work", "", "$Junk"]);
  assert.deepEqual(parseKeywords(printKeywords(["a", "b"])), ["a", "b"]);
  assert.deepEqual(parseSubscriptions("Work.2024\nINBOX\n\n", "."), [["Work", "2024"], ["INBOX"]]);
  const paths = [["Work", "a.b"], ["tab\there"]];
  assert.deepEqual(parseSubscriptions(printSubscriptions(paths), "."), paths);
  const acl =
    'user=bob@example.org lrs\nanyone lookup read\n-user=eve@example.org rw\n"user=a b@x" lr:expunge\nowner lrw\ngroup=x l\n';
  assert.deepEqual(parseAcl(acl), {
    entries: [
      { identifier: "bob@example.org", rights: "lrs" },
      { identifier: "anyone", rights: "lr" },
      { identifier: "-eve@example.org", rights: "rw" },
      { identifier: "a b@x", rights: "lre" },
    ],
    skipped: ["owner lrw", "group=x l"],
  });
  const entries = [{ identifier: "bob@example.org", rights: "lr" }, { identifier: "-anyone", rights: "x" }];
  assert.deepEqual(parseAcl(printAcl(entries)).entries, [{ identifier: "bob@example.org", rights: "lr" }, {
    identifier: "-anyone",
    rights: "x",
  }]);
});

Deno.test("names of mailboxes become names of folders and come back", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [".Work.2024", ["Work", "2024"]],
    [".Entw&APw-rfe", ["Entwürfe"]],
    [".a\\2eb", ["a.b"]],
    [".A &- B", ["A & B"]],
  ];
  for (const [folder, levels] of cases) {
    assert.deepEqual(levelsOfMaildir(folder), levels);
    assert.equal(maildirOfLevels(levels), folder);
  }
  assert.deepEqual(levelsOfMaildir(".Entwürfe"), ["Entwürfe"]); // UTF-8, as newer servers have it
  assert.deepEqual(levelsOfMaildir(".a & b"), ["a & b"]);
  for (const bad of [".", "..", ".a..b", ".\x01", ".\\2e\\2e"]) assert.equal(levelsOfMaildir(bad), null, bad);
  assert.deepEqual(levelsOfMaildir(".x\\2fy"), ["x_y"]); // no name can step out of its level
  const level = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).map((text) => text.normalize("NFC"))
    .filter((text) =>
      // deno-lint-ignore no-control-regex
      text !== "." && text !== ".." && text.isWellFormed() && !/[/\x00-\x1f\x7f-\x9f]/.test(text) &&
      !/\\[0-9a-f]{2}/i.test(text)
    );
  fc.assert(fc.property(fc.array(level, { minLength: 1, maxLength: 3 }), (levels) => {
    assert.deepEqual(levelsOfMaildir(maildirOfLevels(levels)), levels);
  }));
  fc.assert(fc.property(level, (text) => {
    const file = fileOfLevel(text);
    assert.doesNotMatch(file, /^\.|[/\\:]/);
    assert.equal(levelOfFile(file), text);
  }));
  for (const bad of ["", "%2e", "%2e%2e", "a%00"]) assert.equal(levelOfFile(bad), null, bad);
});

Deno.test("Repeats counts how often a thing came before", () => {
  const repeats = new Repeats();
  const hash = (n: number) => digest("sha256", utf8Bytes(String(n)));
  for (let round = 0; round < 3; round++) for (let n = 0; n < 5000; n++) assert.equal(repeats.count(hash(n)), round);
});
