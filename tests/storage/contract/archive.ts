/** Import: UIDs, dates and flags as they were, each message once, and what is kept for its way back. */
import assert from "node:assert/strict";
import type { AccountId, AnswerOf, Args, Origin, Uid } from "../../../src/contract/mod.ts";
import { granted, message, type Open, type Scene, sceneTest, uids } from "../scene.ts";

interface Wish {
  readonly text: string;
  readonly uid?: number;
  readonly origin?: Origin;
  readonly flags?: readonly string[];
}

async function take(
  s: Scene,
  path: string,
  wishes: readonly Wish[],
  accountId: AccountId = s.ann,
): Promise<AnswerOf<"email.import">> {
  const blobs = await Promise.all(wishes.map(({ text }) => s.seal(message(text))));
  const messages: Args<"email.import">["messages"] = wishes.map(({ uid, origin, flags }, i) => ({
    blobId: blobs[i]!.blobId,
    flags: flags ?? [],
    internalDate: 1000 + i,
    uid: uid === undefined ? null : uid as Uid,
    origin: origin ?? null,
  }));
  try {
    return await s.ask("email.import", { accountId, path, messages, now: 77 });
  } finally {
    for (const blob of blobs) blob.release();
  }
}

const from = (key: string): Origin => ({ key, name: `name of ${key}`, lineEnds: "crlf" });
const adopt = (s: Scene, path: string, uidValidity: number | null, uidNext: number | null = null) =>
  s.ask("mailbox.adopt", { accountId: s.ann, path, uidValidity, uidNext });

