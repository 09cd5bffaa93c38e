/** APPEND, FETCH, STORE, COPY, MOVE, EXPUNGE. */
import assert from "node:assert/strict";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import type { Args, Modseq } from "../../../src/contract/mod.ts";
import { ALL, granted, message, type Open, type Scene, sceneTest, uids } from "../scene.ts";

const usage = async (s: Scene) => (await s.ask("account.get", { address: "ann@example.org" }))!.usage;

export function emailContract(name: string, open: Open): void {
  for (const size of [0, 10, 32_768, 200_000]) {
    sceneTest(
      `${name}: ${size} octets for two recipients in one mailbox are stored once and read back`,
      open,
      async (s) => {
        const bytes = message("x".repeat(size));
        const prefix = utf8Bytes("X: y\r\n");
        const deliveries = ["ann@example.org", "ann+x@example.org"].map((recipient) =>
          s.delivery(s.ann, recipient, { target: { path: "nowhere" }, prefix, flags: ["\\Flagged"] })
        );
        const { stored } = granted(await s.accept(bytes, { deliveries }));
        assert.deepEqual(stored.map(({ recipient, uid }) => [recipient, uid]), [
          ["ann@example.org", 1],
          ["ann+x@example.org", 1],
        ]);
        const { mailboxId } = stored[0]!;
        assert.equal(mailboxId, (await s.mailbox(s.ann, "INBOX")).mailboxId);
        const fields = ["envelope", "structure", "header"] as const;
        const { rows, next } = await s.ask("email.read", {
          accountId: s.ann,
          mailboxId,
          ranges: ALL,
          fields,
          limit: 5,
        });
        assert.deepEqual([rows.length, next], [1, null]);
        const row = rows[0]!;
        assert.deepEqual([row.size, row.blobSize, row.prefix], [bytes.length + 6, bytes.length, prefix]);
        assert.deepEqual([row.flags, row.internalDate, row.saveDate], [["\\Flagged"], 5, 10]);
        assert.equal(row.envelope!.subject, "hi");
        assert.equal(row.structure!.bodyEnd, bytes.length);
        assert.equal(new TextDecoder().decode(row.header), "X: y\r\nSubject: hi\r\n\r\n");
        assert.deepEqual(await s.whole(row.blobId), bytes);
        assert.equal((await s.ask("blob.index", { blobId: row.blobId }))!.size, bytes.length);
        assert.deepEqual(await usage(s), { bytes: bytes.length + 6, messages: 1 });
        assert.deepEqual(await s.store.readBlob(row.blobId, 5, 9), bytes.slice(5, 9));
        assert.deepEqual(await s.store.readBlob(row.blobId, bytes.length + 5, bytes.length + 9), new Uint8Array(0));
      },
    );
  }

  sceneTest(`${name}: a delivery goes by path, by role, and to INBOX where neither is there`, open, async (s) => {
    const role = { role: "junk" } as const;
    granted(await s.accept(message("1"), { deliveries: [s.delivery(s.ann, "ann@example.org", { target: role })] }));
    const path = { path: "Archive" };
    const deliveries = [role, path].map((target) => s.delivery(s.ann, "ann@example.org", { target }));
    const { stored } = granted(await s.accept(message("2"), { deliveries }));
    assert.deepEqual(stored.map(({ uid }) => uid), [2, 1]);
    const junk = await s.mailbox(s.ann, "Junk");
    const archive = await s.mailbox(s.ann, "Archive");
    assert.equal(
      (await s.rows(s.ann, junk.mailboxId))[1]!.emailId,
      (await s.rows(s.ann, archive.mailboxId))[0]!.emailId,
    );
    assert.equal((await usage(s)).messages, 2);
  });

  sceneTest(`${name}: email.read pages, merges ranges and answers each UID once`, open, async (s) => {
    const box = await s.filled("INBOX", ..."abcdefgh");
    const read = (ranges: ReturnType<typeof uids>, limit: number) =>
      s.ask("email.read", { accountId: s.ann, mailboxId: box.mailboxId, ranges, fields: [], limit });
    const page = await read(ALL, 3);
    assert.deepEqual([page.rows.map(({ uid }) => uid), page.next], [[1, 2, 3], 4]);
    const mixed = await read([...uids(7, 2), { first: 2, last: 4 }, { first: 3, last: 5 }] as typeof ALL, 100);
    assert.deepEqual(mixed.rows.map(({ uid }) => uid), [2, 3, 4, 5, 7]);
    const exact = await read([...uids(1, 3)] as typeof ALL, 2);
    assert.deepEqual([exact.rows.length, exact.next], [2, null]);
    assert.deepEqual(await read([], 5), { rows: [], next: null });
  });

  sceneTest(`${name}: STORE raises the modseq of what changed only, and obeys UNCHANGEDSINCE`, open, async (s) => {
    const box = await s.filled("INBOX", "a", "b", "c");
    const where = { accountId: s.ann, mailboxId: box.mailboxId };
    const before = await s.rows(s.ann, box.mailboxId);
    const first = await s.ask("email.flags", { ...where, ranges: uids(2), mode: "add", flags: ["\\Seen", "Key"] });
    assert.deepEqual(first.changed.map(({ uid, flags }) => [uid, flags]), [[2, ["\\Seen", "Key"]]]);
    assert.ok(first.modseq > box.highestModseq);
    assert.equal(first.changed[0]!.modseq, first.modseq);
    const again = await s.ask("email.flags", { ...where, ranges: ALL, mode: "add", flags: ["\\seen", "KEY"] });
    assert.deepEqual(again.changed.map(({ uid }) => uid), [1, 3]);
    const since = before[0]!.modseq as Modseq;
    const args = { ...where, ranges: ALL, mode: "replace", flags: [], unchangedSince: since } as const;
    const refused = await s.ask("email.flags", args);
    assert.deepEqual([refused.changed, refused.modified], [[], [1, 2, 3]]);
    const cleared = await s.ask("email.flags", { ...args, unchangedSince: again.modseq });
    assert.deepEqual(cleared.changed.map(({ flags }) => flags), [[], [], []]);
    const ignored = await s.ask("email.flags", {
      ...where,
      ranges: ALL,
      mode: "add",
      flags: ["\\Recent", "\\Nonsense", ""],
    });
    assert.deepEqual([ignored.changed, ignored.modseq], [[], cleared.modseq]);
    assert.equal((await s.mailbox(s.ann, "INBOX")).unseen, 3);
  });

  sceneTest(`${name}: flags belong to the email, \\Deleted to each membership`, open, async (s) => {
    const inbox = await s.filled("INBOX", "a");
    const source = { accountId: s.ann, mailboxId: inbox.mailboxId, ranges: ALL };
    granted(await s.ask("email.copy", { ...source, path: "Archive", now: 9 }));
    const archive = await s.mailbox(s.ann, "Archive");
    await s.ask("email.flags", { ...source, mode: "add", flags: ["\\Seen", "\\Deleted", "work"] });
    const changes = await s.ask("mailbox.changes", {
      accountId: s.ann,
      mailboxId: archive.mailboxId,
      since: archive.highestModseq,
    });
    assert.deepEqual(changes.changed.map(({ flags }) => flags), [["\\Seen", "work"]]);
    assert.equal((await s.mailbox(s.ann, "Archive")).unseen, 0);
    assert.equal((await s.mailbox(s.ann, "Archive")).deleted, 0);
    await s.ask("email.expunge", { ...source, ranges: null });
    assert.equal((await s.mailbox(s.ann, "INBOX")).messages, 0);
    assert.equal((await s.rows(s.ann, archive.mailboxId)).length, 1);
    assert.equal((await usage(s)).messages, 1);
  });

  sceneTest(`${name}: COPY adds memberships, and a new email where it is already`, open, async (s) => {
    const inbox = await s.filled("INBOX", "a", "b");
    const source = { accountId: s.ann, mailboxId: inbox.mailboxId, ranges: ALL };
    await s.ask("email.flags", { ...source, ranges: uids(1), mode: "add", flags: ["\\Answered"] });
    const first = granted(await s.ask("email.copy", { ...source, path: "Archive", now: 77 }));
    assert.deepEqual(first.pairs, [{ from: 1, to: 1 }, { from: 2, to: 2 }]);
    assert.equal((await usage(s)).messages, 2);
    const second = granted(await s.ask("email.copy", { ...source, path: "Archive", now: 78 }));
    assert.deepEqual(second.pairs, [{ from: 1, to: 3 }, { from: 2, to: 4 }]);
    assert.equal((await usage(s)).messages, 4);
    const rows = await s.rows(s.ann, (await s.mailbox(s.ann, "Archive")).mailboxId);
    assert.deepEqual(rows.map(({ flags }) => flags), [["\\Answered"], [], ["\\Answered"], []]);
    assert.deepEqual(rows.map(({ saveDate }) => saveDate), [77, 77, 78, 78]);
    assert.equal(rows[0]!.internalDate, 5);
    assert.equal(rows[0]!.blobId, rows[2]!.blobId);
    assert.notEqual(rows[0]!.emailId, rows[2]!.emailId);
    const none = await s.ask("email.copy", { ...source, ranges: uids(99), path: "Archive", now: 1 });
    assert.deepEqual(granted(none).pairs, []);
    assert.deepEqual(await s.ask("email.copy", { ...source, path: "nowhere", now: 1 }), { refused: "notFound" });
    const self = granted(await s.ask("email.copy", { ...source, ranges: uids(1), path: "INBOX", now: 1 }));
    assert.deepEqual(self.pairs, [{ from: 1, to: 3 }]);
  });

  sceneTest(
    `${name}: MOVE keeps the email's identity, also within a mailbox and into one that has it`,
    open,
    async (s) => {
      const inbox = await s.filled("INBOX", "a", "b");
      const source = { accountId: s.ann, mailboxId: inbox.mailboxId };
      const [a] = await s.rows(s.ann, inbox.mailboxId);
      const moved = granted(await s.ask("email.move", { ...source, ranges: uids(1), path: "Archive", now: 9 }));
      assert.deepEqual(moved.pairs, [{ from: 1, to: 1 }]);
      const archive = await s.mailbox(s.ann, "Archive");
      assert.equal((await s.rows(s.ann, archive.mailboxId))[0]!.emailId, a!.emailId);
      const self = granted(await s.ask("email.move", { ...source, ranges: uids(2), path: "INBOX", now: 9 }));
      assert.deepEqual(self.pairs, [{ from: 2, to: 3 }]);
      granted(await s.ask("email.copy", { ...source, ranges: uids(3), path: "Archive", now: 9 }));
      const twin = granted(await s.ask("email.move", { ...source, ranges: uids(3), path: "Archive", now: 9 }));
      assert.deepEqual(twin.pairs, [{ from: 3, to: 3 }]);
      assert.deepEqual(await usage(s), { messages: 3, bytes: 3 * message("a").length });
      const changes = await s.ask("mailbox.changes", { ...source, since: inbox.highestModseq });
      assert.deepEqual([changes.changed, changes.vanished], [[], [1, 2, 3]]);
      assert.deepEqual(await s.ask("email.move", { ...source, ranges: ALL, path: "nowhere", now: 1 }), {
        refused: "notFound",
      });
    },
  );

  sceneTest(`${name}: EXPUNGE takes what is \\Deleted, of the ranges, or whatever is named`, open, async (s) => {
    const box = await s.filled("INBOX", "a", "b", "c", "d");
    const where = { accountId: s.ann, mailboxId: box.mailboxId };
    await s.ask("email.flags", { ...where, ranges: uids(1, 3, 4), mode: "add", flags: ["\\Deleted"] });
    assert.deepEqual((await s.ask("email.expunge", { ...where, ranges: uids(1, 2) })).vanished, [1]);
    assert.deepEqual((await s.ask("email.expunge", { ...where, ranges: null })).vanished, [3, 4]);
    const nothing = await s.ask("email.expunge", { ...where, ranges: null });
    assert.deepEqual([nothing.vanished, nothing.modseq], [[], (await s.mailbox(s.ann, "INBOX")).highestModseq]);
    assert.deepEqual((await s.ask("email.expunge", { ...where, ranges: uids(2), always: true })).vanished, [2]);
    assert.deepEqual(await usage(s), { messages: 0, bytes: 0 });
    assert.equal((await s.mailbox(s.ann, "INBOX")).uidNext, 5);
  });

  sceneTest(`${name}: EXPUNGE with a limit takes the lowest, and is called again for the rest`, open, async (s) => {
    const box = await s.filled("INBOX", "a", "b", "c", "d", "e");
    const where = { accountId: s.ann, mailboxId: box.mailboxId, limit: 2 };
    await s.ask("email.flags", { ...where, ranges: uids(1, 3, 4, 5), mode: "add", flags: ["\\Deleted"] });
    const expunge = async (ranges: Args<"email.expunge">["ranges"], always = false) =>
      (await s.ask("email.expunge", { ...where, ranges, always })).vanished;
    assert.deepEqual(await expunge(uids(2, 3, 4, 5)), [3, 4]);
    assert.deepEqual(await expunge(null), [1, 5]);
    assert.deepEqual(await expunge(null), []);
    assert.deepEqual(await expunge(ALL, true), [2]);
  });

  sceneTest(`${name}: MULTIAPPEND stores all or none`, open, async (s) => {
    const blobs = await Promise.all(["a", "b"].map((text) => s.seal(message(text))));
    const messages = blobs.map(({ blobId }) => ({ blobId, flags: ["k"], internalDate: 42 }));
    const append = (path: string) => s.ask("email.append", { accountId: s.ann, path, messages, now: 9 });
    assert.deepEqual(granted(await append("inbox")).uids, [1, 2]);
    assert.deepEqual(await append("nowhere"), { refused: "notFound" });
    await s.ask("account.change", { address: "ann@example.org", quota: { bytes: null, messages: 3 } });
    assert.deepEqual(await append("INBOX"), { refused: "overQuota" });
    assert.equal((await usage(s)).messages, 2);
    const rows = await s.rows(s.ann, (await s.mailbox(s.ann, "INBOX")).mailboxId);
    assert.deepEqual(rows.map(({ internalDate, saveDate }) => [internalDate, saveDate]), [[42, 9], [42, 9]]);
    for (const blob of blobs) blob.release();
  });

  sceneTest(`${name}: parallel appends never pass the quota`, open, async (s) => {
    const bytes = message("z".repeat(25));
    await s.ask("account.change", {
      address: "ann@example.org",
      quota: { bytes: bytes.length * 2 + 20, messages: null },
    });
    const blob = await s.seal(bytes);
    const messages = [{ blobId: blob.blobId, flags: [], internalDate: null }];
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => s.ask("email.append", { accountId: s.ann, path: "INBOX", messages, now: 2 })),
    );
    assert.equal(answers.filter((answer) => "uids" in answer).length, 2);
    assert.equal((await usage(s)).messages, 2);
    blob.release();
  });

  sceneTest(`${name}: replies share the thread of what they answer, another account's do not`, open, async (s) => {
    const put = async (header: string, accountId = s.ann) => {
      const { uids: [uid] } = granted(await s.append(accountId, "INBOX", message("x", header)));
      const box = await s.mailbox(accountId, "INBOX");
      return (await s.rows(accountId, box.mailboxId, uids(uid!)))[0]!.threadId;
    };
    const first = await put("Message-ID: <1@x>\r\nSubject: plan");
    assert.equal(await put("Message-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\nSubject: Re: plan"), first);
    assert.equal(await put("Message-ID: <3@x>\r\nReferences: <0@x> <2@x>\r\nSubject: RE: [list] Plan"), first);
    assert.notEqual(await put("Message-ID: <4@x>\r\nReferences: <1@x>\r\nSubject: else"), first);
    assert.notEqual(await put("Message-ID: <5@x>\r\nSubject: plan"), first);
    assert.notEqual(await put("Message-ID: <6@x>\r\nIn-Reply-To: <1@x>\r\nSubject: Re: plan", s.bob), first);
  });
}
