/** Gives back space, and forgets the distant past: bounded work in small commits, at any time. */
import type { BlobId, JournalEntry } from "../../contract/mod.ts";
import { DESTROYED, JOURNAL_MS, TOMBSTONES } from "../engine/retention.ts";
import type { Owners } from "./account_tables.ts";
import { type Blobs, pieceKey, UPLOAD } from "./blobs.ts";
import type { Commits } from "./commits.ts";
import type { Database } from "./database.ts";
import { BLOB_SCOPES, type Part } from "./keys.ts";
import { JOURNAL } from "./queue_tables.ts";
import { sweepRedo } from "./redo.ts";

/** Of each scope, a round. */
const GARBAGE = 500;
const JOURNAL_PAGE = 2000;
const UPLOAD_PAGE = 2000;
/** How old an upload must be that nothing names. */
const ABANDONED_MS = 86_400_000;

/** What nothing refers to may still be on its way to a client: it gets one round of grace. */
export class Garbage {
  readonly #database: Database;
  readonly #blobs: Blobs;
  readonly #commits: Commits;
  #due: BlobId[] = [];
  #journalAt: readonly Part[] | null = null;
  /** The newest line of a whole look through the journal, and of the one that is under way. */
  #newest = 0;
  #newer = 0;

  constructor(database: Database, blobs: Blobs, commits: Commits) {
    this.#database = database;
    this.#blobs = blobs;
    this.#commits = commits;
  }

  /** Answers the octets freed. */
  async reclaim(owners: Owners): Promise<number> {
    let freed = 0;
    const accounts = await this.#commits.perform((tables) => tables.objectOwners("upload"));
    for (const account of accounts) {
      await this.#commits.perform((tables) => tables.expireUploads(account, tables.wall()));
    }
    for (const blobId of this.#due.splice(0)) freed += await this.#drop(blobId);
    const found = await Promise.all(
      BLOB_SCOPES.map((scope) => this.#database.list({ prefix: [scope, "garbage"] }, GARBAGE)),
    );
    this.#due = found.flat().map(({ key }) => key[2] as BlobId);
    for (const account of [...owners.gone]) {
      owners.gone.delete(account);
      await this.#commits.perform((tables) => tables.pruneDestroyed(account, DESTROYED));
    }
    const lost = [...owners.lost];
    owners.lost.clear();
    for (const mailbox of lost) {
      await this.#commits.perform((tables) => {
        const row = tables.mailbox(owners.get(mailbox) ?? 0, mailbox);
        if (row) tables.pruneTombstones(row, TOMBSTONES);
      });
    }
    await this.#sweepUploads();
    await sweepRedo(this.#database, Date.now());
    await this.#pruneJournal();
    return freed;
  }

  async #drop(blobId: BlobId): Promise<number> {
    const gone = await this.#commits.perform((tables) => tables.dropBlob(blobId));
    if (gone?.upload) await this.#blobs.remove(gone.upload, gone.size);
    return gone?.size ?? 0;
  }

  /** Bodies whose commit never came. */
  async #sweepUploads(): Promise<void> {
    const before = Date.now() - ABANDONED_MS;
    for await (const { key, value } of this.#database.kv.list<{ readonly at: number }>({ prefix: [UPLOAD] })) {
      if (key.length !== 2 || value.at >= before || this.#blobs.uploads.has(key[1] as string)) continue;
      const upload = key[1] as string;
      const pieces = await this.#database.list({ prefix: pieceKey(upload, 0).slice(0, 2) as Part[] }, UPLOAD_PAGE);
      await this.#database.write(pieces.map((piece) => ({ key: piece.key as Part[], weight: 100 })));
      if (pieces.length < UPLOAD_PAGE) await this.#database.write([{ key: key as Part[], weight: 100 }]);
    }
  }

  /**
   * Some lines a round. Lines older than the newest by so much go: the newest line is the clock, so that a store that
   * slept keeps its last month; the machine's bounds it, so that a line from the future takes nothing away.
   */
  async #pruneJournal(): Promise<void> {
    const selector = this.#journalAt ? { prefix: [JOURNAL], start: [...this.#journalAt, ""] } : { prefix: [JOURNAL] };
    const page = await this.#database.list(selector, JOURNAL_PAGE);
    const before = Math.min(Date.now(), this.#newest) - JOURNAL_MS;
    const old: { readonly key: Part[]; readonly weight: number }[] = [];
    for (const { key, value } of page) {
      // A part of a large value is behind its own key.
      const at = Array.isArray(value) ? (value as JournalEntry[]).at(-1)?.at ?? 0 : Infinity;
      if (at !== Infinity && at > this.#newer) this.#newer = at;
      if (at < before) old.push({ key: key as Part[], weight: 100 });
    }
    await this.#database.write(old);
    this.#journalAt = page.length === JOURNAL_PAGE ? page[page.length - 1]!.key as Part[] : null;
    if (this.#journalAt) return;
    this.#newest = this.#newer;
    this.#newer = 0;
  }
}
