/**
 * A store in a folder: `palomar.db` (SQLite, WAL, synchronous=FULL), `blobs/` (the segment log) and `lock`.
 *
 * Rules:
 * - One process has the folder; the others are told so (`DataDirLocked`).
 * - Writes go through `commits.ts`, whose one transaction serves all that wait; reads run at once on what is committed.
 * - Octets of large bodies are synced before the commit that names them; a row never names what may be lost.
 * - Accounts and mailboxes in use are in memory and written once a commit (`directory_tables.ts`).
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { AcceptArgs, AnswerOf, Args, BlobId, ImapText, StorageOp } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { mailboxOf, read } from "../engine/email_read.ts";
import { mayReadBlob } from "../engine/access.ts";
import { accountOf } from "../engine/member.ts";
import { OPERATIONS, READS } from "../engine/operations.ts";
import type { Transaction } from "../engine/tables.ts";
import { Watchers } from "../engine/watchers.ts";
import { answerSearch, rowsOf } from "../order.ts";
import { BodyPacking, type PackingOptions } from "../packing/mod.ts";
import { type Storage, StorageError } from "../storage.ts";
import { freeToMove } from "./backup/hold.ts";
import { RESTORING } from "./backup/swap.ts";
import { Blobs, infrastructure, segmentEnds } from "./blobs.ts";
import { Commits } from "./commits.ts";
import { MailTables } from "./mail_tables.ts";
import { ColdMarks } from "./marks_cache.ts";
import { mend } from "./mend.ts";
import { markGarbage, reclaim } from "./reclaim.ts";
import { openDatabase } from "./schema.ts";
import { Segments } from "./segments.ts";
import { selection } from "./select.ts";
import { Statements } from "./statements.ts";
import { claimKeys } from "./store_keys.ts";
import { TextIndex } from "./text_index/mod.ts";

/** Where the store is. */
export interface SqliteOptions {
  /** The folder; made where it is not there. */
  readonly dataDir: string;
  /** Prints ENVELOPE and BODYSTRUCTURE once, when a message is stored. Without it, each FETCH prints them anew. */
  readonly prepare?: (index: MessageIndex) => ImapText;
  /** How bodies lie there: compressed where it pays, and encrypted where there are keys. */
  readonly packing?: PackingOptions;
  /** How long what was removed can be brought back, milliseconds. Default 0: not at all. */
  readonly undeleteMs?: number;
  /** Milliseconds since 1970, for what is removed. Default: the machine's clock. */
  readonly wall?: () => number;
  /** Where the disk is shared: what the store may take. Beyond it, writes fail with reason `full`. */
  readonly limits?: {
    /** Pages of the database, 4096 octets each. */
    readonly databasePages?: number;
    /** Octets of the segment log. */
    readonly segmentOctets?: number;
  };
}

/** Another process has the folder. */
export class DataDirLocked extends Error {
  override readonly name = "DataDirLocked";

  constructor(dataDir: string) {
    super(`another server works on the data folder ${dataDir}: stop it first, or choose another dataDir`);
  }
}

/** A store in a folder. */
export interface SqliteStorage extends Storage {
  /** Waits until all that is stored now is in the index of texts. Searches need not wait: they are complete without. */
  settleIndex(): Promise<void>;
}

/** Opens the store; rejects with `DataDirLocked` or `StorageError`. */
export async function openSqlite(options: SqliteOptions): Promise<SqliteStorage> {
  await Promise.resolve();
  const { dataDir } = options;
  const lock = openLock(dataDir);
  if (!lock.tryLockSync(true)) {
    lock.close();
    throw new DataDirLocked(dataDir);
  }
  try {
    refuseHalf(dataDir);
    return openLocked(options, lock);
  } catch (error) {
    lock.close();
    throw infrastructure(error);
  }
}

