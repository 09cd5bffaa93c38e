/** Bodies that are compressed and encrypted, in a folder: what lies there, keys that change, copies of it. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { imapText } from "../../../src/imap/imap_text.ts";
import type { PackingOptions } from "../../../src/storage/packing/mod.ts";
import { backupStore } from "../../../src/storage/sqlite/backup/mod.ts";
import { openBackup } from "../../../src/storage/sqlite/backup/read_backup.ts";
import { restoreStore } from "../../../src/storage/sqlite/backup/restore.ts";
import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { verifyStore } from "../../../src/storage/sqlite/verify/mod.ts";
import { ALL, granted, message, Scene, tempDir, uids } from "../scene.ts";

const KEY = new Uint8Array(32).fill(1);
const NEWER = new Uint8Array(32).fill(2);
const PACKED: PackingOptions = { compression: "zstd", keys: [KEY] };
const WORDS = "the words that nobody may find on the disk";

/** Large: it goes to the segment log. */
const large = (text: string) => message(`${text} ${WORDS} `.repeat(5000));
/** More than is left as it came, and less than goes to the segment log. */
const small = (text: string) => message(`${text} ${WORDS}. `.repeat(300));

async function open(dataDir: string, packing: PackingOptions): Promise<Scene> {
  const s = new Scene(await openSqlite({ dataDir, prepare: imapText, packing }));
  const ann = await s.ask("account.get", { address: "ann@example.org" });
  if (!ann) return await s.people();
  s.ann = ann.accountId;
  return s;
}

async function bodies(s: Scene): Promise<Uint8Array[]> {
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  return await Promise.all((await s.rows(s.ann, mailboxId)).map(({ blobId }) => s.whole(blobId)));
}

/** Whether a text stands in some file. */
function stands(dataDir: string, text: string): boolean {
  for (const { name, isFile, isDirectory } of Deno.readDirSync(dataDir)) {
    const path = `${dataDir}/${name}`;
    if (isDirectory && stands(path, text)) return true;
    if (isFile && new TextDecoder("latin1").decode(Deno.readFileSync(path)).includes(text)) return true;
  }
  return false;
}

function findings(dataDir: string, keys: readonly Uint8Array[]) {
  return [...verifyStore({ dataDir, prepare: imapText, keys })].filter(({ type }) => type === "finding");
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = tempDir();
  try {
    await run(folder.path);
  } finally {
    folder.remove();
  }
}

Deno.test("sqlite: encrypted bodies are read again, stand nowhere in plain, and take little room", async () => {
  await inFolder(async (folder) => {
    let s = await open(folder, PACKED);
    const wanted = [small("a"), large("b"), message(""), small("c")];
    for (const body of wanted) granted(await s.append(s.ann, "INBOX", body));
    assert.deepEqual(await bodies(s), wanted);
    await s.store.close();
    s = await open(folder, PACKED);
    assert.deepEqual(await bodies(s), wanted);
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    const search = { key: "body", text: "NOBODY may find" } as const;
    assert.deepEqual((await s.ask("email.search", { accountId: s.ann, mailboxId, search })).uids, [1, 2, 4]);
    await s.store.close();
    assert.ok(!stands(folder, "nobody may find"));
    const octets = [...Deno.readDirSync(`${folder}/blobs`)].map(({ name }) =>
      Deno.statSync(`${folder}/blobs/${name}`).size
    );
    assert.ok(octets.reduce((sum, size) => sum + size, 0) < 10_000, `${octets}`);
    assert.deepEqual(findings(folder, [KEY]), []);
  });
});

Deno.test("sqlite: a store with encrypted bodies does not open without its key, and says what to do", async () => {
  await inFolder(async (folder) => {
    const s = await open(folder, PACKED);
    granted(await s.append(s.ann, "INBOX", small("a")));
    await s.store.close();
    for (const packing of [{}, { keys: [NEWER] }]) {
      await assert.rejects(open(folder, packing), {
        name: "StorageError",
        reason: "unavailable",
        message: /encrypted with the key [0-9a-f]{16}, which is not among.*storage\.encryption\.keyFile/,
      });
      assert.throws(() => findings(folder, packing.keys ?? []), /encrypted with the key/);
    }
    await (await open(folder, PACKED)).store.close(); // the attempts left no lock
  });
});

Deno.test("sqlite: what was stored before is read whatever is chosen later, and a key goes when nothing needs it", async () => {
  await inFolder(async (folder) => {
    const wanted: Uint8Array[] = [];
    const steps: PackingOptions[] = [
      { compression: "none" },
      { compression: "zstd" },
      { keys: [KEY], cipher: "aes-256-gcm" },
      { compression: "zstd", keys: [NEWER, KEY] },
    ];
    for (const [i, packing] of steps.entries()) {
      const s = await open(folder, packing);
      for (const body of [small(`${i}`), large(`${i}`)]) {
        granted(await s.append(s.ann, "INBOX", body));
        wanted.push(body);
      }
      assert.deepEqual(await bodies(s), wanted);
      await s.store.close();
    }
    let s = await open(folder, { keys: [NEWER, KEY] });
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: uids(5, 6), always: true });
    await s.reclaimAll();
    await s.store.close();
    s = await open(folder, { keys: [NEWER] });
    assert.deepEqual(await bodies(s), [...wanted.slice(0, 4), ...wanted.slice(6)]);
    await s.store.close();
    await assert.rejects(open(folder, {}), /encrypted with the key/);
  });
});

