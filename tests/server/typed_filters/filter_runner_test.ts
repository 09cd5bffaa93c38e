/** Filters of strangers: what they cannot reach, and what becomes of those that take too much. */
import assert from "node:assert/strict";
import type { AccountId } from "../../../src/contract/mod.ts";
import { FilterRunner } from "../../../src/server/typed_filters/mod.ts";

const INPUT = JSON.stringify([{ subject: "hi" }, { from: "a@b.c", to: "d@e.f" }, { now: 5 }]);
const MEMORY = 32 << 20;

/** Sources, and what the answer matches. */
const CASES: readonly (readonly [string, RegExp])[] = [
  ["export default (m, e, c) => [m.subject, e.to, c.now]", /^\["hi","d@e.f",5\]$/],
  ["globalThis.n = (globalThis.n ?? 0) + 1; export default () => [n]", /^\[1\]$/],
  ["globalThis.n = (globalThis.n ?? 0) + 1; export default () => [n]", /^\[1\]$/],
  [
    "export default () => ['Deno', 'fetch', 'process', 'require', 'Worker', 'postMessage', 'setTimeout', 'crypto', " +
    "'Uint8Array', 'ArrayBuffer', 'SharedArrayBuffer', 'WebAssembly', 'Atomics', 'DataView', 'Intl', 'console']" +
    ".filter((name) => name in globalThis)",
    /^\[\]$/,
  ],
  ["import os from 'node:os'; export default () => [os]", /imports node:os, and may import nothing/],
  ["import 'data:text/javascript,1'; export default () => []", /may import nothing/],
  ["let got = []; import('node:os').then((m) => got.push(m), (e) => got.push(e)); export default () => got", /^\[\]$/],
  ["export default () => { import('node:os'); return []; }", /^\[\]$/],
  ["export default () => (0).constructor.constructor('return Deno')()", /EvalError/],
  ["export default () => eval('1')", /ReferenceError/],
  ["export default () => this.constructor.constructor('return Deno')()", /TypeError/],
  ["export default async () => []", /answers with a promise/],
  ["await new Promise(() => {}); export default () => []", /^failed/],
  ["export default () => { throw new Error('oh') }", /Error: oh \(line 1\)/],
  ["import type { Filter } from 'x'; export default ((m) => [m.subject]) satisfies Filter", /^\["hi"\]$/],
  ["\n\nexport default (a: ) => []", /no TypeScript/],
  ["enum A { B } export default () => []", /enum is not supported/],
  ["throw { get name() { return { toString() { throw 1 } } } }", /^failed/],
  ["throw 5", /it threw 5/],
  ["export default 5", /no function/],
  ["export const a = 1", /no function/],
  ["", /no function/],
  ["export default () => undefined", /no list/],
  ["export default () => 5n", /TypeError/],
  ["export default () => { const f = () => f(); f(); }", /RangeError/],
  ["export default () => ['x'.repeat(300000)]", /too long/],
  // What is changed in the realm does not change how it is spoken to, and leads nowhere.
  ["JSON.stringify = Reflect.apply = JSON.parse = () => { throw 1 }; export default () => [1]", /^\[1\]$/],
  [
    "let got = 'nothing'; Promise.prototype.then = (f) => { got = f }; Promise.prototype.constructor = " +
    "class { constructor(f) { got = f } }; export default () => [String(got)]",
    /^\["nothing"\]$/,
  ],
  [
    "Error.prepareStackTrace = (_, sites) => sites.map((s) => String(s.getFunction() ?? s.getThis() ?? '')).join(''); " +
    "export default () => [new Error().stack]",
    /^\[""\]$/,
  ],
  ["Object.prototype.toJSON = () => 'mine'; export default () => []", /^"mine"$/],
  ["Array.prototype.then = 1; Object.prototype.failed = 'x'; export default () => []", /^\[\]$/],
  ["x".repeat(65_537), /more than 65536/],
];

Deno.test("a filter reaches nothing but its arguments, and each run starts afresh", async () => {
  const runner = new FilterRunner({ processes: 1, timeMs: 5_000, memory: MEMORY });
  try {
    for (const [source, wanted] of CASES) {
      const answer = await runner.run({ accountId: "a1" as AccountId, source, input: INPUT });
      const text = "said" in answer ? answer.said : `failed: ${answer.failed}`;
      assert.match(text, wanted, source.slice(0, 80));
    }
  } finally {
    runner.close();
  }
});

Deno.test("a filter that takes too much is ended with its process, and rests", async () => {
  let now = 0;
  const runner = new FilterRunner({ processes: 12, timeMs: 100, memory: MEMORY, overs: 1, now: () => now });
  const run = (accountId: string, source: string) =>
    runner.run({ accountId: accountId as AccountId, source, input: INPUT }).then((answer) => JSON.stringify(answer));
  const loop = "export default () => { for (;;); }";
  try {
    const greedy = [
      loop,
      "export default () => ['x'.repeat(2 ** 28), 'z'.repeat(2 ** 28)].map((s) => s.split('y'))",
      // What reads TypeScript has no bounds of its own.
      "(".repeat(60_000),
      `export default ${"a ? (b) : c => ".repeat(60)}d`,
      // What it leaves to be done later is done in its time.
      "export default () => { const f = () => Promise.resolve().then(f); f(); return []; }",
      // Memory outside of the heap.
      "export default () => ['\\ufdfa'.repeat(2 ** 26).normalize('NFKD').length]",
      "export default () => { const all = []; for (;;) all.push({}); }",
    ];
    const [other, ...said] = await Promise.all([
      run("other", "export default () => []"),
      ...greedy.map((source, i) => run(`a${i}`, source)),
    ]);
    assert.match(other, /said/);
    for (const [i, text] of said.entries()) assert.match(text, /took more than 100 ms, or more than 32 MB/, greedy[i]);
    assert.match(await run("a0", loop), /again and again, so it rests for a minute/);
    now += 60_001;
    assert.match(await run("a0", "export default () => []"), /said/);
  } finally {
    runner.close();
  }
  await assert.rejects(run("other", "export default () => []"));
});

Deno.test("who waits behind a filter that is ended runs in a new process; processes go to who needs them", async () => {
  const runner = new FilterRunner({ processes: 1, timeMs: 50, memory: MEMORY });
  const run = (accountId: string, source: string) =>
    runner.run({ accountId: accountId as AccountId, source, input: INPUT }).then((answer) => "said" in answer);
  try {
    const fine = "export default () => []";
    const answers = await Promise.all([
      run("a", "export default () => { for (;;); }"),
      run("a", fine),
      run("a", fine),
      run("b", fine),
    ]);
    assert.deepEqual(answers, [false, true, true, true]);
  } finally {
    runner.close();
  }
});
