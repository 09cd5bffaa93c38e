/**
 * Power loss: of the segment log only what was synced is left, and behind it whatever the disk makes of it. SQLite's own
 * files are taken as they are between two commits: with synchronous=FULL its log is synced when a commit returns
 * (`schema.ts` insists on it).
 */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import type { BlobId } from "../../../src/contract/mod.ts";
import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { verifyStore } from "../../../src/storage/sqlite/verify/mod.ts";
import { ALL, granted, message, Scene, tempDir } from "../scene.ts";

const PACKED = { compression: "zstd", keys: [new Uint8Array(32).fill(1)] } as const;

const LARGE = 60_000;

/** Watches the segment log: what of each file would be left. */
class Disk {
  readonly #folder: string;
  readonly #paths = new WeakMap<Deno.FsFile, string>();
  readonly #durable = new Map<string, Uint8Array>();
  readonly #openSync = Deno.openSync;
  readonly #syncData = Deno.FsFile.prototype.syncData;

  /** `forgets`: a disk whose syncs do nothing, so that the test can fail. */
  constructor(folder: string, forgets: boolean) {
    this.#folder = folder;
    const [paths, durable, openSync, syncData] = [this.#paths, this.#durable, this.#openSync, this.#syncData];
    Deno.openSync = (path, options) => {
      const file = openSync(path, options);
      if (String(path).endsWith(".seg")) paths.set(file, String(path));
      return file;
    };
    Deno.FsFile.prototype.syncData = async function () {
      const path = paths.get(this);
      // What is written while the sync is under way need not be in it.
      const bytes = path === undefined || forgets ? null : Deno.readFileSync(path);
      await syncData.call(this);
      if (path !== undefined && bytes !== null) durable.set(path, bytes);
    };
  }

  /** The folder as it would be found again. `tail`: what stands where something was not synced. */
  lose(to: string, tail: "nothing" | "zeros" | "noise"): void {
    Deno.mkdirSync(join(to, "blobs"), { recursive: true });
    for (const name of ["palomar.db", "palomar.db-wal"]) Deno.copyFileSync(join(this.#folder, name), join(to, name));
    for (const { name } of Deno.readDirSync(join(this.#folder, "blobs"))) {
      const path = join(this.#folder, "blobs", name);
      const kept = this.#durable.get(path) ?? new Uint8Array(0);
      const size = tail === "nothing" ? kept.length : Math.max(kept.length, Deno.statSync(path).size);
      const left = new Uint8Array(size);
      if (tail === "noise") left.fill(0xa5);
      left.set(kept);
      Deno.writeFileSync(join(to, "blobs", basename(path)), left);
    }
  }

  restore(): void {
    Deno.openSync = this.#openSync;
    Deno.FsFile.prototype.syncData = this.#syncData;
  }
}

/** Runs a store under load, loses the power `losses` times, and answers what is wrong with what is left. */
async function losePower(losses: number, forgets: boolean): Promise<string[]> {
  const folder = tempDir();
  const disk = new Disk(`${folder.path}/data`, forgets);
  const wrong: string[] = [];
  const s = await new Scene(await openSqlite({ dataDir: `${folder.path}/data`, packing: PACKED })).people();
  const acknowledged = new Set<BlobId>();
  let stop = false;
  const load = async (name: string, size: number) => {
    for (let number = 0; !stop; number++) {
      const blob = await s.seal(message(`${name} ${number} ${"x".repeat(size)}`));
      granted(await s.ask("mail.accept", s.acceptArgs(blob.blobId, { deliveries: [s.delivery(s.ann, "ann")] })));
      acknowledged.add(blob.blobId);
      blob.release();
    }
  };
  const churn = async () => {
    const { mailboxId } = await s.mailbox(s.bob, "INBOX");
    while (!stop) {
      for (let i = 0; i < 4; i++) {
        granted(await s.append(s.bob, "INBOX", message(`churn ${i} ${"y".repeat(LARGE * 5)}`)));
      }
      await s.ask("email.expunge", { accountId: s.bob, mailboxId, ranges: ALL, always: true });
      await s.store.reclaim();
    }
  };
  try {
    const working = [load("large", LARGE), load("larger", LARGE * 3), load("small", 100), churn()];
    for (let loss = 0; loss < losses; loss++) {
      await new Promise((next) => setTimeout(next, 5 + (loss * 7) % 23)); // anywhere in what is under way
      const left = `${folder.path}/left-${loss}`;
      const promised = [...acknowledged];
      disk.lose(left, (["nothing", "zeros", "noise"] as const)[loss % 3]!);
      wrong.push(...await lookAt(left, promised));
      Deno.removeSync(left, { recursive: true });
    }
    stop = true;
    await Promise.all(working);
    assert.ok(acknowledged.size > losses, "there was no load");
  } finally {
    stop = true;
    await s.store.close();
    disk.restore();
    folder.remove();
  }
  return wrong;
}

/** Opens what is left and goes on with it. */
async function lookAt(dataDir: string, promised: readonly BlobId[]): Promise<string[]> {
  const wrong: string[] = [];
  const s = new Scene(await openSqlite({ dataDir, packing: PACKED }));
  try {
    s.ann = (await s.ask("account.get", { address: "ann@example.org" }))!.accountId;
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    const there = new Set((await s.rows(s.ann, mailboxId)).map(({ blobId }) => blobId));
    for (const blobId of promised) if (!there.has(blobId)) wrong.push(`${blobId} was acknowledged and is gone`);
    granted(await s.append(s.ann, "Sent", message(`on ${"z".repeat(LARGE)}`)));
  } finally {
    await s.store.close();
  }
  for (const event of verifyStore({ dataDir, keys: PACKED.keys })) {
    if (event.type === "finding") wrong.push(`${event.finding.where}: ${event.finding.problem}`);
  }
  return wrong;
}

Deno.test("sqlite: power loss takes nothing that was acknowledged, and leaves nothing half", async () => {
  assert.deepEqual(await losePower(12, false), []);
});

Deno.test("sqlite: the test of power loss sees a disk that does not do what it says", async () => {
  assert.ok((await losePower(4, true)).some((line) => /early|not there|damaged|not whole|head of/.test(line)));
});
