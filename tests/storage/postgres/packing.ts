/** Bodies that are compressed and encrypted, in a database and beside it. */
import assert from "node:assert/strict";
import { objectBodies } from "../../../src/storage/objects/mod.ts";
import type { PackingOptions } from "../../../src/storage/packing/mod.ts";
import { loadDatabase } from "../../../src/storage/postgres/copy/load.ts";
import { openSnapshot } from "../../../src/storage/postgres/copy/snapshot.ts";
import { verifyPostgres } from "../../../src/storage/postgres/verify/mod.ts";
import { openPostgres, type PostgresOptions } from "../../../src/storage/postgres/mod.ts";
import { parseDatabaseUrl } from "../../../src/storage/postgres/wire/address.ts";
import { connect } from "../../../src/storage/postgres/wire/connection.ts";
import type { Cells } from "../../../src/storage/postgres/wire/statement.ts";
import { buildBackup } from "../../../src/storage/sqlite/backup/build.ts";
import { folderSource } from "../../../src/storage/sqlite/backup/folder_source.ts";
import { StoreFiles } from "../../../src/storage/sqlite/verify/source.ts";
import { verifyStore } from "../../../src/storage/sqlite/verify/mod.ts";
import { S3Double } from "../objects/s3_double.ts";
import { ALL, granted, message, Scene, tempDir } from "../scene.ts";
import { emptyStores } from "./cluster.ts";

const KEY = new Uint8Array(32).fill(1);
const NEWER = new Uint8Array(32).fill(2);
const WORDS = "the words that nobody may find";
const small = message(`${WORDS} `.repeat(300), `Subject: hidden ${"x".repeat(600)}`);
/** Noise, so that it takes more than one row of a large body; a header that takes more than one frame. */
const large = message(noise(400_000), `Subject: hidden\r\nX-Long: ${noise(90_000)}`);

function noise(length: number): string {
  const octets = new Uint8Array(length / 2);
  for (let at = 0; at < octets.length; at += 60_000) crypto.getRandomValues(octets.subarray(at, at + 60_000));
  return octets.toHex().match(/.{1,70}/g)!.join("\r\n ");
}

const text = (octets: Uint8Array) => new TextDecoder("latin1").decode(octets);
const headerOf = (octets: Uint8Array) => text(octets).split("\r\n\r\n")[0] + "\r\n\r\n";

/** `url`: a database of their own. */
export function packingTests(url: string): void {
  const ask = async (sql: string): Promise<readonly Cells[]> => {
    const address = parseDatabaseUrl(url);
    assert.ok(typeof address !== "string");
    const connection = await connect(address);
    const [result] = await connection.exchange([{ sql, values: [], once: true }]);
    connection.close();
    return result!.rows;
  };
  const open = async (packing: PackingOptions, more: Partial<PostgresOptions> = {}): Promise<Scene> => {
    const s = new Scene(await openPostgres({ url, connections: 3, packing, ...more }));
    s.ann = (await s.ask("account.get", { address: "ann@example.org" }))?.accountId ?? s.ann;
    return s;
  };
  const fresh = async (packing: PackingOptions, more: Partial<PostgresOptions> = {}) => {
    await (await (await emptyStores(url))()).close();
    return await (await open(packing, more)).people();
  };
  const see = async (s: Scene) => {
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    const args = { accountId: s.ann, mailboxId, ranges: ALL, fields: ["header"], limit: 9 } as const;
    const { rows } = await s.ask("email.read", args);
    const bodies = await Promise.all(rows.map(({ blobId }) => s.whole(blobId)));
    return { headers: rows.map(({ header }) => text(header!)), bodies };
  };

  Deno.test("postgres: packed bodies and their headers are read again by all nodes, and stand nowhere in plain", async () => {
    const one = await fresh({ compression: "zstd", keys: [KEY] });
    for (const body of [small, large]) granted(await one.append(one.ann, "INBOX", body));
    const two = await open({ compression: "none", keys: [NEWER, KEY] });
    granted(await two.append(two.ann, "INBOX", message(WORDS)));
    const bodies = [small, large, message(WORDS)];
    const wanted = { headers: bodies.map(headerOf), bodies };
    assert.deepEqual(await see(two), wanted);
    await one.store.close();
    await ask("update blobs set head = null where place is not null");
    assert.deepEqual(await see(two), wanted); // without it, the header is read from the rows of the body
    await two.store.close();
    const plain = "select 1 from blobs where position('hidden'::bytea in data || coalesce(head, '')) > 0 " +
      `or position('${WORDS}'::bytea in data) > 0`;
    assert.deepEqual(await ask(plain), []);
    assert.deepEqual(await ask("select 1 from chunks where position('Subject'::bytea in data) > 0"), []);
  });

  Deno.test("postgres: a database with encrypted bodies is not opened without the key", async () => {
    const s = await fresh({ keys: [KEY] });
    granted(await s.append(s.ann, "INBOX", small));
    await s.store.close();
    for (const packing of [{}, { keys: [NEWER] }]) {
      await assert.rejects(open(packing), { reason: "unavailable", message: /key [0-9a-f]{16}, which is not among/ });
    }
  });

  Deno.test("postgres: bodies in a store of objects are packed too", async () => {
    const s3 = await S3Double.start();
    const more = { bodies: objectBodies(s3.options, { sleep: () => Promise.resolve() }) };
    const s = await fresh({ compression: "zstd", keys: [KEY] }, more);
    const body = message(`${WORDS} `.repeat(40_000));
    granted(await s.append(s.ann, "INBOX", body));
    assert.deepEqual(await see(s), { headers: [headerOf(body)], bodies: [body] });
    await s.store.close();
    await s3.stop();
    const objects = [...s3.objects.values()].map((one) => JSON.stringify(one));
    assert.ok(objects.every((one) => one.length < 200_000));
  });

  Deno.test("postgres: a backup has packed bodies as they lie there, and gives them back", async () => {
    const folder = tempDir();
    const s = await fresh({ compression: "zstd", keys: [KEY] });
    for (const body of [small, large]) granted(await s.append(s.ann, "INBOX", body));
    await s.store.close();
    const keys = [KEY];
    const target = folder.path + "/backup";
    const build = async () => {
      const source = await openSnapshot({ url });
      const made = await buildBackup({ source, target, certificates: null, madeAt: 1, version: "1", keys });
      await source.close();
      return made;
    };
    assert.deepEqual((await build()).damaged, []);
    assert.equal((await build()).copied, 0);
    await assert.rejects(Array.fromAsync(verifyPostgres({ url })), /encrypted with the key/);
    const looked = await Array.fromAsync(verifyPostgres({ url, keys }));
    assert.deepEqual(looked.filter(({ type }) => type === "finding"), []);
    const told = [...verifyStore({ dataDir: target, keys })].filter(({ type }) => type === "finding");
    assert.deepEqual(told, []);
    const files = new StoreFiles(target, keys);
    const source = () => Promise.resolve(folderSource(files));
    const loaded = await loadDatabase({ url, setAside: "before", source, keys });
    files.close();
    assert.deepEqual(loaded.damaged, []);
    const back = await open({ keys });
    assert.deepEqual(await see(back), { headers: [small, large].map(headerOf), bodies: [small, large] });
    await back.store.close();
    folder.remove();
  });
}
