/** What a stranger asks about another's mailbox is answered as if it had never been, whichever operation he tries. */
import assert from "node:assert/strict";
import type { AccountId, Args, BlobId, EmailId, MailboxId, Modseq, StorageOp, Uid } from "../../../src/contract/mod.ts";
import { ALL, granted, type Open, type Scene, sceneTest } from "../scene.ts";

/** Those that name no mailbox. */
type Elsewhere =
  | `${
    | "domain"
    | "account"
    | "alias"
    | "address"
    | "forwarding"
    | "setting"
    | "queue"
    | "journal"
    | "token"
    | "sieve"
    | "store"
    | "removed"
    | "object"
    | "record"
    | "delivery"}.${string}`
  | "acl.owners"
  | "blob.keep"
  | "blob.emails"
  | "mail.accept"
  | "mailbox.list"
  | "email.known"
  | "email.origins"
  | "mailbox.subscriptions"
  | "blob.read"
  | "blob.index"
  | "url.verify";

/** A mailbox as a stranger would name it. */
interface Where {
  readonly accountId: AccountId;
  readonly mailboxId: MailboxId;
  readonly path: string;
  /** A sealed body of his own. */
  readonly blobId: BlobId;
}

/** The first account of a store, and its first emails. */
const ANN = "a1" as AccountId;
const EMAILS = ["e1", "e2", "e3"] as EmailId[];

/** One attempt an operation. The compiler asks for a new line when there is a new operation. */
const ATTEMPTS: { readonly [K in Exclude<StorageOp, Elsewhere>]: (where: Where) => Args<K> } = {
  "acl.get": ({ accountId, path }) => ({ accountId, path }),
  "acl.set": ({ accountId, path }) => ({
    accountId,
    path,
    identifier: "bob@example.org",
    mode: "add",
    rights: "lra",
  }),
  "acl.grantable": ({ accountId, path }) => ({ accountId, path, identifier: "anyone" }),
  "acl.mine": ({ accountId, path }) => ({ accountId, path }),
  "mailbox.rewind": ({ accountId, path }) => ({
    accountId,
    path,
    to: 0,
    exact: true,
    after: null,
    limit: 9,
    now: 9,
  }),
  "email.putBack": ({ accountId, path, blobId }) => ({
    accountId,
    path: `${path}/`,
    message: { blobId, prefix: new Uint8Array(), flags: [], internalDate: 1 },
    now: 9,
  }),
  "email.expire": ({ accountId, path }) => ({ accountId, path, before: 99, limit: 9 }),
  "mailbox.get": ({ accountId, path }) => ({ accountId, path }),
  "mailbox.open": ({ accountId, path }) => ({ accountId, path }),
  "mailbox.changes": ({ accountId, mailboxId }) => ({ accountId, mailboxId, since: 0 as Modseq }),
  "mailbox.create": ({ accountId, path }) => ({ accountId, path, role: null }),
  "mailbox.delete": ({ accountId, path }) => ({ accountId, path }),
  "mailbox.rename": ({ accountId, path }) => ({ accountId, path, newPath: "Mine" }),
  "mailbox.subscribe": ({ accountId, path }) => ({ accountId, path, subscribed: true }),
  "mailbox.deletedUids": ({ accountId, mailboxId }) => ({ accountId, mailboxId }),
  "mailbox.deletedStorage": ({ accountId, mailboxId }) => ({ accountId, mailboxId }),
  "metadata.get": ({ accountId, path }) => ({ accountId, path, entries: ["/shared/comment"], depth: "infinity" }),
  "metadata.set": ({ accountId, path }) => ({
    accountId,
    path,
    values: [{ entry: "/shared/comment", value: new Uint8Array(1) }],
  }),
  "quota.near": () => ({ percent: 101 }),
  "quota.get": ({ accountId, path }) => ({ accountId, path }),
  "email.read": ({ accountId, mailboxId }) => ({ accountId, mailboxId, ranges: ALL, fields: ["header"], limit: 9 }),
  "email.marks": ({ accountId, mailboxId }) => ({ accountId, mailboxId, ranges: ALL, limit: 9 }),
  "email.flags": ({ accountId, mailboxId }) => ({
    accountId,
    mailboxId,
    ranges: ALL,
    mode: "add",
    flags: ["\\Seen", "Mine"],
  }),
  "email.append": ({ accountId, path, blobId }) => ({
    accountId,
    path,
    messages: [{ blobId, flags: [], internalDate: null }],
    now: 9,
  }),
  "email.import": ({ accountId, path, blobId }) => ({
    accountId,
    path,
    messages: [{ blobId, flags: [], internalDate: 1, uid: 7 as Uid, origin: null }],
    now: 9,
  }),
  "mailbox.adopt": ({ accountId, path }) => ({ accountId, path, uidValidity: 99, uidNext: 99 }),
  "email.replace": ({ accountId, mailboxId, path, blobId }) => ({
    accountId,
    mailboxId,
    uid: 1 as Uid,
    path,
    message: { blobId, flags: [], internalDate: null },
    now: 9,
  }),
  "email.copy": ({ accountId, mailboxId }) => ({ accountId, mailboxId, ranges: ALL, path: "INBOX", now: 9 }),
  "email.move": ({ accountId, mailboxId }) => ({ accountId, mailboxId, ranges: ALL, path: "INBOX", now: 9 }),
  "email.expunge": ({ accountId, mailboxId }) => ({ accountId, mailboxId, ranges: null, always: true }),
  "email.search": ({ accountId, mailboxId }) => ({ accountId, mailboxId, search: { key: "all" } }),
  "email.sort": ({ accountId, mailboxId }) => ({ accountId, mailboxId, search: { key: "all" }, order: [] }),
  "email.thread": ({ accountId, mailboxId }) => ({
    accountId,
    mailboxId,
    search: { key: "all" },
    algorithm: "references",
  }),
  "mailbox.objects": ({ accountId }) => ({ accountId, ownerId: ANN }),
  "mailbox.objectChanges": ({ accountId }) => ({ accountId, ownerId: ANN, since: 0 as Modseq }),
  "mailbox.make": ({ accountId, mailboxId }) => ({
    accountId,
    ownerId: ANN,
    name: "x",
    parentId: mailboxId,
    role: null,
    sortOrder: 0,
    isSubscribed: false,
  }),
  "mailbox.update": ({ accountId, mailboxId }) => ({ accountId, ownerId: ANN, mailboxId, patch: { name: "x" } }),
  "mailbox.destroy": ({ accountId, mailboxId }) => ({ accountId, ownerId: ANN, mailboxId, emails: true }),
  "email.objects": ({ accountId }) => ({ accountId, ownerId: ANN, emailIds: EMAILS, fields: ["header"] }),
  "email.changes": ({ accountId }) => ({
    accountId,
    ownerId: ANN,
    since: { modseq: 0 as Modseq, emailId: null },
    limit: 9,
  }),
  "email.set": ({ accountId, mailboxId, blobId }) => ({
    accountId,
    ownerId: ANN,
    create: [{ blobId, mailboxIds: [mailboxId], flags: [], internalDate: 1 }],
    update: EMAILS.map((emailId) => ({ emailId, flags: { add: ["Mine"] } })),
    destroy: EMAILS,
    now: 9,
  }),
  "url.sign": ({ accountId, path }) => ({ accountId, path, rump: "imap://x" }),
  "url.resetKeys": ({ accountId, path }) => ({ accountId, path }),
};

