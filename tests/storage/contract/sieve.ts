/** Sieve scripts: at most one is active, and none is another's. */
import assert from "node:assert/strict";
import { textTag } from "../../../src/base/text_tag.ts";
import type { SieveExpected, SieveObject } from "../../../src/contract/mod.ts";
import { granted, type Open, type Scene, sceneTest } from "../scene.ts";

const ANN = "ann@example.org";
const BOB = "bob@example.org";
const put = (s: Scene, name: string, content: string, address = ANN) => s.ask("sieve.put", { address, name, content });
const list = async (s: Scene, address = ANN) => granted(await s.ask("sieve.list", { address }));
const refused = (answer: unknown) => (answer as { refused?: string }).refused;

export function sieveContract(name: string, open: Open): void {
  sceneTest(`${name}: scripts are put, replaced, activated, renamed and removed`, open, async (s) => {
    assert.deepEqual(granted(await put(s, "b", "keep;\u00e9")), { name: "b", octets: 7, active: false });
    granted(await put(s, "a", "stop;"));
    granted(await put(s, "a", "discard;", BOB));
    const active = () => s.ask("sieve.get", { address: ANN, name: null });
    assert.equal(refused(await active()), "notFound");
    granted(await s.ask("sieve.activate", { address: ANN, name: "b" }));
    granted(await s.ask("sieve.activate", { address: ANN, name: "a" }));
    assert.deepEqual((await list(s)).map((one) => [one.name, one.active]), [["a", true], ["b", false]]);
    granted(await put(s, "a", "keep;"));
    assert.deepEqual(await active(), { name: "a", octets: 5, active: true, content: "keep;" });
    assert.equal(refused(await s.ask("sieve.remove", { address: ANN, name: "a" })), "inUse");
    assert.equal(refused(await s.ask("sieve.rename", { address: ANN, name: "a", newName: "b" })), "exists");
    granted(await s.ask("sieve.rename", { address: ANN, name: "a", newName: "z" }));
    assert.deepEqual(await active(), { name: "z", octets: 5, active: true, content: "keep;" });
    granted(await s.ask("sieve.activate", { address: ANN, name: null }));
    granted(await s.ask("sieve.remove", { address: ANN, name: "z" }));
    assert.deepEqual((await list(s)).map((one) => one.name), ["b"]);
    assert.deepEqual(await s.ask("sieve.get", { address: BOB, name: "a" }), {
      name: "a",
      octets: 8,
      active: false,
      content: "discard;",
    });
  });

  sceneTest(`${name}: scripts have ids that stay, and tags and states that change with them`, open, async (s) => {
    const of = { accountId: s.ann } as const;
    const objects = async () => (await s.ask("sieve.objects", of)).scripts;
    const since = await s.ask("account.state", of);
    const news = async (state: typeof since) =>
      granted(await s.ask("object.changes", { ...of, kind: "sieve", since: state }));
    granted(await put(s, "a", "keep;"));
    granted(await put(s, "b", "stop;"));
    const [a, b] = await objects() as [SieveObject, SieveObject];
    assert.deepEqual([a.name, a.active, b.tag], ["a", false, textTag("stop;")]);
    const made = await news(since);
    assert.deepEqual(made.created, [a.objectId, b.objectId]);
    granted(await put(s, "a", "keep;"));
    assert.equal((await news(made.state)).state, made.state);
    granted(await s.ask("sieve.rename", { address: ANN, name: "a", newName: "z" }));
    granted(await s.ask("sieve.activate", { address: ANN, name: "z" }));
    granted(await s.ask("sieve.remove", { address: ANN, name: "b" }));
    assert.deepEqual(await objects(), [{ ...a, name: "z", active: true }]);
    const later = await news(made.state);
    assert.deepEqual([later.created, later.updated, later.destroyed], [[], [a.objectId], [b.objectId]]);
    assert.deepEqual((await s.ask("sieve.objects", { accountId: s.bob })).scripts, []);
  });

  sceneTest(`${name}: a script that has changed since is not replaced or removed`, open, async (s) => {
    const expecting = (expected: SieveExpected, content = "stop;") =>
      s.ask("sieve.put", { address: ANN, name: "a", content, expected });
    assert.equal(refused(await expecting("there")), "changed");
    assert.equal(refused(await expecting({ tags: [textTag("keep;")] })), "changed");
    granted(await expecting("notThere", "keep;"));
    assert.equal(refused(await expecting("notThere")), "changed");
    assert.equal(refused(await expecting({ tags: [textTag("other;")] })), "changed");
    granted(await expecting({ tags: ["x", textTag("keep;")] }));
    granted(await expecting("there"));
    const remove = (expected: SieveExpected) => s.ask("sieve.remove", { address: ANN, name: "a", expected });
    assert.equal(refused(await remove({ tags: [textTag("keep;")] })), "changed");
    granted(await remove({ tags: [textTag("stop;")] }));
  });

  sceneTest(`${name}: the scripts of an account go with it`, open, async (s) => {
    granted(await put(s, "a", "keep;"));
    granted(await put(s, "a", "keep;", BOB));
    await s.ask("account.remove", { address: ANN });
    assert.equal(refused(await s.ask("sieve.list", { address: ANN })), "notFound");
    assert.equal((await list(s, BOB)).length, 1);
  });

  sceneTest(`${name}: scripts that make no sense or are too many or too large are refused`, open, async (s) => {
    for (const bad of ["", "x".repeat(513), "\u00e9".repeat(257), "a\nb", "a\u0085", "a\u2028b", "\ud800"]) {
      assert.equal(refused(await put(s, bad, "keep;")), "invalid", JSON.stringify(bad));
    }
    granted(await put(s, "\u00e9".repeat(256), "keep;"));
    assert.equal(refused(await put(s, "large", " ".repeat((1 << 20) + 1))), "invalid");
    granted(await put(s, "large", " ".repeat(1 << 20)));
    assert.equal(refused(await put(s, "nul", "keep;\0")), "invalid");
    for (let n = 2; n < 100; n++) granted(await put(s, `s${n}`, ""));
    assert.equal(refused(await put(s, "more", "")), "inUse");
    granted(await put(s, "s5", "stop;"));
    for (const name of ["no", "S5"]) {
      assert.equal(refused(await s.ask("sieve.get", { address: ANN, name })), "notFound");
      assert.equal(refused(await s.ask("sieve.activate", { address: ANN, name })), "notFound");
      assert.equal(refused(await s.ask("sieve.remove", { address: ANN, name })), "notFound");
      assert.equal(refused(await s.ask("sieve.rename", { address: ANN, name, newName: "x" })), "notFound");
    }
    assert.equal(refused(await s.ask("sieve.rename", { address: ANN, name: "s5", newName: "a\nb" })), "invalid");
    assert.equal(refused(await put(s, "a", "keep;", "nobody@example.org")), "notFound");
  });
}
