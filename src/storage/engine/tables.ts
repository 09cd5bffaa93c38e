/**
 * The rows of a store and what a driver must be able to do with them, one method a statement. All of it is
 * synchronous: an operation runs to its end inside one transaction, so nothing can come between its questions and
 * its writes. A driver decides where rows live; the operations on top are the same for all that are synchronous.
 */
import type {
  BlobId,
  Credentials,
  DecidedFate,
  EnvelopeSender,
  JournalEntry,
  MailboxRole,
  QueueClass,
  QueuePriority,
  QueueState,
} from "../../contract/mod.ts";
import type { EnvelopeRecipient } from "../../contract/mod.ts";
import type { Marks } from "./marks.ts";
import type { Envelope, MessageIndex, Part } from "../../message/model.ts";

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
  readonly queuedAt: number;
  dueAt: number;
  readonly expiresAt: number;
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

/** Rows of the queue that have all of this. */
export interface QueueFilter {
  readonly state?: QueueState | undefined;
  readonly domain?: string | undefined;
  readonly traceId?: string | undefined;
}

export type Sequence = "account" | "mailbox" | "email" | "queue" | "token" | "uidValidity";

export interface Tables {
  /** The next number of a sequence; never the same again, restarts included. */
  next(sequence: Sequence): number;

  domain(name: string): DomainRow | null;
  /** In the order they were added. */
  domains(): readonly DomainRow[];
  putDomain(row: DomainRow): void;
  removeDomain(name: string): void;
  alias(address: string): AliasRow | null;
  /** Sorted by address. */
  aliases(domain: string | null): readonly AliasRow[];
  putAlias(row: AliasRow): void;
  removeAlias(address: string): void;
  token(hash: string): TokenRow | null;
  /** Ascending by id. */
  tokens(account: number): readonly TokenRow[];
  addToken(row: TokenRow): void;
  removeToken(row: TokenRow): void;
  /** Sorted by name. */
  sieves(account: number): readonly SieveRow[];
  sieveText(account: number, name: string): string | null;
  putSieve(row: SieveRow, content: string): void;
  removeSieve(account: number, name: string): void;
  /** That one and no other; null: none. */
  activateSieve(account: number, name: string | null): void;
  /** JSON, or null: nothing was said. */
  deliverySettings(account: number): string | null;
  putDeliverySettings(account: number, settings: string): void;
  /** Until when a key is remembered. */
  seenUntil(account: number, key: string): number | null;
  putSeen(account: number, key: string, until: number): void;
  /** Those of the account that end at `now` or before. */
  forgetSeen(account: number, now: number): void;
  countSeen(account: number): number;
  /** So many, those first that end first. */
  dropSeen(account: number, count: number): void;
  setting(name: string): string | null;
  putSetting(name: string, value: string): void;
  removeSetting(name: string): void;
  /** A sender of forwarded mail that is kept under a key. */
  senderBehind(key: string): { readonly address: string; readonly until: number } | null;
  keepSender(key: string, address: string, until: number): void;
  /** Those that are kept until `now` or less. */
  forgetSenders(now: number): void;

  account(id: number): AccountRow | null;
  accountByAddress(address: string): AccountRow | null;
  /** Sorted by address. */
  accounts(domain: string | null): readonly AccountRow[];
  /** The account of a domain that was made first. */
  firstAccount(domain: string): AccountRow | null;
  /** Those with a limit of which they use so many percent or more. */
  accountsNear(percent: number): readonly AccountRow[];
  addAccount(row: AccountRow): void;
  saveAccount(row: AccountRow): void;
  /** With everything that is its own but mailboxes and emails, which are removed before. */
  removeAccount(row: AccountRow): void;

  /** In no particular order. */
  mailboxes(account: number): Iterable<MailboxRow>;
  mailbox(account: number, id: number): MailboxRow | null;
  mailboxByPath(account: number, path: string): MailboxRow | null;
  mailboxByRole(account: number, role: MailboxRole): MailboxRow | null;
  addMailbox(row: MailboxRow): void;
  saveMailbox(row: MailboxRow): void;
  movePath(row: MailboxRow, path: string): void;
  /** With its tombstones and access control list; its memberships are removed before. */
  removeMailbox(row: MailboxRow): void;
  /** Sorted. */
  subscriptions(account: number): readonly string[];
  isSubscribed(account: number, path: string): boolean;
  subscribe(account: number, path: string, subscribed: boolean): void;

  /** The entries of a mailbox, sorted by grantee. */
  acl(mailbox: number): readonly AclRow[];
  /** The entries of all mailboxes with this grantee. */
  aclNaming(grantee: string): readonly AclRow[];
  putAcl(row: AclRow): void;
  removeAcl(mailbox: number, grantee: string): void;

