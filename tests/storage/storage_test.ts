import assert from "node:assert/strict";
import { Secret } from "../../src/base/secret.ts";
import type { AccountId, Args, Modseq, TraceId, Uid } from "../../src/contract/mod.ts";
import type { Envelope, MessageIndex } from "../../src/message/model.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { DataDirLocked, openSqlite } from "../../src/storage/sqlite/mod.ts";
import type { Storage } from "../../src/storage/storage.ts";

const ENVELOPE: Envelope = {
  date: null,
  sentAt: null,
  subject: "hi",
  from: [],
  sender: [],
  replyTo: [],
  to: [],
  cc: [],
  bcc: [],
  inReplyTo: null,
  messageId: "<a@b>",
};
const KEYS = new Secret(new Uint8Array([1, 2]));
const CREDENTIALS = {
  password: new Secret("$scrypt$"),
  scramSha256: { salt: new Uint8Array([3]), iterations: 4096, storedKey: KEYS, serverKey: KEYS },
};
const ALL = [{ first: 1 as Uid, last: 4294967295 as Uid }];

function indexOf(size: number): MessageIndex {
  const root = {
    headerStart: 0,
    bodyStart: 15,
    bodyEnd: size,
    lines: 1,
    type: "text",
    subtype: "plain",
    params: [],
    id: null,
    description: null,
    encoding: "7bit",
    md5: null,
    disposition: null,
    language: [],
    location: null,
    parts: [],
    message: null,
  };
  return { size, envelope: ENVELOPE, root, references: [], truncated: [] };
}

async function seal(store: Storage, size: number, fill: string) {
  const writer = store.createBlob();
  const text = new TextEncoder().encode("Subject: hi\r\n\r\n" + fill.repeat(size));
  for (let at = 0; at < text.length; at += 10_000) await writer.write(text.slice(at, at + 10_000));
  return { blob: await writer.seal(indexOf(text.length)), text };
}

async function account(store: Storage, bytes: number | null = null): Promise<AccountId> {
  await store.perform("domain.add", { name: "example.org", now: 1 });
  const quota = { bytes, messages: null };
  const made = await store.perform("account.add", {
    address: "ann@example.org",
    name: "Ann",
    quota,
    credentials: CREDENTIALS,
    now: 1,
  });
  assert.ok("accountId" in made);
  return made.accountId;
}

function acceptArgs(accountId: AccountId, blobId: Args<"mail.accept">["blobId"], target: string): Args<"mail.accept"> {
  return {
    traceId: "t.1" as TraceId,
    sender: { reversePath: "", size: null, body: "7bit", smtputf8: false, requireTls: false, ret: null, envid: null },
    blobId,
    deliveries: ["ann@example.org", "ann+x@example.org"].map((recipient) => ({
      accountId,
      recipient,
      target: { path: target },
      flags: [],
      prefix: new TextEncoder().encode("X: y\r\n"),
      internalDate: 5,
    })),
    queued: [],
    journal: [{ at: 1, event: "accepted", recipient: null, detail: "ok" }],
    now: 6,
    overQuota: "refuse",
  };
}

function suite(name: string, open: () => Promise<Storage>): void {
  for (const size of [10, 200_000]) {
    Deno.test(`${name}: a message of ${size} octets for two recipients of one mailbox is stored once`, async () => {
      const store = await open();
      const accountId = await account(store);
      const { blob, text } = await seal(store, size, "x");
      const accepted = await store.perform("mail.accept", acceptArgs(accountId, blob.blobId, "nowhere"));
      blob.release();
      assert.ok("stored" in accepted);
      assert.deepEqual(accepted.stored.map(({ uid }) => uid), [1, 1]);
      const mailboxId = accepted.stored[0]!.mailboxId;
      const fields = ["envelope", "structure", "header"] as const;
      const { rows } = await store.perform("email.read", { accountId, mailboxId, ranges: ALL, fields, limit: 10 });
      assert.equal(rows.length, 1);
      assert.equal(rows[0]!.size, text.length + 6);
      assert.deepEqual(rows[0]!.envelope, ENVELOPE);
      assert.equal(new TextDecoder().decode(rows[0]!.header), "X: y\r\nSubject: hi\r\n\r\n");
      assert.deepEqual(await store.readBlob(blob.blobId, 0, 262_144), text);
      assert.equal((await store.perform("account.get", { address: "ann@example.org" }))!.usage.messages, 1);
      await store.close();
    });
  }

  Deno.test(`${name}: a flag of an email in two mailboxes is told in both, and expunge leaves a tombstone`, async () => {
    const store = await open();
    const accountId = await account(store);
    const { blob } = await seal(store, 10, "y");
    const messages = [{ blobId: blob.blobId, flags: ["\\Flagged", "work"], internalDate: null }];
    const appended = await store.perform("email.append", { accountId, path: "inbox", messages, now: 2 });
    assert.ok("uids" in appended);
    const inbox = (await store.perform("mailbox.get", { accountId, path: "INBOX" }))!;
    const { mailboxId } = inbox;
    await store.perform("email.copy", { accountId, mailboxId, ranges: ALL, path: "Archive", now: 3 });
    const archive = (await store.perform("mailbox.get", { accountId, path: "Archive" }))!;
    await store.perform("email.flags", { accountId, mailboxId, ranges: ALL, mode: "add", flags: ["\\Seen"] });
    const since = archive.highestModseq as Modseq;
    const changes = await store.perform("mailbox.changes", { accountId, mailboxId: archive.mailboxId, since });
    assert.deepEqual(changes.changed.map(({ flags }) => flags), [["\\Flagged", "\\Seen", "work"]]);
    const gone = await store.perform("email.expunge", { accountId, mailboxId, ranges: null, always: true });
    assert.deepEqual(gone.vanished, [1]);
    const after = await store.perform("mailbox.changes", { accountId, mailboxId, since: inbox.highestModseq });
    assert.deepEqual(after.vanished, [1]);
    const found = await store.perform("email.search", {
      accountId,
      mailboxId: archive.mailboxId,
      search: { key: "body", text: "YYY" },
    });
    assert.deepEqual(found.uids, [1]);
    await store.close();
  });

  Deno.test(`${name}: parallel appends never pass the quota`, async () => {
    const store = await open();
    const accountId = await account(store, 100);
    const { blob } = await seal(store, 25, "z"); // 40 octets
    const messages = [{ blobId: blob.blobId, flags: [], internalDate: null }];
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => store.perform("email.append", { accountId, path: "INBOX", messages, now: 2 })),
    );
    assert.equal(answers.filter((answer) => "uids" in answer).length, 2);
    await store.close();
  });
}

suite("memory", () => Promise.resolve(memoryStorage()));
suite("sqlite", () => openSqlite({ dataDir: Deno.makeTempDirSync() }));

Deno.test("sqlite: what was acknowledged is there after reopening, and the folder has one owner", async () => {
  const dataDir = Deno.makeTempDirSync();
  const first = await openSqlite({ dataDir });
  await assert.rejects(openSqlite({ dataDir }), DataDirLocked);
  const accountId = await account(first);
  const { blob, text } = await seal(first, 100_000, "q");
  await first.perform("mail.accept", acceptArgs(accountId, blob.blobId, "INBOX"));
  await first.close();
  const second = await openSqlite({ dataDir });
  const snapshot = (await second.perform("mailbox.open", { accountId, path: "INBOX" }))!;
  assert.deepEqual([...snapshot.uids], [1]);
  assert.deepEqual(await second.readBlob(blob.blobId, 0, 262_144), text);
  await second.close();
});
