import assert from "node:assert/strict";
import * as fc from "fast-check";
import { latin1Bytes } from "../../src/base/bytes.ts";
import { type MboxScanOptions, parseFromLine, printFromLine, scanMbox } from "../../src/archive/mod.ts";

const FROM = "From a@x.test Tue Jan  1 00:00:00 2002";

/** What the program tells of a file: the text of each message, and notes. */
function scan(text: string, options: MboxScanOptions = {}): string[] {
  const octets = latin1Bytes(text);
  const program = scanMbox(octets.length, options);
  const told: string[] = [];
  let reads = 0;
  for (let step = program.next(); !step.done;) {
    const { value } = step;
    if ("read" in value) {
      assert.ok(value.length > 0 && value.read + value.length <= octets.length, "reads beyond the file");
      assert.ok(++reads < 10_000, "reads for ever");
      step = program.next(octets.slice(value.read, value.read + value.length));
      continue;
    }
    if ("note" in value) told.push(`! ${value.note} ${value.at}`);
    else told.push((value.message.counted ? "# " : "") + text.slice(value.message.start, value.message.end));
    step = program.next();
  }
  return told;
}

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ["two messages", `${FROM}\nA: 1\n\none\n\n${FROM}\nA: 2\n\ntwo\n\n`, ["A: 1\n\none\n", "A: 2\n\ntwo\n"]],
  ["an empty file", "", []],
  ["nothing but blank lines", "\n\n\r\n", []],
  ["blank lines before the first", `\n\n${FROM}\nA: 1\n\none\n`, ["A: 1\n\none\n"]],
  ["no final line end", `${FROM}\nA: 1\n\none`, ["A: 1\n\none"]],
  ["lines in CRLF", `${FROM}\r\nA: 1\r\n\r\none\r\n\r\n${FROM}\r\nA: 2\r\n\r\n`, ["A: 1\r\n\r\none\r\n", "A: 2\r\n"]],
  ["a From line without date is text", `${FROM}\nA: 1\n\none\n\nFrom here on\n`, ["A: 1\n\none\n\nFrom here on\n"]],
  ["no blank line before, a field behind", `${FROM}\nA: 1\n\none\n${FROM}\nA: 2\n\n`, ["A: 1\n\none\n", "A: 2\n"]],
  ["no blank line before, text behind", `${FROM}\nA: 1\n\none\n${FROM}\nhe wrote\n`, [
    `A: 1\n\none\n${FROM}\nhe wrote\n`,
  ]],
  ["blank lines at the end of a message stay", `${FROM}\nA: 1\n\n\n\n\n${FROM}\nA: 2\n\n`, ["A: 1\n\n\n\n", "A: 2\n"]],
  ["no mbox at all", "Subject: hello\n\ntext", ["! notMbox 0"]],
  ["only a From line", `${FROM}\n`, [""]],
  ["a header alone", `${FROM}\nA: 1\n\n${FROM}\nA: 2\n`, ["A: 1\n", "A: 2\n"]],
  [
    "lengths are true",
    `${FROM}\nContent-Length: 49\n\nhi\n\n${FROM}\nA: 3\n\n\n${FROM}\nContent-Length: 4\n\ntwo\n\n`,
    [`# Content-Length: 49\n\nhi\n\n${FROM}\nA: 3\n\n`, "# Content-Length: 4\n\ntwo\n"],
  ],
  [
    "a length without its last line end",
    `${FROM}\nContent-Length: 3\n\none\n\n${FROM}\nContent-Length: 3\n\ntwo\n`,
    ["# Content-Length: 3\n\none\n", "# Content-Length: 3\n\ntwo"],
  ],
  [
    "a length that lies in a file of true ones",
    `${FROM}\nContent-Length: 4\n\none\n\n${FROM}\nContent-Length: 2\n\ntwo\n\n${FROM}\nContent-Length: 99999\n\nthree\n\n`,
    [
      "# Content-Length: 4\n\none\n",
      "! wrongLength 63",
      "Content-Length: 2\n\ntwo\n",
      "! wrongLength 126",
      "Content-Length: 99999\n\nthree\n",
    ],
  ],
  [
    "a length that leads into the middle of a line",
    `${FROM}\nContent-Length: 4\n\none\n\n${FROM}\nContent-Length: 3\n\nxx ${FROM}\nA: 2\n\ny\n`,
    ["# Content-Length: 4\n\none\n", "! wrongLength 63", `Content-Length: 3\n\nxx ${FROM}\nA: 2\n\ny\n`],
  ],
  [
    "lengths are not believed in what an export of ours wrote",
    `${FROM}\nX-Palomar-Added: 1\nStatus: O\nContent-Length: 9\n\n>From x\n\n\n\n${FROM}\nA: 2\n\n`,
    ["X-Palomar-Added: 1\nStatus: O\nContent-Length: 9\n\n>From x\n\n\n", "A: 2\n"],
  ],
  [
    "lengths are not believed where the first message has none",
    `${FROM}\nA: 1\n\none\n\n${FROM}\nContent-Length: 58\n\ntwo\n\n${FROM}\nA: 3\n\nlong text\n\n`,
    ["A: 1\n\none\n", "Content-Length: 58\n\ntwo\n", "A: 3\n\nlong text\n"],
  ],
];

