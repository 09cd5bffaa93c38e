/** How accounts want mail delivered, what filters remember, and deliveries of one message with bodies of their own. */
import assert from "node:assert/strict";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { DELIVERY_LIMITS, MAILBOX_SCRIPT_ENTRY } from "../../../src/contract/mod.ts";
import type { AcceptArgs, AccountId, Args, BlobId, Delivery, TraceId } from "../../../src/contract/mod.ts";
import { granted, type Open, type Scene, sceneTest, SENDER } from "../scene.ts";

const ANN = "ann@example.org";
const BOB = "bob@example.org";
const EMPTY = new Uint8Array(0);
const refused = (answer: unknown) => (answer as { refused?: string }).refused;

const bodyOf = async (s: Scene, text: string) => (await s.seal(utf8Bytes(text))).blobId;
const idOf = async (s: Scene, address: string) => (await s.ask("account.get", { address }))!.accountId;

function accepting(blobId: BlobId, deliveries: readonly Delivery[], more: Partial<AcceptArgs> = {}): AcceptArgs {
  return {
    traceId: "t.1" as TraceId,
    sender: SENDER,
    blobId,
    deliveries,
    queued: [],
    journal: [],
    now: 1_000,
    overQuota: "refuse",
    ...more,
  };
}

const delivery = (accountId: AccountId, target: Delivery["target"], more: Partial<Delivery> = {}): Delivery => ({
  accountId,
  recipient: ANN,
  target,
  flags: [],
  prefix: EMPTY,
  internalDate: 1_000,
  ...more,
});

const path = async (s: Scene, accountId: AccountId, name: string) =>
  (await s.ask("mailbox.get", { accountId, path: name }))?.messages ?? null;

