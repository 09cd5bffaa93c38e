/** Annotations of mailboxes and of the server. */
import assert from "node:assert/strict";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { type Args, METADATA_LIMITS } from "../../../src/contract/mod.ts";
import { granted, type Open, type Scene, sceneTest } from "../scene.ts";

const COMMENT = "/private/comment";

const set = (s: Scene, path: string | null, values: Record<string, Uint8Array | string | null>, accountId = s.ann) =>
  s.ask("metadata.set", {
    accountId,
    path,
    values: Object.entries(values).map(([entry, value]) => ({
      entry,
      value: typeof value === "string" ? utf8Bytes(value) : value,
    })),
  });

async function get(
  s: Scene,
  path: string | null,
  entries: readonly string[],
  depth: Args<"metadata.get">["depth"] = 0,
  accountId = s.ann,
): Promise<readonly string[]> {
  const found = granted(await s.ask("metadata.get", { accountId, path, entries, depth }));
  return found.map(({ entry, value }) => `${entry}=${new TextDecoder().decode(value)}`);
}

export function metadataContract(name: string, open: Open): void {
  sceneTest(`${name}: annotations are kept octet by octet, replaced, and removed by null`, open, async (s) => {
    const octets = Uint8Array.from({ length: 256 }, (_, i) => i);
    granted(await set(s, "inbox", { [COMMENT]: octets, "/shared/comment": "" }));
    const asked = {
      accountId: s.ann,
      path: "INBOX",
      entries: [COMMENT, "/shared/comment", "/shared/x"],
      depth: 0 as const,
    };
    const found = granted(await s.ask("metadata.get", asked));
    assert.deepEqual(found.map(({ entry, value }) => [entry, [...value]]), [
      [COMMENT, [...octets]],
      ["/shared/comment", []],
    ]);
    granted(await set(s, "INBOX", { [COMMENT]: "new", "/shared/comment": null, "/shared/x": null }));
    assert.deepEqual(await get(s, "INBOX", asked.entries), [`${COMMENT}=new`]);
    assert.deepEqual(await set(s, "nowhere", { [COMMENT]: "x" }), { refused: "notFound" });
    assert.deepEqual(await s.ask("metadata.get", { ...asked, path: "nowhere" }), { refused: "notFound" });
  });

  sceneTest(`${name}: DEPTH of annotations is none, one level, or all below`, open, async (s) => {
    granted(await set(s, "INBOX", { "/shared/a": "1", "/shared/a/b": "2", "/shared/a/b/c": "3", "/shared/ab": "4" }));
    assert.deepEqual(await get(s, "INBOX", ["/shared/a"]), ["/shared/a=1"]);
    assert.deepEqual(await get(s, "INBOX", ["/shared/a"], 1), ["/shared/a=1", "/shared/a/b=2"]);
    assert.deepEqual(await get(s, "INBOX", ["/shared/a"], "infinity"), [
      "/shared/a=1",
      "/shared/a/b=2",
      "/shared/a/b/c=3",
    ]);
    assert.equal((await get(s, "INBOX", ["/shared", "/shared/a"], "infinity")).length, 4);
  });

  sceneTest(
    `${name}: annotations follow RENAME, are copied when INBOX is renamed, and go with DELETE`,
    open,
    async (s) => {
      const path = "box";
      granted(await s.ask("mailbox.create", { accountId: s.ann, path, role: null }));
      granted(await set(s, path, { [COMMENT]: "mine" }));
      granted(await s.ask("mailbox.rename", { accountId: s.ann, path, newPath: "chest" }));
      assert.deepEqual(await get(s, "chest", [COMMENT]), [`${COMMENT}=mine`]);
      granted(await s.ask("mailbox.delete", { accountId: s.ann, path: "chest" }));
      granted(await s.ask("mailbox.create", { accountId: s.ann, path: "chest", role: null }));
      assert.deepEqual(await get(s, "chest", [COMMENT]), []);
      granted(await set(s, "INBOX", { [COMMENT]: "in" }));
      granted(await s.ask("mailbox.rename", { accountId: s.ann, path: "INBOX", newPath: "old" }));
      assert.deepEqual([await get(s, "INBOX", [COMMENT]), await get(s, "old", [COMMENT])], [
        [`${COMMENT}=in`],
        [`${COMMENT}=in`],
      ]);
    },
  );

  sceneTest(
    `${name}: annotations of the server are an account's own, and shared ones the operator's`,
    open,
    async (s) => {
      granted(await set(s, null, { [COMMENT]: "ann's" }));
      assert.deepEqual(await get(s, null, [COMMENT]), [`${COMMENT}=ann's`]);
      assert.deepEqual(await get(s, null, [COMMENT, "/private"], "infinity", s.bob), []);
      assert.deepEqual(await set(s, null, { "/shared/comment": "x", [COMMENT]: "y" }), { refused: "readOnly" });
      assert.deepEqual(await get(s, null, ["/shared/admin", COMMENT]), [`${COMMENT}=ann's`]);
      assert.deepEqual(await get(s, "INBOX", ["/shared/admin"]), []);
      granted(await s.ask("account.remove", { address: "ann@example.org" }));
      s.ann = (await s.account("ann@example.org")).accountId;
      assert.deepEqual(await get(s, null, [COMMENT]), []);
    },
  );

  sceneTest(`${name}: annotations are bounded in size, count and sum, and all are set or none`, open, async (s) => {
    const { value, entries, octets } = METADATA_LIMITS;
    granted(await set(s, "INBOX", { [COMMENT]: new Uint8Array(value) }));
    const tooLarge = { "/private/a": "x", [COMMENT]: new Uint8Array(value + 1) };
    assert.deepEqual(await set(s, "INBOX", tooLarge), { refused: "tooLarge" });
    assert.deepEqual(await get(s, "INBOX", ["/private/a"]), []);
    const many = Object.fromEntries(Array.from({ length: entries }, (_, i) => [`/private/${i}`, "x"]));
    assert.deepEqual(await set(s, "INBOX", many), { refused: "tooMany" });
    granted(await set(s, "INBOX", { ...many, [COMMENT]: null }));
    assert.deepEqual(await set(s, "INBOX", { "/private/more": "x" }), { refused: "tooMany" });
    granted(await set(s, "INBOX", { "/private/0": "other", "/private/more": null }));
    // The sum is over all mailboxes of the account, and of nobody else.
    const full = Object.fromEntries(
      Array.from({ length: entries }, (_, i) => [`/private/${i}`, new Uint8Array(value)]),
    );
    let filled = 0;
    for (const path of ["Sent", "Drafts"]) {
      const done = await set(s, path, full);
      if ("refused" in done) assert.deepEqual(done, { refused: "tooMany" });
      else filled++;
    }
    assert.equal(filled, Math.floor(octets / (entries * value)));
    granted(await set(s, "INBOX", full, s.bob));
  });

  sceneTest(`${name}: annotations of another's mailbox need the right to see and to use it`, open, async (s) => {
    const path = "Other Users/ann@example.org/Archive";
    const shared = "/shared/comment";
    const grant = (rights: string) =>
      s.ask("acl.set", { accountId: s.ann, path: "Archive", identifier: "bob@example.org", mode: "replace", rights });
    const bobs = { accountId: s.bob, path, entries: [COMMENT, shared], depth: 0 as const };
    granted(await set(s, "Archive", { [COMMENT]: "ann's", [shared]: "ours" }));
    for (const [rights, refused] of [["", "notFound"], ["l", "noPermission"], ["r", "noPermission"]] as const) {
      granted(await grant(rights));
      assert.deepEqual(await s.ask("metadata.get", bobs), { refused }, rights);
      assert.deepEqual(await set(s, path, { [COMMENT]: "x" }, s.bob), { refused }, rights);
    }
    granted(await grant("lr"));
    assert.deepEqual(await get(s, path, bobs.entries, 0, s.bob), [`${shared}=ours`]);
    granted(await set(s, path, { [COMMENT]: "bob's", [shared]: "bob was here" }, s.bob));
    assert.deepEqual(await get(s, path, bobs.entries, 0, s.bob), [`${COMMENT}=bob's`, `${shared}=bob was here`]);
    assert.deepEqual(await get(s, "Archive", bobs.entries), [`${COMMENT}=ann's`, `${shared}=bob was here`]);
    assert.deepEqual(await s.ask("metadata.set", { accountId: s.bob, path, values: [], role: "sent" }), {
      refused: "noPermission",
    });
    granted(await s.ask("mailbox.delete", { accountId: s.ann, path: "Archive" }));
    assert.deepEqual(await s.ask("metadata.get", bobs), { refused: "notFound" });
  });

  sceneTest(`${name}: a special use goes over to the mailbox that it is set on`, open, async (s) => {
    const role = async (path: string) => (await s.mailbox(s.ann, path)).role;
    const use = (path: string | null, role: "sent" | null) =>
      s.ask("metadata.set", { accountId: s.ann, path, values: [], role });
    granted(await use("Archive", "sent"));
    assert.deepEqual([await role("Archive"), await role("Sent")], ["sent", null]);
    granted(await use("Archive", null));
    assert.equal(await role("Archive"), null);
    assert.deepEqual(await use("INBOX", "sent"), { refused: "isInbox" });
    assert.deepEqual(await use("INBOX", null), { refused: "isInbox" });
    assert.deepEqual(await use(null, null), { refused: "isInbox" });
    assert.equal(await role("INBOX"), "inbox");
  });
}
