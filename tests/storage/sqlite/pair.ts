/** A store with an index beside one that scans: whatever is asked, they agree. */
import assert from "node:assert/strict";
import type { SearchKey, Uid } from "../../../src/contract/mod.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { openSqlite, type SqliteStorage } from "../../../src/storage/sqlite/mod.ts";
import { granted, Scene, tempDir, uids } from "../scene.ts";

/** The same mail in two stores, of which one has an index. */
export class Pair {
  readonly indexed: Scene;
  readonly scanned: Scene;
  readonly store: SqliteStorage;

  constructor(store: SqliteStorage) {
    this.store = store;
    this.indexed = new Scene(store);
    this.scanned = new Scene(memoryStorage());
  }

  async people(): Promise<this> {
    await this.indexed.people();
    await this.scanned.people();
    return this;
  }

  async append(bytes: Uint8Array, flags: readonly string[] = [], internalDate: number | null = null): Promise<void> {
    for (const s of [this.indexed, this.scanned]) granted(await s.append(s.ann, "INBOX", bytes, flags, internalDate));
  }

  async remove(...numbers: number[]): Promise<void> {
    for (const s of [this.indexed, this.scanned]) {
      const { mailboxId } = await s.mailbox(s.ann, "INBOX");
      await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: uids(...numbers), always: true });
    }
  }

  async agree(key: SearchKey): Promise<readonly Uid[]> {
    const found = await Promise.all([this.indexed, this.scanned].map(async (s) => {
      const { mailboxId } = await s.mailbox(s.ann, "INBOX");
      return (await s.ask("email.search", { accountId: s.ann, mailboxId, search: key })).uids;
    }));
    assert.deepEqual(found[0], found[1], JSON.stringify(key));
    return found[0]!;
  }

  async agreeOn(keys: readonly SearchKey[]): Promise<void> {
    for (const key of keys) await this.agree(key);
  }
}

/** Gives a pair with people in it, and takes its folder away. */
export async function withPair(run: (pair: Pair, folder: string) => Promise<void>): Promise<void> {
  const folder = tempDir();
  const pair = new Pair(await openSqlite({ dataDir: folder.path }));
  try {
    await run(await pair.people(), folder.path);
  } finally {
    await pair.store.close();
    folder.remove();
  }
}