function openLocked(
  { dataDir, limits, prepare, packing: how, undeleteMs = 0, wall }: SqliteOptions,
  lock: Deno.FsFile,
): SqliteStorage {
  const packing = new BodyPacking(how);
  const db = openDatabase(join(dataDir, "palomar.db"));
  const sql = new Statements(db);
  try {
    claimKeys(sql, packing);
  } catch (error) {
    db.close();
    throw error;
  }
  if (limits?.databasePages !== undefined) sql.exec(`pragma max_page_count = ${Math.trunc(limits.databasePages)}`);
  const release = freeToMove(dataDir);
  const segments = new Segments(join(dataDir, "blobs"), segmentEnds(sql), limits?.segmentOctets, release === null);
  release?.();
  const blobs = new Blobs(sql, segments, prepare, packing);
  markGarbage(sql);
  const tables = new MailTables(sql, blobs);
  tables.undeleteMs = undeleteMs;
  if (wall) tables.wall = wall;
  tables.freeLeases();
  tables.countQueue();
  const watchers = new Watchers();
  const commits = new Commits(tables, blobs, segments, watchers);
  const index = new TextIndex(dataDir, packing.keys);
  let closed = false;
  let reclaiming: Promise<number> | null = null;

  const write = <R>(run: (tables: MailTables) => R, needed: readonly BlobId[] = []): Promise<R> =>
    new Promise<R>((resolve, reject) => {
      commits.add({ run, blobs: needed, resolve: resolve as (value: unknown) => void, reject });
    });

  const answer = async (op: StorageOp, args: unknown): Promise<unknown> => {
    if (closed) throw new StorageError("unavailable", "the store is closed");
    if (op in OPERATIONS && !READS.has(op) && !isInitialised(tables, op, args)) {
      const run = OPERATIONS[op as keyof typeof OPERATIONS] as (tx: Transaction, args: unknown) => unknown;
      const needed = blobsOf(op, args);
      const result = await write((tx) => run(tx, args), needed);
      if (needed.length > 0) index.touched(needed.length);
      return result;
    }
    await Promise.resolve();
    for (;;) {
      try {
        return await query(tables, blobs, index, op, args);
      } catch (error) {
        if (!(error instanceof ColdMarks)) throw infrastructure(error);
        await tables.marksCache.warm(error.row, pause);
        if (closed) throw new StorageError("unavailable", "the store is closed");
      }
    }
  };

  return {
    perform: <K extends StorageOp>(op: K, args: Args<K>) => answer(op, args) as Promise<AnswerOf<K>>,
    createBlob: () => blobs.writer(),
    readBlob: async (blobId, start, end) => {
      await Promise.resolve();
      if (closed) throw new StorageError("unavailable", "the store is closed");
      try {
        return blobs.read(blobId, start, end);
      } catch (error) {
        throw infrastructure(error);
      }
    },
    watch: (accountId, listener) => watchers.watch(accountId, listener),
    watchQueue: (listener) => watchers.watchQueue(listener),
    reclaim: () => {
      if (closed) return Promise.resolve(0);
      return reclaiming ??= reclaim(tables, blobs, segments, write, () => freeToMove(dataDir))
        .catch((error) => Promise.reject(infrastructure(error)))
        .finally(() => {
          reclaiming = null;
          index.sweep();
        });
    },
    mend: (what) =>
      mend({ blobs, index, segments, write, pause }, what).catch((error) => Promise.reject(infrastructure(error))),
    settleIndex: () => index.settle(),
    close: async () => {
      if (closed) return;
      closed = true;
      await reclaiming?.catch(() => {});
      await commits.idle();
      await index.close();
      segments.close();
      db.close();
      lock.close();
    },
  };
}

function openLock(dataDir: string): Deno.FsFile {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return Deno.openSync(join(dataDir, "lock"), { create: true, write: true, mode: 0o600 });
  } catch (error) {
    const { message } = error as Error;
    const what = `the data folder ${dataDir} cannot be written: ${message}; it must belong to the user who runs the ` +
      "server, on a file system that is mounted for writing and has room";
    throw new StorageError("unavailable", what, error);
  }
}

/** A restore that was broken off left something that looks like an empty store. */
function refuseHalf(dataDir: string): void {
  const isHalf = [...Deno.readDirSync(dataDir)].some(({ name }) => name === RESTORING);
  if (!isHalf) return;
  const what = `a restore into ${dataDir} was broken off: run it again, or remove ${join(dataDir, RESTORING)} ` +
    "and put back what was set aside";
  throw new StorageError("unavailable", what);
}

/** Lets others in: an immediate would not. */
const pause = () => new Promise<void>((next) => setTimeout(next, 1));

/** A setting that is there already, or a question of ownership, needs no commit. */
function isInitialised(tables: MailTables, op: StorageOp, args: unknown): boolean {
  return op === "setting.init" && tables.setting((args as Args<"setting.init">).name) !== null;
}

function blobsOf(op: StorageOp, args: unknown): readonly BlobId[] {
  if (op === "mail.accept") return [(args as AcceptArgs).blobId];
  if (op === "email.append") return (args as Args<"email.append">).messages.map(({ blobId }) => blobId);
  if (op === "email.replace") return [(args as Args<"email.replace">).message.blobId];
  if (op === "email.set") return (args as Args<"email.set">).create?.map(({ blobId }) => blobId) ?? [];
  if (op === "blob.keep") return [(args as Args<"blob.keep">).blobId];
  return op === "queue.settle" ? (args as Args<"queue.settle">).notices.map(({ blobId }) => blobId) : [];
}

function query(tables: MailTables, blobs: Blobs, texts: TextIndex, op: StorageOp, args: unknown): unknown {
  const slice = (blobId: BlobId, start: number, end: number) => blobs.read(blobId, start, end);
  switch (op) {
    case "email.read":
      return read(tables, args as Args<"email.read">, slice);
    case "blob.index":
      return blobs.index((args as Args<"blob.index">).blobId);
    case "blob.read": {
      const { accountId, blobId, start, end } = args as Args<"blob.read">;
      const blob = blobs.find(blobId);
      if (!blob || (accountId !== null && !mayReadBlob(tables, accountOf(tables, accountId), blob))) {
        throw new StorageError("bug", "there is no such blob for this account");
      }
      return slice(blobId, start, end);
    }
    case "email.search":
    case "email.sort":
    case "email.thread": {
      const mailbox = mailboxOf(tables, args as Args<"email.search">);
      return answerSearch(
        op,
        args,
        mailbox && {
          ...rowsOf(tables, mailbox.id),
          index: (blobId) => blobs.index(blobId),
          readBlob: async (blobId, start, end) => await slice(blobId, start, end),
          select: (keys) => selection(tables.sql, mailbox.id, keys),
          ask: texts.of(mailbox.account),
          order: texts.orderOf(mailbox.account, mailbox.id),
        },
      );
    }
    default:
      return (OPERATIONS[op] as (tx: Transaction, args: unknown) => unknown)(tables, args);
  }
}
