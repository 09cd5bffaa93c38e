import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { BlobId } from "../../../src/contract/mod.ts";
import { DataDirLocked, openSqlite, type SqliteOptions } from "../../../src/storage/sqlite/mod.ts";
import type { Storage } from "../../../src/storage/storage.ts";
import { ALL, granted, message, Scene, tempDir, uids } from "../scene.ts";

const LARGE = 300_000;

interface House {
  readonly path: string;
  /** Opens the store anew; the one before is closed. */
  open(more?: Partial<SqliteOptions>): Promise<Scene>;
}

function houseTest(name: string, run: (house: House) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = tempDir();
    let store: Storage | null = null;
    const open = async (more: Partial<SqliteOptions> = {}) => {
      const first = store === null;
      await store?.close();
      const s = new Scene(store = await openSqlite({ dataDir: folder.path, ...more }));
      if (first) return await s.people();
      s.ann = (await s.ask("account.get", { address: "ann@example.org" }))!.accountId;
      s.bob = (await s.ask("account.get", { address: "bob@example.org" }))!.accountId;
      return s;
    };
    try {
      await run({ path: folder.path, open });
    } finally {
      await (store as Storage | null)?.close();
      folder.remove();
    }
  });
}

houseTest("sqlite: an adopted UIDVALIDITY and the origins of emails are there after a restart", async (house) => {
  let s = await house.open();
  granted(await s.ask("mailbox.adopt", { accountId: s.ann, path: "INBOX", uidValidity: 1_700_000_000, uidNext: null }));
  const blob = await s.seal(message("x"));
  const origin = { key: "k", name: "n", lineEnds: "crlf" };
  const imported = { blobId: blob.blobId, flags: [], internalDate: 1, uid: uids(8)[0]!.first, origin };
  granted(await s.ask("email.import", { accountId: s.ann, path: "INBOX", messages: [imported], now: 1 }));
  blob.release();
  s = await house.open();
  const box = await s.mailbox(s.ann, "INBOX");
  assert.deepEqual([box.uidValidity, box.uidNext], [1_700_000_000, 9]);
  const emailIds = (await s.rows(s.ann, box.mailboxId)).map(({ emailId }) => emailId);
  assert.deepEqual(await s.ask("email.origins", { accountId: s.ann, emailIds }), [origin]);
});

function segments(house: House): Map<string, number> {
  const names = [...Deno.readDirSync(`${house.path}/blobs`)].map(({ name }) => name).sort();
  return new Map(names.map((name) => [name, Deno.statSync(`${house.path}/blobs/${name}`).size]));
}

const blobIds = async (s: Scene, path = "INBOX"): Promise<BlobId[]> =>
  (await s.rows(s.ann, (await s.mailbox(s.ann, path)).mailboxId)).map(({ blobId }) => blobId);

const large = (text: string) => message(`${text} ${"x".repeat(LARGE)}`);

houseTest("sqlite: everything is there after reopening, and numbers go on where they were", async (house) => {
  let s = await house.open();
  await s.filled("INBOX", "one", "x".repeat(LARGE), "three");
  const where = { accountId: s.ann, mailboxId: (await s.mailbox(s.ann, "INBOX")).mailboxId };
  await s.ask("email.flags", { ...where, ranges: uids(2), mode: "add", flags: ["\\Seen", "Work"] });
  await s.ask("email.expunge", { ...where, ranges: uids(3), always: true });
  const before = [await s.ask("mailbox.list", { accountId: s.ann }), await s.rows(s.ann, where.mailboxId)];
  const { highestModseq } = await s.mailbox(s.ann, "INBOX");
  const keys = (await s.ask("account.credentials", { login: "ann@example.org" }))!.credentials;
  s = await house.open();
  assert.deepEqual([await s.ask("mailbox.list", { accountId: s.ann }), await s.rows(s.ann, where.mailboxId)], before);
  const again = (await s.ask("account.credentials", { login: "ann@example.org" }))!.credentials;
  assert.deepEqual(again.scramSha256.storedKey.reveal(), keys.scramSha256.storedKey.reveal());
  assert.deepEqual(granted(await s.append(s.ann, "INBOX", message("four"))).uids, [4]);
  const [, second] = await blobIds(s);
  assert.deepEqual(await s.whole(second!), message("x".repeat(LARGE)));
  assert.ok((await s.mailbox(s.ann, "INBOX")).highestModseq > highestModseq);
});

