/** What holds of every operation: all or nothing, blobs live as long as somebody needs them, closing ends. */
import assert from "node:assert/strict";
import type { AccountId, QueueEntry, TraceId } from "../../../src/contract/mod.ts";
import { ALL, granted, message, type Open, sceneTest } from "../scene.ts";

export function transactionContract(name: string, open: Open): void {
  sceneTest(`${name}: an operation that fails half-way leaves nothing, and its neighbours stand`, open, async (s) => {
    const first: QueueEntry = {
      recipient: { forwardPath: "x@one.example", notify: null, orcpt: null },
      domain: "one.example",
      prefix: new Uint8Array(0),
      dueAt: 1,
      expiresAt: 2,
    };
    granted(await s.accept(message("x"), { queued: [first] }));
    const [job] = await s.ask("queue.claim", { owner: "n1", now: 1, leaseMs: 50, limit: 1 });
    const before = await snapshot();
    const gone = s.acceptArgs(job!.blobId, { deliveries: [s.delivery("a99999" as AccountId, "gone@example.org")] });
    const fine = s.acceptArgs(job!.blobId, { deliveries: [s.delivery(s.ann, "ann@example.org")] });
    const queueId = job!.recipients[0]!.queueId;
    const settling = s.ask("queue.settle", {
      owner: "n1",
      outcomes: [{ queueId, outcome: "deferred", reply: "450", dueAt: 99 }],
      notices: [fine, gone], // the first writes, the second fails
      journal: [{ at: 1, event: "e", recipient: null, detail: "d" }],
      traceId: "half.way" as TraceId,
      now: 1,
    });
    const settled = assert.rejects(settling, { name: "StorageError", reason: "unavailable" });
    const neighbour = s.append(s.bob, "INBOX", message("neighbour"));
    await settled;
    granted(await neighbour);
    assert.deepEqual(await snapshot(), before);
    granted(await s.append(s.ann, "INBOX", message("later")));
    assert.equal((await s.mailbox(s.ann, "INBOX")).messages, 1);

    async function snapshot() {
      return [
        await s.ask("mailbox.list", { accountId: s.ann }),
        await s.ask("account.get", { address: "ann@example.org" }),
        await s.ask("queue.list", { after: null, limit: 9 }),
        await s.ask("queue.next", {}),
        await s.ask("journal.read", { traceId: "half.way" as TraceId }),
      ];
    }
  });

  sceneTest(`${name}: a blob lives while it is held or referred to, and goes at reclaim`, open, async (s) => {
    const bytes = message("body");
    const blob = await s.seal(bytes);
    const twin = await s.seal(bytes);
    assert.equal(twin.blobId, blob.blobId);
    const deliveries = [s.delivery(s.ann, "ann@example.org")];
    granted(await s.ask("mail.accept", s.acceptArgs(blob.blobId, { deliveries })));
    blob.release();
    blob.release(); // twice counts once
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: ALL, always: true });
    await s.reclaimAll();
    assert.deepEqual(await s.whole(blob.blobId), bytes); // the twin holds it
    twin.release();
    await s.reclaimAll();
    await assert.rejects(s.store.readBlob(blob.blobId, 0, 10), { reason: "bug" });
    assert.equal(await s.ask("blob.index", { blobId: blob.blobId }), null);
    granted(await s.append(s.ann, "INBOX", bytes)); // and it may come again
    assert.deepEqual(await s.whole(blob.blobId), bytes);
    await s.reclaimAll();
    assert.deepEqual(await s.whole(blob.blobId), bytes);
  });

  sceneTest(`${name}: what was removed can be read until the second reclaim`, open, async (s) => {
    for (const size of [10, 100_000]) {
      const bytes = message("x".repeat(size));
      granted(await s.append(s.ann, "INBOX", bytes));
      const { mailboxId } = await s.mailbox(s.ann, "INBOX");
      const [row] = await s.rows(s.ann, mailboxId);
      await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: ALL, always: true });
      await s.store.reclaim(); // somebody may be in the middle of sending it
      assert.deepEqual(await s.whole(row!.blobId), bytes);
      await s.store.reclaim();
      await assert.rejects(s.store.readBlob(row!.blobId, 0, 10), { reason: "bug" });
    }
  });

  sceneTest(`${name}: a writer that was aborted or ended takes nothing more`, open, async (s) => {
    const writer = s.store.createBlob();
    writer.write(new Uint8Array(100_000));
    writer.abort();
    assert.throws(() => writer.write(new Uint8Array(1)));
    await assert.rejects(
      s.append(s.ann, "INBOX", message("a")).then(() =>
        s.ask("blob.read", {
          accountId: s.ann,
          blobId: "bnonsense" as never,
          start: 0,
          end: 1,
        })
      ),
      { reason: "bug" },
    );
  });

  sceneTest(`${name}: a message without its blob, and a closed store, are failures`, open, async (s) => {
    const args = s.acceptArgs("b00" as never, { deliveries: [s.delivery(s.ann, "ann@example.org")] });
    await assert.rejects(s.ask("mail.accept", args), { reason: "bug" });
    assert.equal((await s.mailbox(s.ann, "INBOX")).messages, 0);
    const late = s.append(s.ann, "INBOX", message("last"));
    granted(await late);
    await s.store.close();
    await assert.rejects(s.ask("domain.list", {}), { reason: "unavailable" });
    await assert.rejects(s.store.readBlob("b00" as never, 0, 1), { reason: "unavailable" });
  });
}
