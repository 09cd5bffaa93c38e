import assert from "node:assert/strict";
import { concatBytes, equalBytes, latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { BodySinks } from "../../src/server/body_sinks.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { type BlobWriter, type Storage, StorageError } from "../../src/storage/storage.ts";

/** A store that counts what is open, and fails where it is told to. */
function watched(fail: { write?: Error; seal?: Error; slowSeal?: Promise<void> } = {}) {
  const inner = memoryStorage();
  const counts = { opened: 0, aborted: 0, sealed: 0, released: 0 };
  const createBlob = (): BlobWriter => {
    counts.opened++;
    const writer = inner.createBlob();
    return {
      write: (chunk) => fail.write ? Promise.reject(fail.write) : writer.write(chunk),
      async seal(index) {
        if (fail.seal) throw fail.seal;
        const sealed = await writer.seal(index);
        await fail.slowSeal;
        counts.sealed++;
        return { ...sealed, release: () => (counts.released++, sealed.release()) };
      },
      abort: () => (counts.aborted++, writer.abort()),
    };
  };
  const storage: Storage = {
    perform: (op, args) => inner.perform(op, args),
    createBlob,
    readBlob: (blobId, start, end) => inner.readBlob(blobId, start, end),
    watch: (accountId, listener) => inner.watch(accountId, listener),
    watchQueue: (listener) => inner.watchQueue(listener),
    reclaim: () => inner.reclaim(),
    close: () => inner.close(),
  };
  return { storage, counts };
}

async function read(storage: Storage, sealed: unknown): Promise<string> {
  const { blobId, size } = sealed as { blobId: never; size: number };
  return latin1String(await storage.readBlob(blobId, 0, size));
}

const FULL = new StorageError("full", "no space");

Deno.test("BodySinks.seal() gives the octets of all chunks, even of none", async () => {
  const { storage, counts } = watched();
  const sinks = new BodySinks(storage);
  const chunk = latin1Bytes("Subject: a\r\n\r\n");
  await sinks.chunk(1, chunk);
  chunk.fill(0x7e); // it was borrowed
  await sinks.chunk(1, latin1Bytes("body\r\n"));
  assert.equal(await read(storage, await sinks.seal(1)), "Subject: a\r\n\r\nbody\r\n");
  const empty = await sinks.seal(2);
  assert.ok("size" in empty && empty.size === 0);
  sinks.close();
  assert.deepEqual(counts, { opened: 2, aborted: 0, sealed: 2, released: 2 });
});

Deno.test("BodySinks.abort() lets go once, sealed or not, and knows no other sink", async () => {
  const { storage, counts } = watched();
  const sinks = new BodySinks(storage);
  await sinks.chunk(1, latin1Bytes("a"));
  sinks.abort(1);
  sinks.abort(1);
  sinks.abort(99);
  await sinks.chunk(2, latin1Bytes("b"));
  await sinks.seal(2);
  sinks.abort(2);
  sinks.close();
  assert.deepEqual(counts, { opened: 2, aborted: 1, sealed: 1, released: 1 });
});

Deno.test("BodySinks.seal() gives back what it sealed after the session let go of it", async () => {
  const gate = Promise.withResolvers<void>();
  const { storage, counts } = watched({ slowSeal: gate.promise });
  const sinks = new BodySinks(storage);
  await sinks.chunk(1, latin1Bytes("a"));
  const sealing = sinks.seal(1);
  await new Promise((resolve) => setTimeout(resolve, 0)); // the store has sealed it and is about to say so
  sinks.close();
  gate.resolve();
  await sealing;
  assert.deepEqual(counts, { opened: 1, aborted: 0, sealed: 1, released: 1 });
});

Deno.test("BodySinks.seal() throws away what could not be sealed after the session let go of it", async () => {
  const gate = Promise.withResolvers<void>();
  const { storage, counts } = watched({ slowSeal: gate.promise.then(() => Promise.reject(FULL)) });
  const sinks = new BodySinks(storage);
  await sinks.chunk(1, latin1Bytes("a"));
  const sealing = sinks.seal(1);
  sinks.close();
  gate.resolve();
  assert.deepEqual(await sealing, { refused: "full" });
  assert.equal(counts.aborted, 1);
});

Deno.test("BodySinks keeps the first error of a body until it is sealed, and takes no more of it", async () => {
  const fail: { write?: Error } = { write: FULL };
  const { storage, counts } = watched(fail);
  const sinks = new BodySinks(storage);
  await sinks.chunk(1, latin1Bytes("a"));
  delete fail.write;
  await sinks.chunk(1, latin1Bytes("b"));
  assert.deepEqual(await sinks.seal(1), { refused: "full" });
  sinks.abort(1);
  assert.deepEqual(counts, { opened: 1, aborted: 1, sealed: 0, released: 0 });
});

Deno.test("BodySinks.seal() refuses for a full disk and rejects for anything else", async () => {
  const full = new BodySinks(watched({ seal: FULL }).storage);
  await full.chunk(1, latin1Bytes("a"));
  assert.deepEqual(await full.seal(1), { refused: "full" });
  const broken = new BodySinks(watched({ seal: new StorageError("unavailable", "away") }).storage);
  await broken.chunk(1, latin1Bytes("a"));
  await assert.rejects(broken.seal(1), /away/);
});

Deno.test("BodySinks.rewrite() leaves ranges out, wherever they are, and holds what it made until the end", async () => {
  const { storage, counts } = watched();
  const sinks = new BodySinks(storage);
  const text = "To: a\r\nBcc: b\r\nSubject: c\r\n\r\nbody";
  await sinks.chunk(1, latin1Bytes(text));
  const sealed = await sinks.seal(1);
  assert.ok("blobId" in sealed);
  const without = async (...cut: { start: number; end: number }[]): Promise<string> =>
    await read(storage, await sinks.rewrite(sealed.blobId, cut));
  assert.equal(await without({ start: 7, end: 15 }), "To: a\r\nSubject: c\r\n\r\nbody");
  assert.equal(await without({ start: 0, end: 7 }, { start: 15, end: 27 }), "Bcc: b\r\n\r\nbody");
  assert.equal(await without({ start: 29, end: text.length }), text.slice(0, 29));
  assert.equal(await without(), text);
  await assert.rejects(sinks.rewrite("bnothing" as never, []), /no blob/);
  sinks.close();
  assert.equal(counts.released, counts.sealed);
});

Deno.test("BodySinks.rewrite() copies what is larger than one read", async () => {
  const { storage } = watched();
  const sinks = new BodySinks(storage);
  const body = new Uint8Array(700_000).map((_, i) => 32 + (i * 7 + (i >> 9)) % 90);
  await sinks.chunk(1, body);
  const sealed = await sinks.seal(1);
  assert.ok("blobId" in sealed);
  const made = await sinks.rewrite(sealed.blobId, [{ start: 200_000, end: 200_001 }, { start: 500_000, end: 600_000 }]);
  assert.ok("size" in made);
  const want = concatBytes([body.subarray(0, 200_000), body.subarray(200_001, 500_000), body.subarray(600_000)]);
  assert.equal(made.size, want.length);
  const got: Uint8Array[] = [];
  for (let at = 0; at < made.size; at += 200_000) {
    got.push(await storage.readBlob(made.blobId, at, Math.min(made.size, at + 200_000)));
  }
  assert.ok(equalBytes(concatBytes(got), want));
});
