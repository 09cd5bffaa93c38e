/** Quota roots and what expunging would free. */
import assert from "node:assert/strict";
import { granted, message, type Open, sceneTest, uids } from "../scene.ts";

export function quotaContract(name: string, open: Open): void {
  sceneTest(`${name}: a quota root tells limits and usage of its account alone`, open, async (s) => {
    await s.filled("INBOX", "one", "two");
    const size = 2 * message("one").length;
    await s.ask("account.change", { address: "ann@example.org", quota: { bytes: 5000, messages: 3 } });
    const root = {
      address: "ann@example.org",
      quota: { bytes: 5000, messages: 3 },
      usage: { bytes: size, messages: 2 },
    };
    for (const path of [null, "INBOX", "not there"]) {
      assert.deepEqual(await s.ask("quota.get", { accountId: s.ann, path }), root);
    }
    assert.deepEqual(await s.ask("quota.get", { accountId: s.bob, path: null }), {
      address: "bob@example.org",
      quota: { bytes: null, messages: null },
      usage: { bytes: 0, messages: 0 },
    });
  });

  sceneTest(`${name}: the storage of deleted emails leaves out those that another mailbox keeps`, open, async (s) => {
    const { mailboxId } = await s.filled("INBOX", "one", "three", "four");
    const here = { accountId: s.ann, mailboxId };
    assert.equal(await s.ask("mailbox.deletedStorage", here), 0);
    granted(await s.ask("email.copy", { ...here, ranges: uids(1), path: "Archive", now: 9 }));
    await s.ask("email.flags", { ...here, ranges: uids(1, 2), mode: "add", flags: ["\\Deleted"] });
    assert.equal(await s.ask("mailbox.deletedStorage", here), message("three").length);
    const before = (await s.ask("quota.get", { accountId: s.ann, path: null })).usage.bytes;
    await s.ask("email.expunge", { ...here, ranges: null });
    const after = (await s.ask("quota.get", { accountId: s.ann, path: null })).usage.bytes;
    assert.equal(before - after, message("three").length);
    assert.equal(await s.ask("mailbox.deletedStorage", here), 0);
    assert.equal(await s.ask("mailbox.deletedStorage", { accountId: s.bob, mailboxId }), 0);
  });
}
