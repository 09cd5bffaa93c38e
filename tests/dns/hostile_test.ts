/** Answers that are made to cost: names that loop, that are expanded without end, sections without end. */
import assert from "node:assert/strict";
import { createResolver } from "../../src/dns/mod.ts";
import { isSane } from "../../src/dns/sane.ts";
import { type Asked, encode, fakeServer } from "./fake_server.ts";

const A = 1;
const CNAME = 5;

/** A response by hand: counts of its sections, and what stands behind the question. */
function response(asked: Asked, counts: readonly [number, number, number], behind: readonly number[]): Uint8Array {
  const head = encode(asked, { answers: [] });
  const question = head.slice(12);
  const out = new Uint8Array(12 + question.length + behind.length);
  out.set(head.subarray(0, 6));
  counts.forEach((count, i) => out.set([count >> 8, count & 255], 6 + 2 * i));
  out.set(question, 12);
  out.set(behind, 12 + question.length);
  return out;
}

const pointer = (at: number): number[] => [0xc0 | (at >> 8), at & 255];
const record = (name: number[], type: number, data: number[]): number[] => [
  ...name,
  ...[type >> 8, type & 255, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255],
  ...data,
];
const four = [192, 0, 2, 1];
/** Where the octets behind the question begin: `x.example A`. */
const BEHIND = 12 + 11 + 4;

const HOSTILE: Readonly<Record<string, (asked: Asked) => Uint8Array>> = {
  "a name that points to itself": (asked) => response(asked, [1, 0, 0], record(pointer(BEHIND), A, four)),
  "two names that point to each other": (asked) =>
    response(asked, [2, 0, 0], [...record(pointer(BEHIND + 16), A, four), ...record(pointer(BEHIND), A, four)]),
  "a name that points beyond the end": (asked) => response(asked, [1, 0, 0], record(pointer(0x3fff), A, four)),
  // At the flags: the number of the question, which is before them, may by chance be a name.
  "a name that points into the header": (asked) => response(asked, [1, 0, 0], record(pointer(2), A, four)),
  "a label without an end": (asked) => response(asked, [1, 0, 0], [63, 97, 98]),
  "a label of a kind that there is not": (asked) => response(asked, [1, 0, 0], record([0x80, 1], A, four)),
  "counts without records": (asked) => response(asked, [0xffff, 0xffff, 0xffff], []),
  "a chain of a thousand pointers, and many names that lead through it": (asked) => {
    const chain: number[] = [0]; // the root, then each pointer to the one before
    const start = BEHIND + 12;
    for (let at = 0; at < 1000; at++) chain.push(...pointer(at === 0 ? start : start + 1 + 2 * (at - 1)));
    const last = start + 1 + 2 * 999;
    const names = Array.from({ length: 400 }, () => record(pointer(last), CNAME, pointer(last))).flat();
    return response(asked, [401, 0, 0], [...record(pointer(12), 16, chain), ...names]);
  },
};

for (const [what, answer] of Object.entries(HOSTILE)) {
  Deno.test(`resolve() is tempfail on ${what}`, async () => {
    const server = await fakeServer(answer);
    const resolver = createResolver({ servers: [server.address], timeoutMs: 300 });
    const { kind } = await resolver.resolve("x.example", "A");
    resolver.close();
    await server.close();
    assert.equal(kind, "tempfail");
  });
}

Deno.test("isSane() lets pass what honest servers write, and bounds records and pointers to pointers", () => {
  const head = (records: number) => [0, 1, 0x80, 0, 0, 1, records >> 8, records & 255, 0, 0, 0, 0];
  assert.equal(isSane(new Uint8Array([...head(512), ...new Array(100).fill(0)])), true);
  assert.equal(isSane(new Uint8Array([...head(513), ...new Array(100).fill(0)])), false);
  const chained = (jumps: number) => {
    const out = [...head(1), 0, ...pointer(12)];
    for (let i = 0; i < jumps; i++) out.push(...pointer(13 + 2 * i));
    return new Uint8Array(out);
  };
  assert.deepEqual([0, 1, 8, 9, 100, 8000].map((jumps) => isSane(chained(jumps))), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  assert.equal(isSane(new Uint8Array([...head(1), ...new Array(60_000).fill(255)])), true); // to themselves and forward
  const noise = new Uint8Array(4012).map((_, i) => i < 12 ? 0 : (i * 2654435761) >>> 13); // as keys and hashes are
  assert.equal(isSane(noise), true);
});
