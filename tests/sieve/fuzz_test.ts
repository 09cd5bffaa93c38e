/**
 * Scripts made at random out of the tables of commands and tests: whatever they say, a run ends, no error gets out of
 * it, and something becomes of the message.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Spec, ValueKind, ValueRule } from "../../src/sieve/check/spec.ts";
import { ADDRESS, HEADER_NAME, MAILBOX, PLAIN, VARIABLE } from "../../src/sieve/check/values.ts";
import { COMPARATOR } from "../../src/sieve/extensions/base_matching.ts";
import { ADDRESS_HEADER } from "../../src/sieve/extensions/base_tests.ts";
import { DATE_PART, ZONE } from "../../src/sieve/extensions/date.ts";
import { IMPORTANCE, NOTIFY_METHOD } from "../../src/sieve/extensions/enotify.ts";
import { GLOBAL_VARIABLE } from "../../src/sieve/extensions/include.ts";
import { RELATION } from "../../src/sieve/extensions/relational.ts";
import { SPECIAL_USE } from "../../src/sieve/extensions/special_use.ts";
import { SIEVE_LANGUAGE } from "../../src/sieve/language.ts";
import { checkSieve, formatSieveError, SIEVE_EXTENSIONS } from "../../src/sieve/mod.ts";
import { now, play, scriptOf, versionOf } from "./scene.ts";

/** Draws from a list of numbers. */
class Draw {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(limit: number): number {
    return this.#numbers[this.#at++ % this.#numbers.length]! % limit;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

const { commands: COMMAND_SPECS, tests: TEST_SPECS } = SIEVE_LANGUAGE;

const ANY = [
  "",
  "a",
  "*",
  "?u*",
  "Lunch",
  "${v}",
  "${1}",
  "b@example.org",
  "mailto:a@b.example",
  "Content-Type: text/html\n\nx",
];
const VALUES: ReadonlyMap<ValueRule, readonly string[]> = new Map([
  [HEADER_NAME, ["Subject", "X-A", "To", "Received", "Content-Type"]],
  [ADDRESS_HEADER, ["From", "To"]],
  [DATE_PART, ["year", "weekday", "std11"]],
  [ZONE, ["+0100", "-1130"]],
  [RELATION, ["gt", "eq", "ne"]],
  [COMPARATOR, ["i;octet", "i;unicode-casemap"]],
  [VARIABLE, ["v", "global.w"]],
  [GLOBAL_VARIABLE, ["v"]],
  [MAILBOX, ["INBOX", "M", "${v}x"]],
  [ADDRESS, ["c@example.org", "bob@example.net"]],
  [IMPORTANCE, ["1", "3"]],
  [NOTIFY_METHOD, ["mailto:a@b.example?body=x", "tel:1"]],
  [SPECIAL_USE, ["\\\\Junk"]],
  [PLAIN, ["inner", "other"]],
]);
/** What arguments without a rule of their own should be to get anywhere. */
const BY_NAME: Readonly<Record<string, readonly string[]>> = {
  parts: ["from", "to"],
  address: ["c@example.org", "bob@example.net"],
  flags: ["\\\\Seen", "a b"],
};

function string(draw: Draw, rule: ValueRule | undefined, name: string): string {
  const values = rule === undefined ? BY_NAME[name] ?? ANY : VALUES.get(rule);
  assert.ok(values, `values for: ${rule?.expected}`);
  return JSON.stringify(draw.of(values)).replaceAll("\\n", "\n").replaceAll("\\\\\\\\", "\\\\");
}

function value(draw: Draw, kind: ValueKind, rule: ValueRule | undefined, name: string): string {
  if (kind === "number") return String(1 + draw.below(100));
  if (kind === "string" || draw.below(2) === 0) return string(draw, rule, name);
  return `[${string(draw, rule, name)}, ${string(draw, rule, name)}]`;
}

/** A test or a command up to its tests. */
function head(draw: Draw, spec: Spec): string {
  const words = [spec.name];
  const given = new Set<string>();
  const must = spec.name === "size" ? ["over"] : [];
  for (const tag of spec.tags) {
    if (!must.includes(tag.name) && draw.below(4) !== 0) continue;
    if ((tag.with && !given.has(tag.with)) || (tag.group && given.has(tag.group))) continue;
    given.add(tag.name).add(tag.group ?? tag.name);
    words.push(":" + tag.name);
    if (tag.takes !== undefined) words.push(value(draw, tag.takes, tag.rule, tag.name));
  }
  for (const argument of spec.args) {
    if (!argument.optional) words.push(value(draw, argument.kind, argument.rule, argument.name));
  }
  return words.join(" ");
}

function test(draw: Draw, depth: number): string {
  const specs = [...TEST_SPECS.values()].filter((spec) => depth > 0 || spec.tests === 0);
  const spec = draw.of(specs);
  const start = head(draw, spec);
  if (spec.tests === 0) return start;
  return spec.tests === 1
    ? `${start} ${test(draw, depth - 1)}`
    : `${start} (${test(draw, depth - 1)}, ${test(draw, depth - 1)})`;
}

function commands(draw: Draw, depth: number, count: number): string {
  const specs = [...COMMAND_SPECS.values()].filter((spec) =>
    !["require", "elsif", "else", "break"].includes(spec.name) && (depth > 0 || !spec.block)
  );
  let out = "";
  for (let i = 0; i < count; i++) {
    const spec = draw.of(
      [...specs, COMMAND_SPECS.get("if")!, COMMAND_SPECS.get("set")!].filter((spec) => depth > 0 || !spec.block),
    );
    out += head(draw, spec).replace(/^(foreverypart).*$/s, "$1");
    if (spec.name === "if") out += ` ${test(draw, 1)}`;
    out += spec.block ? ` {\n${commands(draw, depth - 1, 2)}}\n` : ";\n";
  }
  return out;
}

const REQUIRE = `require [${SIEVE_EXTENSIONS.map((name) => JSON.stringify(name)).join(", ")}];\n`;
const MESSAGE =
  "From: a@example.org\nTo: bob@example.net\nSubject: Lunch\nContent-Type: multipart/mixed; boundary=x\n\n" +
  "--x\n\nwords\n--x\nContent-Type: message/rfc822\n\nSubject: y\n\nz\n--x--\n";

Deno.test("whatever a script says, its run ends and something becomes of the message", () => {
  let ran = 0;
  let failed = 0;
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { minLength: 30, maxLength: 60 }), (numbers) => {
      const text = REQUIRE + commands(new Draw(numbers), 2, 5);
      if (checkSieve(text).length > 0) return; // a regular expression that is none, a comparator that does not fit
      ran++;
      const inner = scriptOf('require "fileinto"; fileinto "inner";');
      const result = play(text, {
        message: MESSAGE,
        world: {
          script: () => now(inner),
          listMembers: () => now(["d@example.org"]),
          listHolds: () => now(true),
          mailboxByUse: () => now("Junk"),
          mailboxMetadata: () => now("x"),
        },
      });
      failed += result.failures.length;
      assert.ok(
        result.actions.some(({ kind }) => ["keep", "fileinto", "redirect", "discard", "reject", "pipe"].includes(kind)),
        text,
      );
      if (result.failures.length > 0) assert.deepEqual(result.actions.map(({ kind }) => kind), ["keep"]);
      for (const action of result.actions) {
        kinds.add(action.kind);
        if ("version" in action) assert.ok(versionOf(result, action.version, MESSAGE).length > 0);
      }
    }),
    { numRuns: 1_500, seed: 5 },
  );
  assert.ok(ran > 500, `only ${ran} scripts could run`);
  assert.ok(failed > 50 && failed < ran, `${failed} of ${ran} failed`);
  assert.deepEqual([...kinds].sort(), [
    "discard",
    "fileinto",
    "keep",
    "notify",
    "pipe",
    "redirect",
    "reject",
    "vacation",
  ]);
});

Deno.test("every command and test can be written and passes the check", () => {
  for (let seed = 0; seed < 40; seed++) {
    const draw = new Draw(Array.from({ length: 31 }, (_, i) => (i * 7919 + seed * 104_729) % 1_000_003));
    for (const spec of TEST_SPECS.values()) {
      if (spec.tests !== 0) continue;
      const errors = checkSieve(`${REQUIRE}if ${head(draw, spec)} { stop; }`).map(formatSieveError);
      assert.deepEqual(errors.filter((error) => !/no regular expression|cannot be used with/.test(error)), []);
    }
  }
});
