/** Emails and mailboxes by their ids, and what changed: a client that only follows changes knows what is there. */
import assert from "node:assert/strict";
import type {
  ChangesPoint,
  EmailChange,
  EmailId,
  EmailUpdate,
  MailboxId,
  Modseq,
  NewEmail,
} from "../../../src/contract/mod.ts";
import { ALL, granted, message, type Open, type Scene, sceneTest, uids } from "../scene.ts";

const NEVER = "ezzzz" as EmailId;
const START: ChangesPoint = { modseq: 0 as Modseq, emailId: null };

/** All emails of ann, by their ids. */
async function emails(s: Scene): Promise<Map<EmailId, string>> {
  const found = new Map<EmailId, { boxes: Set<string>; flags: readonly string[] }>();
  for (const { mailboxId } of await s.ask("mailbox.list", { accountId: s.ann })) {
    for (const row of await s.rows(s.ann, mailboxId)) {
      if (row.flags.includes("\\Deleted")) continue;
      const email = found.get(row.emailId) ?? { boxes: new Set<string>(), flags: row.flags };
      email.boxes.add(mailboxId);
      found.set(row.emailId, email);
    }
  }
  return new Map(Array.from(found, ([id, { boxes, flags }]) => [id, `${[...boxes].sort()} ${[...flags].sort()}`]));
}

async function textsOf(s: Scene, emailIds: readonly EmailId[]): Promise<Map<EmailId, string>> {
  const rows = await s.ask("email.objects", { accountId: s.ann, emailIds, fields: [] });
  return new Map(rows.map((row) => [row.emailId, `${[...row.mailboxIds].sort()} ${[...row.flags].sort()}`]));
}

/** Follows the changes in pages. */
async function follow(s: Scene, known: Map<EmailId, string>, from: ChangesPoint, limit: number): Promise<ChangesPoint> {
  for (let since = from;;) {
    const page = granted(await s.ask("email.changes", { accountId: s.ann, since, limit }));
    assert.ok(page.changes.length <= limit);
    for (const { emailId, kind } of page.changes) {
      if (kind === "destroyed") known.delete(emailId);
      else if (kind === "updated") assert.ok(known.has(emailId), `${emailId} changed and never came`);
    }
    const ids = page.changes.filter(({ kind }) => kind !== "destroyed").map(({ emailId }) => emailId);
    for (const [id, text] of await textsOf(s, ids)) known.set(id, text);
    if (!page.hasMore) return page.upTo;
    assert.notDeepEqual(page.upTo, since);
    since = page.upTo;
  }
}

async function set(s: Scene, more: {
  create?: readonly NewEmail[];
  update?: readonly EmailUpdate[];
  destroy?: readonly EmailId[];
  ifState?: Modseq;
}, accountId = s.ann) {
  return await s.ask("email.set", { accountId, ownerId: s.ann, ...more, now: 9 });
}

async function boxes(s: Scene): Promise<Record<string, MailboxId>> {
  const all = await s.ask("mailbox.list", { accountId: s.ann });
  return Object.fromEntries(all.map(({ path, mailboxId }) => [path, mailboxId]));
}

