/** Mailboxes: CREATE, DELETE, RENAME, SUBSCRIBE, and what SELECT is told. */
import assert from "node:assert/strict";
import type { Modseq } from "../../../src/contract/mod.ts";
import { ALL, granted, message, type Open, type Scene, sceneTest, uids } from "../scene.ts";

const create = (s: Scene, path: string) => s.ask("mailbox.create", { accountId: s.ann, path, role: null });
const rename = (s: Scene, path: string, newPath: string) =>
  s.ask("mailbox.rename", { accountId: s.ann, path, newPath });
const paths = async (s: Scene) => (await s.ask("mailbox.list", { accountId: s.ann })).map(({ path }) => path);

export function mailboxContract(name: string, open: Open): void {
  sceneTest(`${name}: CREATE makes parents, normalises, and refuses what is no name`, open, async (s) => {
    const made = granted(await create(s, "a/b/c"));
    assert.deepEqual([made.path, made.messages, made.uidNext, made.subscribed], ["a/b/c", 0, 1, false]);
    assert.deepEqual((await paths(s)).filter((path) => path.startsWith("a")), ["a", "a/b", "a/b/c"]);
    assert.equal(granted(await create(s, "inbox/x")).path, "INBOX/x");
    assert.equal(granted(await create(s, "e\u0301")).path, "\u00e9"); // NFC
    const refused = async (path: string) => (await create(s, path) as { refused?: string }).refused;
    assert.equal(await refused("a/b"), "exists");
    assert.equal(await refused("iNBOX"), "exists");
    for (const bad of ["", "/", "a//b", "/a", "a/", "a\r\nb", "a\0", "\ud800", "x".repeat(256), "\u2028"]) {
      assert.equal(await refused(bad), "invalidName", JSON.stringify(bad));
    }
    assert.equal(await refused(Array(60).fill("d").join("/")), "tooDeep");
    assert.deepEqual(await s.ask("mailbox.create", { accountId: s.ann, path: "S2", role: "sent" }), {
      refused: "exists",
    });
  });

  sceneTest(
    `${name}: DELETE takes the mail, spares INBOX and parents, and the name gets a new UIDVALIDITY`,
    open,
    async (s) => {
      granted(await create(s, "p/q"));
      const before = await s.filled("p/q", "one");
      const remove = (path: string) => s.ask("mailbox.delete", { accountId: s.ann, path });
      assert.deepEqual(await remove("inbox"), { refused: "isInbox" });
      assert.deepEqual(await remove("p"), { refused: "hasChildren" });
      assert.deepEqual(await remove("nowhere"), { refused: "notFound" });
      assert.deepEqual(await remove("p/q"), { deleted: before.mailboxId });
      assert.equal((await s.ask("account.get", { address: "ann@example.org" }))!.usage.messages, 0);
      const gone = await s.ask("mailbox.changes", {
        accountId: s.ann,
        mailboxId: before.mailboxId,
        since: 1 as Modseq,
      });
      assert.equal(gone.deleted, true);
      const again = granted(await create(s, "p/q"));
      assert.notEqual(again.uidValidity, before.uidValidity);
      assert.notEqual(again.mailboxId, before.mailboxId);
      assert.equal(again.uidNext, 1);
    },
  );

  sceneTest(`${name}: RENAME takes children and mail along and keeps UIDVALIDITY`, open, async (s) => {
    granted(await create(s, "old/child"));
    const before = await s.filled("old", "one", "two");
    const after = granted(await rename(s, "old", "new/deep"));
    assert.deepEqual({ ...after, path: "old" }, before);
    assert.deepEqual((await paths(s)).filter((path) => /^(old|new)/.test(path)), ["new", "new/deep", "new/deep/child"]);
    assert.equal((await s.rows(s.ann, after.mailboxId)).length, 2);
    const refused = async (from: string, to: string) => (await rename(s, from, to) as { refused?: string }).refused;
    assert.equal(await refused("old", "x"), "notFound");
    assert.equal(await refused("new", "Sent"), "exists");
    assert.equal(await refused("new", "new/deeper/x"), "invalidName");
    assert.equal(await refused("new", "a//b"), "invalidName");
    assert.equal(await refused("new", Array(49).fill("d").join("/")), "tooDeep");
    assert.equal((await paths(s)).includes("new/deep/child"), true);
  });

  sceneTest(`${name}: renaming INBOX moves its mail and leaves it empty, children stay`, open, async (s) => {
    const inbox = await s.filled("INBOX", "one", "two");
    granted(await create(s, "INBOX/child"));
    await s.ask("email.flags", {
      accountId: s.ann,
      mailboxId: inbox.mailboxId,
      ranges: uids(2),
      mode: "add",
      flags: ["\\Deleted", "k"],
    });
    const moved = granted(await rename(s, "INBOX", "saved"));
    assert.deepEqual([moved.messages, moved.unseen, moved.deleted], [2, 2, 1]);
    const left = await s.mailbox(s.ann, "INBOX");
    assert.deepEqual([left.mailboxId, left.uidValidity, left.messages, left.uidNext, left.size, left.deleted], [
      inbox.mailboxId,
      inbox.uidValidity,
      0,
      3,
      0,
      0,
    ]);
    assert.ok((await paths(s)).includes("INBOX/child"));
    assert.deepEqual((await s.rows(s.ann, moved.mailboxId))[1]!.flags, ["\\Deleted", "k"]);
  });

  sceneTest(`${name}: subscriptions outlive their mailbox and follow a rename`, open, async (s) => {
    granted(await create(s, "one"));
    const subscribe = (path: string, subscribed: boolean) =>
      s.ask("mailbox.subscribe", { accountId: s.ann, path, subscribed });
    assert.deepEqual(await subscribe("one", true), { done: true });
    assert.deepEqual(await subscribe("nowhere", true), { refused: "notFound" });
    assert.deepEqual(await subscribe("nowhere", false), { done: true });
    granted(await rename(s, "one", "two"));
    assert.equal((await s.mailbox(s.ann, "two")).subscribed, true);
    granted(await s.ask("mailbox.delete", { accountId: s.ann, path: "two" }));
    const names = await s.ask("mailbox.subscriptions", { accountId: s.ann });
    assert.deepEqual(names.filter((path) => path === "two"), ["two"]);
    assert.deepEqual(await subscribe("two", false), { done: true });
    assert.ok(!(await s.ask("mailbox.subscriptions", { accountId: s.ann })).includes("two"));
  });

  sceneTest(`${name}: a snapshot tells UIDs, the first unseen and the keywords; counters agree`, open, async (s) => {
    const inbox = await s.filled("INBOX", "one", "two", "three");
    const where = { accountId: s.ann, mailboxId: inbox.mailboxId };
    await s.ask("email.flags", { ...where, ranges: uids(1), mode: "add", flags: ["\\Seen", "Work", "$Junk"] });
    await s.ask("email.flags", { ...where, ranges: uids(2), mode: "add", flags: ["work", "\\Deleted"] });
    await s.ask("email.expunge", { ...where, ranges: uids(3), always: true });
    const snapshot = (await s.ask("mailbox.open", { accountId: s.ann, path: "inbox" }))!;
    assert.deepEqual([...snapshot.uids], [1, 2]);
    assert.equal(snapshot.firstUnseen, 2);
    assert.equal(snapshot.keywords.length, 2);
    assert.deepEqual([
      snapshot.mailbox.messages,
      snapshot.mailbox.unseen,
      snapshot.mailbox.deleted,
      snapshot.mailbox.uidNext,
    ], [2, 1, 1, 4]);
    assert.equal(snapshot.mailbox.size, message("one").length + message("two").length);
    assert.deepEqual(await s.ask("mailbox.deletedUids", where), [2]);
    assert.equal(await s.ask("mailbox.open", { accountId: s.ann, path: "nowhere" }), null);
  });

  sceneTest(
    `${name}: watchers hear after the commit and before the answer, and no more after they left`,
    open,
    async (s) => {
      const heard: string[] = [];
      const leave = s.store.watch(s.ann, ({ mailboxIds, mailboxList }) => {
        heard.push(`${[...mailboxIds].length} ${mailboxList}`);
        void s.ask("mailbox.get", { accountId: s.ann, path: "INBOX" }).then((box) =>
          heard.push(`sees ${box!.messages}`)
        );
      });
      s.store.watch(s.ann, () => {
        throw new Error("a listener's own misfortune");
      });
      const blob = await s.seal(message("x"));
      const messages = [{ blobId: blob.blobId, flags: [], internalDate: null }];
      await s.ask("email.append", { accountId: s.ann, path: "INBOX", messages, now: 1 }).then(() =>
        heard.push("answered")
      );
      blob.release();
      assert.equal(heard[0], "1 false");
      assert.ok(heard.includes("answered"));
      await s.mailbox(s.ann, "INBOX");
      assert.ok(heard.includes("sees 1"), "the news came when the commit was there");
      await s.filled("Sent"); // a read tells nobody
      await s.append(s.bob, "INBOX", message("y")); // nor does another's mail
      assert.equal(heard.length, 3);
      granted(await create(s, "box"));
      assert.ok(heard.includes("0 true"));
      leave();
      const count = heard.length;
      await s.ask("email.expunge", {
        accountId: s.ann,
        mailboxId: (await s.mailbox(s.ann, "INBOX")).mailboxId,
        ranges: ALL,
        always: true,
      });
      assert.ok(heard.length <= count + 1); // but for the read that was under way
      assert.ok(!heard.slice(count).some((line) => line.endsWith("false")));
    },
  );
}
