import assert from "node:assert/strict";
import { formatThreads } from "../../../src/imap/wire/thread_list.ts";
import type { ThreadNode } from "../../../src/message/mod.ts";

const node = (uid: number | null, ...children: ThreadNode[]): ThreadNode => ({ uid, children });
const print = (...list: ThreadNode[]) => formatThreads(list, (uid) => uid);

Deno.test("formatThreads() prints the examples of RFC 5256", () => {
  assert.equal(
    print(node(2), node(3, node(6, node(4, node(23)), node(44, node(7, node(96)))))),
    "(2)(3 6 (4 23)(44 7 96))",
  );
  assert.equal(print(node(null, node(3), node(5))), "((3)(5))");
  assert.equal(print(), "");
});

Deno.test("formatThreads() prints threads of any depth", () => {
  let deep = node(1);
  for (let i = 2; i < 100_000; i++) deep = node(i, deep);
  assert.match(print(deep), /^\(99999 99998 [0-9 ]+ 2 1\)$/);
  let forks = node(1);
  for (let i = 0; i < 50_000; i++) forks = node(2, node(3), forks);
  assert.ok(print(forks).endsWith("))"));
});
