import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { latin1Bytes } from "../../../src/base/bytes.ts";
import { bodyCanon, type Canonicalization } from "../../../src/mailauth/dkim/body_canon.ts";
import { FieldPicker, relaxedField, signedFields } from "../../../src/mailauth/dkim/header_fields.ts";
import { RunningHash } from "../../../src/mailauth/dkim/running_hash.ts";
import { WireLines } from "../../../src/mailauth/dkim/wire_lines.ts";
import { headerFields } from "../../../src/message/header.ts";

/** RFC 6376 section 3.4 read by its letter, with the whole body at hand. */
function canonical(body: string, algorithm: Canonicalization): string {
  if (algorithm === "simple") return body.replace(/(\r\n)*$/, "") + "\r\n";
  const lines = body.split("\r\n").map((line) => line.replace(/[ \t]+$/, "").replace(/[ \t]+/g, " "));
  while (lines.at(-1) === "") lines.pop();
  return lines.map((line) => line + "\r\n").join("");
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "latin1").digest("base64");
}

function hashOf(pieces: readonly string[], algorithm: Canonicalization, lengths: readonly number[] = []): RunningHash {
  const hash = new RunningHash(lengths);
  const canon = bodyCanon(algorithm, hash);
  for (const piece of pieces) {
    const octets = latin1Bytes(piece);
    canon.push(octets);
    octets.fill(0); // pieces are not kept
  }
  canon.end();
  return hash;
}

function base64(octets: Uint8Array | null): string | null {
  return octets === null ? null : octets.toBase64();
}

