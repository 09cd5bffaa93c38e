/** What was removed comes back within its time, a mailbox can be as it was, and in the end all is gone. */
import assert from "node:assert/strict";
import type { AccountId, BroughtBack, Uid } from "../../../src/contract/mod.ts";
import { ALL, granted, message, type Open, Scene, uids } from "../scene.ts";

const DAY = 86_400_000;
const KEPT = 7 * DAY;

/** A scene whose clock is moved by hand. */
interface Kept extends Scene {
  clock: number;
}

function keptTest(name: string, open: Open, run: (scene: Kept) => Promise<void>): void {
  Deno.test(name, async () => {
    const time = { now: 100 * DAY };
    const store = await open({ undeleteMs: KEPT, wall: () => time.now });
    const scene = Object.defineProperty(new Scene(store), "clock", {
      get: () => time.now,
      set: (now: number) => time.now = now,
    }) as Kept;
    try {
      await scene.people();
      await run(scene);
      for (const accountId of [scene.ann, scene.bob]) {
        if (!(await scene.ask("account.list", {})).some((one) => one.accountId === accountId)) continue;
        assert.deepEqual(await scene.ask("store.recount", { accountId }), { corrected: [] });
      }
    } finally {
      await store.close();
    }
  });
}

async function put(s: Kept, path: string, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    const blob = await s.seal(message(text, `Subject: ${text}\r\nFrom: x@example.net`));
    const messages = [{ blobId: blob.blobId, flags: ["\\Seen", "Work"], internalDate: 7 }];
    granted(await s.ask("email.append", { accountId: s.ann, path, messages, now: s.clock }));
    blob.release();
  }
}

async function expunge(s: Kept, path: string, ...numbers: number[]): Promise<void> {
  const { mailboxId } = await s.mailbox(s.ann, path);
  const ranges = numbers.length === 0 ? ALL : uids(...numbers);
  await s.ask("email.flags", { accountId: s.ann, mailboxId, ranges, mode: "add", flags: ["\\Deleted"] });
  await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: null });
}

async function subjects(s: Scene, path: string, accountId: AccountId = s.ann): Promise<string[]> {
  const { mailboxId } = await s.mailbox(accountId, path);
  const args = { accountId, mailboxId, ranges: ALL, fields: ["envelope"] as const, limit: 999 };
  return (await s.ask("email.read", args)).rows.map((row) => row.envelope!.subject!);
}

const list = async (s: Scene, path: string | null = null, since = 0) =>
  (await s.ask("removed.list", { accountId: s.ann, path, since, after: null, limit: 999 })).rows;

const restore = async (s: Kept, more: { path?: string; since?: number; ids?: string[]; into?: string } = {}) =>
  granted(
    await s.ask("removed.restore", {
      accountId: s.ann,
      path: null,
      since: 0,
      into: null,
      after: null,
      limit: 999,
      now: s.clock,
      ...more,
    }),
  );

const usage = async (s: Scene) => (await s.ask("account.get", { address: "ann@example.org" }))!.usage;

