import fc from "fast-check";
import type { Modseq, SearchKey, Uid } from "../../../src/contract/mod.ts";
import { message } from "../scene.ts";
import { withPair } from "./pair.ts";

const FLAGS = ["\\Seen", "\\Flagged", "\\Deleted", "Work", "w%_rk", "$Junk"];
const number = fc.integer({ min: 0, max: 45 });
const bound = fc.option(fc.integer({ min: 0, max: 50 }).map((n) => n * 1000), { nil: null });
const leaf: fc.Arbitrary<SearchKey> = fc.oneof(
  fc.constant<SearchKey>({ key: "all" }),
  fc.constantFrom(...FLAGS, "wORK", "wor", "\\Recent", "").map((flag): SearchKey => ({ key: "flag", flag })),
  fc.array(fc.tuple(number, number), { maxLength: 3 }).map((ranges): SearchKey => ({
    key: "uid",
    ranges: ranges.map(([a, b]) => ({ first: Math.min(a, b) as Uid, last: Math.max(a, b) as Uid })),
  })),
  fc.tuple(fc.constantFrom("larger" as const, "smaller" as const), fc.integer({ min: 30, max: 200 }))
    .map(([key, octets]): SearchKey => ({ key, octets })),
  fc.tuple(fc.constantFrom("internalDate" as const, "sentDate" as const, "saveDate" as const), bound, bound)
    .map(([key, from, before]): SearchKey => ({ key, from, before })),
  number.map((since): SearchKey => ({ key: "modseq", since: since as Modseq })),
  fc.constantFrom("e1", "e7", "e07", "t1", "x").map((emailId): SearchKey => ({ key: "emailId", emailId })),
  fc.constantFrom("t1", "t7", "e1").map((threadId): SearchKey => ({ key: "threadId", threadId })),
  fc.constantFrom("note", "1", "x").map((text): SearchKey => ({ key: "text", text })),
);
const { key } = fc.letrec<{ key: SearchKey }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    leaf,
    tie("key").map((of): SearchKey => ({ key: "not", of })),
    fc.tuple(fc.constantFrom("and" as const, "or" as const), fc.array(tie("key"), { maxLength: 3 }))
      .map(([key, keys]): SearchKey => ({ key, keys })),
  ),
}));

Deno.test("what the database selects is what a look at each row selects", async () => {
  await withPair(async (pair) => {
    for (let i = 0; i < 40; i++) {
      const date = i % 4 === 0 ? "" : `\r\nDate: Thu, 01 Jan 1970 00:00:${String(i).padStart(2, "0")} +0000`;
      const flags = FLAGS.filter((_, n) => (i >> n) % 2 === 1);
      await pair.append(message("x".repeat(i * 3), `Subject: note ${i}${date}`), flags, (i % 7) * 7000);
    }
    await pair.remove(5, 6, 30);
    await pair.agreeOn(fc.sample(key, { numRuns: 400, seed: 7 }));
    let deep: SearchKey = { key: "flag", flag: "\\Seen" };
    for (let i = 0; i < 60; i++) deep = { key: "not", of: deep };
    await pair.agree(deep);
    await pair.agree({ key: "or", keys: Array.from({ length: 500 }, (_, i) => ({ key: "larger", octets: 100 + i })) });
  });
});
