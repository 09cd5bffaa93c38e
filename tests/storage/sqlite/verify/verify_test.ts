/** What a look through a store finds after each kind of damage, and what a repair makes of it. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { imapText } from "../../../../src/imap/imap_text.ts";
import { openSqlite, type SqliteStorage } from "../../../../src/storage/sqlite/mod.ts";
import { type Finding, verifyStore } from "../../../../src/storage/sqlite/verify/mod.ts";
import { granted, message, Scene, tempDir, uids } from "../../scene.ts";

const LARGE = "x".repeat(100_000);

function look(dataDir: string): Finding[] {
  const findings: Finding[] = [];
  for (const event of verifyStore({ dataDir, prepare: imapText })) {
    if (event.type === "finding") findings.push(event.finding);
    else assert.ok(event.done <= event.total, event.part);
  }
  return findings;
}

/** Does what `palomar verify --repair` does. */
async function repair(store: SqliteStorage, findings: readonly Finding[]): Promise<void> {
  for (const { repair } of findings) {
    if (repair === null) continue;
    if (repair.repair === "account") {
      const { accountId, orphan } = repair;
      await store.perform("store.recount", { accountId, orphans: orphan === undefined ? [] : [orphan] });
    } else await store.mend!(repair.repair === "blob" ? { blobId: repair.blobId } : repair.repair);
  }
}

interface House {
  readonly path: string;
  /** The store with mail of all kinds in it, open. */
  store: SqliteStorage;
  scene: Scene;
  /** Closes the store, changes the file, opens it again. */
  damage(sql: string): Promise<void>;
}

async function withHouse(run: (house: House) => void | Promise<void>): Promise<void> {
  const folder = tempDir();
  const open = () => openSqlite({ dataDir: folder.path, prepare: imapText });
  const store = await open();
  const house: House = {
    path: folder.path,
    store,
    scene: await new Scene(store).people(),
    async damage(sql) {
      await house.store.close();
      const db = new DatabaseSync(`${folder.path}/palomar.db`);
      db.exec(sql);
      db.close();
      house.store = await open();
    },
  };
  try {
    const s = house.scene;
    await s.filled("INBOX", "one", "two", LARGE, `${LARGE}2`);
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    const where = { accountId: s.ann, mailboxId };
    granted(await s.ask("email.copy", { ...where, ranges: uids(2, 3), path: "Archive", now: 3 }));
    await s.ask("email.flags", { ...where, ranges: uids(1, 2), mode: "add", flags: ["\\Seen", "Work"] });
    await s.ask("email.flags", { ...where, ranges: uids(4), mode: "add", flags: ["\\Deleted"] });
    await s.ask("email.expunge", { ...where, ranges: null });
    const recipient = { forwardPath: "x@away.example", notify: null, orcpt: null };
    const queued = [{ recipient, domain: "away.example", prefix: new Uint8Array(), dueAt: 5, expiresAt: 900_000 }];
    const deliveries = [s.delivery(s.ann, "ann@example.org"), s.delivery(s.bob, "bob@example.org")];
    granted(await s.accept(message("for both", "Subject: hi\r\nReferences: <a@b>"), { deliveries, queued }));
    for (let i = 0; i < 40; i++) granted(await s.append(s.bob, "INBOX", message(`text ${i}`)));
    await store.settleIndex();
    await run(house);
  } finally {
    await house.store.close();
    folder.remove();
  }
}

Deno.test("verify: a sound store, open and in use, is found sound, and so it is after a repair of everything", async () => {
  await withHouse(async (house) => {
    assert.deepEqual(look(house.path), []);
    for (const what of ["rows", "texts"] as const) assert.equal(await house.store.mend!(what), what === "texts");
    const { blobId } =
      (await house.scene.rows(house.scene.ann, (await house.scene.mailbox(house.scene.ann, "INBOX")).mailboxId))[0]!;
    await house.store.mend!({ blobId });
    for (const accountId of [house.scene.ann, house.scene.bob]) {
      assert.deepEqual(await house.store.perform("store.recount", { accountId }), { corrected: [] });
    }
    assert.deepEqual(look(house.path), []);
  });
});

