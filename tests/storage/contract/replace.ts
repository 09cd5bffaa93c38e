/** REPLACE: a new message and the end of an old one, both or nothing. */
import assert from "node:assert/strict";
import type { MailboxId, Uid } from "../../../src/contract/mod.ts";
import { granted, message, type Open, type Scene, sceneTest, uids } from "../scene.ts";

const LONG = "a longer text";

async function replace(s: Scene, mailboxId: MailboxId, uid: number, path: string, text: string, accountId = s.ann) {
  const blob = await s.seal(message(text));
  try {
    return await s.ask("email.replace", {
      accountId,
      mailboxId,
      uid: uid as Uid,
      path,
      message: { blobId: blob.blobId, flags: ["\\Draft", "k"], internalDate: 7 },
      now: 9,
    });
  } finally {
    blob.release();
  }
}

export function replaceContract(name: string, open: Open): void {
  sceneTest(`${name}: REPLACE puts a message in the place of another, in one change`, open, async (s) => {
    const before = await s.filled("Drafts", "one", "two");
    const done = granted(await replace(s, before.mailboxId, 1, "Drafts", LONG));
    assert.deepEqual([done.uidValidity, done.uid], [before.uidValidity, 3]);
    const rows = await s.rows(s.ann, before.mailboxId);
    assert.deepEqual(rows.map(({ uid }) => uid), [2, 3]);
    assert.deepEqual(rows[1]!.flags, ["\\Draft", "k"]);
    assert.deepEqual([rows[1]!.internalDate, rows[1]!.saveDate, rows[1]!.modseq], [7, 9, done.modseq]);
    const news = await s.ask("mailbox.changes", {
      accountId: s.ann,
      mailboxId: before.mailboxId,
      since: before.highestModseq,
    });
    assert.deepEqual([news.changed.map(({ uid }) => uid), news.vanished], [[3], [1]]);
    const { usage } = await s.ask("quota.get", { accountId: s.ann, path: null });
    assert.deepEqual(usage, { bytes: message("two").length + message(LONG).length, messages: 2 });
  });

  sceneTest(`${name}: REPLACE goes into another mailbox too`, open, async (s) => {
    const { mailboxId } = await s.filled("Drafts", "one");
    const done = granted(await replace(s, mailboxId, 1, "Sent", "sent"));
    assert.equal(done.uid, 1);
    assert.deepEqual(await s.rows(s.ann, mailboxId), []);
    assert.equal((await s.mailbox(s.ann, "Sent")).messages, 1);
  });

  sceneTest(`${name}: REPLACE that is refused leaves everything as it was`, open, async (s) => {
    const { mailboxId } = await s.filled("Drafts", "one");
    const before = await s.mailbox(s.ann, "Drafts");
    assert.deepEqual(await replace(s, mailboxId, 1, "nowhere", "x"), { refused: "notFound" });
    assert.deepEqual(await replace(s, mailboxId, 2, "Drafts", "x"), { refused: "gone" });
    assert.deepEqual(await replace(s, mailboxId, 1, "INBOX", "x", s.bob), { refused: "gone" });
    await s.ask("account.change", {
      address: "ann@example.org",
      quota: { bytes: message(LONG).length - 1, messages: 1 },
    });
    assert.deepEqual(await replace(s, mailboxId, 1, "Drafts", LONG), { refused: "overQuota" });
    assert.deepEqual(await s.mailbox(s.ann, "Drafts"), before);
    assert.equal((await s.mailbox(s.bob, "INBOX")).messages, 0);
  });

  sceneTest(`${name}: REPLACE needs room only for what is more than the old message`, open, async (s) => {
    const { mailboxId } = await s.filled("Drafts", LONG);
    const quota = { bytes: message(LONG).length, messages: 1 };
    await s.ask("account.change", { address: "ann@example.org", quota });
    assert.equal(granted(await replace(s, mailboxId, 1, "Drafts", LONG.toUpperCase())).uid, 2);
    // An account that is over its quota may still grow less.
    await s.ask("account.change", { address: "ann@example.org", quota: { bytes: 1, messages: 0 } });
    assert.equal(granted(await replace(s, mailboxId, 2, "Drafts", "short")).uid, 3);
    // What another mailbox keeps makes no room.
    await s.ask("account.change", { address: "ann@example.org", quota });
    granted(await s.ask("email.copy", { accountId: s.ann, mailboxId, ranges: uids(3), path: "Archive", now: 9 }));
    assert.deepEqual(await replace(s, mailboxId, 3, "Drafts", "short"), { refused: "overQuota" });
  });
}