export function archiveContract(name: string, open: () => ReturnType<Open>): void {
  sceneTest(
    `${name}: what is imported keeps UID, flags and date, and a UID that is taken becomes the next`,
    open,
    async (s) => {
      const wishes = [
        { text: "a", uid: 3, flags: ["\\Seen", "Work"] },
        { text: "b", uid: 9 },
        { text: "c", uid: 9 },
        {
          text: "d",
        },
        { text: "e", uid: 4_294_967_295 },
        { text: "f", uid: 2 },
      ];
      const { uids: given } = granted(await take(s, "INBOX", wishes));
      assert.deepEqual(given, [3, 9, 10, 11, 12, 13]);
      const box = await s.mailbox(s.ann, "INBOX");
      assert.deepEqual([box.uidNext, box.messages, box.unseen], [14, 6, 5]);
      const rows = await s.rows(s.ann, box.mailboxId);
      assert.deepEqual(rows[0]!.flags, ["\\Seen", "Work"]);
      assert.deepEqual(
        rows.map(({ internalDate, saveDate }) => [internalDate - 1000, saveDate - 77]),
        [0, 1, 2, 3, 4, 5].map((at) => [at, 0]),
      );
      assert.deepEqual(
        (await s.ask("mailbox.open", { accountId: s.ann, path: "INBOX" }))!.uids,
        Uint32Array.of(3, 9, 10, 11, 12, 13),
      );
    },
  );

  sceneTest(`${name}: a message of an origin is imported once as long as it is there`, open, async (s) => {
    const wishes = [{ text: "a", origin: from("k1") }, { text: "b", origin: from("k2") }, {
      text: "a",
      origin: from("k1"),
    }];
    assert.deepEqual(granted(await take(s, "INBOX", wishes)).uids, [1, 2, null]);
    assert.deepEqual(granted(await take(s, "Trash", wishes)).uids, [null, null, null]);
    const keys = ["k1", "k2", "k3"];
    assert.deepEqual(await s.ask("email.known", { accountId: s.ann, keys }), [true, true, false]);
    assert.deepEqual(await s.ask("email.known", { accountId: s.bob, keys }), [false, false, false]);
    assert.deepEqual(granted(await take(s, "INBOX", wishes, s.bob)).uids, [1, 2, null]); // of each account
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    const rows = await s.rows(s.ann, mailboxId);
    const emailIds = rows.map(({ emailId }) => emailId);
    assert.deepEqual(await s.ask("email.origins", { accountId: s.ann, emailIds }), [from("k1"), from("k2")]);
    assert.deepEqual(await s.ask("email.origins", { accountId: s.bob, emailIds }), [null, null]);
    await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: uids(1), always: true });
    assert.deepEqual(await s.ask("email.known", { accountId: s.ann, keys }), [false, true, false]);
    assert.deepEqual(granted(await take(s, "INBOX", wishes)).uids, [3, null, null]);
  });

  sceneTest(
    `${name}: an import beyond the quota stores nothing, and what is there already needs no room`,
    open,
    async (s) => {
      await s.ask("account.change", { address: "ann@example.org", quota: { bytes: null, messages: 2 } });
      const wishes = [{ text: "a", origin: from("k1") }, { text: "b", origin: from("k2") }];
      granted(await take(s, "INBOX", wishes));
      assert.deepEqual(granted(await take(s, "INBOX", wishes)).uids, [null, null]);
      assert.deepEqual(await take(s, "INBOX", [...wishes, { text: "c", origin: from("k3") }]), {
        refused: "overQuota",
      });
      assert.deepEqual(await s.ask("email.known", { accountId: s.ann, keys: ["k3"] }), [false]);
      assert.deepEqual(await take(s, "nowhere", wishes), { refused: "notFound" });
    },
  );

  sceneTest(
    `${name}: a mailbox that never had a message takes another UIDVALIDITY, and no other does`,
    open,
    async (s) => {
      const validity = async (path: string) => (await s.mailbox(s.ann, path)).uidValidity;
      const before = await validity("INBOX");
      for (const wrong of [0, -1, 1.5, 4_000_000_001, NaN]) {
        assert.deepEqual(granted(await adopt(s, "INBOX", wrong)).adopted, false, String(wrong));
      }
      assert.deepEqual(granted(await adopt(s, "INBOX", null, 20)), {
        uidValidity: before,
        uidNext: 20,
        adopted: false,
      });
      assert.equal(granted(await adopt(s, "INBOX", 1_700_000_000)).adopted, false); // UIDs were given, for all that is known
      assert.equal(granted(await adopt(s, "Trash", 1_700_000_000)).adopted, true);
      assert.equal(granted(await adopt(s, "Trash", 1_700_000_000, 5)).adopted, true); // again is no matter
      assert.deepEqual([await validity("Trash"), (await s.mailbox(s.ann, "Trash")).uidNext], [1_700_000_000, 5]);
      assert.equal(granted(await adopt(s, "Junk", 1_700_000_000)).adopted, false); // another's
      assert.deepEqual(granted(await take(s, "Trash", [{ text: "a", uid: 6 }])).uids, [6]);
      assert.equal(granted(await adopt(s, "Trash", 1_700_000_001)).adopted, false);
      assert.equal(granted(await adopt(s, "Trash", null, 4_294_967_295)).uidNext, 7);
      assert.deepEqual(await adopt(s, "nowhere", 1), { refused: "notFound" });
    },
  );

  sceneTest(`${name}: a name that is used again gets a higher UIDVALIDITY than it ever had`, open, async (s) => {
    const make = async (path: string) =>
      granted(await s.ask("mailbox.create", { accountId: s.ann, path, role: null })).uidValidity;
    await make("Work");
    granted(await adopt(s, "Work", 1_700_000_000));
    granted(await s.ask("mailbox.delete", { accountId: s.ann, path: "Work" }));
    assert.ok(await make("Work") > 1_700_000_000);
    assert.equal(granted(await adopt(s, "Work", 1_700_000_000)).adopted, false);
    assert.equal(granted(await adopt(s, "Work", 1_800_000_000)).adopted, true);
    granted(await s.ask("mailbox.rename", { accountId: s.ann, path: "Work", newPath: "Old" }));
    assert.ok(await make("Work") > 1_800_000_000);
    const other = await s.ask("mailbox.create", { accountId: s.bob, path: "Work", role: null });
    assert.ok(granted(other).uidValidity < 1_700_000_000); // another account's numbers stay as they were
  });
}
