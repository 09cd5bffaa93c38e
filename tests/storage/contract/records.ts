/** Records: found by kind and key until they expire, are taken, or their owner goes. */
import assert from "node:assert/strict";
import type { Args, StoredRecord } from "../../../src/contract/mod.ts";
import { type Open, type Scene, sceneTest } from "../scene.ts";

const KIND = "audit";
const put = (s: Scene, key: string, more: Partial<Args<"record.put">> = {}) =>
  s.ask("record.put", { kind: KIND, key, value: `"${key}"`, now: 5, ...more });
const get = (s: Scene, key: string, now = 5) => s.ask("record.get", { kind: KIND, key, now });
const keys = async (s: Scene, more: Partial<Args<"record.list">> = {}) =>
  (await s.ask("record.list", { kind: KIND, now: 5, limit: 100, ...more })).map(({ key }) => key);

export function recordsContract(name: string, open: Open): void {
  sceneTest(
    `${name}: a record is there by its key, and changes only from the version that was seen`,
    open,
    async (s) => {
      const first = await put(s, "one", { ifVersion: null }) as StoredRecord;
      assert.deepEqual(first, { key: "one", value: '"one"', version: 1, accountId: null, expiresAt: null });
      assert.deepEqual(await get(s, "one"), first);
      assert.deepEqual(await put(s, "one", { ifVersion: null }), { refused: "changed" });
      assert.deepEqual(await put(s, "one", { ifVersion: 2 }), { refused: "changed" });
      const second = await put(s, "one", { ifVersion: 1, value: "2" }) as StoredRecord;
      assert.deepEqual([second.version, (await get(s, "one"))?.value], [2, "2"]);
      assert.deepEqual(await put(s, "two", { ifVersion: 1 }), { refused: "changed" });
      assert.equal(await s.ask("record.remove", { kind: KIND, key: "one", ifVersion: 1 }), false);
      assert.equal(await s.ask("record.remove", { kind: KIND, key: "one", ifVersion: 2 }), true);
      assert.equal(await s.ask("record.remove", { kind: KIND, key: "one" }), false);
      assert.equal(await get(s, "one"), null);
      for (const bad of ["", "a b", "é", "\0", "x".repeat(201)]) {
        assert.deepEqual(await put(s, bad), { refused: "invalid" });
        assert.equal(await get(s, bad), null);
        assert.equal(await s.ask("record.take", { kind: KIND, key: bad, now: 5 }), null);
        if (bad !== "") assert.deepEqual([await keys(s, { prefix: bad }), await keys(s, { after: bad })], [[], []]);
      }
      assert.deepEqual(await put(s, "big", { value: "x".repeat(1024 * 1024 + 1) }), { refused: "invalid" });
      const big = "é".repeat(500_000);
      await put(s, "big", { value: big });
      assert.equal((await get(s, "big"))?.value, big);
    },
  );

  sceneTest(`${name}: records are listed by key in pages, forwards and backwards`, open, async (s) => {
    for (const key of ["b", "a1", "c", "a2", "a10", "B"]) await put(s, key, key < "b" ? { accountId: s.ann } : {});
    assert.deepEqual(await keys(s), ["B", "a1", "a10", "a2", "b", "c"]);
    assert.deepEqual(await keys(s, { descending: true, limit: 2 }), ["c", "b"]);
    assert.deepEqual(await keys(s, { descending: true, after: "b", limit: 2 }), ["a2", "a10"]);
    assert.deepEqual(await keys(s, { after: "a1", limit: 2 }), ["a10", "a2"]);
    assert.deepEqual(await keys(s, { prefix: "a" }), ["a1", "a10", "a2"]);
    assert.deepEqual(await keys(s, { prefix: "a", descending: true, after: "a2" }), ["a10", "a1"]);
    assert.deepEqual(await keys(s, { accountId: s.ann }), ["B", "a1", "a10", "a2"]);
    assert.deepEqual(await keys(s, { accountId: s.ann, prefix: "a1", descending: true }), ["a10", "a1"]);
    assert.deepEqual(await keys(s, { accountId: s.bob }), []);
    assert.deepEqual(await keys(s, { limit: 0 }), []);
  });

  sceneTest(`${name}: what has expired is not there, makes room, and is forgotten`, open, async (s) => {
    await put(s, "late", { expiresAt: 50 });
    await put(s, "soon", { expiresAt: 10 });
    await put(s, "stays");
    assert.equal((await get(s, "soon", 9))?.expiresAt, 10);
    assert.equal(await get(s, "soon", 10), null);
    assert.deepEqual(await keys(s, { now: 10, limit: 1 }), ["late"]);
    assert.deepEqual(await keys(s, { now: 10, limit: 1, descending: true, after: "stays" }), ["late"]);
    assert.equal(await s.ask("record.take", { kind: KIND, key: "soon", now: 10 }), null);
    await put(s, "soon", { expiresAt: 10 });
    const anew = await put(s, "soon", { now: 10, ifVersion: null }) as StoredRecord;
    assert.deepEqual([anew.version, anew.expiresAt], [2, null]);
    assert.equal(await s.ask("record.prune", { now: 49, limit: 10 }), 0);
    assert.equal(await s.ask("record.prune", { now: 50, limit: 10 }), 1);
    assert.deepEqual(await keys(s, { now: 0 }), ["soon", "stays"]);
    assert.equal(await s.ask("record.prune", { now: 1e15, limit: 10 }), 0);
  });

  sceneTest(`${name}: of all that take a record at once, one has it`, open, async (s) => {
    await put(s, "code");
    const taken = await Promise.all(
      Array.from({ length: 8 }, () => s.ask("record.take", { kind: KIND, key: "code", now: 5 })),
    );
    assert.deepEqual(taken.filter((one) => one !== null).map(({ value }) => value), ['"code"']);
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, i) => put(s, "lock", { ifVersion: null, value: String(i) })),
    );
    assert.equal(made.filter((one) => !("refused" in one)).length, 1);
  });

  sceneTest(`${name}: an account's records go with it`, open, async (s) => {
    await put(s, "hers", { accountId: s.ann, expiresAt: 1e12 });
    await put(s, "his", { accountId: s.bob });
    assert.equal((await get(s, "hers"))?.accountId, s.ann);
    await put(s, "given", { accountId: s.bob });
    await put(s, "given", { accountId: s.ann });
    assert.deepEqual(await keys(s, { accountId: s.bob }), ["his"]);
    await s.ask("account.remove", { address: "ann@example.org" });
    assert.deepEqual(await keys(s), ["his"]);
    assert.deepEqual(await put(s, "hers", { accountId: s.ann }), { refused: "noAccount" });
    assert.equal(await s.ask("record.prune", { now: 1e15, limit: 10 }), 0);
  });
}
