/** The store over an open Deno KV. */
import type { AnswerOf, Args, BlobId, StorageOp } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { mayReadBlob } from "../engine/access.ts";
import { mailboxOf, read } from "../engine/email_read.ts";
import { expireRemoved } from "../engine/kept.ts";
import { accountOf } from "../engine/member.ts";
import { OPERATIONS, READS } from "../engine/operations.ts";
import { WouldWrite } from "../engine/replay.ts";
import type { MailboxRow, Transaction } from "../engine/tables.ts";
import { Watchers } from "../engine/watchers.ts";
import { answerSearch, isSearch, type OrderSource } from "../order.ts";
import { type Storage, StorageError } from "../storage.ts";
import { Owners } from "./account_tables.ts";
import { Blobs } from "./blobs.ts";
import { Commits } from "./commits.ts";
import { Database } from "./database.ts";
import { infrastructure } from "./failure.ts";
import { hintsOf } from "./hints.ts";
import { Loads } from "./loads.ts";
import { KvTables } from "./mail_tables.ts";
import { News } from "./news.ts";
import { Reads } from "./reads.ts";
import { Garbage } from "./reclaim.ts";
import type { Keeping } from "./removed_tables.ts";
import { Scopes } from "./scopes.ts";
import type { View } from "./view.ts";

const EXPIRE_PAGE = 100;
const VERSION = 1;
/** Operations that write the first time only: they are tried as reads. */
const MOSTLY_READS: ReadonlySet<StorageOp> = new Set<StorageOp>(["setting.init", "forwarding.keys", "url.sign"]);

/** The store in it, made where there is none. Closes it with itself, and where it cannot be opened. */
export async function openStore(kv: Deno.Kv, keeping: Keeping): Promise<Storage> {
  const database = new Database(kv);
  try {
    await checkVersion(database);
    const store = new Store(database, keeping);
    await store.news.start();
    return store.face();
  } catch (error) {
    database.close();
    throw infrastructure(error);
  }
}

async function checkVersion(database: Database): Promise<void> {
  const [entry] = await database.getAll([["schema"]]);
  const version = entry!.value;
  if (version === null) {
    const check = { key: ["schema"], versionstamp: null };
    await database.commit([check], [{ key: ["schema"], value: VERSION, weight: 50 }]);
  } else if (version !== VERSION) {
    const advice = "start the newer program, or name another storage.path";
    throw new StorageError(
      "unavailable",
      `the store has schema version ${version}, this program knows ${VERSION}: ${advice}`,
    );
  }
}

class Store {
  readonly news: News;
  readonly #database: Database;
  readonly #watchers = new Watchers();
  readonly #blobs: Blobs;
  readonly #commits: Commits;
  readonly #reads: Reads;
  readonly #garbage: Garbage;
  readonly #owners: Owners;
  #closed = false;
  #reclaiming: Promise<number> | null = null;

