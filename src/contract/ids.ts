/** Branded identifiers: what the store hands out, and the numbers of IMAP that are easily mixed up. */
import type { Brand } from "../base/brand.ts";

/** RFC 9051 section 2.3.1.1: unique within a mailbox and its UIDVALIDITY, strictly ascending, 1 … 2^32-1. */
export type Uid = Brand<number, "Uid">;
/** RFC 9051 section 2.3.1.2: message sequence number, 1 … number of messages. */
export type Seq = Brand<number, "Seq">;
/** RFC 7162: one counter per account, 1 … 2^53-1. */
export type Modseq = Brand<number, "Modseq">;
/** RFC 9051 section 2.3.1.1: changes where UIDs of a mailbox lose their meaning. */
export type UidValidity = Brand<number, "UidValidity">;

/** Object ids (RFC 8474, RFC 8620 section 1.2): `[A-Za-z0-9_-]{1,255}`, a letter first, never used again. */
export type AccountId = Brand<string, "AccountId">;
/** Names a mailbox for ever, whatever it is called. */
export type MailboxId = Brand<string, "MailboxId">;
/** Names one email, in however many mailboxes (RFC 8621 section 4.1.1). */
export type EmailId = Brand<string, "EmailId">;
/** Names a conversation (RFC 8621 section 3). */
export type ThreadId = Brand<string, "ThreadId">;
/** The SHA-256 of the received octets in hexadecimal, with `b` before it. */
export type BlobId = Brand<string, "BlobId">;

/** Names one connection in logs; unguessable, so that ids made from it are unique. */
export type SessionId = Brand<string, "SessionId">;
/** Names one accepted message on its way: the session's id, a dot, and a number. In Received, logs and `why`. */
export type TraceId = Brand<string, "TraceId">;
/** One recipient's row in the queue. */
export type QueueId = Brand<string, "QueueId">;

/** A closed range of UIDs; `last` may be beyond the last message. */
export interface UidRange {
  readonly first: Uid;
  readonly last: Uid;
}