  /** In no particular order; `removeMailbox` and `removeAccount` take them along. */
  metadata(account: number, mailbox: number): readonly MetadataRow[];
  /** Those of all accounts. */
  metadataOf(mailbox: number): readonly MetadataRow[];
  /** Octets of names and values. */
  metadataSize(account: number): number;
  putMetadata(row: MetadataRow): void;
  removeMetadata(account: number, mailbox: number, entry: string): void;

  /** Ascending by UID, at most `limit`. */
  members(mailbox: number, first: number, last: number, limit: number): readonly MemberRow[];
  membersOf(email: number): readonly MemberRow[];
  /** With a higher modseq, ascending by UID. */
  membersSince(mailbox: number, modseq: number): readonly MemberRow[];
  /** Ascending; the caller's own. */
  uids(mailbox: number): Uint32Array;
  /** For reading alone, outside of what writes; not to be kept beyond the operation. */
  marks(mailbox: MailboxRow): Marks;
  firstUnseen(mailbox: number): number | null;
  /** UIDs between `first` and `last` that bear \Deleted, ascending, at most `limit`. */
  deletedUids(mailbox: number, first: number, last: number, limit: number): readonly number[];
  /** Octets of the emails with \Deleted that are in no other mailbox. */
  deletedStorage(mailbox: number): number;
  keywordsIn(mailbox: number): readonly string[];
  addMember(row: MemberRow): void;
  /** Writes modseq, flags and keywords. */
  saveMember(row: MemberRow): void;
  removeMember(row: MemberRow): void;
  joined(
    mailbox: number,
    first: number,
    last: number,
    limit: number,
    fields: JoinedFields,
  ): readonly JoinedRow[];

  addTombstone(mailbox: number, uid: number, modseq: number, email: number): void;
  /** Removed UIDs with a higher modseq, in any order. */
  tombstones(mailbox: number, since: number): readonly number[];

  email(id: number): EmailRecord | null;
  addEmail(row: EmailRecord): void;
  /** Its blob becomes garbage where nothing else refers to it. */
  removeEmail(row: EmailRecord): void;
  /** `removeEmail` takes it along. */
  addOrigin(row: OriginRow): void;
  origin(email: number): OriginRow | null;
  hasOrigin(account: number, key: string): boolean;
  /** How long what was removed can be brought back, milliseconds; 0: not at all. */
  readonly undeleteMs: number;
  /** Milliseconds since 1970: when something is removed. */
  wall(): number;
  addRemoved(row: Omit<RemovedRow, "id">): void;
  dropRemoved(id: number): void;
  removedOf(email: number): readonly RemovedRow[];
  /** Of an account, removed at `since` or later, ascending by id beyond `after`. */
  removedSince(account: number, since: number, after: number, limit: number): readonly RemovedRow[];
  /** Of all accounts, removed before `time`. */
  removedBefore(time: number, limit: number): readonly RemovedRow[];
  oldestRemoved(account: number): RemovedRow | null;
  /** The thread that a message with these keys belongs to; the keys are kept. `fresh` where there is none yet. */
  thread(account: number, keys: readonly string[], fresh: number): number;

  /** Stored, or sealed in this process. */
  blob(blobId: BlobId): BlobRow | null;
  /** Writes a sealed blob into the store if it is not there yet, and answers its row's number. */
  storeBlob(row: BlobRow): number;
  accountHasBlob(account: number, row: BlobRow): boolean;
  /** Whether an email in the mailbox has it. */
  mailboxHasBlob(mailbox: MailboxRow, row: BlobRow): boolean;
  blobIndex(blobId: BlobId): MessageIndex | null;

  queueRow(id: number): QueueRecord | null;
  /** Ascending by id, beyond `after`. */
  queueRows(after: number, limit: number, where: QueueFilter): readonly QueueRecord[];
  /** Of a class, `wakeAt` not after `now`, soonest first. */
  queueDue(of: QueueClass, now: number, limit: number): readonly QueueRecord[];
  /**
   * This row and those behind it of the same message, domain and way, `wakeAt` not after `now`, ascending by id. A
   * driver need not look further than some hundred rows behind it.
   */
  queueBeside(row: QueueRecord, now: number, limit: number): readonly QueueRecord[];
  queueNext(): number | null;
  queueCount(): Readonly<Record<QueueState, number>>;
  addQueueRow(row: QueueRecord): void;
  saveQueueRow(row: QueueRecord): void;
  removeQueueRow(row: QueueRecord): void;

  addJournal(traceId: string, entries: readonly JournalEntry[]): void;
  journal(traceId: string): readonly JournalEntry[];
}

/** One transaction: the tables, and what its commit will tell watchers. */
export interface Transaction extends Tables {
  /** A mailbox of the account changed; null: its list of mailboxes did. */
  touch(account: number, mailbox: number | null): void;
  /** An annotation of a mailbox was set or removed; null: of the server. */
  annotate(account: number, mailbox: number | null, entry: string): void;
  /** Rows of the queue may be due sooner. */
  touchQueue(): void;
}
