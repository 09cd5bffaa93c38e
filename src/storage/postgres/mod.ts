/**
 * A store in PostgreSQL, for several servers (nodes) that work on the same mail.
 *
 * Rules:
 * - Nothing is true because this process remembers it: each operation is a transaction that reads what it needs. Whatever
 *   writes to an account locks its row first, so counters, UIDs and modseqs are as if there were one node.
 * - Operations are those of `engine/`, which cannot wait: they are run again with what they asked (`replay.ts`).
 * - The local disk is not used. Octets of large bodies go up in pieces and are named by the transaction (`row_bodies.ts`, or a
 *   store of objects).
 * - Other nodes are told of commits by NOTIFY, and find out by themselves where that is lost (`news.ts`).
 * - A queue row's lease ends by itself: what a dead node held is another's when its time is over.
 */
import type { AnswerOf, Args, BlobId, ImapText, StorageOp } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { mayReadBlob } from "../engine/access.ts";
import { mailboxOf, read } from "../engine/email_read.ts";
import { accountOf } from "../engine/member.ts";
import { expireRemoved } from "../engine/kept.ts";
import { OPERATIONS, READS } from "../engine/operations.ts";
import { WouldWrite } from "../engine/replay.ts";
import type { Transaction } from "../engine/tables.ts";
import { TouchedSet, Watchers } from "../engine/watchers.ts";
import { answerSearch, isSearch } from "../order.ts";
import type { BodyStore, OpenBodies } from "../body_store.ts";
import { BodyPacking, type PackingOptions } from "../packing/mod.ts";
import { type Mend, type Storage, StorageError } from "../storage.ts";
import { Blobs } from "./blobs.ts";
import { Commits } from "./commits.ts";
import { infrastructure } from "./failure.ts";
import { blobsOf, hint, rangesOf } from "./hints.ts";
import type { MailTables } from "./mail_tables.ts";
import type { Keeping } from "./known.ts";
import { MarksCache } from "./marks_cache.ts";
import { mend } from "./mend.ts";
import { News } from "./news.ts";
import { Pool } from "./pool.ts";
import { Reads } from "./reads.ts";
import { Garbage } from "./reclaim.ts";
import { migrate, requireVersion } from "./schema.ts";
import { openAround } from "./bodies_around.ts";
import { searchRows } from "./search_rows.ts";
import { claimKeys } from "./store_keys.ts";
import { parseDatabaseUrl } from "./wire/address.ts";
import { connect, ConnectionLost, type ConnectionOptions, ServerError } from "./wire/connection.ts";

/** Where the store is. */
export interface PostgresOptions {
  /** `postgres://user:password@host:5432/database`, with `?sslmode=` and `?host=` (a folder: its UNIX socket). */
  readonly url: string;
  /** Connections at most, besides the one that listens for other nodes. */
  readonly connections?: number;
  /** Whether tables may be made or brought up to date; false: rejects where they are not as this program needs them. Default true. */
  readonly migrate?: boolean;
  /** Prints ENVELOPE and BODYSTRUCTURE once, when a message is stored. Without it, each FETCH prints them anew. */
  readonly prepare?: (index: MessageIndex) => ImapText;
  /** Where large bodies are kept instead of in rows; the same for all nodes. See `objectBodies`. */
  readonly bodies?: OpenBodies;
  /** How bodies lie there, wherever they are: compressed where it pays, and encrypted where there are keys. */
  readonly packing?: PackingOptions;
  /** How long what was removed can be brought back, milliseconds. Default 0: not at all. */
  readonly undeleteMs?: number;
  /** Milliseconds since 1970, for what is removed. Default: the machine's clock. */
  readonly wall?: () => number;
}

