/** Backups of a store that is in use, over earlier ones, broken off; and what comes back from them. */
import assert from "node:assert/strict";
import { imapText } from "../../../../src/imap/imap_text.ts";
import { backupStore } from "../../../../src/storage/sqlite/backup/mod.ts";
import { restoreStore } from "../../../../src/storage/sqlite/backup/restore.ts";
import { freeToMove, holdSegments } from "../../../../src/storage/sqlite/backup/hold.ts";
import { openSqlite } from "../../../../src/storage/sqlite/mod.ts";
import { verifyStore } from "../../../../src/storage/sqlite/verify/mod.ts";
import { ALL, granted, message, Scene, tempDir, uids } from "../../scene.ts";

const LARGE = 100_000;
const large = (text: string) => message(`${text} ${"x".repeat(LARGE)}`);

interface Place {
  readonly dataDir: string;
  readonly target: string;
  open(): Promise<Scene>;
  backup(full?: boolean): ReturnType<typeof backupStore>;
  restore(more?: { replace?: boolean; exact?: boolean }): ReturnType<typeof restoreStore>;
}

async function placeTest(name: string, run: (place: Place) => Promise<void>): Promise<void> {
  await Promise.resolve();
  Deno.test(name, async () => {
    const folder = tempDir();
    const [dataDir, target] = [`${folder.path}/data`, `${folder.path}/backup`];
    let scene: Scene | null = null;
    const place: Place = {
      dataDir,
      target,
      async open() {
        await scene?.store.close();
        scene = new Scene(await openSqlite({ dataDir, prepare: imapText }));
        const ann = await scene.ask("account.get", { address: "ann@example.org" });
        if (!ann) return await scene.people();
        scene.ann = ann.accountId;
        scene.bob = (await scene.ask("account.get", { address: "bob@example.org" }))!.accountId;
        return scene;
      },
      backup: (full = false) => backupStore({ dataDir, target, full, version: "0.0.0", now: () => 1_000 }),
      restore: (more = {}) => restoreStore({ backup: target, dataDir, now: () => 1_900_000_000_000, ...more }),
    };
    try {
      await run(place);
    } finally {
      await (scene as Scene | null)?.store.close();
      folder.remove();
    }
  });
}

function sound(dataDir: string): void {
  const found = [...verifyStore({ dataDir, prepare: imapText })].filter(({ type }) => type === "finding");
  assert.deepEqual(found, []);
}

async function texts(s: Scene, path = "INBOX"): Promise<string[]> {
  const rows = await s.rows(s.ann, (await s.mailbox(s.ann, path)).mailboxId);
  return await Promise.all(
    rows.map(async ({ blobId }) => new TextDecoder().decode(await s.whole(blobId)).slice(0, 24)),
  );
}

const heads = (...names: string[]) => names.map((name) => `Subject: hi\r\n\r\n${name} xxxxxxxxxxxx`.slice(0, 24));

placeTest("backup: of a store in use it is sound, and later ones copy only what is new", async (place) => {
  const s = await place.open();
  for (const name of ["a", "b"]) granted(await s.append(s.ann, "INBOX", large(name)));
  granted(await s.append(s.ann, "INBOX", message("small")));
  const first = await place.backup();
  assert.deepEqual([first.copied > 2 * LARGE, first.manifest.messages, first.damaged], [true, 3, []]);
  sound(place.target);
  granted(await s.append(s.ann, "INBOX", large("c")));
  const second = await place.backup();
  assert.ok(second.copied > LARGE && second.copied < 1.5 * LARGE, String(second.copied));
  sound(place.target);
  assert.equal((await place.backup()).copied, 0);
  assert.ok((await place.backup(true)).copied > 3 * LARGE);
  sound(place.target);
  // What is gone from the store goes from the backup.
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: ALL, always: true });
  await s.reclaimAll();
  await place.backup();
  assert.deepEqual([...Deno.readDirSync(`${place.target}/blobs`)], []);
  sound(place.target);
});