  constructor(database: Database, keeping: Keeping) {
    this.#database = database;
    const blobs = this.#blobs = new Blobs(database);
    const scopes = new Scopes();
    const owners = this.#owners = new Owners();
    const loads = new Loads(database, scopes);
    const tables = (view: View) => new KvTables(view, owners, blobs).keepFor(keeping);
    const tell = this.#watchers.tell.bind(this.#watchers);
    const commits = this.#commits = new Commits({
      database,
      scopes,
      loads,
      tables,
      tell,
      news: () => this.news.mutations(),
    });
    this.#reads = new Reads({ scopes, loads, commits, tables });
    this.news = new News(database, loads, this.#watchers, this.#reads);
    this.#garbage = new Garbage(database, blobs, commits);
  }

  face(): Storage {
    return {
      perform: <K extends StorageOp>(op: K, args: Args<K>) => this.#answer(op, args) as Promise<AnswerOf<K>>,
      createBlob: () => this.#blobs.writer(),
      readBlob: (blobId, start, end) => this.#slice(blobId, start, end),
      watch: (accountId, listener) => {
        const ends = [this.#watchers.watch(accountId, listener), this.news.watch(accountId)];
        return () => ends.splice(0).forEach((end) => end());
      },
      watchQueue: (listener) => {
        const ends = [this.#watchers.watchQueue(listener), this.news.watchQueue()];
        return () => ends.splice(0).forEach((end) => end());
      },
      reclaim: () => this.#reclaim(),
      close: () => this.#close(),
    };
  }

  async #answer(op: StorageOp, args: unknown): Promise<unknown> {
    if (this.#closed) throw new StorageError("unavailable", "the store is closed");
    if (!(op in OPERATIONS)) return await this.#query(op, args);
    const run = OPERATIONS[op as keyof typeof OPERATIONS] as (tx: Transaction, args: unknown) => unknown;
    if (READS.has(op)) return await this.#read((tables) => run(tables, args));
    if (MOSTLY_READS.has(op)) {
      try {
        return await this.#read((tables) => run(tables, args));
      } catch (error) {
        if (!(error instanceof WouldWrite)) throw error;
      }
    }
    return await this.#commits.perform((tables) => run(tables, args), hintsOf(op, args, this.#blobs));
  }

  async #read<R>(run: (tables: KvTables) => R): Promise<R> {
    try {
      return await this.#reads.perform(run);
    } catch (error) {
      throw error instanceof WouldWrite ? error : infrastructure(error);
    }
  }

  async #query(op: StorageOp, args: unknown): Promise<unknown> {
    if (op === "email.read") {
      // A header comes with its row.
      const slice = () => {
        throw new StorageError("bug", "a row without its header");
      };
      return await this.#read((tables) => read(tables, args as Args<"email.read">, slice));
    }
    if (op === "blob.index") {
      return await this.#read((tables) => tables.blobIndex((args as Args<"blob.index">).blobId));
    }
    if (op === "blob.read") {
      const { accountId, blobId, start, end } = args as Args<"blob.read">;
      const isTheirs = await this.#read((tables) => {
        const blob = tables.blob(blobId);
        return blob !== null && (accountId === null || mayReadBlob(tables, accountOf(tables, accountId), blob));
      });
      if (!isTheirs) throw new StorageError("bug", "there is no such blob for this account");
      return await this.#slice(blobId, start, end);
    }
    if (!isSearch(op)) throw new StorageError("bug", `${op} is not answered here`);
    const mailbox = await this.#read((tables) => mailboxOf(tables, args as Args<"email.search">));
    try {
      return await answerSearch(op, args, mailbox && this.#rowsOf(mailbox));
    } catch (error) {
      throw infrastructure(error);
    }
  }

  /** A mailbox as SEARCH, SORT and THREAD see it: each page is a question of its own, so that others come in between. */
  #rowsOf(mailbox: MailboxRow): OrderSource {
    const page = (first: number, last: number, limit: number, envelope: boolean) =>
      this.#read((tables) => tables.joined(mailbox.id, first, last, limit, { envelope, structure: false }));
    return {
      lastUid: mailbox.uidNext - 1,
      page: (first, last, limit) => page(first, last, limit, false),
      envelopes: (first, last, limit) => page(first, last, limit, true),
      members: (first, last, limit) => this.#read((tables) => tables.members(mailbox.id, first, last, limit)),
      index: (blobId): MessageIndex | null | Promise<MessageIndex | null> =>
        this.#blobs.index(blobId) ?? this.#blobs.readIndex(blobId),
      readBlob: (blobId, start, end) => this.#blobs.read(blobId, start, end),
    };
  }

  async #slice(blobId: BlobId, start: number, end: number): Promise<Uint8Array> {
    await Promise.resolve();
    if (this.#closed) throw new StorageError("unavailable", "the store is closed");
    try {
      return await this.#blobs.read(blobId, start, end);
    } catch (error) {
      throw infrastructure(error);
    }
  }

  #reclaim(): Promise<number> {
    if (this.#closed) return Promise.resolve(0);
    return this.#reclaiming ??= this.#expire().then(() => this.#garbage.reclaim(this.#owners))
      .catch((error) => Promise.reject(infrastructure(error)))
      .finally(() => this.#reclaiming = null);
  }

  /** What was kept long enough goes, some in each commit. */
  async #expire(): Promise<void> {
    for (let gone = EXPIRE_PAGE; gone === EXPIRE_PAGE;) {
      gone = await this.#commits.perform((tables) => expireRemoved(tables, EXPIRE_PAGE));
    }
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reclaiming?.catch(() => {});
    await this.#commits.idle();
    await this.news.close();
    this.#database.close();
  }
}
