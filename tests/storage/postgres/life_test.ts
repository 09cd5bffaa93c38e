/** The life of a store in PostgreSQL after mistakes: looked through, backed up, brought back, moved to another driver. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { imapText } from "../../../src/imap/imap_text.ts";
import { backUp, restoreAny, type StorePlace, verifyAny } from "../../../src/server/store_copies.ts";
import { Secret } from "../../../src/base/secret.ts";
import { openPostgres } from "../../../src/storage/postgres/mod.ts";
import { MIGRATIONS } from "../../../src/storage/postgres/schema.ts";
import { openSnapshot } from "../../../src/storage/postgres/copy/snapshot.ts";
import { BackupCopy } from "../../../src/storage/sqlite/backup/folder_source.ts";
import { openDatabase } from "../../../src/storage/sqlite/schema.ts";
import type { Storage } from "../../../src/storage/storage.ts";
import type { Finding } from "../../../src/storage/verify/finding.ts";
import { granted, message, Scene, tempDir } from "../scene.ts";
import { emptyStores, MISSING, reach, startCluster } from "./cluster.ts";
import { dump, furnish, LARGE } from "./house.ts";

const cluster = startCluster();
if (cluster === null) Deno.test({ name: `postgres life: left out: ${MISSING}`, ignore: true, fn: () => {} });
else {
  globalThis.addEventListener("unload", () => cluster.remove());
  const [url, second] = [await cluster.database("life"), await cluster.database("second")];
  const options = { prepare: imapText, undeleteMs: 1000 };
  const empty = await emptyStores(url, options);
  verifyTests(url, () => empty());
  copyTests(url, second, () => empty());
  upgradeTests(await cluster.database("upgrade"));
}

const inDatabase = (url: string, dataDir = "/nonexistent"): StorePlace => ({
  dataDir,
  storage: { driver: "postgres", url: new Secret(url) },
});
const inFolder = (dataDir: string): StorePlace => ({ dataDir, storage: { driver: "sqlite", url: null } });

async function look(place: StorePlace): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const event of verifyAny(place, false)) {
    if (event.type === "finding") findings.push(event.finding);
    else assert.ok(event.done <= event.total, event.part);
  }
  return findings;
}

async function repair(store: Storage, findings: readonly Finding[]): Promise<void> {
  for (const { repair } of findings) {
    if (repair === null) continue;
    if (repair.repair === "account") {
      const { accountId, orphan } = repair;
      await store.perform("store.recount", { accountId, orphans: orphan === undefined ? [] : [orphan] });
    } else await store.mend!(repair.repair === "blob" ? { blobId: repair.blobId } : repair.repair);
  }
}

/** Damage that can be made good from what is left: each list at once, on the same store. */
const DERIVABLE: readonly (readonly (readonly [sql: string, told: RegExp])[])[] = [
  [
    ["update mailboxes set messages = 7, unseen = 9, size = 1 where path = 'INBOX'", /counts 7 messages, and has/],
    ["update mailboxes set deleted = 4 where path = 'INBOX'", /counts 4 messages with .Deleted/],
    ["update mailboxes set uid_next = 2 where path = 'INBOX'", /next UID is 2, and/],
    ["update mailboxes set modseq = 1 where path = 'INBOX'", /modseq is 1, and a change/],
    ["update accounts set modseq = 1", /modseq is 1, and a mailbox/],
    ["update accounts set used_bytes = 5, used_messages = 1000", /counts 1000 messages of 5 octets/],
    ["update accounts set kept_bytes = 77", /keeps 77 octets/],
    [
      "insert into members select mailbox, 90, modseq, 4711, flags, keywords, save_date, size from members limit 1",
      /not there any more/,
    ],
    ["update members set size = 1 where mailbox = 1 and uid = 1", /size is said to be 1/],
    ["update members set flags = flags & ~1, keywords = 'Other' where mailbox = 1 and uid = 2", /other flags/],
    ["insert into tombstones values (1, 1000000, 1, 1)", /or contradict it/],
    ["select setval('seq_mailbox', 1)", /sequence mailbox.*it is at 1, and/],
    ["select setval('seq_email', 1, false)", /sequence email.*it is at 0, and/],
    [
      "insert into blobs (id, hash, size, header_end, envelope, structure, data) select 4711, " +
      "decode('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex'), 0, 0, envelope, structure, '' " +
      "from blobs limit 1",
      /nothing refers to it/,
    ],
    ["update blobs set envelope = '{}' where place is null", /index is another/],
    ["update blobs set structure = '{' where place is not null", /index is another/],
    ["update emails set header_end = 3", /end of its header/],
  ],
  [
    ["update members set flags = flags & ~32 where mailbox = 1 and uid = 2", /does not know/],
    ["update mailboxes set floor = 1000000", /floor/],
    ["update mailboxes set path = 'Elsewhere', role = null where path = 'INBOX' and account = 1", /no INBOX/],
    ["update imap_text set structure = 'x'", /prepared for IMAP/],
    ["update emails set account = 2 where id = (select min(id) from emails)", /another account's/],
    ["delete from members where email = (select max(id) from emails where account = 1)", /no mailbox has it/],
  ],
  [["delete from accounts where id = 2", /belong to what is not there/]],
];

/** Damage that nothing in the store can make good. */
const LOST: readonly (readonly [sql: string, told: RegExp])[] = [
  ["update blobs set data = set_byte(data, 15, 88) where place is null", /INBOX UID 1.*damaged/],
  ["update blobs set data = substr(data, 1, 5) where place is null", /INBOX UID 1.*not whole/],
  ["delete from chunks where number = 0", /UID 3.*not whole/],
  ["update chunks set number = number + 7", /UID 3.*not whole/],
  ["delete from blobs where place is null", /are not there/],
  ["update queue set blob = 4711", /queue remove/],
  ["update queue set recipient = '{'", /envelope cannot be read/],
  ["update accounts set credentials = 'x' where id = 1", /ann@example.org.*password/],
];

function verifyTests(url: string, empty: () => Promise<Storage>): void {
  Deno.test("postgres verify: a sound store in use is sound; each damage is found, and a repair makes all well", async () => {
    const store = await empty();
    const connection = await reach(url);
    try {
      await furnish(store);
      assert.deepEqual(await look(inDatabase(url)), []);
      assert.deepEqual([await store.mend!("rows"), await store.mend!("texts")], [false, false]);
      for (const damages of DERIVABLE) {
        await connection.exchange(damages.map(([sql]) => ({ sql, values: [], once: true })));
        let findings = await look(inDatabase(url));
        const texts = findings.map(({ where, problem }) => `${where} ${problem}`);
        for (const [sql, told] of damages) assert.ok(texts.some((text) => told.test(text)), `${sql}: ${texts}`);
        assert.ok(findings.every((one) => one.repair !== null && one.advice.includes("--repair")), texts.join());
        for (let round = 0; round < 3 && findings.length > 0; round++) {
          await repair(store, findings);
          findings = await look(inDatabase(url));
        }
        assert.deepEqual(findings, []);
      }
    } finally {
      connection.close();
      await store.close();
    }
  });

  Deno.test("postgres verify: what is lost is told with whose message it is, and comes back from octets that are sound", async () => {
    const store = await empty();
    const connection = await reach(url);
    const run = (...sql: string[]) => connection.exchange(sql.map((one) => ({ sql: one, values: [], once: true })));
    const tables = ["blobs", "chunks", "queue", "accounts"];
    try {
      const s = await furnish(store);
      for (const table of tables) await run(`create table ${table}_kept as table ${table}`);
      for (const [sql, told] of LOST) {
        await run(sql);
        const lost = (await look(inDatabase(url))).filter(({ repair }) => repair === null);
        assert.ok(lost.some((one) => told.test(`${one.where} ${one.problem} ${one.advice}`)), JSON.stringify(lost));
        for (const table of tables) await run(`delete from ${table}`, `insert into ${table} table ${table}_kept`);
      }
      await run("update blobs set data = set_byte(data, 15, 88) where place is null", "delete from chunks");
      for (const text of ["one", LARGE]) {
        const blob = await s.seal(message(text));
        assert.equal(await store.mend!({ heal: blob.blobId }), true);
        assert.equal(await store.mend!({ heal: blob.blobId }), false);
        blob.release();
        assert.deepEqual(await s.whole(blob.blobId), message(text));
      }
      const left = await look(inDatabase(url));
      assert.deepEqual(left.filter(({ where }) => /ann.*INBOX UID [13]$/.test(where)), []);
    } finally {
      for (const table of tables) await run(`drop table if exists ${table}_kept`);
      connection.close();
      await store.close();
    }
  });
}

function upgradeTests(url: string): void {
  Deno.test("postgres upgrade: servers that start at once upgrade an older store once; the older program brings its backup back", async () => {
    const folder = tempDir();
    const connection = await reach(url);
    const run = (...sql: string[]) => connection.exchange(sql.map((one) => ({ sql: one, values: [], once: true })));
    try {
      await run("drop schema public cascade", "create schema public");
      for (const text of MIGRATIONS.slice(0, 2)) await run(...text.split(";").filter((one) => one.trim() !== ""));
      await run(
        "create table palomar_schema (version bigint not null)",
        "insert into palomar_schema values (2)",
        "insert into accounts values (7, 'old@example.org', 'example.org', '', null, null, 0, 0, 3, false, 1, " +
          '\'["x",1,"AA==","AA==","AA=="]\', false, 0)',
        "select setval('seq_account', 7)",
      );
      const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgres({ url, connections: 2 })));
      const [versions, floors] = await run("select version from palomar_schema", "select count(*) from objects");
      assert.deepEqual([versions!.rows, floors!.rows], [[[MIGRATIONS.length]], [[1]]]);
      const s = new Scene(stores[3]!);
      assert.equal((await s.ask("account.get", { address: "old@example.org" }))!.address, "old@example.org");
      await s.people();
      granted(await s.append(s.ann, "INBOX", message("kept")));
      await backUp(inDatabase(url, folder.path), { version: "1", now: () => 5_000, target: `${folder.path}/backup` });
      await Promise.all(stores.map((store) => store.close()));
      // As the tables of a version that is still to come.
      await run("update palomar_schema set version = 999", "create table unheard (id bigint primary key)");
      await assert.rejects(openPostgres({ url }), /version 999.*start the newer program, or bring back the backup/);
      const back = { backup: `${folder.path}/backup`, exact: false, replace: true, now: () => 5_000 };
      assert.match((await restoreAny(inDatabase(url, folder.path), back)).setAside!, /replaced_1970/);
      const [tables] = await run(
        "select count(*) from pg_tables where schemaname = 'public' and tablename = 'unheard'",
      );
      assert.deepEqual(tables!.rows, [[0]]);
      const older = await openPostgres({ url, connections: 2 });
      assert.equal((await new Scene(older).mailbox(s.ann, "INBOX")).messages, 1);
      await older.close();
    } finally {
      connection.close();
      folder.remove();
    }
  });
}