placeTest("backup: while mail comes in and goes it is of one moment", async (place) => {
  const s = await place.open();
  let stop = false;
  let stored = 0;
  const work = (async () => {
    const { mailboxId } = await s.mailbox(s.bob, "INBOX");
    while (!stop) {
      const size = stored % 3 === 0 ? LARGE : 100;
      granted(await s.append(s.ann, "INBOX", message(`${stored++} ${"y".repeat(size)}`)));
      granted(await s.append(s.bob, "INBOX", large(`${stored}`)));
      if (stored % 5 === 0) await s.ask("email.expunge", { accountId: s.bob, mailboxId, ranges: ALL, always: true });
      if (stored % 7 === 0) await s.store.reclaim();
    }
  })();
  for (let round = 0; round < 5; round++) {
    await new Promise((next) => setTimeout(next, 20));
    const before = stored;
    const { manifest, damaged } = await place.backup();
    assert.deepEqual(damaged, []);
    assert.ok(manifest.messages >= before - 1, `${manifest.messages} ${before}`);
    sound(place.target);
  }
  stop = true;
  await work;
});

placeTest("backup: what a restart cut off and wrote anew at the same place is copied anew", async (place) => {
  let s = await place.open();
  granted(await s.append(s.ann, "INBOX", large("kept")));
  granted(await s.append(s.ann, "INBOX", large("gone")));
  await place.backup();
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: uids(2), always: true });
  await s.reclaimAll();
  s = await place.open();
  granted(await s.append(s.ann, "INBOX", large("next")));
  const { copied, damaged } = await place.backup();
  assert.deepEqual([copied > 2 * LARGE, damaged], [true, []]);
  sound(place.target);
});

placeTest("backup: while segments are held nothing in them is moved, cut off or used again", async (place) => {
  let s = await place.open();
  for (const name of ["a", "b", "c", "d"]) {
    granted(await s.append(s.ann, "INBOX", message(`${name} ${"z".repeat(600_000)}`)));
  }
  const files = () => [...Deno.readDirSync(`${place.dataDir}/blobs`)].map(({ name }) => name);
  const before = files();
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  const release = holdSegments(place.dataDir);
  assert.equal(freeToMove(place.dataDir), null);
  await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: uids(2, 3, 4), always: true });
  await s.reclaimAll();
  assert.deepEqual(files(), before);
  const size = Deno.statSync(`${place.dataDir}/blobs/${before[0]}`).size;
  s = await place.open();
  granted(await s.append(s.ann, "INBOX", large("new")));
  assert.equal(Deno.statSync(`${place.dataDir}/blobs/${before[0]}`).size, size);
  assert.equal(files().length, before.length + 1);
  release();
  await s.reclaimAll();
  assert.ok(!files().includes(before[0]!));
  sound(place.dataDir);
});

placeTest(
  "backup: a folder that is something else is refused, and so is a second one at the same time",
  async (place) => {
    await place.open();
    Deno.mkdirSync(place.target);
    Deno.writeTextFileSync(`${place.target}/mine.txt`, "mine");
    await assert.rejects(place.backup(), /neither empty nor a backup/);
    Deno.removeSync(`${place.target}/mine.txt`);
    await place.backup();
    const lock = Deno.openSync(`${place.target}/lock`, { write: true });
    lock.lockSync(true);
    await assert.rejects(place.backup(), /another backup is being written/);
    lock.close();
    await place.backup();
  },
);

placeTest("backup: a body that is damaged in the store is told, and the rest is copied", async (place) => {
  const s = await place.open();
  for (const name of ["a", "b"]) granted(await s.append(s.ann, "INBOX", large(name)));
  const [{ name }] = [...Deno.readDirSync(`${place.dataDir}/blobs`)] as [Deno.DirEntry];
  const file = Deno.openSync(`${place.dataDir}/blobs/${name}`, { write: true });
  file.seekSync(5000, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array([0]));
  file.close();
  const { damaged } = await place.backup();
  assert.equal(damaged.length, 1);
  assert.match(damaged[0]!.problem, /damaged/);
});