export function removedContract(name: string, open: Open): void {
  keptTest(`${name}: what was expunged is listed, and comes back with its flags under a new UID`, open, async (s) => {
    await put(s, "INBOX", "one", "two", "three");
    const before = await usage(s);
    await expunge(s, "INBOX", 2);
    const row = (await list(s))[0]!;
    assert.deepEqual(
      [row.path, row.uid, row.removedAt, row.internalDate, row.isElsewhere, row.subject, row.author],
      ["INBOX", 2, s.clock, 7, false, "two", "x@example.net"],
    );
    assert.ok((await usage(s)).bytes < before.bytes); // it does not count
    const { uidNext } = await s.mailbox(s.ann, "INBOX");
    assert.deepEqual(await restore(s), { restored: 1, next: null, overQuota: false });
    const rows = await s.rows(s.ann, (await s.mailbox(s.ann, "INBOX")).mailboxId);
    const back = rows.at(-1)!;
    assert.deepEqual([back.uid, back.flags, back.emailId], [uidNext, ["\\Seen", "Work"], row.emailId]);
    assert.deepEqual([await usage(s), await list(s)], [before, []]);
    assert.deepEqual(await restore(s), { restored: 0, next: null, overQuota: false });
  });

  keptTest(`${name}: by mailbox, by time, by id, into another mailbox, and in pages`, open, async (s) => {
    await put(s, "INBOX", "a", "b", "c");
    await put(s, "Archive", "d");
    await expunge(s, "INBOX", 1);
    s.clock += DAY;
    await expunge(s, "INBOX", 2, 3);
    await expunge(s, "Archive");
    assert.deepEqual((await list(s, "INBOX", s.clock)).map(({ subject }) => subject), ["b", "c"]);
    const [, b] = await list(s);
    await restore(s, { ids: [b!.removedId], into: "Found/Again" });
    assert.deepEqual(await subjects(s, "Found/Again"), ["b"]);
    await restore(s, { path: "inbox", since: s.clock });
    assert.deepEqual([await subjects(s, "INBOX"), await subjects(s, "Archive")], [["c"], []]);
    const where = { accountId: s.ann, path: null, since: 0, into: null, now: s.clock };
    let restored = 0;
    for (let after: string | null = null;;) {
      const page: BroughtBack = granted(await s.ask("removed.restore", { ...where, after, limit: 1 }));
      restored += page.restored;
      if (page.next === null) break;
      after = page.next;
    }
    assert.equal(restored, 2);
    assert.deepEqual([await subjects(s, "INBOX"), await subjects(s, "Archive")], [["c", "a"], ["d"]]);
    const bad = await s.ask("removed.restore", { ...where, into: "a//b", after: null, limit: 1 });
    assert.ok("refused" in bad);
  });

  keptTest(`${name}: of a mailbox that was renamed, and of one that was deleted`, open, async (s) => {
    for (const path of ["Old", "Doomed"]) {
      granted(await s.ask("mailbox.create", { accountId: s.ann, path, role: null }));
      await put(s, path, path);
    }
    await expunge(s, "Old");
    granted(await s.ask("mailbox.rename", { accountId: s.ann, path: "Old", newPath: "New" }));
    granted(await s.ask("mailbox.delete", { accountId: s.ann, path: "Doomed" }));
    assert.deepEqual((await list(s)).map(({ path }) => path), ["New", "Doomed"]);
    await restore(s);
    assert.deepEqual([await subjects(s, "New"), await subjects(s, "Doomed")], [["Old"], ["Doomed"]]);
  });

  keptTest(`${name}: a mailbox is as it was at a moment: what was removed or moved since is back`, open, async (s) => {
    await put(s, "INBOX", "gone", "moved", "stays");
    await expunge(s, "INBOX", 1); // before
    s.clock += DAY;
    await put(s, "INBOX", "removed");
    const then = s.clock;
    s.clock += 1;
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    const move = { accountId: s.ann, mailboxId, ranges: uids(2), path: "Archive", now: s.clock };
    granted(await s.ask("email.move", move));
    await expunge(s, "INBOX", 4);
    await put(s, "INBOX", "later", "brief");
    await expunge(s, "INBOX", 6);
    const rewind = (exact: boolean) =>
      s.ask("mailbox.rewind", {
        accountId: s.ann,
        path: "INBOX",
        to: then,
        exact,
        after: null,
        limit: 999,
        now: s.clock,
      });
    const was = ["moved", "removed", "stays"];
    assert.deepEqual(granted(await rewind(false)), { restored: 2, removed: 0, next: null, overQuota: false });
    assert.deepEqual((await subjects(s, "INBOX")).sort(), ["later", ...was]);
    assert.deepEqual(granted(await rewind(true)), { restored: 0, removed: 1, next: null, overQuota: false });
    assert.deepEqual((await subjects(s, "INBOX")).sort(), was);
    assert.deepEqual(await subjects(s, "Archive"), ["moved"]);
    // Its flags are one in both places.
    const archive = { accountId: s.ann, mailboxId: (await s.mailbox(s.ann, "Archive")).mailboxId };
    await s.ask("email.flags", { ...archive, ranges: ALL, mode: "add", flags: ["\\Flagged"] });
    const rows = await s.rows(s.ann, mailboxId);
    assert.equal(rows.filter(({ flags }) => flags.includes("\\Flagged")).length, 1);
  });

  keptTest(`${name}: after its time it is gone, and its space comes back`, open, async (s) => {
    await put(s, "INBOX", "one", "two");
    const { blobId } = (await s.rows(s.ann, (await s.mailbox(s.ann, "INBOX")).mailboxId))[0]!;
    await expunge(s, "INBOX", 1);
    s.clock += KEPT;
    await s.reclaimAll();
    assert.ok((await s.whole(blobId)).length > 0);
    s.clock += 1;
    assert.ok(await s.reclaimAll() > 0);
    assert.deepEqual([await list(s), (await restore(s)).restored], [[], 0]);
    await assert.rejects(s.whole(blobId));
  });

  keptTest(`${name}: what is kept is never more than the quota, the oldest make room`, open, async (s) => {
    const size = message("0".repeat(1000), "Subject: 0\r\nFrom: x@example.net").length;
    const quota = { bytes: size * 3, messages: null };
    granted(await s.ask("account.change", { address: "ann@example.org", quota }));
    for (let i = 0; i < 5; i++) {
      granted(await s.append(s.ann, "INBOX", message("0".repeat(1000), `Subject: ${i}\r\nFrom: x@example.net`)));
      await expunge(s, "INBOX");
    }
    assert.deepEqual((await list(s)).map(({ subject }) => subject), ["2", "3", "4"]);
    granted(await s.append(s.ann, "INBOX", message("0".repeat(1000), "Subject: 5\r\nFrom: x@example.net")));
    // Back comes what there is room for.
    const back = await restore(s);
    assert.deepEqual([back.restored, back.overQuota, await subjects(s, "INBOX")], [2, true, ["5", "2", "3"]]);
  });

  keptTest(
    `${name}: an account takes all that is kept of it along, and nobody else can bring it back`,
    open,
    async (s) => {
      await put(s, "INBOX", "secret");
      await expunge(s, "INBOX");
      const of = { accountId: s.bob, path: null, since: 0, after: null, limit: 9 };
      assert.deepEqual(await s.ask("removed.list", of), { rows: [], next: null });
      const ids = (await list(s)).map(({ removedId }) => removedId);
      const answer = granted(await s.ask("removed.restore", { ...of, ids, into: null, now: 1 }));
      assert.equal(answer.restored, 0);
      granted(await s.ask("account.remove", { address: "ann@example.org" }));
      assert.ok(await s.reclaimAll() > 0);
    },
  );

  keptTest(`${name}: an imported message that was removed can be imported again`, open, async (s) => {
    const origin = { key: "k", name: "n", lineEnds: "" };
    const take = async () => {
      const blob = await s.seal(message("imported"));
      const messages = [{ blobId: blob.blobId, flags: [], internalDate: 1, uid: null, origin }];
      const { uids } = granted(await s.ask("email.import", { accountId: s.ann, path: "INBOX", messages, now: 1 }));
      blob.release();
      return uids[0];
    };
    assert.deepEqual([await take(), await take()], [1 as Uid, null]);
    await expunge(s, "INBOX");
    assert.deepEqual([await take(), await take()], [2 as Uid, null]);
    s.clock += KEPT + 1;
    await s.reclaimAll();
    assert.equal(await take(), null);
  });

  keptTest(`${name}: a policy takes out what came before a moment, and it can be brought back`, open, async (s) => {
    await put(s, "Trash", "old", "older");
    s.clock += DAY;
    await put(s, "Trash", "new");
    const expire = (limit: number) =>
      s.ask("email.expire", { accountId: s.ann, path: "Trash", before: s.clock, limit });
    assert.deepEqual([await expire(1), await expire(9), await expire(9)], [{ removed: 1 }, { removed: 1 }, {
      removed: 0,
    }]);
    assert.deepEqual([await subjects(s, "Trash"), (await list(s)).length], [["new"], 2]);
    assert.deepEqual(await s.ask("email.expire", { accountId: s.ann, path: "Nowhere", before: 9, limit: 9 }), {
      removed: 0,
    });
  });

  keptTest(`${name}: a message from a backup is put back as it was, once`, open, async (s) => {
    const blob = await s.seal(message("kept"));
    const prefix = new TextEncoder().encode("Received: here\r\n");
    const put = (path: string) =>
      s.ask("email.putBack", {
        accountId: s.ann,
        path,
        message: { blobId: blob.blobId, prefix, flags: ["\\Seen", "Work"], internalDate: 7 },
        now: s.clock,
      });
    assert.deepEqual([await put("New/One"), await put("New/One")], [{ uid: 1 }, { uid: null }]);
    assert.deepEqual(await put("inbox"), { uid: 1 });
    assert.ok("refused" in await put("a//b"));
    const [row] = await s.rows(s.ann, (await s.mailbox(s.ann, "New/One")).mailboxId);
    assert.deepEqual(
      [row!.flags, row!.internalDate, row!.size, row!.prefix],
      [["\\Seen", "Work"], 7, blob.size + prefix.length, prefix],
    );
    granted(await s.ask("account.change", { address: "ann@example.org", quota: { bytes: 1, messages: null } }));
    assert.deepEqual(await put("Other"), { refused: "overQuota" });
    blob.release();
  });
}
