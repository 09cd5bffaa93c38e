/** Tokens of accounts: found by their hash, until they expire or go. */
import assert from "node:assert/strict";
import type { Scope, Token } from "../../../src/contract/mod.ts";
import { granted, type Open, type Scene, sceneTest } from "../scene.ts";

const ANN = "ann@example.org";
const add = (s: Scene, name: string, hash: string, expiresAt: number | null = null, address = ANN) =>
  s.ask("token.add", { address, name, hash, expiresAt, now: 5 });

export function tokensContract(name: string, open: Open): void {
  sceneTest(
    `${name}: a token is found by its hash until it expires, is removed, or its account goes`,
    open,
    async (s) => {
      const made = granted(await add(s, " phone ", "aa"));
      assert.deepEqual([made.name, made.createdAt, made.expiresAt], ["phone", 5, null]);
      granted(await add(s, "short", "bb", 100));
      granted(await add(s, "other", "cc", null, "bob@example.org"));
      const find = (hash: string, now: number) => s.ask("token.find", { hash, now });
      assert.deepEqual(await find("aa", 1e12), {
        accountId: s.ann,
        address: ANN,
        disabled: false,
        scopes: null,
        lastUsedAt: null,
      });
      assert.equal((await find("bb", 99))?.accountId, s.ann);
      assert.equal(await find("bb", 100), null);
      assert.equal((await find("cc", 0))?.accountId, s.bob);
      assert.equal(await find("dd", 0), null);
      const list = await s.ask("token.list", { address: ANN });
      assert.deepEqual("refused" in list ? [] : list.map((one) => one.name), ["phone", "short"]);
      await s.ask("account.change", { address: ANN, disabled: true });
      assert.equal((await find("aa", 0))?.disabled, true);
      assert.deepEqual(await s.ask("token.remove", { address: ANN, tokenId: made.tokenId }), { removed: true });
      assert.equal(await find("aa", 0), null);
      await s.ask("account.remove", { address: ANN });
      assert.equal(await find("bb", 0), null);
      assert.equal((await find("cc", 0))?.accountId, s.bob);
    },
  );

  sceneTest(`${name}: a token is for its scopes, and knows when it was used last`, open, async (s) => {
    const scoped = { address: ANN, name: "phone", hash: "aa", expiresAt: 9, now: 5 };
    const made = granted(await s.ask("token.add", { ...scoped, scopes: ["submission", "imap", "imap"] }));
    granted(await add(s, "other", "bb"));
    assert.deepEqual(made.scopes, ["imap", "submission"]);
    assert.equal(await s.ask("token.used", { hash: "aa", from: "192.0.2.1", now: 6 }), true);
    assert.equal(await s.ask("token.used", { hash: "aa", from: "x".repeat(1000), now: 7 }), true);
    assert.equal(await s.ask("token.used", { hash: "cc", from: "192.0.2.1", now: 6 }), false);
    const found = await s.ask("token.find", { hash: "aa", now: 8 });
    assert.deepEqual([found?.scopes, found?.lastUsedAt], [["imap", "submission"], 7]);
    const list = granted(await s.ask("token.list", { address: ANN })) as readonly Token[];
    assert.deepEqual(list[0], { ...made, lastUsedAt: 7, lastUsedFrom: "x".repeat(64) });
    assert.deepEqual([list.length, list[1]?.scopes, list[1]?.lastUsedAt, list[1]?.lastUsedFrom], [2, null, null, null]);
    for (const scopes of [[], ["imap", "root"], ["__proto__"]]) {
      const answer = await s.ask("token.add", { ...scoped, hash: "dd", scopes: scopes as Scope[] });
      assert.equal("refused" in answer && answer.refused, "invalid");
    }
  });

  sceneTest(`${name}: tokens that make no sense are refused, and one account's are not another's`, open, async (s) => {
    const refused = (answer: unknown) => (answer as { refused?: string }).refused;
    const made = granted(await add(s, "one", "aa"));
    assert.equal(refused(await add(s, "two", "aa")), "exists");
    for (const bad of ["", "  ", "x".repeat(101), "a\nb"]) assert.equal(refused(await add(s, bad, "zz")), "invalid");
    assert.equal(refused(await add(s, "x", "bb", null, "nobody@example.org")), "notFound");
    assert.equal(refused(await s.ask("token.list", { address: "nobody@example.org" })), "notFound");
    const { tokenId } = made;
    assert.equal(refused(await s.ask("token.remove", { address: "bob@example.org", tokenId })), "notFound");
    for (let n = 1; n < 100; n++) granted(await add(s, `t${n}`, `h${n}`));
    assert.equal(refused(await add(s, "more", "hh")), "inUse");
  });
}
