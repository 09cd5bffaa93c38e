/** What the driver needs of the world to perform the effects of one session. `server/` makes it. */
import type { AnswerOf, Args, BlobId, Input, LogEvent, Op, SessionInfo } from "../contract/mod.ts";

/** Whoever answers the questions of all sessions. */
export interface World {
  /** Begins a session; `post` gives it unsolicited inputs (`changes`, `shutdown`) as long as it lives. */
  open(session: SessionInfo, post: (input: Input) => void): SessionWorld;
}

/** The answers for one session. */
export interface SessionWorld {
  /**
   * Answers a question; may answer at once. A rejection with a `reason` (`FailureReason`) becomes the input `failed`
   * with that reason, any other rejection with `bug`.
   */
  perform<K extends Op>(op: K, args: Args<K>): AnswerOf<K> | Promise<AnswerOf<K>>;
  /** Opens the sink with its first chunk. May ask the driver to wait. */
  bodyChunk(sink: number, chunk: Uint8Array): void | Promise<void>;
  /** The body is not wanted (any more), sealed or not. */
  bodyAbort(sink: number): void;
  /** Octets `[start, end)` of a blob, for `sendBlob`. */
  readBlob(blobId: BlobId, start: number, end: number): Promise<Uint8Array>;
  /** One fact for the log. */
  log(event: LogEvent): void;
  /** Lets go of sinks and watches. Called once. */
  close(): void;
}
