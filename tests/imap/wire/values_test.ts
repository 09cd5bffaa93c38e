import assert from "node:assert/strict";
import fc from "fast-check";
import { date, formatDateTime, parseDateTime } from "../../../src/imap/wire/dates.ts";
import { fetchItems } from "../../../src/imap/wire/fetch_items.ts";
import { Lexer, Malformed } from "../../../src/imap/wire/lexer.ts";
import { formatSet, sequenceSet, within } from "../../../src/imap/wire/sequence_set.ts";
import { astring, nstring, string } from "../../../src/imap/wire/strings.ts";
import { RangeCursor, rangesOf } from "../../../src/imap/range_cursor.ts";
import type { Uid, UidRange } from "../../../src/contract/mod.ts";

function read<T>(text: string, parse: (lexer: Lexer) => T): T {
  const lexer = new Lexer([text]);
  const value = parse(lexer);
  lexer.end();
  return value;
}

Deno.test("date-time goes both ways for every second of four-digit years", () => {
  const last = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;
  fc.assert(fc.property(fc.integer({ min: Date.UTC(1900, 0, 1) / 1000, max: last }), (second) => {
    const text = formatDateTime(second * 1000);
    assert.equal(parseDateTime(text.slice(1, -1)), second * 1000);
  }));
  assert.equal(parseDateTime("17-Jul-1996 02:44:25 -0700"), Date.UTC(1996, 6, 17, 9, 44, 25));
  assert.equal(parseDateTime(" 1-jan-2026 00:00:00 +0130"), Date.UTC(2025, 11, 31, 22, 30));
  assert.equal(formatDateTime(NaN), '" 1-Jan-1970 00:00:00 +0000"');
});

Deno.test("dates that no calendar has are malformed", () => {
  const broken = ["31-Feb-2026", "0-Jan-2026", "1-Foo-2026", "1-Jan-26", "1-Jan", "1--2026", "1-Jan-2026-1", "x"];
  for (const text of broken) assert.throws(() => read(text, date), Malformed, text);
  assert.equal(read('"1-Feb-2024"', date), Date.UTC(2024, 1, 1));
  for (const text of [" 1-Jan-2026 24:00:00 +0000", " 1-Jan-2026 00:00:00 0000", "1-Jan-2026 00:00:00 +0000", ""]) {
    assert.equal(parseDateTime(text), null, text);
  }
});

Deno.test("strings are read back as they were printed, whatever octets they hold but NUL", () => {
  const octets = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });
  fc.assert(fc.property(octets, (text) => {
    for (const print of [string, astring]) {
      const printed = print(text);
      const literal = /^\{(\d+)\}\r\n/.exec(printed);
      if (literal) {
        assert.equal(printed.slice(literal[0].length), text);
        assert.equal(Number(literal[1]), text.length);
      } else assert.equal(read(printed, (lexer) => lexer.astring()), text);
    }
  }));
  assert.equal(astring("NIL"), '"NIL"');
  assert.equal(astring(""), '""');
});

Deno.test("text beyond ASCII is UTF-8 for rev2 and encoded-words for rev1", () => {
  assert.equal(nstring("Jörg", true), '"J\xc3\xb6rg"');
  assert.match(nstring("Jörg", false), /^"=\?utf-8\?b\?SsO2cmc=\?="$/);
  const long = nstring("ö".repeat(200), false);
  assert.match(long, /^"[\x20-\x7e]*"$/);
  assert.equal(nstring(null, false), "NIL");
});

Deno.test("sequence sets are printed short, and read as they were written", () => {
  assert.equal(formatSet([1, 2, 3, 5, 7, 8]), "1:3,5,7:8");
  assert.equal(formatSet([]), "");
  assert.deepEqual(read("1,3:2,*:4,*", sequenceSet), [
    { first: 1, last: 1 },
    { first: 3, last: 2 },
    { first: 0, last: 4 },
    { first: 0, last: 0 },
  ]);
  for (const broken of ["", "0", "1:", ":1", "1,", "4294967296", "01:x", "1 2"]) {
    assert.throws(() => read(broken, sequenceSet), Malformed, broken);
  }
});

Deno.test("FETCH items: macros, labels as they are answered, and what is no section", () => {
  const labels = (text: string): string[] =>
    read(text, fetchItems).map((item) => "section" in item ? item.section.label : item.item);
  assert.deepEqual(labels("FULL"), ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"]);
  assert.deepEqual(labels("(body.peek[1.2.mime]<5.10> Body[] binary.size[1])"), [
    "BODY[1.2.MIME]<5>",
    "BODY[]",
    "BINARY.SIZE[1]",
  ]);
  assert.deepEqual(labels('BODY[HEADER.FIELDS ("x y" from)]'), ['BODY[HEADER.FIELDS ("X Y" FROM)]']);
  const broken = ["BODY[0]", "BODY[1.]", "BODY[.1]", "BODY[TEXT.1]", "BODY[1.HEADER.X]", "BODY[]<0.0>", "BODY[]<1>"];
  for (const text of [...broken, "()", "BODY[HEADER.FIELDS ()]", "(ALL FLAGS)", "BODY[" + "1.".repeat(500) + "1]"]) {
    assert.throws(() => read(text, fetchItems), Malformed, text);
  }
});

Deno.test("RangeCursor reads every row once, in pages of any size", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), fc.integer({ min: 1, max: 7 }), (set, limit) => {
      const uids = set.sort((a, b) => a - b) as Uid[];
      const cursor = new RangeCursor(rangesOf(uids));
      const read: number[] = [];
      for (let pages = 0; !cursor.done; pages++) {
        assert.ok(pages <= uids.length);
        const asked: UidRange[] = cursor.take(limit);
        const rows = uids.filter((uid) => asked.some(({ first, last }) => uid >= first && uid <= last));
        read.push(...rows.slice(0, limit));
        cursor.advance(rows[limit] ?? null);
      }
      assert.deepEqual(read, uids);
    }),
  );
});

Deno.test("within() keeps what some range of the set holds, whichever way it was written", () => {
  const ends = fc.integer({ min: 0, max: 30 });
  const sets = fc.array(fc.record({ first: ends, last: ends }), { maxLength: 6 });
  fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 30 })), sets, (numbers, set) => {
    const sorted = numbers.sort((a, b) => a - b);
    const end = (value: number): number => value === 0 ? 20 : value;
    const model = sorted.filter((number) =>
      set.some(({ first, last }) =>
        number >= Math.min(end(first), end(last)) && number <= Math.max(end(first), end(last))
      )
    );
    assert.deepEqual(within(sorted, set, 20), model);
  }));
});
