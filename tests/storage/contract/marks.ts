/** UID, modseq and flags in columns, and the list of UIDs that SELECT shares. */
import assert from "node:assert/strict";
import type { Args, MailboxId, Modseq } from "../../../src/contract/mod.ts";
import { ALL, type Open, type Scene, sceneTest, uids } from "../scene.ts";

type More = Partial<Pick<Args<"email.marks">, "ranges" | "changedSince" | "limit">>;

const marksOf = (s: Scene, mailboxId: MailboxId, more: More = {}) =>
  s.ask("email.marks", { accountId: s.ann, mailboxId, ranges: ALL, limit: 100, ...more });

async function shown(s: Scene, mailboxId: MailboxId, more: More = {}) {
  const page = await marksOf(s, mailboxId, more);
  return [...page.uids].map((uid, i) => `${uid} ${page.flags[i]!.join(" ")}`.trim());
}

export function marksContract(name: string, open: Open): void {
  sceneTest(`${name}: marks tell UID, modseq and flags of ranges, page by page, as rows do`, open, async (s) => {
    const { mailboxId } = await s.filled("INBOX", "a", "b", "c", "d");
    const store = (which: Args<"email.read">["ranges"], flags: readonly string[], mode: "add" | "replace" = "add") =>
      s.ask("email.flags", { accountId: s.ann, mailboxId, ranges: which, mode, flags });
    await store(uids(2), ["\\Seen", "work"]);
    await store(uids(4), ["\\Seen", "work"]);
    assert.deepEqual(await shown(s, mailboxId), ["1", "2 \\Seen work", "3", "4 \\Seen work"]);
    const all = await marksOf(s, mailboxId);
    assert.equal(all.flags[1], all.flags[3], "equal flags are the same array");
    const rows = await s.rows(s.ann, mailboxId);
    assert.deepEqual([...all.modseqs], rows.map(({ modseq }) => modseq));
    assert.deepEqual(await shown(s, mailboxId, { ranges: uids(3, 2, 3, 9) }), ["2 \\Seen work", "3"]);
    const first = await marksOf(s, mailboxId, { limit: 3 });
    assert.deepEqual([[...first.uids], first.next], [[1, 2, 3], 4]);
    const changedSince = rows[1]!.modseq as Modseq;
    assert.deepEqual(await shown(s, mailboxId, { changedSince }), ["4 \\Seen work"]);
    await store(uids(2, 4), [], "replace");
    assert.deepEqual(await shown(s, mailboxId), ["1", "2", "3", "4"]);
    const snapshot = await s.ask("mailbox.open", { accountId: s.ann, path: "INBOX" });
    assert.deepEqual([snapshot!.keywords, snapshot!.firstUnseen], [[], 1]);
  });

  sceneTest(`${name}: a list of UIDs that was given out stays as it was`, open, async (s) => {
    const { mailboxId } = await s.filled("INBOX", "a", "b", "c");
    const given = (await s.ask("mailbox.open", { accountId: s.ann, path: "INBOX" }))!.uids;
    await s.filled("INBOX", "d");
    await marksOf(s, mailboxId);
    assert.deepEqual([...given], [1, 2, 3]);
    await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: uids(1, 3), always: true });
    assert.deepEqual(await shown(s, mailboxId), ["2", "4"]);
    assert.deepEqual([...given], [1, 2, 3]);
    await s.filled("INBOX", "e");
    assert.deepEqual(await shown(s, mailboxId), ["2", "4", "5"]);
  });

  sceneTest(`${name}: marks of a mailbox that is not there, or another's, are none`, open, async (s) => {
    const { mailboxId } = await s.filled("INBOX", "a");
    const none = await s.ask("email.marks", { accountId: s.bob, mailboxId, ranges: ALL, limit: 9 });
    assert.deepEqual([none.uids.length, none.flags, none.next], [0, [], null]);
    assert.deepEqual(await shown(s, "m0" as MailboxId), []);
  });
}
