/**
 * A store in memory: the reference for what a store does, and the one that tests use. Nothing is durable, everything
 * else is as in the others: one operation is one transaction, blobs are shared, watchers are told before the answer.
 */
import { concatBytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import type { AnswerOf, Args, BlobId, StorageOp } from "../../contract/mod.ts";
import type { MessageIndex } from "../../message/model.ts";
import { mailboxOf, read } from "../engine/email_read.ts";
import { expireRemoved } from "../engine/kept.ts";
import { mayReadBlob } from "../engine/access.ts";
import { accountOf } from "../engine/member.ts";
import { OPERATIONS } from "../engine/operations.ts";
import type { Transaction } from "../engine/tables.ts";
import { Watchers } from "../engine/watchers.ts";
import { answerSearch, isSearch, rowsOf } from "../order.ts";
import { type BlobWriter, type SealedBlob, type Storage, StorageError } from "../storage.ts";
import { MemoryTables } from "./tables.ts";

const EXPIRE_PAGE = 500;
const READ_LIMIT = 256 * 1024;

/** How a store in memory should differ from the usual. */
export interface MemoryOptions {
  /** How long what was removed can be brought back, milliseconds. Default 0: not at all. */
  readonly undeleteMs?: number;
  /** Milliseconds since 1970, for what is removed. Default: the machine's clock. */
  readonly wall?: () => number;
}

/** A fresh, empty store. */
export function memoryStorage({ undeleteMs = 0, wall }: MemoryOptions = {}): Storage {
  const tables = new MemoryTables();
  tables.undeleteMs = undeleteMs;
  if (wall) tables.wall = wall;
  const watchers = new Watchers();
  let closed = false;

  const slice = (blobId: BlobId, start: number, end: number): Uint8Array => {
    const bytes = tables.bytesOf(blobId);
    if (!bytes) throw new StorageError("bug", `there is no blob ${blobId}`);
    return bytes.slice(start, Math.max(start, Math.min(end, start + READ_LIMIT)));
  };

  const answer = (op: StorageOp, args: unknown): unknown => {
    if (op === "email.read") return read(tables, args as Args<"email.read">, slice);
    if (op === "blob.index") return tables.blobIndex((args as Args<"blob.index">).blobId);
    if (op === "blob.read") {
      const { accountId, blobId, start, end } = args as Args<"blob.read">;
      const blob = tables.blob(blobId);
      if (!blob || (accountId !== null && !mayReadBlob(tables, accountOf(tables, accountId), blob))) {
        throw new StorageError("bug", "there is no such blob for this account");
      }
      return slice(blobId, start, end);
    }
    if (isSearch(op)) {
      const mailbox = mailboxOf(tables, args as Args<"email.search">);
      return answerSearch(
        op,
        args,
        mailbox && {
          ...rowsOf(tables, mailbox.id),
          index: (blobId) => tables.blobIndex(blobId),
          readBlob: (blobId, start, end) => Promise.resolve(slice(blobId, start, end)),
        },
      );
    }
    const run = OPERATIONS[op] as (tx: Transaction, args: unknown) => unknown;
    return tables.transaction(() => run(tables, args));
  };

  return {
    // Asynchronous on purpose: an answer never comes before the caller has gone on.
    perform: async <K extends StorageOp>(op: K, args: Args<K>): Promise<AnswerOf<K>> => {
      await Promise.resolve();
      if (closed) throw new StorageError("unavailable", "the store is closed");
      const result = await answer(op, args) as AnswerOf<K>;
      watchers.tell(tables.touched);
      tables.touched.clear();
      return result;
    },
    createBlob: () => new MemoryWriter(tables),
    readBlob: async (blobId, start, end) => {
      await Promise.resolve();
      if (closed) throw new StorageError("unavailable", "the store is closed");
      return slice(blobId, start, end);
    },
    watch: (accountId, listener) => watchers.watch(accountId, listener),
    watchQueue: (listener) => watchers.watchQueue(listener),
    reclaim: () => {
      while (tables.transaction(() => expireRemoved(tables, EXPIRE_PAGE)) === EXPIRE_PAGE);
      return Promise.resolve(tables.reclaim());
    },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
}

class MemoryWriter implements BlobWriter {
  readonly #tables: MemoryTables;
  #pieces: Uint8Array[] | null = [];

  constructor(tables: MemoryTables) {
    this.#tables = tables;
  }

  write(chunk: Uint8Array): void {
    if (!this.#pieces) throw new StorageError("bug", "the body has ended");
    this.#pieces.push(chunk.slice());
  }

  async seal(index: MessageIndex): Promise<SealedBlob> {
    await Promise.resolve();
    if (!this.#pieces) throw new StorageError("bug", "the body has ended");
    const bytes = concatBytes(this.#pieces);
    this.#pieces = null;
    const blobId = "b" + digest("sha256", bytes).toHex() as BlobId;
    this.#tables.hold(blobId, bytes, index);
    let held = true;
    return {
      blobId,
      size: bytes.length,
      release: () => {
        if (held) this.#tables.letGo(blobId);
        held = false;
      },
    };
  }

  abort(): void {
    this.#pieces = null;
  }
}