const EXPIRE_PAGE = 500;
const CONNECTIONS = 8;
const ADVICE = ": start it, or correct storage.url";
/** Of each session: nothing waits for a lock for ever, and a node that hangs holds none. */
const SETTINGS = {
  lock_timeout: "20s",
  idle_in_transaction_session_timeout: "60s",
  tcp_keepalives_idle: "30",
  tcp_keepalives_interval: "10",
  tcp_keepalives_count: "3",
};
/** Operations that write the first time only: they are tried as reads. */
const MOSTLY_READS: ReadonlySet<StorageOp> = new Set<StorageOp>(["setting.init", "forwarding.keys", "url.sign"]);

/** Opens the store, made or migrated where needed; rejects with `StorageError`, which says what to do. */
export async function openPostgres(
  {
    url,
    connections = CONNECTIONS,
    migrate: mayMigrate = true,
    prepare,
    bodies: openBodies,
    packing: how,
    undeleteMs = 0,
    wall = () => Date.now(),
  }: PostgresOptions,
): Promise<Storage> {
  const address = parseDatabaseUrl(url);
  if (typeof address === "string") throw new StorageError("unavailable", `the database's URL is wrong: ${address}`);
  const packing = new BodyPacking(how);
  const open = (more: ConnectionOptions = {}) => connect(address, { settings: SETTINGS, ...more });
  try {
    const first = await open();
    await (mayMigrate ? migrate(first) : requireVersion(first)).catch((error) => {
      first.close();
      throw error;
    });
    const pool = new Pool(connections, open);
    pool.adopt(first);
    const bodies = await claimKeys(pool, packing).then(() => openAround(pool, openBodies)).catch((error) => {
      first.close();
      throw error;
    });
    const watchers = new Watchers();
    const news = new News(
      watchers,
      (onNotification, onClose) =>
        connect(address, {
          settings: { ...SETTINGS, synchronous_commit: "off" },
          onNotification,
          onClose,
        }),
    );
    await news.start().catch((error) => {
      first.close();
      bodies.close?.();
      throw error;
    });
    return new Store(pool, watchers, news, { bodies, packing }, prepare ?? null, { undeleteMs, wall }).face();
  } catch (error) {
    const { reason, message } = infrastructure(error);
    const advice = error instanceof ConnectionLost || error instanceof ServerError ? ADVICE : "";
    throw new StorageError(reason, message + advice, error);
  }
}

class Store {
  readonly #pool: Pool;
  readonly #watchers: Watchers;
  readonly #news: News;
  readonly #blobs: Blobs;
  readonly #reads: Reads;
  readonly #commits: Commits;
  readonly #garbage: Garbage;
  #closed = false;
  #reclaiming: Promise<number> | null = null;

  constructor(
    pool: Pool,
    watchers: Watchers,
    news: News,
    { bodies, packing }: { readonly bodies: BodyStore; readonly packing: BodyPacking },
    prepare: ((index: MessageIndex) => ImapText) | null,
    keeping: Keeping,
  ) {
    this.#pool = pool;
    this.#watchers = watchers;
    this.#news = news;
    const blobs = this.#blobs = new Blobs(pool, bodies, packing, prepare);
    const marks = new MarksCache();
    this.#reads = new Reads(pool, blobs, marks);
    const tell = (touched: TouchedSet) => {
      watchers.tell(touched);
      news.send(touched);
    };
    const touchedSet = () => new TouchedSet();
    this.#commits = new Commits({ pool, blobs, marks, blocks: new Map(), tell, touchedSet, keeping });
    this.#garbage = new Garbage(pool, blobs);
  }