placeTest(
  "restore: into an empty folder everything is there, with new UIDVALIDITYs and numbers of its own",
  async (place) => {
    let s = await place.open();
    for (const name of ["a", "b"]) granted(await s.append(s.ann, "INBOX", large(name)));
    const recipient = { forwardPath: "x@away.example", notify: null, orcpt: null };
    const queued = [{ recipient, domain: "away.example", prefix: new Uint8Array(), dueAt: 5, expiresAt: 900_000 }];
    granted(await s.accept(message("waits"), { queued }));
    const before = await s.mailbox(s.ann, "INBOX");
    await place.backup();
    await s.store.close();
    Deno.removeSync(place.dataDir, { recursive: true });
    const result = place.restore();
    assert.deepEqual([result.renewed, result.held, result.setAside, result.damaged], [result.mailboxes, 1, null, []]);
    s = await place.open();
    const after = await s.mailbox(s.ann, "INBOX");
    assert.ok(after.uidValidity >= 1_900_000_000);
    assert.deepEqual([after.messages, after.uidNext], [before.messages, before.uidNext]);
    assert.deepEqual(await texts(s), heads("a", "b"));
    const [row] = await s.ask("queue.list", { after: null, limit: 9 });
    assert.equal(row!.state, "held");
    const validities = (await s.ask("mailbox.list", { accountId: s.ann })).map(({ uidValidity }) => uidValidity);
    assert.equal(new Set(validities).size, validities.length);
    granted(await s.ask("mailbox.create", { accountId: s.ann, path: "Later", role: null }));
    assert.ok((await s.mailbox(s.ann, "Later")).uidValidity > Math.max(...validities));
    granted(await s.append(s.ann, "Later", message("new")));
    const [later] = await s.rows(s.ann, (await s.mailbox(s.ann, "Later")).mailboxId);
    assert.ok(parseInt(later!.emailId.slice(1), 36) > 1_000_000);
    sound(place.dataDir);
  },
);

placeTest(
  "restore: over a newer store only what changed since gets a new UIDVALIDITY, and no UID means two things",
  async (place) => {
    let s = await place.open();
    granted(await s.append(s.ann, "INBOX", large("a")));
    granted(await s.append(s.ann, "Archive", message("quiet")));
    const quiet = await s.mailbox(s.ann, "Archive");
    await place.backup();
    granted(await s.append(s.ann, "INBOX", message("later")));
    granted(await s.ask("mailbox.create", { accountId: s.ann, path: "New", role: null }));
    const newer = [await s.mailbox(s.ann, "INBOX"), await s.mailbox(s.ann, "New")];
    assert.throws(() => place.restore(), /a server works on/);
    await s.store.close();
    assert.throws(() => place.restore(), /--replace sets it aside/);
    const { setAside } = place.restore({ replace: true });
    s = await place.open();
    assert.deepEqual(await texts(s), heads("a"));
    const inbox = await s.mailbox(s.ann, "INBOX");
    assert.ok(inbox.uidValidity > newer[0]!.uidValidity);
    assert.equal((await s.mailbox(s.ann, "Archive")).uidValidity, quiet.uidValidity);
    granted(await s.ask("mailbox.create", { accountId: s.ann, path: "New", role: null }));
    assert.ok((await s.mailbox(s.ann, "New")).uidValidity > newer[1]!.uidValidity);
    sound(place.dataDir);
    sound(setAside!);
  },
);

placeTest("restore: exact keeps UIDVALIDITYs and lets the queue go on", async (place) => {
  let s = await place.open();
  granted(await s.append(s.ann, "INBOX", large("a")));
  const before = await s.ask("mailbox.list", { accountId: s.ann });
  await place.backup();
  await s.store.close();
  Deno.removeSync(place.dataDir, { recursive: true });
  place.restore({ exact: true });
  s = await place.open();
  assert.deepEqual(await s.ask("mailbox.list", { accountId: s.ann }), before);
});

placeTest(
  "restore: broken off at any step the old store is there; killed, a message says what to do",
  async (place) => {
    const s = await place.open();
    granted(await s.append(s.ann, "INBOX", large("a")));
    const inbox = await s.mailbox(s.ann, "INBOX");
    await place.backup();
    await s.store.close();
    const { renameSync } = Deno;
    for (let step = 0; step < 10; step++) {
      let left = step;
      Deno.renameSync = (from, to) => {
        if (left-- === 0) throw new Error("broken off");
        renameSync(from, to);
      };
      try {
        place.restore({ replace: true });
        assert.ok(step > 2);
        break;
      } catch (error) {
        assert.match((error as Error).message, /broken off/);
      } finally {
        Deno.renameSync = renameSync;
      }
      const old = await place.open();
      assert.deepEqual([await texts(old), await old.mailbox(old.ann, "INBOX")], [heads("a"), inbox]);
      await old.store.close();
    }
    // And where nobody could put things back:
    Deno.mkdirSync(`${place.dataDir}/restoring`);
    await assert.rejects(openSqlite({ dataDir: place.dataDir }), /a restore into .* was broken off: run it again/);
    place.restore({ replace: true });
    const again = await place.open();
    assert.deepEqual(await texts(again), heads("a"));
    sound(place.dataDir);
  },
);