Deno.test("sqlite: records are moved as they lie there", async () => {
  await inFolder(async (folder) => {
    let s = await open(folder, PACKED);
    const noise = Array.from({ length: 10 }, () => {
      const octets = new Uint8Array(300_000);
      for (let at = 0; at < octets.length; at += 60_000) crypto.getRandomValues(octets.subarray(at, at + 60_000));
      return octets;
    });
    for (const body of noise) granted(await s.append(s.ann, "INBOX", body));
    const table = () => {
      const db = new DatabaseSync(`${folder}/palomar.db`, { readOnly: true });
      const row = db.prepare("select hex(packing) as packing, segment, stored from blobs").get()!;
      db.close();
      return row;
    };
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    await s.ask("email.expunge", {
      accountId: s.ann,
      mailboxId,
      ranges: uids(2, 3, 4, 5, 6, 7, 8, 9, 10),
      always: true,
    });
    const before = table();
    await s.reclaimAll();
    const after = table();
    assert.equal(after.packing, before.packing);
    assert.notEqual(after.segment, before.segment);
    await s.store.close();
    s = await open(folder, PACKED);
    assert.deepEqual(await bodies(s), noise.slice(0, 1));
    await s.store.close();
    assert.deepEqual(findings(folder, [KEY]), []);
  });
});

Deno.test("sqlite: a backup of encrypted bodies is encrypted, needs the key, and comes back", async () => {
  await inFolder(async (folder) => {
    const [dataDir, target, other] = [`${folder}/data`, `${folder}/backup`, `${folder}/other`];
    const s = await open(dataDir, PACKED);
    const wanted = [small("a"), large("b"), large("c")];
    for (const body of wanted) granted(await s.append(s.ann, "INBOX", body));
    const make = (keys: readonly Uint8Array[]) => backupStore({ dataDir, target, version: "1", now: () => 1, keys });
    await assert.rejects(make([]), /encrypted with the key/);
    assert.deepEqual((await make([KEY])).damaged, []);
    granted(await s.append(s.ann, "INBOX", large("d")));
    assert.ok((await make([NEWER, KEY])).copied < 20_000); // what is new
    await s.store.close();
    assert.ok(!stands(target, "nobody may find"));
    assert.throws(() => openBackup(target), /encrypted with the key/);
    const backup = openBackup(target, [KEY]);
    const found = [...backup.messages("ann@example.org", "INBOX")].map((one) => Buffer.concat([...one.octets()]));
    backup.close();
    assert.deepEqual(found.map((one) => new Uint8Array(one)), [...wanted, large("d")]);
    const restore = (keys: readonly Uint8Array[]) =>
      restoreStore({ backup: target, dataDir: other, now: () => 1_800_000_000_000, keys });
    assert.throws(() => restore([NEWER]), /encrypted with the key/);
    assert.deepEqual(restore([KEY]).damaged, []);
    const restored = await open(other, PACKED);
    assert.deepEqual(await bodies(restored), [...wanted, large("d")]);
    await restored.store.close();
  });
});

Deno.test("sqlite: a packed body that is damaged is told by verify and by backup, and is never read as another", async () => {
  await inFolder(async (folder) => {
    const dataDir = `${folder}/data`;
    let s = await open(dataDir, { compression: "zstd" });
    granted(await s.append(s.ann, "INBOX", small("row")));
    granted(await s.append(s.ann, "INBOX", large("segment")));
    await s.store.close();
    const [{ name }] = [...Deno.readDirSync(`${dataDir}/blobs`)] as [Deno.DirEntry];
    const file = Deno.openSync(`${dataDir}/blobs/${name}`, { write: true });
    file.seekSync(100, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array([0, 1, 2]));
    file.close();
    const db = new DatabaseSync(`${dataDir}/palomar.db`);
    const data = db.prepare("select data from blobs where segment is null").get()!["data"] as Uint8Array;
    data[20]! ^= 1;
    db.prepare("update blobs set data = ? where segment is null").run(data);
    db.close();
    const told = findings(dataDir, []).map((event) => event.type === "finding" ? event.finding.problem : "");
    assert.equal(
      told.filter((problem) => /frame 1 of the body .* is damaged/.test(problem)).length,
      2,
      told.join("\n"),
    );
    const made = await backupStore({ dataDir, target: `${folder}/backup`, version: "1", now: () => 1 });
    assert.deepEqual(made.damaged.map(({ problem }) => problem), ["its octets are damaged: their hash is another"]);
    s = await open(dataDir, {});
    await assert.rejects(bodies(s), { name: "StorageError", message: /is damaged/ });
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    assert.equal(
      (await s.ask("email.read", { accountId: s.ann, mailboxId, ranges: ALL, fields: [], limit: 9 })).rows.length,
      2,
    );
    await s.store.close();
  });
});