  face(): Storage {
    return {
      perform: <K extends StorageOp>(op: K, args: Args<K>) => this.#answer(op, args) as Promise<AnswerOf<K>>,
      createBlob: () => this.#blobs.writer(),
      readBlob: (blobId, start, end) => this.#slice(blobId, start, end),
      watch: (accountId, listener) => {
        const ends = [this.#watchers.watch(accountId, listener), this.#news.watch(accountId)];
        return () => ends.splice(0).forEach((end) => end());
      },
      watchQueue: (listener) => {
        const ends = [this.#watchers.watchQueue(listener), this.#news.watchQueue()];
        return () => ends.splice(0).forEach((end) => end());
      },
      reclaim: () => this.#reclaim(),
      mend: (what) => this.#mend(what),
      close: () => this.#close(),
    };
  }

  async #answer(op: StorageOp, args: unknown): Promise<unknown> {
    if (this.#closed) throw new StorageError("unavailable", "the store is closed");
    if (!(op in OPERATIONS)) return await this.#query(op, args);
    const run = OPERATIONS[op as keyof typeof OPERATIONS] as (tx: Transaction, args: unknown) => unknown;
    if (READS.has(op)) return await this.#read(op, args, (tables) => run(tables, args));
    if (MOSTLY_READS.has(op)) {
      try {
        return await this.#read(op, args, (tables) => run(tables, args));
      } catch (error) {
        if (!(error instanceof WouldWrite)) throw error;
      }
    }
    return await new Promise((resolve, reject) => {
      this.#commits.add({
        run: (tables) => run(tables, args),
        hint: (hints) => hint(hints, this.#blobs, op, args),
        ranges: rangesOf(args),
        octets: blobsOf(op, args).reduce((sum, id) => sum + this.#blobs.octetsToWrite(id), 0),
        resolve,
        reject,
      });
    });
  }

  async #read<R>(op: StorageOp, args: unknown, run: (tables: MailTables) => R): Promise<R> {
    try {
      return await this.#reads.perform(run, (hints) => hint(hints, this.#blobs, op, args)) as R;
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
      return await this.#read(op, args, (tables) => read(tables, args as Args<"email.read">, slice));
    }
    if (op === "blob.index") {
      return await this.#read(op, args, (tables) => tables.blobIndex((args as Args<"blob.index">).blobId));
    }
    if (op === "blob.read") {
      const { accountId, blobId, start, end } = args as Args<"blob.read">;
      const isTheirs = await this.#read(op, args, (tables) => {
        const blob = tables.blob(blobId);
        return blob !== null && (accountId === null || mayReadBlob(tables, accountOf(tables, accountId), blob));
      });
      if (!isTheirs) throw new StorageError("bug", "there is no such blob for this account");
      return await this.#slice(blobId, start, end);
    }
    if (!isSearch(op)) throw new StorageError("bug", `${op} is not answered here`);
    const mailbox = await this.#read(op, args, (tables) => mailboxOf(tables, args as Args<"email.search">));
    try {
      return await answerSearch(
        op,
        args,
        mailbox && searchRows(this.#reads, this.#blobs, mailbox, op === "email.thread"),
      );
    } catch (error) {
      throw infrastructure(error);
    }
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
    return this.#reclaiming ??= this.#expire().then(() => this.#garbage.reclaim())
      .catch((error) => Promise.reject(infrastructure(error)))
      .finally(() => this.#reclaiming = null);
  }

  async #mend(what: Mend): Promise<boolean> {
    if (this.#closed) throw new StorageError("unavailable", "the store is closed");
    try {
      return await mend(this.#pool, this.#blobs, what);
    } catch (error) {
      throw infrastructure(error);
    }
  }

  /** What was kept long enough goes, some in each transaction. */
  async #expire(): Promise<void> {
    for (let gone = EXPIRE_PAGE; gone === EXPIRE_PAGE;) {
      gone = await new Promise<number>((resolve, reject) =>
        this.#commits.add({
          run: (tables) => expireRemoved(tables, EXPIRE_PAGE),
          hint: () => {},
          ranges: [],
          octets: 0,
          resolve: resolve as (value: unknown) => void,
          reject,
        })
      );
    }
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reclaiming?.catch(() => {});
    await this.#commits.idle();
    await this.#news.close();
    await this.#pool.close();
    this.#blobs.bodies.close?.();
  }
}
