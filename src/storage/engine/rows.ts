/** The rows of a store, as operations read and write them. Where they live is a driver's business. */
import type {
  BlobId,
  Credentials,
  DecidedFate,
  EnvelopeSender,
  MailboxRole,
  QueueClass,
  QueuePriority,
  QueueState,
} from "../../contract/mod.ts";
import type { EnvelopeRecipient, ObjectKind, RecordKind } from "../../contract/mod.ts";
import type { Envelope, Part } from "../../message/model.ts";

/** Changed in place, then `saveAccount`. Counters are those of all its mailboxes. */
export interface AccountRow {
  readonly id: number;
  readonly address: string;
  name: string;
  quotaBytes: number | null;
  quotaMessages: number | null;
  usedBytes: number;
  usedMessages: number;
  /** Octets of emails that are in no mailbox any more and can be brought back. */
  keptBytes: number;
  modseq: number;
  disabled: boolean;
  /** Nobody logs in to it: its mailboxes are for those who have rights in them. */
  readonly shared: boolean;
  readonly createdAt: number;
  credentials: Credentials;
}

/** Changed in place, then `saveMailbox`; a new `path` by `movePath`. */
export interface MailboxRow {
  readonly id: number;
  readonly account: number;
  readonly path: string;
  role: MailboxRole | null;
  uidValidity: number;
  uidNext: number;
  modseq: number;
  messages: number;
  unseen: number;
  size: number;
  deleted: number;
  /** Tombstones with a modseq up to this one are gone. */
  floor: number;
}

/** What an access control list grants or (`-` before the grantee) denies. */
export interface AclRow {
  readonly mailbox: number;
  /** The owner's. */
  readonly account: number;
  /** The address of an account, or `@domain` for all accounts of the owner's domain. */
  readonly grantee: string;
  readonly rights: string;
}

/** An email in a mailbox. */
export interface MemberRow {
  readonly uid: number;
  readonly mailbox: number;
  readonly email: number;
  modseq: number;
  flags: number;
  keywords: string;
  readonly saveDate: number;
  /** Octets of the email: prefix and blob. */
  readonly size: number;
}

export interface EmailRecord {
  readonly id: number;
  readonly account: number;
  readonly thread: number;
  readonly blob: number;
  readonly blobId: BlobId;
  readonly blobSize: number;
  readonly size: number;
  readonly internalDate: number;
  readonly sentAt: number | null;
  readonly prefix: Uint8Array;
  /** The modseq it came with, or came back. */
  readonly created: number;
}

/** A membership that went, with what it was; see `engine/removed.ts`. */
export interface RemovedRow {
  readonly id: number;
  readonly account: number;
  readonly mailbox: number;
  /** Of the mailbox, when it went. */
  readonly path: string;
  readonly uid: number;
  readonly email: number;
  readonly flags: number;
  readonly keywords: string;
  readonly saveDate: number;
  readonly size: number;
  /** When it went, milliseconds since 1970. */
  readonly at: number;
}

/** Where an imported email came from; goes with it. */
export interface OriginRow {
  readonly email: number;
  readonly account: number;
  readonly key: string;
  readonly name: string;
  readonly lineEnds: string;
}

/** A membership with its email, as `email.read` and search want them. */
export interface JoinedRow extends MemberRow {
  readonly thread: number;
  readonly blobId: BlobId;
  readonly blobSize: number;
  readonly internalDate: number;
  readonly sentAt: number | null;
  readonly prefix: Uint8Array;
  readonly envelope: Envelope | null;
  readonly structure: Part | null;
  /** Prepared, and asked for. */
  readonly imap?: { readonly envelope: string | null; readonly structure: string | null };
  readonly headerEnd: number;
  /** Of the email: the modseq it came with. */
  readonly created: number;
  /** Asked for, and read with the row. */
  readonly header?: Uint8Array | null;
}