export function deliveryContract(name: string, open: Open): void {
  sceneTest(`${name}: settings of delivery are kept, changed in part, and bounded`, open, async (s) => {
    const nothing = {
      vacation: null,
      subaddressFolders: false,
      lists: {},
      forward: [],
      targets: [],
      keep: true,
      duplicates: null,
    };
    assert.deepEqual(await s.ask("delivery.settings", { address: ANN }), nothing);
    const vacation = { enabled: true, from: null, to: null, subject: null, text: "away" };
    granted(await s.ask("delivery.change", { address: ANN, change: { vacation } }));
    granted(await s.ask("delivery.change", { address: ANN, change: { lists: { ":friends": [BOB] } } }));
    const all = { ...nothing, vacation, lists: { ":friends": [BOB] } };
    assert.deepEqual(await s.ask("delivery.settings", { address: ANN }), all);
    const read = await s.ask("delivery.read", { accountId: await idOf(s, ANN) });
    assert.deepEqual(read, { address: ANN, script: null, settings: all });
    assert.deepEqual(await s.ask("delivery.settings", { address: BOB }), nothing);
    assert.equal(refused(await s.ask("delivery.settings", { address: "nobody@example.org" })), "notFound");
    const wrong = [
      { vacation: { ...vacation, text: "x".repeat(DELIVERY_LIMITS.vacationText + 1) } },
      { vacation: { ...vacation, text: " " } },
      { vacation: { ...vacation, subject: "a\r\nBcc: x" } },
      { vacation: { ...vacation, from: 5, to: 5 } },
      { lists: { "a b": [] } },
      { forward: ["no address"] },
      { forward: [ANN.toUpperCase()] },
      { forward: Array.from({ length: DELIVERY_LIMITS.forward + 1 }, (_, i) => `a${i}@example.org`) },
      { targets: ["maildir:../etc"] },
      { targets: Array.from({ length: DELIVERY_LIMITS.targets + 1 }, (_, i) => `a${i}`) },
      { duplicates: 0 },
      { duplicates: DELIVERY_LIMITS.duplicates + 1 },
      { lists: { "a": ["no address"] } },
      { lists: { "a": Array.from({ length: DELIVERY_LIMITS.listMembers + 1 }, (_, i) => `a${i}@example.org`) } },
      { lists: Object.fromEntries(Array.from({ length: DELIVERY_LIMITS.lists + 1 }, (_, i) => [`l${i}`, []])) },
    ];
    for (const change of wrong) {
      assert.equal(refused(await s.ask("delivery.change", { address: ANN, change })), "invalid");
    }
    assert.deepEqual(await s.ask("delivery.settings", { address: ANN }), all);
  });

  sceneTest(`${name}: a key is remembered until its time, for its account, and goes with it`, open, async (s) => {
    const [ann, bob] = [await idOf(s, ANN), await idOf(s, BOB)];
    const blobId = await bodyOf(s, "Subject: x\r\n\r\nx");
    const remember = [{ accountId: ann, key: "k", until: 2_000 }];
    granted(await s.ask("mail.accept", accepting(blobId, [delivery(ann, { role: "inbox" })], { remember })));
    const seen = (accountId: AccountId, now: number) => s.ask("delivery.seen", { accountId, key: "k", now });
    assert.deepEqual([await seen(ann, 1_999), await seen(ann, 2_000), await seen(bob, 1_999)], [true, false, false]);
  });

  sceneTest(
    `${name}: what comes for an account a second time with a key of once is left out, rows and all`,
    open,
    async (s) => {
      const [ann, bob] = [await idOf(s, ANN), await idOf(s, BOB)];
      const blobId = await bodyOf(s, "Subject: x\r\n\r\nx");
      const row = (accountId: AccountId, address: string) => ({
        recipient: { forwardPath: address, notify: null, orcpt: null },
        domain: null,
        route: "deliver:maildir:home {}",
        accountId,
        prefix: EMPTY,
        dueAt: 5_000,
        expiresAt: 9_000,
      });
      const remember = [{ accountId: ann, key: "id", until: 2_000, once: true as const }];
      const deliveries = [delivery(ann, { role: "inbox" }), delivery(bob, { role: "inbox" }, { recipient: BOB })];
      const more = { remember, queued: [row(ann, ANN), row(bob, BOB)] };
      const take = async (now: number) => {
        const answer = await s.ask("mail.accept", accepting(blobId, deliveries, { ...more, now }));
        assert.ok("stored" in answer);
        return answer.stored.map(({ recipient }) => recipient).sort();
      };
      assert.deepEqual(await take(1_000), [ANN, BOB]);
      assert.deepEqual(await take(1_999), [BOB]);
      assert.deepEqual(await take(2_000), [ANN, BOB]);
      const rows = await s.ask("queue.list", { after: null, limit: 10 });
      assert.deepEqual(rows.map(({ recipient }) => recipient.forwardPath), [ANN, BOB, BOB, ANN, BOB]);
      assert.ok(rows.every(({ route }) => route === "deliver:maildir:home {}"));
      const [job] = await s.ask("queue.claim", { owner: "w", now: 6_000, leaseMs: 1_000, limit: 1 });
      assert.deepEqual([job?.route, job?.domain], ["deliver:maildir:home {}", null]);
      const told = await s.ask("journal.read", { traceId: "t.1" as TraceId });
      assert.equal(told.filter(({ event, recipient }) => event === "discarded" && recipient === ANN).length, 1);
    },
  );

  sceneTest(`${name}: what is remembered is bounded; what ends first makes room`, open, async (s) => {
    const ann = await idOf(s, ANN);
    const blobId = await bodyOf(s, "Subject: x\r\n\r\nx");
    const keys = Array.from({ length: DELIVERY_LIMITS.remembered + 1 }, (_, i) => ({
      accountId: ann,
      key: `k${i}`,
      until: 10_000_000 + i,
    }));
    granted(await s.ask("mail.accept", accepting(blobId, [], { remember: keys })));
    const seen = (key: string) => s.ask("delivery.seen", { accountId: ann, key, now: 1 });
    assert.deepEqual([await seen("k0"), await seen("k1"), await seen(`k${DELIVERY_LIMITS.remembered}`)], [
      false,
      true,
      true,
    ]);
  });

  sceneTest(
    `${name}: one message is delivered as several bodies, into a mailbox that is made for it`,
    open,
    async (s) => {
      const ann = await idOf(s, ANN);
      const blobId = await bodyOf(s, "Subject: one\r\n\r\nx");
      const other = await bodyOf(s, "Subject: two\r\n\r\nx");
      granted(
        await s.ask(
          "mail.accept",
          accepting(blobId, [
            delivery(ann, { path: "New/Box", create: { role: null } }),
            delivery(ann, { role: "inbox" }, { blobId: other }),
            delivery(ann, { path: "a//b", create: { role: null } }),
            delivery(ann, { path: "Gone" }),
          ]),
        ),
      );
      assert.deepEqual([await path(s, ann, "New/Box"), await path(s, ann, "INBOX")], [1, 2]);
      assert.equal((await s.ask("account.get", { address: ANN }))!.usage.messages, 2);
    },
  );

  sceneTest(`${name}: a full account is sent nothing for, and what is optional is left out alone`, open, async (s) => {
    const [ann, bob] = [await idOf(s, ANN), await idOf(s, BOB)];
    const blobId = await bodyOf(s, "Subject: one\r\n\r\nx");
    const large = await bodyOf(s, `Subject: two\r\n\r\n${"x".repeat(500)}`);
    granted(await s.ask("account.change", { address: ANN, quota: { bytes: 100, messages: null } }));
    const entry = {
      recipient: { forwardPath: "x@else.example", notify: null, orcpt: null },
      domain: "else.example",
      prefix: EMPTY,
      dueAt: 1,
      expiresAt: 9e12,
    };
    const args = accepting(
      blobId,
      [
        delivery(ann, { role: "inbox" }),
        delivery(ann, { role: "sent" }, { blobId: large, optional: true }),
      ],
      { queued: [{ ...entry, after: ann }], remember: [{ accountId: ann, key: "k", until: 9e12 }] },
    );
    const answer = granted(await s.ask("mail.accept", args));
    assert.deepEqual(answer.overQuota, []);
    assert.deepEqual([await path(s, ann, "INBOX"), await path(s, ann, "Sent")], [1, 0]);
    assert.equal((await s.ask("queue.list", { after: null, limit: 9 })).length, 1);
    const full = accepting(
      large,
      [delivery(ann, { role: "inbox" }), delivery(bob, { role: "inbox" }, { recipient: BOB })],
      {
        overQuota: "skip",
        queued: [{ ...entry, after: ann }, { ...entry, after: bob }],
        remember: [{ accountId: ann, key: "later", until: 9e12 }],
      },
    );
    assert.deepEqual(granted(await s.ask("mail.accept", full)).overQuota, [ANN]);
    assert.equal(await path(s, bob, "INBOX"), 1);
    assert.equal((await s.ask("queue.list", { after: null, limit: 9 })).length, 2);
    assert.equal(await s.ask("delivery.seen", { accountId: ann, key: "later", now: 1 }), false);
  });

  sceneTest(`${name}: into another's mailbox with the right p or i, else into one's own INBOX`, open, async (s) => {
    const [ann, bob] = [await idOf(s, ANN), await idOf(s, BOB)];
    const blobId = await bodyOf(s, "Subject: one\r\n\r\nx");
    const there = `Other Users/${BOB}/Archive`;
    const put = async () => granted(await s.ask("mail.accept", accepting(blobId, [delivery(ann, { path: there })])));
    await put();
    assert.deepEqual([await path(s, ann, "INBOX"), await path(s, bob, "Archive")], [1, 0]);
    granted(
      await s.ask("acl.set", { accountId: bob, path: "Archive", identifier: ANN, mode: "replace", rights: "lp" }),
    );
    await put();
    assert.deepEqual([await path(s, ann, "INBOX"), await path(s, bob, "Archive")], [1, 1]);
    assert.equal((await s.ask("account.get", { address: BOB }))!.usage.messages, 1);
  });

  sceneTest(
    `${name}: the script of a mailbox is told to whoever reaches the mailbox, and to nobody else`,
    open,
    async (s) => {
      const [ann, bob] = [await idOf(s, ANN), await idOf(s, BOB)];
      const box = (await s.ask("mailbox.get", { accountId: ann, path: "Archive" }))!;
      const asked = (accountId: AccountId, mailbox: Args<"delivery.mailboxScript">["mailbox"]) =>
        s.ask("delivery.mailboxScript", { accountId, mailbox });
      const { mailboxId } = box;
      assert.equal(await asked(ann, { mailboxId }), null);
      const values = [{ entry: MAILBOX_SCRIPT_ENTRY, value: utf8Bytes("box") }];
      granted(await s.ask("metadata.set", { accountId: ann, path: "Archive", values }));
      const found = { ownerId: ann, mailboxId, path: "Archive", script: "box" };
      assert.deepEqual(await asked(ann, { mailboxId }), found);
      assert.deepEqual(await asked(ann, { path: "archive" }), null);
      assert.deepEqual(await asked(ann, { path: "Archive" }), found);
      const there = `Other Users/${ANN}/Archive`;
      for (const mailbox of [{ mailboxId }, { path: there }]) assert.equal(await asked(bob, mailbox), null);
      granted(
        await s.ask("acl.set", { accountId: ann, path: "Archive", identifier: BOB, mode: "replace", rights: "lr" }),
      );
      for (const mailbox of [{ mailboxId }, { path: there }]) assert.deepEqual(await asked(bob, mailbox), found);
    },
  );
}
