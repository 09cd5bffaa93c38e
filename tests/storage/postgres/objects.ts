/** Bodies of a database in a store of objects. */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { objectBodies } from "../../../src/storage/objects/mod.ts";
import { openPostgres } from "../../../src/storage/postgres/mod.ts";
import { verifyPostgres } from "../../../src/storage/postgres/verify/mod.ts";
import type { Storage, StorageError } from "../../../src/storage/storage.ts";
import { transactionContract } from "../contract/transaction.ts";
import { S3Double } from "../objects/s3_double.ts";
import { ALL, granted, message, Scene } from "../scene.ts";
import { emptyStores, reach } from "./cluster.ts";

const DAY = 86_400_000;
const PART = 128 * 1024;
const LARGE = message("large ".repeat(40_000));

/** The suite's tests of bodies, and what is only so with objects; `url` is a database of their own. */
export async function objectsTests(url: string): Promise<void> {
  const s3 = await S3Double.start();
  s3.part = PART;
  globalThis.addEventListener("unload", () => void s3.stop());
  const bodies = objectBodies(s3.options, { sleep: () => Promise.resolve(), part: PART });
  const empty = await emptyStores(url, { bodies });
  const another = () => openPostgres({ url, connections: 4, bodies });

  const test = (name: string, run: (stores: [Storage, Storage]) => Promise<void>) =>
    Deno.test(`postgres with objects: ${name}`, async () => {
      s3.objects.clear();
      s3.uploads.clear();
      const stores: [Storage, Storage] = [await empty(), await another()];
      try {
        await run(stores);
      } finally {
        s3.fault = () => null;
        s3.ahead = 0;
        await Promise.all(stores.map((store) => store.close()));
      }
    });

  transactionContract("postgres with objects", empty);

  test("a large body is an object that all nodes read, and goes with the second reclaim", async ([one, two]) => {
    const a = await new Scene(one).people();
    granted(await a.append(a.ann, "INBOX", LARGE));
    granted(await a.append(a.ann, "INBOX", message("small")));
    assert.equal(s3.bodies.length, 1);
    const b = new Scene(two);
    b.ann = a.ann;
    const { mailboxId } = await b.mailbox(b.ann, "INBOX");
    const [large] = await b.rows(b.ann, mailboxId);
    assert.deepEqual(await b.whole(large!.blobId), LARGE);
    s3.seen.length = 0;
    const args = { accountId: b.ann, mailboxId, ranges: ALL, fields: ["header"], limit: 9 } as const;
    const { rows } = await b.ask("email.read", args);
    assert.deepEqual(rows.map(({ header }) => new TextDecoder().decode(header)), Array(2).fill("Subject: hi\r\n\r\n"));
    assert.equal(s3.seen.length, 0); // headers are beside their rows
    granted(await b.append(b.bob = a.bob, "INBOX", LARGE)); // the same once more
    await until(() => s3.bodies.length === 1);
    await b.ask("email.expunge", { accountId: b.ann, mailboxId, ranges: ALL, always: true });
    await b.reclaimAll();
    assert.equal(s3.bodies.length, 1);
    const bobs = await b.mailbox(b.bob, "INBOX");
    await b.ask("email.expunge", { accountId: b.bob, mailboxId: bobs.mailboxId, ranges: ALL, always: true });
    await one.reclaim();
    assert.deepEqual(await b.whole(large!.blobId), LARGE);
    await one.reclaim();
    assert.equal(s3.bodies.length, 0);
  });

  test("what a node uploaded and never named is swept a day later, what is named never", async ([one, two]) => {
    const a = await new Scene(one).people();
    granted(await a.append(a.ann, "INBOX", LARGE));
    await a.seal(message("lost ".repeat(30_000)));
    // What a restore set aside can still be taken back.
    granted(await a.append(a.ann, "INBOX", message("aside ".repeat(30_000))));
    const connection = await reach(url);
    const aside = s3.bodies.at(-1)!.slice(-32);
    for (
      const sql of [
        "drop schema if exists aside cascade",
        "create schema aside",
        "create table aside.blobs (place text)",
      ]
    ) {
      await connection.exchange([{ sql, values: [], once: true }]);
    }
    const moved = [{ sql: "insert into aside.blobs values (?t)", values: ["o" + aside] }, {
      sql: "update blobs set place = null, data = '' where place = ?t",
      values: ["o" + aside],
    }];
    await connection.exchange(moved);
    const cut = one.createBlob();
    await cut.write(new Uint8Array(3 * PART));
    assert.deepEqual([s3.bodies.length, s3.uploads.size], [3, 1]);
    await two.reclaim(); // the node has died; another one cleans up
    assert.deepEqual([s3.bodies.length, s3.uploads.size], [3, 1]);
    s3.ahead = DAY + 1000;
    await two.reclaim();
    assert.deepEqual([s3.bodies.length, s3.uploads.size], [2, 0]);
    await connection.exchange([{ sql: "drop schema aside cascade", values: [], once: true }]);
    connection.close();
    await two.reclaim();
    assert.equal(s3.bodies.length, 1);
    const [row] = await a.rows(a.ann, (await a.mailbox(a.ann, "INBOX")).mailboxId);
    assert.deepEqual(await new Scene(two).whole(row!.blobId), LARGE);
  });

  test("a removal that fails is made up for", async ([one]) => {
    const a = await new Scene(one).people();
    granted(await a.append(a.ann, "INBOX", LARGE));
    const { mailboxId } = await a.mailbox(a.ann, "INBOX");
    await a.ask("email.expunge", { accountId: a.ann, mailboxId, ranges: ALL, always: true });
    await one.reclaim();
    s3.fault = ({ method }) => method === "DELETE" ? { status: 500 } : null;
    await assert.rejects(one.reclaim(), { reason: "unavailable" });
    s3.fault = () => null;
    await a.reclaimAll();
    assert.equal(s3.bodies.length, 1);
    s3.ahead = DAY + 1000;
    await one.reclaim();
    assert.equal(s3.bodies.length, 0);
  });

  test("while the objects are away 451 and NO [UNAVAILABLE] say so, and small mail goes on", async ([store]) => {
    await using server = await testServer({ storage: store });
    const large = `Subject: large\n\n${`${"x".repeat(70)}\n`.repeat(2000)}`;
    await server.deliver(large, "alice@example.test");
    s3.fault = () => ({ status: 503 });
    await assert.rejects(server.deliver(large.replace("large", "again"), "alice@example.test"), /451/);
    await server.deliver("Subject: small\n\nsmall", "alice@example.test");
    const imap = server.connect("imap");
    await imap.until("* OK");
    await imap.ask("a LOGIN alice@example.test alice", "a OK");
    await imap.ask("b SELECT INBOX", "* 2 EXISTS");
    assert.match(await imap.ask("c FETCH 2 BODY.PEEK[]", "c OK"), /small/);
    const body = "x".repeat(200_000);
    await imap.ask(`d APPEND INBOX {${body.length}+}\r\n${body}`, "d NO [UNAVAILABLE]");
    s3.fault = () => null;
    await server.deliver(large.replace("large", "again"), "alice@example.test");
    assert(
      (await imap.ask("e FETCH 1 BODY.PEEK[]", "e OK ")).includes(`${"x".repeat(70)}\r\n)`),
      "the body of the first",
    );
    await imap.ask("n NOOP", "n OK ");
    const found = imap.ask("f SEARCH HEADER Subject again BODY xxxx", "f OK ");
    assert.match(await found, /\* SEARCH 3\r\n/);
  });

  test("a look finds an object that is missing, and takes none for missing that is away", async ([one]) => {
    const a = await new Scene(one).people();
    granted(await a.append(a.ann, "INBOX", LARGE));
    granted(await a.append(a.ann, "INBOX", message("other ".repeat(30_000))));
    const look = async (quick: boolean) => {
      const found: string[] = [];
      for await (const event of verifyPostgres({ url, quick, bodies })) {
        if (event.type === "finding") found.push(`${event.finding.where}: ${event.finding.problem}`);
      }
      return found;
    };
    assert.deepEqual([await look(true), await look(false)], [[], []]);
    s3.fault = ({ key }) => key.includes("bodies/") ? { status: 503 } : null;
    for (const quick of [true, false]) await assert.rejects(look(quick), { reason: "unavailable" });
    s3.fault = () => null;
    s3.objects.delete(s3.bodies[0]!);
    for (const quick of [true, false]) {
      const found = await look(quick);
      assert.equal(found.length, 1);
      assert.match(found[0]!, /^ann@example\.org\/INBOX UID 1: b[0-9a-f]{64}: .*missing/);
    }
  });

  test("a database is not opened without its objects, and one that had none keeps its rows", async ([one]) => {
    const a = await new Scene(one).people();
    granted(await a.append(a.ann, "INBOX", LARGE));
    await assert.rejects(openPostgres({ url }), (error: StorageError) => {
      assert.equal(error.reason, "unavailable");
      assert.match(error.message, /bodies are in a store of objects: storage\.objects must name the bucket/);
      return true;
    });
    const { mailboxId } = await a.mailbox(a.ann, "INBOX");
    await a.ask("email.expunge", { accountId: a.ann, mailboxId, ranges: ALL, always: true });
    await a.reclaimAll();
    const without = await openPostgres({ url });
    const b = new Scene(without);
    granted(await b.append(a.ann, "INBOX", LARGE));
    await without.close();
    const [row] = await a.rows(a.ann, mailboxId);
    assert.deepEqual(await a.whole(row!.blobId), LARGE);
    assert.equal(s3.bodies.length, 0);
  });
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; !holds() && i < 200; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert(holds());
}