export function strangersContract(name: string, open: Open): void {
  sceneTest(`${name}: no operation tells a stranger that a mailbox is there, or changes it`, open, async (s) => {
    granted(await s.ask("mailbox.create", { accountId: s.ann, path: "Work", role: null }));
    const { mailboxId } = await s.filled("Work", "one", "two");
    granted(await s.append(s.ann, "Work", new Uint8Array([1]), ["\\Deleted"]));
    const blob = await s.seal(new Uint8Array([65]));
    const before = await everything(s);
    const there = { accountId: s.bob, mailboxId, path: "Other Users/ann@example.org/Work", blobId: blob.blobId };
    const nowhere = { ...there, mailboxId: "mzzzz" as MailboxId, path: "Other Users/ann@example.org/Nothing" };
    const nobody = { ...there, mailboxId: "mzzzy" as MailboxId, path: "Other Users/zoe@example.org/Work" };
    for (const op of Object.keys(ATTEMPTS) as (keyof typeof ATTEMPTS)[]) {
      const args = ATTEMPTS[op] as (where: Where) => Args<typeof op>;
      const answers = [];
      for (const where of [there, nowhere, nobody]) answers.push(asToldTo(where, await s.ask(op, args(where))));
      assert.deepEqual(answers[0], answers[1], op);
      assert.deepEqual(answers[0], answers[2], op);
    }
    assert.deepEqual(await everything(s), before);
    assert.deepEqual(await s.ask("mailbox.subscriptions", { accountId: s.bob }), before.subscriptions);
    blob.release();
  });

  sceneTest(`${name}: a blob is read by whoever may read a mailbox with it, and by nobody else`, open, async (s) => {
    granted(await s.ask("mailbox.create", { accountId: s.ann, path: "Work", role: null }));
    const work = await s.filled("Work", "for both");
    const inbox = await s.filled("INBOX", "for ann alone");
    const [shared] = await s.rows(s.ann, work.mailboxId);
    const [own] = await s.rows(s.ann, inbox.mailboxId);
    const read = (blobId: BlobId) => s.ask("blob.read", { accountId: s.bob, blobId, start: 0, end: 99 });
    await assert.rejects(read(shared!.blobId));
    const grant = (rights: string) =>
      s.ask("acl.set", { accountId: s.ann, path: "Work", identifier: "bob@example.org", mode: "replace", rights });
    granted(await grant("lwi"));
    await assert.rejects(read(shared!.blobId));
    granted(await grant("r"));
    assert.ok((await read(shared!.blobId)).length > 0);
    await assert.rejects(read(own!.blobId));
    const append = (blobId: BlobId) =>
      s.ask("email.append", {
        accountId: s.bob,
        path: "INBOX",
        messages: [{ blobId, flags: [], internalDate: null }],
        now: 9,
      });
    await assert.rejects(append(own!.blobId));
    granted(await append(shared!.blobId));
    granted(await grant(""));
    assert.ok((await read(shared!.blobId)).length > 0); // his copy is his
  });
}

/** All that ann has, as she sees it. */
async function everything(s: Scene) {
  const mailboxes = await s.ask("mailbox.list", { accountId: s.ann });
  const rows = [];
  for (const { mailboxId } of mailboxes) rows.push(await s.rows(s.ann, mailboxId));
  const subscriptions = await s.ask("mailbox.subscriptions", { accountId: s.bob });
  const bobs = await s.ask("mailbox.list", { accountId: s.bob });
  return { mailboxes, rows, subscriptions, bobs };
}

/** The answer without the names that the question had. */
function asToldTo({ mailboxId, path }: Where, answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer).replaceAll(mailboxId, "ID").replaceAll(path, "PATH"));
}