const BODIES: readonly (readonly [name: string, body: string, simple: string, relaxed: string])[] = [
  ["nothing", "", "\r\n", ""],
  ["one blank line", "\r\n", "\r\n", ""],
  ["blank lines", "\r\n\r\n\r\n", "\r\n", ""],
  ["white space", " \t", " \t\r\n", ""],
  ["lines of white space", " \r\n\t\r\n", " \r\n\t\r\n", ""],
  ["no CRLF at the end", "a", "a\r\n", "a\r\n"],
  ["white space before a missing CRLF", "a \t", "a \t\r\n", "a\r\n"],
  ["blank lines at the end", "a\r\n\r\n\r\n", "a\r\n", "a\r\n"],
  ["a line of white space at the end", "a\r\n \r\n", "a\r\n \r\n", "a\r\n"],
  ["blank lines inside", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"],
  ["RFC 6376 section 3.4.5", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"],
  ["a CR alone", "a\rb \r c\r\n", "a\rb \r c\r\n", "a\rb \r c\r\n"],
  ["an LF alone", "a \nb\n\n", "a \nb\n\n\r\n", "a \nb\n\n\r\n"],
  ["a CR at the end", "a\r\n\r", "a\r\n\r\r\n", "a\r\n\r\r\n"],
  ["CR CR LF", "a\r\r\n\r\r\n", "a\r\r\n\r\r\n", "a\r\r\n\r\r\n"],
  [
    "octets of eight bits, NUL, vertical tab",
    "\xe9\xa0 \x00\v\f \x85\r\n",
    "\xe9\xa0 \x00\v\f \x85\r\n",
    "\xe9\xa0 \x00\v\f \x85\r\n",
  ],
];

for (const [name, body, simple, relaxed] of BODIES) {
  Deno.test(`bodyCanon() of ${name}`, () => {
    for (const [algorithm, expected] of [["simple", simple], ["relaxed", relaxed]] as const) {
      for (const pieces of [[body], [...body], ["", body, ""]]) {
        const hash = hashOf(pieces, algorithm);
        assert.equal(hash.length, expected.length, algorithm);
        assert.equal(base64(hash.digest(null)), sha256(expected), algorithm);
      }
    }
  });
}

Deno.test("bodyCanon() of an empty body has the hashes that RFC 6376 prints", () => {
  assert.equal(base64(hashOf([], "simple").digest(null)), "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
  assert.equal(base64(hashOf([], "relaxed").digest(null)), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
});

const ODD_TEXT = fc.array(fc.constantFrom("a", "b", " ", "\t", "\r\n", "\r\n", "\r", "\n", "\xff", "\0"), {
  maxLength: 60,
});

Deno.test("bodyCanon() gives one hash however the body is cut, at every length", () => {
  const property = fc.property(
    ODD_TEXT,
    fc.infiniteStream(fc.nat(7)),
    fc.array(fc.nat(70), { maxLength: 5 }),
    (words, cuts, lengths) => {
      const body = words.join("");
      const pieces: string[] = [];
      for (let at = 0; at < body.length;) {
        const end = at + cuts.next().value!;
        pieces.push(body.slice(at, end));
        at = end;
      }
      for (const algorithm of ["simple", "relaxed"] as const) {
        const expected = canonical(body, algorithm);
        const hash = hashOf(pieces, algorithm, lengths);
        assert.equal(hash.length, expected.length);
        assert.equal(base64(hash.digest(null)), sha256(expected));
        for (const length of lengths) {
          const whole = length <= expected.length ? sha256(expected.slice(0, length)) : null;
          assert.equal(base64(hash.digest(length)), whole, `${algorithm} l=${length} of ${JSON.stringify(body)}`);
        }
      }
    },
  );
  fc.assert(property, { seed: 6376, numRuns: 1500 });
});

Deno.test("bodyCanon() goes back behind a hundred thousand blank lines, and keeps them where something follows", () => {
  const blank = "\r\n".repeat(40_000);
  for (const algorithm of ["simple", "relaxed"] as const) {
    const last = hashOf(["a", blank, blank, blank], algorithm, [1, 2, 3, 4, 100_000]);
    assert.equal(last.length, 3);
    assert.equal(base64(last.digest(null)), sha256("a\r\n"));
    assert.equal(base64(last.digest(2)), sha256("a\r"));
    assert.equal(base64(last.digest(3)), sha256("a\r\n"));
    assert.deepEqual([last.digest(4), last.digest(100_000)], [null, null]);
    const inside = hashOf(["a", blank, blank, "b", blank], algorithm, [100_000]);
    assert.equal(inside.length, 160_000 + 4);
    assert.equal(base64(inside.digest(null)), sha256("a" + blank + blank + "b\r\n"));
    assert.equal(base64(inside.digest(100_000)), sha256("a" + (blank + blank).slice(0, 99_999)));
  }
});

Deno.test("signedFields() canonicalizes as RFC 6376 section 3.4.5 shows", () => {
  const fields = signedFields("A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD: E\r\n");
  assert.deepEqual(fields.map(({ relaxed }) => relaxed), ["a:X", "b:Y Z"]);
  assert.deepEqual(fields.map(({ text }) => text), ["A: X", "B : Y\t\r\n\tZ  "]);
});

const FIELDS: readonly (readonly [name: string, header: string, relaxed: readonly string[]])[] = [
  ["no header", "\r\nA: b\r\n", []],
  ["no blank line", "A: b", ["a:b"]],
  ["an empty value", "A:\r\nB: \t \r\n\r\n", ["a:", "b:"]],
  ["a value on the next line", "Subject:\r\n\t text\r\n\r\n", ["subject:text"]],
  ["a line of white space", "A: b\r\n \r\n c\r\n\r\n", ["a:b c"]],
  ["octets of eight bits", "Subject: \xc3\x84\xa0 \xc0\r\n\r\n", ["subject:\xc3\x84\xa0 \xc0"]],
  ["capitals of eight bits in a name", "A: b\r\nX-\xc0: c\r\n\r\n", ["a:b", "x-\xc0:c"]],
  ["lines that end with LF alone", "A: b\n c\nB: d\n\n", ["a:b c", "b:d"]],
  ["a CR alone inside", "A: b\rC: d\r\n\r\n", ["a:b\rC: d"]],
  ["a line that is no field", "A: b\r\nno field\r\nC: d\r\n\r\n", ["a:b\r\nno field", "c:d"]],
  ["an mbox line at the top", "From a@b Mon Jan  1 00:00:00 2001\r\nA: b\r\n\r\n", [
    ":From a@b Mon Jan 1 00:00:00 2001",
    "a:b",
  ]],
  ["white space before the first field", " A: b\r\nC: d\r\n\r\n", [":A: b", "c:d"]],
];

for (const [name, header, relaxed] of FIELDS) {
  Deno.test(`signedFields() of ${name}`, () => {
    assert.deepEqual(signedFields(header).map((field) => field.relaxed), relaxed);
  });
}

Deno.test("relaxedField() reduces as RFC 6376 section 3.4.2 says, whatever the value", () => {
  const words = fc.constantFrom("a", " ", "  ", "\t", "\r\n ", "\r\n\t", "\n ", "\r\n", "\n", "\r", "\xe9", "\xa0");
  const property = fc.property(fc.array(words, { maxLength: 30 }), (parts) => {
    const value = parts.join("");
    const unfolded = value.replace(/\r?\n(?=[ \t])/g, "");
    const expected = unfolded.replace(/[ \t]+/g, " ").replace(/^ | $/g, "");
    assert.equal(relaxedField("x", value), `x:${expected}`);
  });
  fc.assert(property, { seed: 342, numRuns: 2000 });
});

Deno.test("signedFields() sees every field that headerFields() shows to readers", () => {
  const words = fc.constantFrom("From", "To", ":", ": ", " ", "\t", "\r\n", "\r\n", "\n", "\r", "x", "\xe9", "\0");
  const property = fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
    const header = parts.join("");
    const seen = signedFields(header).map(({ name }) => name);
    for (const field of headerFields(header)) {
      const at = seen.indexOf(field.name);
      assert.ok(at >= 0, `${JSON.stringify(header)} has ${field.name}`);
      seen.splice(0, at + 1);
    }
  });
  fc.assert(property, { seed: 5322, numRuns: 3000 });
});

Deno.test("FieldPicker.pick() goes from the bottom up, and not to the signature itself", () => {
  const fields = signedFields("X: 1\r\nx : 2\r\nY: 3\r\nX: 4\r\n\r\n");
  const picker = new FieldPicker(fields, fields[1]!);
  assert.deepEqual([picker.pick("x"), picker.pick("x"), picker.pick("x"), picker.pick("z")].map((one) => one?.value), [
    " 4",
    " 1",
    undefined,
    undefined,
  ]);
});

Deno.test("WireLines.push() makes CRLF of every CR and LF, however the text is cut", () => {
  const property = fc.property(ODD_TEXT, fc.infiniteStream(fc.nat(5)), (words, cuts) => {
    const text = words.join("");
    const lines = new WireLines();
    let out = "";
    for (let at = 0; at < text.length;) {
      const end = at + cuts.next().value!;
      out += String.fromCharCode(...lines.push(latin1Bytes(text.slice(at, end))));
      at = end;
    }
    out += String.fromCharCode(...lines.end());
    assert.equal(out, text.replace(/\r\n|\r|\n/g, "\r\n"));
  });
  fc.assert(property, { seed: 53, numRuns: 1000 });
});
