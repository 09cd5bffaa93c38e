/** Folders that cannot be written, disks that are full at any one write, and clocks that leap. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { imapText } from "../../../src/imap/imap_text.ts";
import { seeClock } from "../../../src/storage/engine/steady_clock.ts";
import { openSqlite, type SqliteOptions } from "../../../src/storage/sqlite/mod.ts";
import { Statements } from "../../../src/storage/sqlite/statements.ts";
import { verifyStore } from "../../../src/storage/sqlite/verify/mod.ts";
import { ALL, granted, message, Scene, tempDir, uids } from "../scene.ts";

const DAY = 86_400_000;
const YEAR = 365 * DAY;
const large = (text: string) => message(`${text} ${"x".repeat(300_000)}`);

function folderTest(name: string, run: (path: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = tempDir();
    try {
      await run(folder.path);
    } finally {
      folder.remove();
    }
  });
}

async function open(dataDir: string, more: Partial<SqliteOptions> = {}): Promise<Scene> {
  const s = new Scene(await openSqlite({ dataDir, prepare: imapText, ...more }));
  const ann = await s.ask("account.get", { address: "ann@example.org" });
  if (!ann) return await s.people();
  s.ann = ann.accountId;
  s.bob = (await s.ask("account.get", { address: "bob@example.org" }))!.accountId;
  return s;
}

/** Everything in the database, as text. */
function everything(dataDir: string): string {
  const db = new DatabaseSync(`${dataDir}/palomar.db`, { readOnly: true });
  try {
    const tables = db.prepare("select name from sqlite_master where type = 'table' order by name").all();
    return tables.map(({ name }) => JSON.stringify([name, db.prepare(`select * from "${name}"`).all()])).join("\n");
  } finally {
    db.close();
  }
}

function sound(dataDir: string): void {
  const found = [...verifyStore({ dataDir, prepare: imapText })].filter(({ type }) => type === "finding");
  assert.deepEqual(found, []);
}

/** While `run` goes on, `fails` is asked before each write to the database. */
async function failing(fails: (sql: string) => string | null, run: () => Promise<void>): Promise<void> {
  const { run: first, insert, exec } = Statements.prototype;
  const before = (sql: string) => {
    const text = fails(sql);
    if (text !== null) throw new Error(text);
  };
  Statements.prototype.run = function (sql, ...values) {
    before(sql);
    return first.call(this, sql, ...values);
  };
  Statements.prototype.insert = function (sql, ...values) {
    before(sql);
    return insert.call(this, sql, ...values);
  };
  Statements.prototype.exec = function (sql) {
    if (sql !== "rollback") before(sql);
    exec.call(this, sql);
  };
  try {
    await run();
  } finally {
    Object.assign(Statements.prototype, { run: first, insert, exec });
  }
}

folderTest("sqlite: a folder that cannot be written is refused at the start, with words and its name", async (path) => {
  await (await open(path)).store.close();
  const before = everything(path);
  const { openSync } = Deno;
  for (
    const error of [
      new Deno.errors.PermissionDenied("Permission denied (os error 13)"),
      new Error("Read-only file system (os error 30)"),
    ]
  ) {
    Deno.openSync = (file, options) => {
      if (options?.write) throw error;
      return openSync(file, options);
    };
    try {
      await assert.rejects(openSqlite({ dataDir: path }), (refused: Error & { reason?: string }) => {
        assert.deepEqual([refused.name, refused.reason], ["StorageError", "unavailable"]);
        assert.ok(refused.message.includes(`the data folder ${path} cannot be written: ${error.message}`));
        return true;
      });
    } finally {
      Deno.openSync = openSync;
    }
  }
  Deno.writeTextFileSync(`${path}/file`, "no folder");
  await assert.rejects(openSqlite({ dataDir: `${path}/file` }), /the data folder .*file cannot be written/);
  assert.equal(everything(path), before);
  await (await open(path)).store.close();
});