export function objectsContract(name: string, open: Open): void {
  sceneTest(
    `${name}: an email is made in several mailboxes, changed, moved and destroyed by its id`,
    open,
    async (s) => {
      const { INBOX, Archive, Drafts } = await boxes(s) as Record<"INBOX" | "Archive" | "Drafts", MailboxId>;
      const blob = await s.seal(message("hello"));
      const email = { blobId: blob.blobId, mailboxIds: [INBOX, Archive], flags: ["\\Seen", "k"], internalDate: 77 };
      const made = granted(await set(s, { create: [email, { ...email, mailboxIds: [] }] }));
      blob.release();
      assert.deepEqual(made.created[1], { refused: "noMailbox" });
      const { emailId, size } = granted(made.created[0]!);
      assert.equal(size, message("hello").length);
      const [row] = await s.ask("email.objects", {
        accountId: s.ann,
        emailIds: [emailId, NEVER],
        fields: ["envelope", "structure", "header"],
      });
      assert.deepEqual([row!.mailboxIds, row!.flags, row!.internalDate], [
        [INBOX, Archive].sort(),
        ["\\Seen", "k"],
        77,
      ]);
      assert.equal(row!.envelope!.subject, "hi");
      assert.equal(row!.structure!.type, "text");
      assert.equal(new TextDecoder().decode(row!.header), "Subject: hi\r\n\r\n");
      const update = [
        { emailId, flags: { add: ["\\Flagged"], remove: ["k"] }, mailboxIds: { replace: [Drafts] } },
        { emailId: NEVER, flags: { add: ["x"] } },
        { emailId, mailboxIds: { remove: [Drafts] } },
        { emailId, mailboxIds: { add: ["mzzz" as MailboxId] } },
      ];
      const done = granted(await set(s, { update }));
      assert.deepEqual(done.updated, [{ done: true }, { refused: "notFound" }, { refused: "noMailbox" }, {
        refused: "badMailbox",
      }]);
      const [moved] = await s.ask("email.objects", { accountId: s.ann, emailIds: [emailId], fields: [] });
      assert.deepEqual([moved!.mailboxIds, moved!.flags], [[Drafts], ["\\Flagged", "\\Seen"]]);
      assert.deepEqual((await s.ask("quota.get", { accountId: s.ann, path: null })).usage.messages, 1);
      assert.deepEqual(await set(s, { destroy: [emailId], ifState: made.newState }), { refused: "stateMismatch" });
      const gone = granted(await set(s, { destroy: [emailId, emailId], ifState: done.newState }));
      assert.deepEqual(gone.destroyed, [{ done: true }, { refused: "notFound" }]);
      assert.deepEqual((await s.ask("quota.get", { accountId: s.ann, path: null })).usage.messages, 0);
      const news = granted(
        await s.ask("email.changes", { accountId: s.ann, since: { ...START, modseq: done.newState }, limit: 9 }),
      );
      assert.deepEqual(news.changes.map(({ emailId, kind }) => [emailId, kind]), [[emailId, "destroyed"]]);
    },
  );

  sceneTest(`${name}: what bears \\Deleted is not there by its id, and comes back as new`, open, async (s) => {
    const { mailboxId } = await s.filled("INBOX", "one");
    const [row] = await s.rows(s.ann, mailboxId);
    const flag = (mode: "add" | "remove") =>
      s.ask("email.flags", { accountId: s.ann, mailboxId, ranges: uids(1), mode, flags: ["\\Deleted"] });
    const state = await s.ask("account.state", { accountId: s.ann });
    const kinds = async (since: Modseq): Promise<readonly EmailChange["kind"][]> => {
      const news = await s.ask("email.changes", { accountId: s.ann, since: { ...START, modseq: since }, limit: 9 });
      return granted(news).changes.map(({ kind }) => kind);
    };
    const { modseq } = await flag("add");
    assert.equal((await textsOf(s, [row!.emailId])).size, 0);
    assert.deepEqual(await kinds(state), ["destroyed"]);
    await flag("remove");
    assert.deepEqual(await kinds(modseq), ["created"]);
    assert.equal((await textsOf(s, [row!.emailId])).size, 1);
  });

  sceneTest(`${name}: whoever follows changes in pages knows what is there`, open, async (s) => {
    const random = randomNumbers(20261124);
    const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
    await s.ask("mailbox.create", { accountId: s.ann, path: "Work", role: null });
    const known = new Map<EmailId, string>();
    const folders = new Map<MailboxId, string>();
    let [since, seen]: [ChangesPoint, Modseq] = [START, 0 as Modseq];
    for (let round = 0; round < 60; round++) {
      const all = await boxes(s);
      const ids = [...(await emails(s)).keys()];
      const mailboxId = pick(Object.values(all));
      const ranges = uids(1 + random(6), 1 + random(12));
      switch (random(9)) {
        case 0:
        case 1:
          await s.filled(pick(Object.keys(all)), `${round}`, `${round}b`);
          break;
        case 2:
          await s.ask("email.copy", { accountId: s.ann, mailboxId, ranges, path: pick(Object.keys(all)), now: 9 });
          break;
        case 3:
          await s.ask("email.move", { accountId: s.ann, mailboxId, ranges, path: pick(Object.keys(all)), now: 9 });
          break;
        case 4: {
          const flags = pick([["\\Seen"], ["\\Deleted"], ["k", "\\Flagged"]]);
          await s.ask("email.flags", { accountId: s.ann, mailboxId, ranges, mode: pick(["add", "remove"]), flags });
          break;
        }
        case 5:
          await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: null });
          break;
        case 6:
          if (ids.length > 0) {
            const mailboxIds = { replace: [mailboxId, pick(Object.values(all))] };
            await set(s, { update: [{ emailId: pick(ids), mailboxIds, flags: { add: ["j"] } }], destroy: [pick(ids)] });
          }
          break;
        case 7:
          if (all["Work"]) {
            await s.ask("mailbox.destroy", { accountId: s.ann, mailboxId: all["Work"], emails: random(2) > 0 });
          } else await s.ask("mailbox.create", { accountId: s.ann, path: "Work", role: null });
          break;
        case 8:
          await s.ask("mailbox.update", {
            accountId: s.ann,
            mailboxId,
            patch: pick([{ sortOrder: random(9) }, { isSubscribed: random(2) > 0 }, { name: `N${random(4)}` }]),
          });
      }
      if (random(3) > 0) continue;
      since = await follow(s, known, since, 1 + random(7));
      assert.deepEqual(new Map([...known].sort()), new Map([...await emails(s)].sort()), `round ${round}`);
      seen = await followMailboxes(s, folders, seen);
    }
  });

  sceneTest(`${name}: mailboxes have parents, places and roles`, open, async (s) => {
    const make = (name: string, parentId: MailboxId | null, more = {}) =>
      s.ask("mailbox.make", {
        accountId: s.ann,
        name,
        parentId,
        role: null,
        sortOrder: 0,
        isSubscribed: false,
        ...more,
      });
    const top = granted(await make("Top", null, { sortOrder: 7, isSubscribed: true }));
    assert.deepEqual([top.name, top.parentId, top.sortOrder, top.subscribed], ["Top", null, 7, true]);
    const low = granted(await make("Low", top.mailboxId));
    assert.deepEqual([low.path, low.parentId], ["Top/Low", top.mailboxId]);
    assert.deepEqual(await make("Low", top.mailboxId), { refused: "exists" });
    assert.deepEqual(await make("a/b", null), { refused: "invalidName" });
    assert.deepEqual(await make("x", "mzzz" as MailboxId), { refused: "badParent" });
    assert.deepEqual(await make("x", null, { role: "sent" }), { refused: "roleTaken" });
    const update = (mailboxId: MailboxId, patch: object) =>
      s.ask("mailbox.update", { accountId: s.ann, mailboxId, patch });
    assert.deepEqual(await update(top.mailboxId, { parentId: low.mailboxId }), { refused: "badParent" });
    const { INBOX, Sent } = await boxes(s) as Record<string, MailboxId>;
    assert.deepEqual(await update(INBOX!, { name: "x" }), { refused: "isInbox" });
    assert.deepEqual(await update(low.mailboxId, { role: "sent" }), { refused: "roleTaken" });
    assert.deepEqual(await update(Sent!, { role: null }), { done: true });
    assert.deepEqual(await update(low.mailboxId, { role: "sent", parentId: null, name: "Out" }), { done: true });
    const all = await s.ask("mailbox.objects", { accountId: s.ann });
    const out = all.mailboxes.find(({ mailboxId }) => mailboxId === low.mailboxId)!;
    assert.deepEqual([out.path, out.role, out.parentId], ["Out", "sent", null]);
    const destroy = (mailboxId: MailboxId, emails = false) =>
      s.ask("mailbox.destroy", { accountId: s.ann, mailboxId, emails });
    granted(await s.append(s.ann, "Out", message("x")));
    assert.deepEqual(await destroy(low.mailboxId), { refused: "hasEmails" });
    assert.deepEqual(await destroy(low.mailboxId, true), { done: true });
    assert.deepEqual(await destroy(low.mailboxId), { refused: "notFound" });
    assert.deepEqual(await destroy(INBOX!), { refused: "isInbox" });
  });

  sceneTest(`${name}: another's mailboxes by their ids, as far as rights go`, open, async (s) => {
    granted(await s.ask("mailbox.create", { accountId: s.ann, path: "Work", role: null }));
    const { mailboxId } = await s.filled("Work", "one");
    await s.filled("INBOX", "own");
    const [row] = await s.rows(s.ann, mailboxId);
    const grant = (rights: string) =>
      s.ask("acl.set", { accountId: s.ann, path: "Work", identifier: "bob@example.org", mode: "replace", rights });
    granted(await grant("lr"));
    assert.deepEqual(await s.ask("acl.owners", { accountId: s.bob }), [{
      accountId: s.ann,
      address: "ann@example.org",
      rights: "lr",
    }]);
    const asBob = { accountId: s.bob, ownerId: s.ann };
    const { mailboxes } = await s.ask("mailbox.objects", asBob);
    assert.deepEqual(mailboxes.map((one) => [one.mailboxId, one.rights, one.name]), [[mailboxId, "lr", "Work"]]);
    const news = granted(await s.ask("email.changes", { ...asBob, since: START, limit: 9 }));
    assert.deepEqual(news.changes.map(({ emailId }) => emailId), [row!.emailId]);
    const seen = { emailId: row!.emailId, flags: { add: ["\\Seen"] } };
    const tried = granted(await set(s, { update: [seen], destroy: [row!.emailId] }, s.bob));
    assert.deepEqual([tried.updated[0], tried.destroyed[0]], [{ refused: "noPermission" }, {
      refused: "noPermission",
    }]);
    granted(await grant("lrste"));
    // What he might see was something else then.
    assert.deepEqual(await s.ask("email.changes", { ...asBob, since: news.upTo, limit: 9 }), { refused: "tooOld" });
    const { modseq } = news.upTo;
    assert.deepEqual(await s.ask("mailbox.objectChanges", { ...asBob, since: modseq }), { refused: "tooOld" });
    const since = { modseq: await s.ask("account.state", asBob), emailId: null };
    const [own] = await s.rows(s.ann, (await boxes(s))["INBOX"]!);
    granted(await set(s, { destroy: [own!.emailId] }));
    const done = granted(await set(s, { update: [seen], destroy: [row!.emailId] }, s.bob));
    assert.deepEqual([done.updated[0], done.destroyed[0]], [{ done: true }, { done: true }]);
    // Of what he never saw he does not hear that it is gone.
    const gone = granted(await s.ask("email.changes", { ...asBob, since, limit: 9 }));
    assert.deepEqual(gone.changes.map(({ emailId, kind }) => [emailId, kind]), [[row!.emailId, "destroyed"]]);
    const before = await s.ask("account.state", asBob);
    granted(
      await s.ask("mailbox.subscribe", {
        accountId: s.bob,
        path: "Other Users/ann@example.org/Work",
        subscribed: true,
      }),
    );
    const told = granted(await s.ask("mailbox.objectChanges", { ...asBob, since: before }));
    assert.deepEqual([told.updated, told.at[mailboxId]], [[mailboxId], told.state]);
    granted(await grant(""));
    assert.deepEqual((await s.ask("mailbox.objects", asBob)).mailboxes, []);
    assert.equal(await s.ask("account.state", asBob), 0);
    assert.deepEqual(await s.ask("acl.owners", { accountId: s.bob }), []);
  });

  sceneTest(`${name}: objects of accounts come, change and go, and what happened is told`, open, async (s) => {
    const of = { accountId: s.ann, kind: "identity" } as const;
    const made = granted(await s.ask("object.set", { ...of, create: ["one", "two"] }));
    const [one, two] = made.created as [string, string];
    const { objects } = await s.ask("object.list", { ...of, ids: null });
    assert.deepEqual(objects.map(({ objectId, value }) => [objectId, value]), [[one, "one"], [two, "two"]]);
    assert.deepEqual((await s.ask("object.list", { ...of, ids: [two, "izzz", "s1"] })).objects.length, 1);
    assert.deepEqual((await s.ask("object.list", { ...of, accountId: s.bob, ids: [one] })).objects, []);
    const later = granted(
      await s.ask("object.set", {
        ...of,
        update: [{ objectId: one, value: "1" }, { objectId: "izz", value: "" }],
        destroy: [two],
      }),
    );
    assert.deepEqual([later.updated, later.destroyed], [[true, false], [true]]);
    const news = granted(await s.ask("object.changes", { ...of, since: made.newState }));
    assert.deepEqual([news.created, news.updated, news.destroyed], [[], [one], [two]]);
    assert.deepEqual(await s.ask("object.set", { ...of, ifState: made.newState, create: ["x"] }), {
      refused: "stateMismatch",
    });
    assert.deepEqual(await s.ask("object.owners", { kind: "identity" }), [s.ann]);
    assert.deepEqual(await s.ask("object.owners", { kind: "push" }), []);
    const future = (news.state + 9) as Modseq;
    assert.deepEqual(await s.ask("object.changes", { ...of, since: future }), { refused: "tooOld" });
    assert.deepEqual(
      await s.ask("email.changes", { accountId: s.ann, since: { ...START, modseq: future }, limit: 1 }),
      {
        refused: "tooOld",
      },
    );
  });

  sceneTest(`${name}: emails are found by their body, by who may read them`, open, async (s) => {
    const blob = await s.seal(message("one"));
    const messages = [{ blobId: blob.blobId, flags: [], internalDate: null }];
    for (const accountId of [s.ann, s.ann, s.bob]) {
      granted(await s.ask("email.append", { accountId, path: "INBOX", messages, now: 5 }));
    }
    granted(await s.append(s.ann, "INBOX", message("other")));
    const { blobId } = blob;
    blob.release();
    assert.deepEqual(await s.ask("blob.emails", { accountId: s.ann, blobId }), ["e1", "e2"]);
    assert.deepEqual(await s.ask("blob.emails", { accountId: s.bob, blobId }), ["e3"]);
    assert.deepEqual(await s.ask("blob.emails", { accountId: s.bob, ownerId: s.ann, blobId }), []);
    const nothing = `b${"0".repeat(64)}` as typeof blobId;
    assert.deepEqual(await s.ask("blob.emails", { accountId: s.ann, blobId: nothing }), []);
  });

  sceneTest(`${name}: a report that is delivered is marked for whoever has sent something`, open, async (s) => {
    const report = new TextEncoder().encode(
      "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n\r\nhi\r\n--x--\r\n",
    );
    const deliver = async (accountId: typeof s.ann, bytes: Uint8Array) =>
      granted(await s.accept(bytes, { deliveries: [s.delivery(accountId, "x@example.org")] }));
    const marks = async (accountId: typeof s.ann) =>
      (await s.ask("object.list", { accountId, kind: "report", ids: null })).objects.map(({ value }) => value);
    granted(await s.ask("object.set", { accountId: s.ann, kind: "submission", create: ["{}"] }));
    await deliver(s.ann, message("no report"));
    await deliver(s.bob, report);
    await deliver(s.ann, report);
    assert.deepEqual([await marks(s.ann), await marks(s.bob)], [["e3"], []]);
    for (let i = 0; i < 101; i++) await deliver(s.ann, report);
    const found = await marks(s.ann);
    assert.deepEqual([found.length, found.includes("e3")], [100, false]);
  });

  sceneTest(`${name}: a changed quota is a new state`, open, async (s) => {
    const before = await s.ask("account.state", { accountId: s.ann });
    const quota = { bytes: 5, messages: null };
    granted(await s.ask("account.change", { address: "ann@example.org", quota }));
    assert.ok(await s.ask("account.state", { accountId: s.ann }) > before);
  });

  const clock = { now: 1000 };
  const withClock: Open = () => open({ undeleteMs: 0, wall: () => clock.now });
  sceneTest(`${name}: a blob that is kept stays until its time, for its account alone`, withClock, async (s) => {
    const blob = await s.seal(message("kept"));
    const { blobId } = blob;
    await s.ask("blob.keep", { accountId: s.ann, blobId, until: Date.now() + 3_600_000, now: Date.now() });
    blob.release();
    await s.reclaimAll();
    const read = (accountId: typeof s.ann) => s.ask("blob.read", { accountId, blobId, start: 0, end: 99 });
    assert.deepEqual(await read(s.ann), message("kept"));
    await assert.rejects(read(s.bob));
    const inbox = (await boxes(s))["INBOX"]!;
    const email = { blobId, mailboxIds: [inbox], flags: [], internalDate: 1 };
    assert.deepEqual(granted(await set(s, { create: [email] })).created.length, 1);
    assert.deepEqual((await s.rows(s.ann, inbox)).length, 1);
    await s.ask("email.expunge", { accountId: s.ann, mailboxId: inbox, ranges: ALL, always: true });
    await s.reclaimAll();
    assert.deepEqual(await read(s.ann), message("kept"));
  });
}

async function followMailboxes(s: Scene, known: Map<MailboxId, string>, since: Modseq): Promise<Modseq> {
  const news = granted(await s.ask("mailbox.objectChanges", { accountId: s.ann, since }));
  const { mailboxes } = await s.ask("mailbox.objects", { accountId: s.ann });
  const texts = new Map(mailboxes.map((one) => [one.mailboxId, `${one.path} ${one.sortOrder} ${one.subscribed}`]));
  for (const id of news.destroyed) known.delete(id);
  for (const id of [...news.created, ...news.updated]) known.set(id, texts.get(id)!);
  assert.deepEqual(new Map([...known].sort()), new Map([...texts].sort()));
  return news.state;
}

/** Numbers below a bound, the same for the same seed. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * below);
  };
}