houseTest("sqlite: what a process had leased when it died is due at once for the next", async (house) => {
  let s = await house.open();
  const recipient = { forwardPath: "x@away.example", notify: null, orcpt: null };
  const queued = [{ recipient, domain: "away.example", prefix: new Uint8Array(), dueAt: 5, expiresAt: 900_000 }];
  granted(await s.accept(message("x"), { queued }));
  const claim = (now: number) => s.ask("queue.claim", { owner: "w", now, leaseMs: 120_000, limit: 10 });
  assert.equal((await claim(10)).length, 1);
  assert.equal((await claim(11)).length, 0);
  s = await house.open();
  assert.equal(await s.ask("queue.next", {}), 5);
  assert.equal((await claim(12)).length, 1);
});

houseTest("sqlite: a folder has one owner at a time, and a store that cannot open lets go of it", async (house) => {
  await house.open();
  await assert.rejects(openSqlite({ dataDir: house.path }), DataDirLocked);
  await house.open();
  const other = tempDir();
  Deno.mkdirSync(`${other.path}/palomar.db`); // no file
  await assert.rejects(openSqlite({ dataDir: other.path }), { name: "StorageError" });
  Deno.removeSync(`${other.path}/palomar.db`);
  await (await openSqlite({ dataDir: other.path })).close();
  other.remove();
});

houseTest("sqlite: a store of a later version is refused with words and left alone", async (house) => {
  const s = await house.open();
  await s.store.close();
  const db = new DatabaseSync(`${house.path}/palomar.db`);
  const [version] = Object.values(db.prepare("pragma user_version").get()!);
  db.exec("pragma user_version = 99");
  db.close();
  await assert.rejects(openSqlite({ dataDir: house.path }), (error: Error) => {
    assert.match(error.message, /version 99/);
    assert.match(error.message, /newer program/);
    return true;
  });
  const after = new DatabaseSync(`${house.path}/palomar.db`);
  assert.deepEqual(Object.values(after.prepare("pragma user_version").get()!), [99]);
  after.exec(`pragma user_version = ${version}`);
  after.close();
  await (await house.open()).mailbox(s.ann, "INBOX");
});

houseTest("sqlite: what no row names is cut off a segment's end, and segments without rows go", async (house) => {
  let s = await house.open();
  granted(await s.append(s.ann, "INBOX", large("kept")));
  await s.store.close();
  const [[name, size]] = [...segments(house)] as [[string, number]];
  Deno.writeFileSync(`${house.path}/blobs/${name}`, new Uint8Array(5000).fill(7), { append: true }); // a torn write
  Deno.writeFileSync(`${house.path}/blobs/0000000z.seg`, new Uint8Array(5000));
  Deno.writeTextFileSync(`${house.path}/blobs/notes.txt`, "not ours");
  s = await house.open();
  const after = segments(house);
  assert.deepEqual([after.get(name), after.has("0000000z.seg"), after.has("notes.txt")], [size, false, true]);
  granted(await s.append(s.ann, "INBOX", large("next")));
  const ids = await blobIds(s);
  assert.deepEqual(await s.whole(ids[0]!), large("kept"));
  assert.deepEqual(await s.whole(ids[1]!), large("next"));
});

