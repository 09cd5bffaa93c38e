/** What a search works on, and how it gives way to others. */
import type { BlobId, SearchKey, SortCriterion } from "../contract/mod.ts";
import type { MessageIndex } from "../message/model.ts";
import type { ThreadAlgorithm } from "../message/mod.ts";
import type { JoinedRow, MemberRow } from "./engine/tables.ts";
import type { AskIndex } from "./text_queries.ts";

/** A membership that a search found. */
export type FoundRow = Pick<MemberRow, "uid" | "modseq" | "email">;

/** What a driver has at hand, or must ask for. */
export type Soon<T> = T | Promise<T>;

/** Where rows and octets come from. */
export interface SearchSource {
  /** Rows of the UIDs, ascending. Fewer than `limit` is the end. */
  page(first: number, last: number, limit: number): Soon<readonly JoinedRow[]>;
  /** The same without what only the email knows: enough for most searches, and cheaper. */
  members(first: number, last: number, limit: number): Soon<readonly MemberRow[]>;
  index(blobId: BlobId): Soon<MessageIndex | null>;
  readBlob(blobId: BlobId, start: number, end: number): Promise<Uint8Array>;
  /**
   * Where the driver can look at rows by itself: those of a stretch of UIDs for which all keys hold, ascending. Null:
   * it cannot say.
   */
  readonly select?: (keys: readonly SearchKey[]) => ((first: number, last: number) => Soon<readonly FoundRow[]>) | null;
  /** Where the driver knows it: no UID is higher. */
  readonly lastUid?: number;
  /** Where there is an index of texts. */
  readonly ask?: AskIndex;
  readonly order?: AskOrder;
}

/** SORT and THREAD of UIDs of a mailbox (ascending) by an index; null where there is none that works. */
export interface AskOrder {
  sorted(uids: readonly number[], order: readonly SortCriterion[]): Promise<Uint32Array | null>;
  /** As `flatThreads` makes them. */
  threaded(uids: readonly number[], algorithm: ThreadAlgorithm): Promise<Uint32Array | null>;
}

/** How long a search works before others have their turn. */
const SLICE_MS = 8;

/** Gives way to others when it has worked for a while. */
export class Breath {
  readonly #sliceMs: number;
  #since = performance.now();

  constructor(sliceMs: number = SLICE_MS) {
    this.#sliceMs = sliceMs;
  }

  async take(): Promise<void> {
    if (performance.now() - this.#since < this.#sliceMs) return;
    // Not `setImmediate`: as long as there is one, the runtime looks at no socket, and everybody else waits.
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
    this.#since = performance.now();
  }
}