/** Damage that can be made good from what is left. */
const DERIVABLE: readonly (readonly [name: string, sql: string, told: RegExp])[] = [
  [
    "a mailbox's counters",
    "update mailboxes set messages = 7, unseen = 9, size = 1, deleted = 4 where path = 'INBOX'",
    /counts 7 messages, and has/,
  ],
  ["a next UID that was given", "update mailboxes set uid_next = 2 where path = 'INBOX'", /next UID is 2, and/],
  [
    "an UIDNEXT below what is gone",
    "update mailboxes set uid_next = 4 where path = 'INBOX' and account = 1; delete from members where mailbox = 1 and uid > 3",
    /next UID is 4, and 4 was given/,
  ],
  ["a mailbox's modseq", "update mailboxes set modseq = 1 where path = 'INBOX'", /modseq is 1, and a change/],
  ["an account's modseq", "update accounts set modseq = 1", /modseq is 1, and a mailbox/],
  [
    "an account's usage",
    "update accounts set used_bytes = 5, used_messages = 1000",
    /counts 1000 messages of 5 octets/,
  ],
  [
    "a membership without its message",
    "insert into members select mailbox, 90, modseq, 4711, flags, keywords, save_date, size from members limit 1",
    /not there any more/,
  ],
  ["another account's message in a mailbox", "update emails set account = 2 where id = 1", /another account's/],
  ["a membership's size", "update members set size = 1 where mailbox = 1 and uid = 1", /size is said to be 1/],
  [
    "flags that differ between mailboxes",
    "update members set flags = flags & ~1, keywords = 'Other' where mailbox = 1 and uid = 2",
    /other flags/,
  ],
  [
    "a membership that knows of no other",
    "update members set flags = flags & ~32 where mailbox = 1 and uid = 2",
    /does not know/,
  ],
  ["an email that no mailbox has", "delete from members where email = 1", /no mailbox has it/],
  ["a tombstone of what is there", "insert into tombstones values (1, 1000000, 1, 1)", /or contradict it/],
  ["a floor above the modseq", "update mailboxes set floor = 1000000", /floor/],
  ["no INBOX", "update mailboxes set path = 'Elsewhere', role = null where path = 'INBOX'", /no INBOX/],
  ["a sequence that goes back", "update sequences set value = 1", /it is at 1, and/],
  ["rows of an account that is gone", "delete from accounts where id = 2", /belong to what is not there/],
  [
    "a blob that nothing refers to",
    "insert into blobs (hash, size, header_end, envelope, structure, data) select x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 0, 0, envelope, structure, x'' from blobs limit 1",
    /nothing refers to it/,
  ],
  ["an index", "update blobs set envelope = '{}' where id = 1", /index is another/],
  ["an index that is no JSON", "update blobs set structure = '{' where id = 2", /index is another/],
  ["the end of a header", "update emails set header_end = 3", /end of its header/],
  ["what is prepared for IMAP", "update imap_text set structure = 'x'", /prepared for IMAP/],
];

for (const [name, sql, told] of DERIVABLE) {
  Deno.test(`verify: finds ${name}, and a repair makes all well`, async () => {
    await withHouse(async (house) => {
      await house.damage(sql);
      let findings = look(house.path);
      assert.ok(findings.some(({ problem }) => told.test(problem)), JSON.stringify(findings));
      assert.ok(
        findings.every(({ repair, advice }) => repair !== null && advice.includes("--repair")),
        JSON.stringify(findings),
      );
      // What was wrong may have hidden something else: what a message that comes back does to its account.
      for (let round = 0; round < 3 && findings.length > 0; round++) {
        await repair(house.store, findings);
        findings = look(house.path);
      }
      assert.deepEqual(findings, []);
    });
  });
}

/** Damage that nothing in the store can make good. */
const LOST: readonly (readonly [name: string, sql: string, told: RegExp])[] = [
  [
    "octets that changed",
    "update blobs set data = cast('Subject: hi' || x'0d0a0d0a' || 'onE' as blob) where id = 1",
    /INBOX UID 1.*damaged/,
  ],
  ["octets that are cut", "update blobs set data = substr(data, 1, 5) where id = 1", /INBOX UID 1.*not whole/],
  ["a body that is not there", "delete from blobs where id = 1", /are not there/],
  ["bodies that lie over others", "update blobs set start = start + 10 where id = 4", /lie over|head of its record/],
  ["a row of the queue without its message", "update queue set blob = 4711", /queue remove/],
  ["an envelope of the queue", "update queue set recipient = '{'", /envelope cannot be read/],
  ["credentials", "update accounts set credentials = 'x' where id = 1", /ann@example.org.*password/],
];

for (const [name, sql, told] of LOST) {
  Deno.test(`verify: reports ${name}, with what to do`, async () => {
    await withHouse(async (house) => {
      await house.damage(sql);
      const lost = look(house.path).filter(({ repair }) => repair === null);
      assert.ok(lost.some((one) => told.test(`${one.where} ${one.problem} ${one.advice}`)), JSON.stringify(lost));
    });
  });
}

Deno.test("verify: reports octets of the segment log that changed or are missing, with whose message it is", async () => {
  await withHouse((house) => {
    const [{ name }] = [...Deno.readDirSync(`${house.path}/blobs`)] as [Deno.DirEntry];
    const file = Deno.openSync(`${house.path}/blobs/${name}`, { write: true });
    file.seekSync(50_000, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array([0]));
    const found = look(house.path).filter(({ part }) => part === "blobs");
    assert.deepEqual(found.map(({ where }) => where).sort(), [
      "ann@example.org/Archive UID 2",
      "ann@example.org/INBOX UID 3",
    ]);
    file.truncateSync(20_000);
    file.close();
    assert.match(JSON.stringify(look(house.path)), /ends \d+ octets early/);
    Deno.removeSync(`${house.path}/blobs/${name}`);
    assert.match(JSON.stringify(look(house.path)), /its file is not there/);
  });
});

Deno.test("verify: finds an index of texts that is damaged, and makes it anew", async () => {
  const damages: readonly ((folder: string) => void)[] = [
    (folder) => {
      const [{ name }] = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".text")) as [Deno.DirEntry];
      const bytes = Deno.readFileSync(`${folder}/${name}`);
      bytes[bytes.length - 3]! ^= 1;
      Deno.writeFileSync(`${folder}/${name}`, bytes);
    },
    (folder) => {
      const db = new DatabaseSync(`${folder}/catalog.db`);
      db.exec("delete from pending");
      db.close();
    },
  ];
  for (const damage of damages) {
    await withHouse(async (house) => {
      damage(`${house.path}/index`);
      const findings = look(house.path);
      assert.deepEqual(findings.map(({ repair }) => repair), [{ repair: "texts" }]);
      await repair(house.store, findings);
      await house.store.settleIndex();
      assert.deepEqual(look(house.path), []);
    });
  }
});

Deno.test("verify: says what is no store, and what is of another version", () => {
  const folder = tempDir();
  assert.throws(() => look(folder.path), /there is no store in/);
  const db = new DatabaseSync(`${folder.path}/palomar.db`);
  db.exec("pragma user_version = 1");
  assert.throws(() => look(folder.path), /start the server once/);
  db.exec("pragma user_version = 999");
  assert.throws(() => look(folder.path), /use the newer program/);
  db.close();
  folder.remove();
});