houseTest("sqlite: a full database refuses, keeps what it has, and goes on once there is room", async (house) => {
  const s = await house.open({ limits: { databasePages: 200 } });
  let stored = 0;
  const fill = async (size: number) => {
    for (;; stored++) {
      try {
        granted(await s.append(s.ann, "INBOX", message(`${stored} ${"x".repeat(size)}`)));
      } catch (error) {
        return (error as { reason?: string }).reason;
      }
    }
  };
  assert.equal(await fill(20_000), "full");
  assert.ok(stored > 5);
  const inbox = await s.mailbox(s.ann, "INBOX");
  assert.deepEqual([inbox.messages, inbox.uidNext], [stored, stored + 1]);
  for (const [i, blobId] of (await blobIds(s)).entries()) {
    assert.deepEqual(await s.whole(blobId), message(`${i} ${"x".repeat(20_000)}`));
  }
  // Several at once: each for itself, all refused, nothing half.
  const many = await Promise.allSettled(
    [1, 2, 3].map((n) => s.append(s.ann, "INBOX", message(`many ${n} ${"x".repeat(30_000)}`))),
  );
  assert.deepEqual(many.map((one) => one.status === "rejected" && one.reason.reason), ["full", "full", "full"]);
  assert.equal((await s.mailbox(s.ann, "INBOX")).messages, stored);
  const where = { accountId: s.ann, mailboxId: inbox.mailboxId };
  await s.ask("email.expunge", { ...where, ranges: [{ first: ALL[0]!.first, last: 5 as never }], always: true });
  await s.reclaimAll();
  granted(await s.append(s.ann, "INBOX", message(`again ${"x".repeat(20_000)}`)));
});

houseTest("sqlite: a full segment log refuses large bodies only, and goes on once there is room", async (house) => {
  const s = await house.open({ limits: { segmentOctets: 1_000_000 } });
  for (const text of ["a", "b", "c"]) granted(await s.append(s.ann, "INBOX", large(text)));
  await assert.rejects(s.append(s.ann, "INBOX", large("d")), { reason: "full" });
  granted(await s.append(s.ann, "Sent", message("small")));
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: ALL, always: true });
  await s.reclaimAll();
  granted(await s.append(s.ann, "INBOX", large("d")));
  assert.deepEqual(await s.whole((await blobIds(s))[0]!), large("d"));
});

houseTest("sqlite: a sync that fails acknowledges nothing, then or later, and other bodies go on", async (house) => {
  const s = await house.open();
  granted(await s.append(s.ann, "INBOX", large("before")));
  const blob = await s.seal(large("lost"));
  const messages = [{ blobId: blob.blobId, flags: [], internalDate: null }];
  const append = () => s.ask("email.append", { accountId: s.ann, path: "INBOX", messages, now: 1 });
  const { syncData } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.syncData = () => Promise.reject(new Error("Input/output error (os error 5)"));
  try {
    await assert.rejects(append(), { reason: "unavailable" });
  } finally {
    Deno.FsFile.prototype.syncData = syncData;
  }
  // A second fdatasync would succeed although the octets may be gone.
  await assert.rejects(append(), { reason: "unavailable" });
  blob.release();
  granted(await s.append(s.ann, "INBOX", large("lost")));
  const ids = await blobIds(s);
  assert.deepEqual(await Promise.all(ids.map((id) => s.whole(id))), [large("before"), large("lost")]);
});

houseTest("sqlite: dead segments vanish, and what lives in one mostly dead is copied forward", async (house) => {
  let s = await house.open();
  for (let i = 0; i < 10; i++) granted(await s.append(s.ann, "INBOX", large(`${i}`)));
  const [old] = segments(house).keys();
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  const [third] = (await blobIds(s)).slice(3, 4);
  const where = { accountId: s.ann, mailboxId, always: true };
  await s.ask("email.expunge", { ...where, ranges: uids(1, 2, 3, 5, 6, 7, 8, 9, 10) });
  const freed = await s.reclaimAll();
  assert.ok(freed > 9 * LARGE, `${freed}`);
  assert.ok(!segments(house).has(old!));
  assert.deepEqual(await s.whole(third!), large("3"));
  s = await house.open();
  assert.deepEqual(await s.whole(third!), large("3"));
  await s.ask("email.expunge", { ...where, ranges: ALL });
  await s.reclaimAll();
  assert.deepEqual([...segments(house)], []);
  assert.equal(await s.reclaimAll(), 0);
});

houseTest("sqlite: reclaim spares what is held and what is being written", async (house) => {
  const s = await house.open();
  const writer = s.store.createBlob();
  await writer.write(large("open").slice(0, 100_000));
  const held = await s.seal(large("held"));
  await Promise.all([s.store.reclaim(), s.store.reclaim()]);
  assert.deepEqual(await s.whole(held.blobId), large("held"));
  assert.equal(segments(house).size, 2);
  writer.abort();
  held.release();
  await s.reclaimAll();
  assert.equal(segments(house).size, 0);
});