/** What of the index `joined` reads. What is not prepared is read as the index has it. */
export interface JoinedFields {
  readonly envelope: boolean;
  readonly structure: boolean;
  readonly imapEnvelope?: boolean;
  readonly imapStructure?: boolean;
  /** The blob's header, cut at 256 KiB, where the driver can read it with the row. */
  readonly header?: boolean;
  /** Prepared text with UTF-8. */
  readonly utf8?: boolean;
}

/** A blob that an operation may refer to. */
export interface BlobRow {
  /** The row's number; 0 as long as it is sealed and nothing refers to it. */
  readonly id: number;
  readonly blobId: BlobId;
  readonly size: number;
}

export interface DomainRow {
  readonly name: string;
  readonly catchAll: string | null;
  readonly createdAt: number;
}

export interface AliasRow {
  readonly address: string;
  readonly targets: readonly string[];
  readonly createdAt: number;
}

export interface TokenRow {
  readonly id: number;
  readonly account: number;
  /** SHA-256 of the secret, hexadecimal. */
  readonly hash: string;
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** Words with blanks between; null: everything. */
  readonly scopes: string | null;
  readonly usedAt: number | null;
  readonly usedFrom: string | null;
}

/** A Sieve script, without its text. */
export interface SieveRow {
  readonly account: number;
  readonly name: string;
  readonly octets: number;
  readonly active: boolean;
}

export interface QueueRecord {
  readonly id: number;
  readonly traceId: string;
  readonly recipient: EnvelopeRecipient;
  readonly domain: string | null;
  state: QueueState;
  priority: QueuePriority;
  /** With whom it takes turns: `classOf` says. */
  class: QueueClass;
  attempts: number;
  queuedAt: number;
  dueAt: number;
  expiresAt: number;
  lastReply: string | null;
  owner: string | null;
  /** When somebody must look at it: due, or the end of the lease; null where it is held. */
  wakeAt: number | null;
  /** The way a person chose. */
  route: string | null;
  readonly report: DecidedFate | null;
  readonly sender: EnvelopeSender;
  readonly blob: number;
  readonly blobId: BlobId;
  readonly size: number;
  readonly prefix: Uint8Array;
}

/** An annotation (RFC 5464): of an account on a mailbox, or with mailbox 0 on the server. */
export interface MetadataRow {
  readonly account: number;
  readonly mailbox: number;
  readonly entry: string;
  readonly value: Uint8Array;
}

/**
 * What an account has besides mail. Of the store's own: `mailbox`, what JMAP knows of one besides its row; `floor`, the
 * modseq up to which destroyed things are forgotten; `upload`, a blob that is kept until `created` milliseconds.
 */
export interface ObjectRow {
  readonly account: number;
  readonly kind: ObjectKind | "mailbox" | "floor" | "upload";
  readonly id: number;
  readonly created: number;
  readonly changed: number;
  readonly value: string;
}

/** A small document of the server, or of an account (0: of none). */
export interface RecordRow {
  readonly kind: RecordKind;
  readonly key: string;
  readonly version: number;
  readonly account: number;
  readonly expiresAt: number | null;
  readonly value: string;
}

/** Which records are wanted, in the order of their keys. */
export interface RecordsAsked {
  readonly kind: RecordKind;
  /** Null: of all and of none. */
  readonly account: number | null;
  readonly prefix: string;
  /** "" begins at the beginning, or at the end where it is descending. */
  readonly after: string;
  readonly descending: boolean;
  readonly limit: number;
}

/** Something that is gone from an account. */
export interface DestroyedRow {
  readonly account: number;
  readonly kind: ObjectKind | "mailbox" | "email";
  readonly modseq: number;
  readonly id: number;
  /** Of an email; else 0. */
  readonly thread: number;
}

/** Rows of the queue that have all of this. */
export interface QueueFilter {
  readonly state?: QueueState | undefined;
  readonly domain?: string | undefined;
  readonly traceId?: string | undefined;
}

export type Sequence = "account" | "mailbox" | "email" | "queue" | "token" | "uidValidity" | "object";