Deno.test("scanMbox finds the messages of a file, through windows of any size", () => {
  for (const [name, file, expected] of CASES) {
    for (const window of [4096, 1_000_000]) assert.deepEqual(scan(file, { window }), expected, `${name}, ${window}`);
    // So that what matters lies across the edges of windows.
    for (const pad of [4000, 4090, 4095, 8191]) {
      const front = `${FROM}\nP: 0\n\n${"x".repeat(pad)}\n\n`;
      if (expected[0]?.startsWith("!") || expected.some((one) => /^[#!]/.test(one)) || file.trim() === "") continue;
      assert.deepEqual(scan(front + file.trimStart(), { window: 4096 }).slice(1), expected, `${name}, ${pad}`);
    }
  }
});

Deno.test("scanMbox believes lengths always or never where it is told so", () => {
  const file = `${FROM}\nContent-Length: 4\n\none\n\n${FROM}\nA: 2\n\ntwo\n\n`;
  assert.deepEqual(scan(file, { lengths: "never" }), ["Content-Length: 4\n\none\n", "A: 2\n\ntwo\n"]);
  assert.deepEqual(scan(file, { lengths: "always" }), ["# Content-Length: 4\n\none\n", "A: 2\n\ntwo\n"]);
});

Deno.test("scanMbox: messages lie apart, in order, whatever the file holds", () => {
  const part = fc.constantFrom(FROM, "\n", "\r\n", "From x", ">", "Content-Length: 5", "A: b", "text", "\0", "\xff");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const octets = latin1Bytes(`${FROM}\n${parts.join("")}`);
      const program = scanMbox(octets.length, { window: 4096 });
      let last = 0;
      for (let step = program.next(); !step.done;) {
        const { value } = step;
        if ("message" in value) {
          const { at, start, end } = value.message;
          assert.ok(last <= at && at < start && start <= end && end <= octets.length);
          last = end;
        }
        step = program.next("read" in value ? octets.slice(value.read, value.read + value.length) : undefined);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseFromLine reads the lines that programs write", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [FROM, "a@x.test", "2002-01-01T00:00:00.000Z"],
    ["From - Tue Nov 24 10:00:59 2026", "-", "2026-11-24T10:00:59.000Z"],
    ["From a b@x Tue Nov 24 10:00 2026", "a b@x", "2026-11-24T10:00:00.000Z"],
    ["From a Tue, Nov 24 10:00:00 2026 +0100", "a", "2026-11-24T09:00:00.000Z"],
    ["From a Tue Nov 24 10:00:00 -0230 2026", "a", "2026-11-24T12:30:00.000Z"],
    ["From a Tue Nov 24 10:00:00 MET 2026", "a", "2026-11-24T10:00:00.000Z"],
    ["From a Tue Nov 24 10:00:00 2026 remote from b", "a", "2026-11-24T10:00:00.000Z"],
    ["From ???@??? Tue Nov 24 10:00:00 2026", "???@???", "2026-11-24T10:00:00.000Z"],
  ];
  for (const [line, sender, date] of cases) {
    const found = parseFromLine(line);
    assert.deepEqual([found?.sender, new Date(found?.date ?? NaN).toISOString()], [sender, date], line);
  }
  for (
    const line of [
      "From ",
      "From here on Tuesday",
      " " + FROM,
      "from a Tue Jan  1 00:00:00 2002",
      "From " + "x ".repeat(5000) + FROM,
    ]
  ) {
    assert.equal(parseFromLine(line), null, line.slice(0, 50));
  }
});

Deno.test("printFromLine: what is printed is read, and nothing can break the line", () => {
  const printed = printFromLine({ sender: "a@x.test", date: Date.UTC(2002, 0, 1) });
  assert.equal(printed, FROM);
  for (const sender of ["", "a\nb", "two words", "\xff", "x".repeat(400)]) {
    assert.equal(parseFromLine(printFromLine({ sender, date: 0 }))?.sender, "MAILER-DAEMON");
  }
  fc.assert(fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
    assert.equal(parseFromLine(printFromLine({ sender: "a", date: seconds * 1000 }))?.date, seconds * 1000);
  }));
});