folderTest(
  "sqlite: a folder that cannot be written any more refuses to write, is read on, and recovers",
  async (path) => {
    const s = await open(path);
    granted(await s.append(s.ann, "INBOX", large("there")));
    granted(await s.append(s.ann, "INBOX", message("small")));
    const before = everything(path);
    const { writeSync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.writeSync = () => {
      throw new Error("Read-only file system (os error 30)");
    };
    try {
      await failing((sql) => sql === "begin immediate" ? "attempt to write a readonly database" : null, async () => {
        await assert.rejects(s.append(s.ann, "INBOX", message("no")), { reason: "unavailable" });
        await assert.rejects(s.append(s.ann, "INBOX", large("no")), { reason: "unavailable" });
        await assert.rejects(s.store.reclaim(), { reason: "unavailable" });
        const rows = await s.rows(s.ann, (await s.mailbox(s.ann, "INBOX")).mailboxId);
        assert.deepEqual(await s.whole(rows[0]!.blobId), large("there"));
      });
    } finally {
      Deno.FsFile.prototype.writeSync = writeSync;
    }
    assert.equal(everything(path), before);
    granted(await s.append(s.ann, "INBOX", large("yes")));
    await s.store.close();
    sound(path);
  },
);

const recipient = { forwardPath: "x@away.example", notify: null, orcpt: null };
const queued = [{ recipient, domain: "away.example", prefix: new Uint8Array(), dueAt: 5, expiresAt: 900_000 }];

/** Operations on an INBOX with three messages. */
const OPERATIONS: Readonly<Record<string, (s: Scene, inbox: Scene["ann"]) => Promise<unknown>>> = {
  accept: (s) =>
    s.accept(message("new"), {
      deliveries: [s.delivery(s.ann, "ann@example.org"), s.delivery(s.bob, "bob@example.org")],
      queued,
    }),
  append: (s) => s.append(s.ann, "Archive", message("new"), ["\\Seen", "Work"]),
  "append large": (s) => s.append(s.ann, "Archive", large("new")),
  flags: (s, id) => on(s, id, "email.flags", { ranges: ALL, mode: "add", flags: ["\\Flagged", "New"] }),
  copy: (s, id) => on(s, id, "email.copy", { ranges: ALL, path: "Sent", now: 9 }),
  move: (s, id) => on(s, id, "email.move", { ranges: uids(1, 2), path: "Sent", now: 9 }),
  expunge: (s, id) => on(s, id, "email.expunge", { ranges: uids(2), always: true }),
  create: (s) => s.ask("mailbox.create", { accountId: s.ann, path: "New/Deep", role: null }),
  rename: (s) => s.ask("mailbox.rename", { accountId: s.ann, path: "INBOX", newPath: "Old" }),
  account: (s) => s.account("zoe@example.org"),
  claim: (s) => s.ask("queue.claim", { owner: "w", now: 10, leaseMs: 120_000, limit: 10 }),
};

function on(
  s: Scene,
  mailboxId: string,
  op: "email.flags" | "email.copy" | "email.move" | "email.expunge",
  more: object,
) {
  return s.ask(op, { accountId: s.ann, mailboxId, ...more } as never);
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  folderTest(
    `sqlite: ${name}: a disk that is full at any one of its writes refuses it whole, and then it works`,
    async (path) => {
      const s = await open(path, { undeleteMs: DAY });
      await s.filled("INBOX", "a", "b", "c");
      granted(await s.append(s.ann, "Archive", message("other")));
      granted(await s.accept(message("waits"), { queued }));
      const { mailboxId } = await s.mailbox(s.ann, "INBOX");
      const seen = async () => [await s.ask("mailbox.list", { accountId: s.ann }), await s.rows(s.ann, mailboxId)];
      const [rows, memory] = [everything(path), await seen()];
      let refused = 0;
      for (let nth = 1;; nth++) {
        let writes = 0;
        let error: (Error & { reason?: string }) | null = null;
        await failing(() => ++writes === nth ? "database or disk is full" : null, async () => {
          await operation(s, mailboxId as never).catch((caught) => error = caught);
        });
        if (writes < nth) break; // it has no more writes, so this time it worked
        refused++;
        assert.equal((error as { reason?: string } | null)?.reason, "full", `write ${nth}`);
        assert.equal(everything(path), rows, `write ${nth}`);
        assert.deepEqual(await seen(), memory, `write ${nth}`);
      }
      assert.ok(refused >= 3, `${refused} writes`);
      assert.notEqual(everything(path), rows);
      await s.store.close();
      sound(path);
    },
  );
}

folderTest("sqlite: with room for any number of pages an operation is whole or refused as full", async (path) => {
  let s = await open(path);
  await s.filled("INBOX", "a", "b");
  await s.store.close();
  const db = new DatabaseSync(`${path}/palomar.db`);
  const { page_count } = db.prepare("pragma page_count").get() as { page_count: number };
  db.close();
  const rows = everything(path);
  let refused = 0;
  for (let room = 0;; room++) {
    s = await open(path, { limits: { databasePages: page_count + room } });
    const copies = message("y".repeat(30_000));
    const answer = await s.accept(copies, { deliveries: [s.delivery(s.ann, "ann@example.org")], queued })
      .then(() => null, (error) => error as { reason?: string });
    await s.store.close();
    sound(path);
    if (answer === null) break;
    refused++;
    assert.deepEqual([answer.reason, everything(path) === rows], ["full", true], `room for ${room} pages`);
  }
  assert.ok(refused >= 5, `${refused} steps`);
});

folderTest("sqlite: with room for any number of octets in the segment log a body is whole or refused", async (path) => {
  let s = await open(path);
  await s.filled("INBOX", "a");
  await s.store.close();
  const rows = everything(path);
  for (let octets = 0; octets <= 320_000; octets += 40_000) {
    s = await open(path, { limits: { segmentOctets: octets } });
    if (octets > 301_000) granted(await s.append(s.ann, "INBOX", large("fits")));
    else {
      await assert.rejects(s.append(s.ann, "INBOX", large("no")), { reason: "full" });
      assert.equal(everything(path), rows, `${octets}`);
    }
    await s.store.close();
    sound(path);
  }
});

Deno.test("a leap forward is not believed for a day, one that is put right again is forgotten", () => {
  const look = (...times: number[]) => {
    let seen = null;
    for (const time of times) seen = seeClock(seen, time);
    return seen!.leap === null;
  };
  assert.ok(look(0));
  assert.ok(look(0, DAY, 2 * DAY));
  assert.ok(!look(0, YEAR));
  assert.ok(!look(0, YEAR, YEAR + DAY / 2));
  assert.ok(look(0, YEAR, YEAR + DAY / 2, YEAR + DAY));
  assert.ok(!look(0, YEAR, YEAR + DAY / 2, 2 * YEAR), "a second leap does not end the first");
  assert.ok(look(0, YEAR, 600_000));
  assert.ok(look(YEAR, 0, 1));
});

folderTest(
  "sqlite: a clock that leaps a year ahead and is put right throws nothing away, restarts included",
  async (path) => {
    let now = 100 * DAY;
    const options = { undeleteMs: 7 * DAY, wall: () => now };
    let s = await open(path, options);
    await s.filled("INBOX", "a", "b");
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: uids(1), always: true });
    await s.store.reclaim();
    const kept = async () =>
      (await s.ask("removed.list", { accountId: s.ann, path: null, since: 0, after: null, limit: 9 })).rows.length;
    const expire = () => s.ask("email.expire", { accountId: s.ann, path: "INBOX", before: now - 30 * DAY, limit: 9 });
    now += YEAR;
    for (let round = 0; round < 3; round++) {
      await s.reclaimAll();
      assert.deepEqual([await kept(), await expire()], [1, { removed: 0 }]);
      await s.store.close();
      s = await open(path, options);
      now += DAY / 4;
    }
    now = 101 * DAY;
    await s.reclaimAll();
    assert.equal(await kept(), 1);
    // The same leap, and nobody puts it right: after a day it is the time.
    now += YEAR;
    await s.reclaimAll();
    now += DAY;
    await s.reclaimAll();
    assert.deepEqual([await kept(), await expire()], [0, { removed: 1 }]);
    await s.store.close();
    sound(path);
  },
);

folderTest(
  "sqlite: what waits is due again when the clock went back before a restart or a lease was over",
  async (path) => {
    let s = await open(path);
    granted(await s.accept(message("waits"), { queued }));
    const claim = (owner: string, now: number) => s.ask("queue.claim", { owner, now, leaseMs: 120_000, limit: 10 });
    assert.equal((await claim("w", YEAR)).length, 1); // the lease ends in a year
    await s.store.close();
    s = await open(path);
    assert.equal((await claim("w", 10)).length, 1);
    // A leap forward ends the lease early; whoever had it has no say any more.
    const [job] = await claim("other", YEAR);
    const queueIds = job!.recipients.map(({ queueId }) => queueId);
    assert.equal(await s.ask("queue.renew", { owner: "w", queueIds, leaseUntil: YEAR }), false);
    await s.store.close();
  },
);