function copyTests(url: string, second: string, empty: () => Promise<Storage>): void {
  const how = { version: "1", now: () => 5_000_000_000 };
  const exact = { replace: false, exact: true, now: () => 5_000_000_000 };

  Deno.test("postgres copies: both drivers have the same tables and columns, but for their own", async () => {
    const folder = tempDir();
    const store = await empty();
    const source = await openSnapshot({ url });
    const db = openDatabase(`${folder.path}/palomar.db`);
    const connection = await reach(url);
    try {
      const own = ["palomar_schema", "uploads", "chunks", "sequences", "garbage"];
      const [found] = await connection.exchange([{
        sql: "select table_name::text || '.' || column_name::text from information_schema.columns " +
          "where table_schema = current_schema()",
        values: [],
      }]);
      const theirs = found!.rows.map(([name]) => name as string);
      const ours = db.prepare(
        "select m.name || '.' || c.name as name from sqlite_master m, pragma_table_info(m.name) c " +
          "where m.type = 'table' and m.name not like 'sqlite_%'",
      ).all().map((row) => row["name"] as string);
      const common = (names: string[]) =>
        names.filter((name) =>
          !own.includes(name.split(".")[0]!) && !/^blobs\.(place|head|segment|start|stored|packing)$/.test(name)
        )
          .sort();
      assert.deepEqual(common(theirs), common(ours));
    } finally {
      connection.close();
      await source.close();
      db.close();
      await store.close();
      folder.remove();
    }
  });

  Deno.test("postgres copies: a backup beside servers is a sound folder, the next copies what is new, and it becomes a store of SQLite and of another database", async () => {
    const folder = tempDir();
    const target = `${folder.path}/backup`;
    const store = await empty();
    const s = await furnish(store);
    const first = await backUp(inDatabase(url, folder.path), { ...how, target });
    assert.deepEqual([first.manifest.accounts, first.damaged.length, first.copied > 200_000], [2, 0, true]);
    assert.deepEqual(await look(inFolder(target)), []);
    granted(await s.append(s.bob, "INBOX", message("y".repeat(70_000))));
    await s.filled("INBOX", "later");
    const next = await backUp(inDatabase(url, folder.path), { ...how, target });
    assert.deepEqual([next.copied, next.manifest.messages], [70_000 + 15, first.manifest.messages + 2]);
    assert.deepEqual(await look(inFolder(target)), []);
    const snapshot = await openSnapshot({ url });
    const original = await dump(snapshot);
    await snapshot.close();
    for (
      const table of ["acl", "sieve", "tokens", "removed", "tombstones", "queue", "journal", "threads", "imap_text"]
    ) {
      assert.ok((original[table]?.length ?? 0) > 0, table);
    }

    const sqlite = inFolder(`${folder.path}/sqlite`);
    assert.equal((await restoreAny(sqlite, { ...exact, backup: target })).renewed, 0);
    assert.deepEqual(await look(sqlite), []);
    const again = await backUp(sqlite, { ...how, target: `${folder.path}/of-sqlite` });
    assert.deepEqual(again.damaged, []);
    const copy = new BackupCopy(`${folder.path}/of-sqlite`, folder.path);
    assert.deepEqual(await dump(copy.source()), original);
    copy.close();

    const done = await restoreAny(inDatabase(second, folder.path), { ...exact, backup: `${folder.path}/of-sqlite` });
    assert.deepEqual([done.damaged, done.setAside, done.manifest.accounts], [[], null, 2]);
    assert.deepEqual(await look(inDatabase(second)), []);
    const there = await openSnapshot({ url: second });
    assert.deepEqual(await dump(there), original);
    await there.close();
    assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), [
      "backup",
      "of-sqlite",
      "sqlite",
    ]);
    // It goes on where it was: no number is given twice.
    const moved = await openPostgres({ url: second, prepare: imapText });
    const m = new Scene(moved);
    m.ann = s.ann;
    const { mailboxId, uidNext, uidValidity } = await s.mailbox(s.ann, "INBOX");
    granted(await m.append(m.ann, "INBOX", message("goes on")));
    const inbox = await m.mailbox(m.ann, "INBOX");
    assert.deepEqual([inbox.mailboxId, inbox.uidNext, inbox.uidValidity], [mailboxId, uidNext + 1, uidValidity]);
    const ids = (await m.rows(m.ann, mailboxId)).map(({ emailId }) => emailId);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok((await m.account("new@example.org")).accountId > s.bob);
    granted(await m.ask("queue.change", { ids: null, change: "hold", now: 1, by: "a person" }));
    await moved.close();
    assert.deepEqual(await look(inDatabase(second)), []);
    await store.close();
    folder.remove();
  });

  Deno.test("postgres copies: a restore sets aside what is there, contradicts no client, and is refused while servers run", async () => {
    const folder = tempDir();
    const backup = `${folder.path}/backup`;
    const place = inDatabase(url, folder.path);
    const store = await empty();
    const s = await furnish(store);
    await backUp(place, { ...how, target: backup });
    await s.filled("INBOX", "after the backup");
    const before = { inbox: await s.mailbox(s.ann, "INBOX"), archive: await s.mailbox(s.ann, "Archive") };
    const restore = (more = {}) => restoreAny(place, { ...exact, exact: false, backup, ...more });
    await assert.rejects(restore({ replace: true }), /servers work on the database: stop all of them first/);
    await store.close();
    await assert.rejects(restore(), /there is a store in the database; --replace/);
    // What fails half-way has never been.
    const db = new DatabaseSync(`${backup}/palomar.db`);
    db.exec("update queue set due_at = 'soon'");
    db.close();
    const connection = await reach(url);
    await assert.rejects(restore({ replace: true }), /is none: soon/);
    const mend = new DatabaseSync(`${backup}/palomar.db`);
    mend.exec("update queue set due_at = 5");
    mend.close();
    try {
      const schemas = async () =>
        (await connection.exchange([{
          sql: "select nspname::text from pg_namespace where nspname like 'replaced%'",
          values: [],
        }]))[0]!.rows.flat();
      assert.deepEqual(await schemas(), []);
      const done = await restore({ replace: true });
      assert.match(done.setAside!, /^the schema replaced_1970_02_27t\S+ of the database$/);
      assert.deepEqual([done.renewed, done.held, (await schemas()).length], [1, 1, 1]);
      assert.deepEqual(await look(place), []);
      const back = await openPostgres({ url, prepare: imapText });
      const b = new Scene(back);
      const inbox = await b.mailbox(s.ann, "INBOX");
      assert.equal(inbox.messages, before.inbox.messages - 1);
      assert.ok(inbox.uidValidity > before.inbox.uidValidity);
      assert.equal((await b.mailbox(s.ann, "Archive")).uidValidity, before.archive.uidValidity);
      assert.deepEqual((await b.ask("queue.list", { after: null, limit: 9 })).map(({ state }) => state), ["held"]);
      await back.close();
      await connection.exchange([{ sql: `drop schema ${(await schemas())[0]} cascade`, values: [], once: true }]);
    } finally {
      connection.close();
      folder.remove();
    }
  });
}
