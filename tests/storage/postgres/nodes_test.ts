/** Several nodes on one database, and a database that goes away. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AnswerOf, Uid } from "../../../src/contract/mod.ts";
import { testServer } from "../../../src/server/test_server.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { openPostgres } from "../../../src/storage/postgres/mod.ts";
import { ServerError } from "../../../src/storage/postgres/wire/connection.ts";
import type { Storage } from "../../../src/storage/storage.ts";
import { ALL, CREDENTIALS, granted, message, NO_QUOTA, Scene, uids } from "../scene.ts";
import { type Cluster, emptyStores, MISSING, reach, startCluster } from "./cluster.ts";

const cluster = startCluster();
if (cluster === null) Deno.test({ name: `postgres nodes: left out: ${MISSING}`, ignore: true, fn: () => {} });
else {
  globalThis.addEventListener("unload", () => cluster.remove());
  const url = await cluster.database("nodes");
  const empty = await emptyStores(url);
  nodesTests(url, empty);
  outageTests(cluster, url, empty);
  loginTests(cluster);
}

/** Two stores on one database, with ann and bob. */
async function twoNodes(
  url: string,
  empty: () => Promise<Storage>,
  run: (a: Scene, b: Scene) => Promise<void>,
): Promise<void> {
  const stores = [await empty(), await openPostgres({ url, connections: 4 })] as const;
  try {
    const a = await new Scene(stores[0]).people();
    const b = new Scene(stores[1]);
    [b.ann, b.bob] = [a.ann, a.bob];
    await run(a, b);
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
}

function nodesTests(url: string, empty: () => Promise<Storage>): void {
  const test = (name: string, run: (a: Scene, b: Scene) => Promise<void>) =>
    Deno.test(`postgres nodes: ${name}`, () => twoNodes(url, empty, run));

  test("what both append at once has UIDs and modseqs of one mailbox", async (a, b) => {
    const work = Array.from({ length: 60 }, (_, i) => (i % 2 ? a : b).append(a.ann, "INBOX", message(`m${i}`)));
    for (const answer of await Promise.all(work)) granted(answer);
    const inbox = await a.mailbox(a.ann, "INBOX");
    const rows = await b.rows(b.ann, inbox.mailboxId);
    assert.deepEqual(rows.map(({ uid }) => uid), rows.map((_, i) => i + 1 as Uid));
    assert.deepEqual([inbox.messages, inbox.uidNext, rows.length], [60, 61, 60]);
    assert.deepEqual([...rows].sort((x, y) => x.modseq - y.modseq), rows);
    assert.equal(new Set(rows.map(({ emailId }) => emailId)).size, 60);
  });

  test("a quota holds when both deliver at once", async (a, b) => {
    granted(await a.ask("account.change", { address: "ann@example.org", quota: { bytes: null, messages: 10 } }));
    const work = Array.from({ length: 30 }, (_, i) => {
      const s = i % 2 ? a : b;
      return s.accept(message(`m${i}`), { deliveries: [s.delivery(a.ann, "ann@example.org")] });
    });
    const answers = await Promise.all(work);
    assert.equal(answers.filter((answer) => "stored" in answer).length, 10);
    assert.equal((await b.mailbox(b.ann, "INBOX")).messages, 10);
  });

  test("of two who make the same account one is told that it is there", async (a, b) => {
    const args = { address: "new@example.org", name: "", quota: NO_QUOTA, credentials: CREDENTIALS, now: 1 };
    const answers = await Promise.all([a, b, a, b].map((s) => s.ask("account.add", args)));
    assert.deepEqual(answers.map((one) => "refused" in one ? one.refused : "made").sort(), [
      "exists",
      "exists",
      "exists",
      "made",
    ]);
  });

  test("a setting that all begin at once has one value", async (a, b) => {
    const values = await Promise.all(
      Array.from({ length: 8 }, (_, i) => (i % 2 ? a : b).ask("setting.init", { name: "x", value: `v${i}` })),
    );
    assert.equal(new Set(values).size, 1);
    const changes = await Promise.all(
      Array.from(
        { length: 8 },
        (_, i) => (i % 2 ? a : b).ask("setting.change", { name: "x", before: values[0]!, value: `w${i}` }),
      ),
    );
    assert.equal(changes.filter(({ changed }) => changed).length, 1);
  });

  test("accounts that write to each other do not wait for each other", async (a, b) => {
    for (const [owner, other] of [["ann", "bob"], ["bob", "ann"]] as const) {
      await a.ask("acl.set", {
        accountId: a[owner],
        path: "INBOX",
        identifier: `${other}@example.org`,
        mode: "replace",
        rights: "lrswite",
      });
      granted(await a.append(a[owner], "INBOX", message(owner)));
    }
    const inbox = { ann: await a.mailbox(a.ann, "INBOX"), bob: await a.mailbox(a.bob, "INBOX") };
    const foreign = (await a.ask("mailbox.list", { accountId: a.ann })).find(({ ownerId }) => ownerId === a.bob)!.path;
    const other = (await a.ask("mailbox.list", { accountId: a.bob })).find(({ ownerId }) => ownerId === a.ann)!.path;
    const began = performance.now();
    const work = Array.from(
      { length: 20 },
      (_, i) =>
        i % 2
          ? a.ask("email.copy", {
            accountId: a.ann,
            mailboxId: inbox.ann.mailboxId,
            ranges: uids(1),
            path: foreign,
            now: 1,
          })
          : b.ask("email.copy", {
            accountId: b.bob,
            mailboxId: inbox.bob.mailboxId,
            ranges: uids(1),
            path: other,
            now: 1,
          }),
    );
    for (const answer of await Promise.all(work)) granted(answer);
    assert.ok(performance.now() - began < 15_000);
    assert.equal((await b.mailbox(b.ann, "INBOX")).messages, 11);
    assert.equal((await a.mailbox(a.bob, "INBOX")).messages, 11);
  });

  test("each job is claimed by one, and a dead node's when its lease is over", async (a, b) => {
    const queued = Array.from({ length: 40 }, (_, i) => ({
      recipient: { forwardPath: `r@d${i}.example`, notify: null, orcpt: null },
      domain: `d${i}.example`,
      prefix: new Uint8Array(0),
      dueAt: 1,
      expiresAt: 9000,
    }));
    granted(await a.accept(message("x"), { queued }));
    const claim = (s: Scene, owner: string, now: number) => s.ask("queue.claim", { owner, now, leaseMs: 50, limit: 8 });
    const jobs: AnswerOf<"queue.claim">[] = await Promise.all(
      Array.from({ length: 5 }, (_, i) => i % 2 ? claim(a, "a", 10) : claim(b, "b", 10)),
    );
    const first = jobs.flatMap((some) => some.flatMap(({ recipients }) => recipients.map(({ queueId }) => queueId)));
    assert.equal(new Set(first).size, first.length);
    // What two asked for at once one of them may have passed over: it is there still.
    for (let more = await claim(a, "a", 10); more.length > 0; more = await claim(a, "a", 10)) {
      first.push(...more.flatMap(({ recipients }) => recipients.map(({ queueId }) => queueId)));
    }
    assert.equal(new Set(first).size, 40);
    const third = await openPostgres({ url, connections: 2 }); // whoever starts leaves the leases of others alone
    try {
      const c = new Scene(third);
      assert.deepEqual(await claim(c, "c", 59), []);
      assert.equal(await c.ask("queue.next", {}), 60);
      assert.equal((await claim(c, "c", 60)).length, 8);
    } finally {
      await third.close();
    }
  });

  test("whoever watches hears what the other commits", async (a, b) => {
    const heard = Promise.withResolvers<string>();
    const { mailboxId } = await b.mailbox(b.ann, "INBOX");
    const leave = b.store.watch(b.ann, ({ mailboxIds, mailboxList }) => {
      if (mailboxIds.has(mailboxId)) heard.resolve(mailboxList ? "polled" : "told");
    });
    const queue = Promise.withResolvers<void>();
    const leaveQueue = b.store.watchQueue(() => queue.resolve());
    const entry = {
      recipient: { forwardPath: "x@far.example", notify: null, orcpt: null },
      domain: "far.example",
      prefix: new Uint8Array(0),
      dueAt: 1,
      expiresAt: 9,
    };
    granted(await a.accept(message("x"), { deliveries: [a.delivery(a.ann, "ann@example.org")], queued: [entry] }));
    assert.equal(await heard.promise, "told"); // not found out by asking
    await queue.promise;
    leave();
    leaveQueue();
  });

  test("a large body goes up in pieces, is whole elsewhere, and goes with its last message", async (a, b) => {
    const bytes = message("0123456789abcdef".repeat(60_000));
    for (const s of [a, b]) granted(await s.append(s.ann, "INBOX", bytes));
    granted(await a.append(a.bob, "INBOX", message("y".repeat(200_000))));
    const { mailboxId } = await b.mailbox(b.ann, "INBOX");
    const [row] = await b.rows(b.ann, mailboxId);
    assert.deepEqual(await b.whole(row!.blobId), bytes);
    const odd = await b.store.readBlob(row!.blobId, 262_000, 262_300);
    assert.deepEqual(odd, bytes.slice(262_000, 262_300));
    assert.deepEqual(await b.store.readBlob(row!.blobId, bytes.length - 3, bytes.length + 9), bytes.slice(-3));
    const connection = await reach(url);
    try {
      const count = async () =>
        (await connection.exchange([{
          sql:
            "select (select count(*) from uploads), (select count(*) from chunks), (select max(length(data)) from chunks)",
          values: [],
        }]))[0]!.rows[0]!;
      // The second copy is let go when its session is: it may take a moment.
      for (let i = 0; i < 100 && (await count())[0] !== 2; i++) await new Promise((next) => setTimeout(next, 20));
      assert.deepEqual(await count(), [2, 5, 262_144]);
      await b.ask("email.expunge", { accountId: b.ann, mailboxId, ranges: ALL, always: true });
      assert.equal(await b.reclaimAll(), bytes.length);
      assert.deepEqual(await count(), [1, 1, 200_010 + "Subject: hi\r\n".length - 10 + 2]);
      await assert.rejects(a.store.readBlob(row!.blobId, 0, 1), { reason: "bug" });
    } finally {
      connection.close();
    }
  });

  test("an upload that nobody ended goes after a day", async (a) => {
    const writer = a.store.createBlob();
    await writer.write(new Uint8Array(600_000));
    const connection = await reach(url);
    const left = async () =>
      (await connection.exchange([{ sql: "select count(*) from chunks", values: [] }]))[0]!.rows[0]![0];
    try {
      await a.store.reclaim();
      assert.equal(await left(), 2);
      await connection.exchange([{ sql: "update uploads set created_at = now() - interval '2 days'", values: [] }]);
      await a.store.reclaim();
      assert.equal(await left(), 0);
    } finally {
      connection.close();
    }
  });

  test("what nothing refers to any more is kept where another node refers to it anew meanwhile", async (a, b) => {
    const bytes = message("again");
    for (let round = 0; round < 8; round++) {
      granted(await a.append(a.ann, "INBOX", bytes));
      const { mailboxId } = await a.mailbox(a.ann, "INBOX");
      await a.ask("email.expunge", { accountId: a.ann, mailboxId, ranges: ALL, always: true });
      await a.store.reclaim();
      const [answer] = await Promise.all([b.append(b.bob, "INBOX", bytes), a.store.reclaim()]);
      granted(answer);
      const inbox = await b.mailbox(b.bob, "INBOX");
      const [row] = await b.rows(b.bob, inbox.mailboxId);
      assert.deepEqual(await a.whole(row!.blobId), bytes);
      await b.ask("email.expunge", { accountId: b.bob, mailboxId: inbox.mailboxId, ranges: ALL, always: true });
    }
  });

  Deno.test("postgres nodes: commands over thousands of messages are as in memory", async () => {
    const stores = [memoryStorage(), await empty()];
    const ends = [];
    for (const store of stores) {
      try {
        ends.push(await bulk(await new Scene(store).people()));
      } finally {
        await store.close();
      }
    }
    assert.deepEqual(ends[1], ends[0]);
  });

  Deno.test("postgres nodes: mail that one receives is told to IDLE of the other, and flags travel back", async () => {
    const stores = [await empty(), await openPostgres({ url, connections: 4 })] as const;
    try {
      await using a = await testServer({ storage: stores[0] });
      await using b = await testServer({ storage: stores[1] });
      const idle = b.connect("imap");
      await idle.until("* OK");
      await idle.ask("a LOGIN alice@example.test alice", "a OK");
      await idle.ask("b SELECT INBOX", "b OK");
      await idle.ask("c IDLE", "+ ");
      await a.deliver("Subject: hello\n\nHi Alice", "alice@example.test");
      await idle.until("* 1 EXISTS");
      const other = a.connect("imap");
      await other.until("* OK");
      await other.ask("a LOGIN alice@example.test alice", "a OK");
      await other.ask("b SELECT INBOX", "b OK");
      await other.ask("c STORE 1 +FLAGS (\\Flagged)", "c OK");
      assert.match(await idle.until(/\* 1 FETCH [^\n]*\n/), /\\Flagged/);
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  Deno.test("postgres nodes: kill -9 loses nothing acknowledged, doubles nothing, leaves nothing half", async () => {
    const store = await empty();
    const s = await new Scene(store).people();
    try {
      const acknowledged: string[] = [];
      for (const [round, count] of [3, 60, 150].entries()) {
        acknowledged.push(...await killAfter(url, round, count));
        const inbox = await s.mailbox(s.ann, "INBOX");
        const rows = await s.rows(s.ann, inbox.mailboxId);
        const usage = (await s.ask("account.get", { address: "ann@example.org" }))!.usage;
        assert.deepEqual([rows.length, usage.messages], [inbox.messages, inbox.messages]);
        assert.equal(usage.bytes, rows.reduce((sum, { size }) => sum + size, 0));
        const stored = rows.map(({ prefix }) => new TextDecoder().decode(prefix).slice("X-Trace: ".length).trim());
        assert.equal(new Set(stored).size, stored.length);
        const all = new Set(stored);
        for (const traceId of acknowledged) assert.ok(all.has(traceId), `${traceId} was acknowledged and is gone`);
        // Its queue is there as well, and is another's when its leases are over.
        const jobs = await s.ask("queue.claim", { owner: "s", now: 1e6 * (round + 1), leaseMs: 10, limit: 10_000 });
        assert.equal(jobs.length, rows.length);
        for (const row of rows.slice(-20)) assert.equal((await s.whole(row.blobId)).length, row.blobSize);
      }
    } finally {
      await store.close();
    }
  });
}

/** What large commands leave behind. */
async function bulk(s: Scene): Promise<unknown> {
  const count = 2300;
  const bodies = await Promise.all(Array.from({ length: 50 }, (_, i) => s.seal(message(`m${i}`))));
  for (let at = 0; at < count; at += 100) {
    const messages = Array.from({ length: 100 }, (_, i) => ({
      blobId: bodies[(at + i) % 50]!.blobId,
      flags: (at + i) % 3 ? [] : ["\\Deleted"],
      internalDate: at + i,
    }));
    granted(await s.ask("email.append", { accountId: s.ann, path: "INBOX", messages, now: 5 }));
  }
  for (const body of bodies) body.release();
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  const where = { accountId: s.ann, mailboxId };
  const odd = Array.from({ length: 400 }, (_, i) => ({ first: 4 * i + 1 as Uid, last: 4 * i + 1 as Uid }));
  const found: unknown[] = [];
  found.push(await s.ask("email.copy", { ...where, ranges: odd, path: "Archive", now: 6 }));
  found.push(await s.ask("email.copy", { ...where, ranges: ALL, path: "Archive", now: 6 }));
  const flags = ["\\Seen", "Work"];
  found.push(await s.ask("email.flags", { ...where, ranges: ALL, mode: "add", flags }));
  found.push(await s.ask("email.flags", { ...where, ranges: odd, mode: "remove", flags: ["Work"] }));
  found.push(await s.ask("email.expunge", { ...where, ranges: null }));
  found.push(await s.ask("email.move", { ...where, ranges: odd, path: "Trash", now: 7 }));
  found.push(await s.ask("email.expunge", { ...where, ranges: ALL, always: true }));
  for (const path of ["INBOX", "Archive", "Trash"]) {
    const { mailboxId, uidValidity: _, ...counters } = await s.mailbox(s.ann, path);
    const rows = await s.rows(s.ann, mailboxId);
    found.push(counters, rows.map(({ emailId: _, threadId: __, ...row }) => row));
    const changes = await s.ask("mailbox.changes", { ...where, mailboxId, since: counters.highestModseq });
    found.push(changes.changed.length);
  }
  found.push((await s.ask("account.get", { address: "ann@example.org" }))!.usage);
  return JSON.parse(JSON.stringify(found, (key, value) => key === "uidValidity" ? 0 : value));
}

/** Runs the child until it has said so many lines, kills it, and answers all it said. */
async function killAfter(url: string, round: number, count: number): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--no-check", `${import.meta.dirname}/node_child.ts`, url, String(round)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let said = "";
  let killed = false;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (!killed && said.split("\n").length > count) {
      child.kill("SIGKILL");
      killed = true;
    }
  }
  await child.status;
  assert.ok(killed, "the child ended by itself");
  return said.split("\n").slice(0, -1);
}

function outageTests(cluster: Cluster, url: string, empty: () => Promise<Storage>): void {
  const crash = () => {
    cluster.stop("immediate");
    cluster.start();
  };

  Deno.test("postgres outage: a restart under load is temporary, and what was acknowledged is there", async () => {
    const store = await empty();
    const s = await new Scene(store).people();
    let acknowledged = 0;
    let failed = 0;
    try {
      let busy = true;
      const stream = async (): Promise<void> => {
        while (busy) {
          const delivery = s.accept(message("x".repeat(100)), { deliveries: [s.delivery(s.ann, "ann@example.org")] });
          await delivery.then(() => acknowledged++, async (error) => {
            assert.equal(error.reason, "unavailable", error.message);
            failed++;
            await new Promise((next) => setTimeout(next, 20));
          });
        }
      };
      const streams = Array.from({ length: 8 }, stream);
      for (let i = 0; i < 500 && acknowledged < 20; i++) await new Promise((next) => setTimeout(next, 20));
      crash();
      const before = acknowledged;
      for (let i = 0; i < 500 && acknowledged < before + 20; i++) await new Promise((next) => setTimeout(next, 20));
      busy = false;
      await Promise.all(streams);
      const inbox = await s.mailbox(s.ann, "INBOX");
      assert.ok(acknowledged >= before + 20);
      // An answer may have been lost on its way: what is there is at least what was acknowledged, and is sound.
      assert.ok(inbox.messages >= acknowledged && inbox.messages <= acknowledged + failed);
      assert.equal((await s.rows(s.ann, inbox.mailboxId)).length, inbox.messages);
    } finally {
      await store.close();
    }
  });

  Deno.test("postgres outage: connections that slept through a restart fail nobody, and news come again", async () => {
    const store = await empty();
    const other = await openPostgres({ url, connections: 2 });
    const s = await new Scene(store).people();
    try {
      crash();
      assert.equal((await s.mailbox(s.ann, "INBOX")).messages, 0);
      granted(await s.append(s.ann, "INBOX", message("later")));
      const { mailboxId } = await s.mailbox(s.ann, "INBOX");
      const heard = Promise.withResolvers<void>();
      const leave = other.watch(s.ann, ({ mailboxIds }) => mailboxIds.has(mailboxId) && heard.resolve());
      granted(await s.append(s.ann, "INBOX", message("news")));
      await heard.promise;
      leave();
    } finally {
      await Promise.all([store.close(), other.close()]);
    }
  });

  Deno.test("postgres outage: SMTP says 451, IMAP NO [UNAVAILABLE], and then all goes on", async () => {
    const store = await empty();
    try {
      await using server = await testServer({ storage: store });
      const imap = server.connect("imap");
      await imap.until("* OK");
      await imap.ask("a LOGIN alice@example.test alice", "a OK");
      const smtp = server.connect("smtp");
      await smtp.until("220");
      await smtp.ask("EHLO there.example", /250 /);
      await smtp.ask("MAIL FROM:<x@there.example>", "250");
      await smtp.ask("RCPT TO:<alice@example.test>", "250");
      await smtp.ask("DATA", "354");
      cluster.stop("immediate");
      smtp.send("Subject: x\r\n\r\nbody\r\n.\r\n");
      await smtp.until("451 4.3.0");
      await imap.ask("b SELECT INBOX", "b NO [UNAVAILABLE]");
      cluster.start();
      await imap.ask("c SELECT INBOX", "c OK");
      await server.deliver("Subject: y\n\nbody", "alice@example.test");
      imap.send("d NOOP\r\n");
      await imap.until("* 1 EXISTS");
    } finally {
      await store.close();
    }
  });

  Deno.test("postgres outage: a database that cannot be reached says which and why", async () => {
    const gone = `postgres://palomar:hidden@localhost/x?host=${encodeURIComponent("/nowhere")}`;
    await assert.rejects(openPostgres({ url: gone }), (error: Error & { reason: string }) => {
      assert.equal(error.reason, "unavailable");
      assert.match(
        error.message,
        /the database x at \/nowhere\/\.s\.PGSQL\.5432 cannot be reached.*: start it, or correct storage\.url/,
      );
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    });
    await assert.rejects(openPostgres({ url: url.replace("/nodes?", "/missing?") }), /"missing" does not exist/);
    await assert.rejects(openPostgres({ url: "mysql://x" }), /the database's URL is wrong: it should begin with/);
  });

  Deno.test("postgres: nodes that start on a fresh database at once make it once; a newer one is refused", async () => {
    const fresh = await cluster.database("fresh");
    const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgres({ url: fresh, connections: 2 })));
    await Promise.all(stores.map((store, i) => store.perform("domain.add", { name: `d${i}.example`, now: 1 })));
    assert.equal((await stores[0]!.perform("domain.list", {})).length, 4);
    await Promise.all(stores.map((store) => store.close()));
    const connection = await reach(fresh);
    await connection.exchange([{ sql: "update palomar_schema set version = 1000", values: [] }]);
    connection.close();
    await assert.rejects(openPostgres({ url: fresh }), /schema version 1000, this program knows \d+: start the newer/);
  });
}

function loginTests(cluster: Cluster): void {
  Deno.test("postgres: logs in by SCRAM-SHA-256 and MD5, and is told where the password is wrong", async () => {
    const admin = await reach(await cluster.database("nodes"));
    const once = (sql: string) => ({ sql, values: [], once: true });
    const hba = join(cluster.folder, "data", "pg_hba.conf");
    const before = readFileSync(hba, "utf8");
    try {
      await admin.exchange([once("create role scram login password 'pass w:rd/1'")]);
      await admin.exchange([once("set password_encryption = md5"), once("create role old login password 'secret'")]);
      writeFileSync(hba, "local all scram scram-sha-256\nlocal all old md5\n");
      appendFileSync(hba, before);
      await admin.exchange([once("select pg_reload_conf()")]);
      await new Promise((next) => setTimeout(next, 300));
      const url = (who: string) =>
        `postgres://${who}@localhost/nodes?host=${encodeURIComponent(cluster.folder)}&sslmode=disable`;
      for (const who of [`scram:${encodeURIComponent("pass w:rd/1")}`, "old:secret"]) {
        const connection = await reach(url(who));
        const [answer] = await connection.exchange([{ sql: "select current_user::text", values: [] }]);
        assert.equal(answer!.rows[0]![0], who.split(":")[0]);
        connection.close();
      }
      for (const who of ["scram:wrong", "old:wrong"]) {
        await assert.rejects(reach(url(who)), (error) => error instanceof ServerError && error.code === "28P01");
      }
      await assert.rejects(reach(url("scram")), /wants a password, and the URL has none/);
    } finally {
      writeFileSync(hba, before);
      await admin.exchange([once("drop role scram"), once("drop role old"), once("select pg_reload_conf()")]);
      admin.close();
    }
  });
}
