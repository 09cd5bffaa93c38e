/**
 * What a store must do: the storage half of the `Ops` table made asynchronous. One operation is one transaction:
 * when its promise resolves, what it wrote is durable and every later operation sees it.
 *
 * Rules:
 * - Every operation on mail carries the account it acts for; a store never answers with another account's data.
 * - A refusal is an answer. A rejected promise is an infrastructure failure (`StorageError`), and then nothing was written.
 * - Watchers are told after the commit and before the operation's promise resolves, so that whoever was told "done"
 *   never knows more than a watcher could.
 * - Uids, modseqs and ids never come from a clock.
 */
import type {
  AccountId,
  AnnotationTouched,
  AnswerOf,
  Args,
  BlobId,
  FailureReason,
  MailboxId,
  StorageOp,
} from "../contract/mod.ts";
import type { MessageIndex } from "../message/model.ts";

/** A store of mail: directory, mailboxes, emails, queue, journal. */
export interface Storage {
  /** Answers a question in one transaction. */
  perform<K extends StorageOp>(op: K, args: Args<K>): Promise<AnswerOf<K>>;
  /** Begins a body. Small ones stay in memory until the transaction that uses them, large ones go to disk as they come. */
  createBlob(): BlobWriter;
  /** Octets `[start, end)`, at most 256 KiB a call. Rejects with reason `bug` where the blob is not there. */
  readBlob(blobId: BlobId, start: number, end: number): Promise<Uint8Array>;
  /** Tells of commits that touched the account. A hint: the listener asks `mailbox.changes` for what happened. */
  watch(accountId: AccountId, listener: (touched: Touched) => void): () => void;
  /** Tells when rows became due sooner than `queue.next` said before. */
  watchQueue(listener: () => void): () => void;
  /**
   * Reclaims space of blobs to which nothing has referred since the call before (a client may still be reading what was
   * just removed), and forgets the distant past. Bounded work, safe at any time. Answers the octets freed.
   */
  reclaim(): Promise<number>;
  /** Makes right what a look through the store found, where a driver has such a look. Answers whether it did something. */
  mend?(what: Mend): Promise<boolean>;
  /** Waits for what is under way and closes. Later operations reject. */
  close(): Promise<void>;
}

/**
 * What is made anew from what is there: rows that belong to nothing and numbers that are in use already, the index of
 * texts, or the index of one message; or, by a sealed body of the same octets, a stored one that is damaged.
 */
export type Mend = "rows" | "texts" | { readonly blobId: BlobId } | { readonly heal: BlobId };

/** What a commit changed in one account. */
export interface Touched {
  /** Mailboxes whose messages or flags changed. */
  readonly mailboxIds: ReadonlySet<MailboxId>;
  /** A mailbox was made, removed, renamed or (un)subscribed. */
  readonly mailboxList: boolean;
  /** Annotations that were set or removed. */
  readonly annotations: readonly AnnotationTouched[];
}

/** A body on its way into the store. */
export interface BlobWriter {
  /** The chunk is borrowed until the call returns; a promise asks to wait with the next. Errors may surface at `seal`. */
  write(chunk: Uint8Array): void | Promise<void>;
  /** Ends the body. The blob can now be read and used; it is durable only once an operation refers to it. */
  seal(index: MessageIndex): Promise<SealedBlob>;
  /** Throws away what was written. After `seal` use `SealedBlob.release`. */
  abort(): void;
}

/** A body that is whole: immutable, and held until it is released. */
export interface SealedBlob {
  readonly blobId: BlobId;
  readonly size: number;
  /** Ends the writer's hold: from here on the blob lives only as long as an email or the queue refers to it. */
  release(): void;
}

/** The infrastructure failed; nothing was written. `reason` says whether to try again. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}
