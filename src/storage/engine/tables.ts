/**
 * What a driver must be able to do with the rows of a store (`rows.ts`), one method a statement. All of it is
 * synchronous: an operation runs to its end inside one transaction, so nothing can come between its questions and
 * its writes. A driver decides where rows live; the operations on top are the same for all that are synchronous.
 */
import type { BlobId, JournalEntry, MailboxRole, QueueClass, QueueState } from "../../contract/mod.ts";
import type { Marks } from "./marks.ts";
import type { MessageIndex } from "../../message/model.ts";
import type {
  AccountRow,
  AclRow,
  AliasRow,
  BlobRow,
  DestroyedRow,
  DomainRow,
  EmailRecord,
  JoinedFields,
  JoinedRow,
  MailboxRow,
  MemberRow,
  MetadataRow,
  ObjectRow,
  OriginRow,
  QueueFilter,
  QueueRecord,
  RecordRow,
  RecordsAsked,
  RemovedRow,
  Sequence,
  SieveRow,
  TokenRow,
} from "./rows.ts";

export type * from "./rows.ts";

/** So many behind a key, in the order of keys. */
export interface Part {
  readonly after: string;
  readonly limit: number;
}

export interface Tables {
  /** The next number of a sequence; never the same again, restarts included. */
  next(sequence: Sequence): number;

  domain(name: string): DomainRow | null;
  /** In the order they were added; part of them by name. */
  domains(part?: Part): readonly DomainRow[];
  putDomain(row: DomainRow): void;
  removeDomain(name: string): void;
  alias(address: string): AliasRow | null;
  /** Sorted by address. */
  aliases(domain: string | null, part?: Part): readonly AliasRow[];
  putAlias(row: AliasRow): void;
  removeAlias(address: string): void;
  token(hash: string): TokenRow | null;
  /** Ascending by id. */
  tokens(account: number): readonly TokenRow[];
  /** Adds it, or changes the one of that id. */
  putToken(row: TokenRow): void;
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
  accounts(domain: string | null, part?: Part): readonly AccountRow[];
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

  /**
   * With a higher modseq, ascending by it: at most `limit`, and all that share the last one's. The same of tombstones.
   */
  membersChanged(mailbox: number, modseq: number, limit: number): readonly MemberRow[];
  tombstonesChanged(
    mailbox: number,
    modseq: number,
    limit: number,
  ): readonly { readonly modseq: number; readonly email: number }[];
  /** All memberships of these emails, in any order. */
  joinedOf(emails: readonly number[], fields: JoinedFields): readonly JoinedRow[];

  /** Ascending by id. */
  objects(account: number, kind: ObjectRow["kind"]): readonly ObjectRow[];
  object(account: number, kind: ObjectRow["kind"], id: number): ObjectRow | null;
  putObject(row: ObjectRow): void;
  removeObject(account: number, kind: ObjectRow["kind"], id: number): void;
  /** Accounts that have one, ascending. */
  objectOwners(kind: ObjectRow["kind"]): readonly number[];
  addDestroyed(row: DestroyedRow): void;
  /** As `membersChanged`. */
  destroyedSince(
    account: number,
    kind: DestroyedRow["kind"],
    modseq: number,
    limit: number,
  ): readonly DestroyedRow[];

  record(kind: RecordRow["kind"], key: string): RecordRow | null;
  records(asked: RecordsAsked): readonly RecordRow[];
  putRecord(row: RecordRow): void;
  removeRecord(row: RecordRow): void;
  /** Whose time is over, the earliest first. `removeAccount` takes along what is the account's. */
  expiredRecords(now: number, limit: number): readonly RecordRow[];

  email(id: number): EmailRecord | null;
  addEmail(row: EmailRecord): void;
  /** It comes back: since this modseq it is there. */
  reviveEmail(id: number, created: number): void;
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
  /** In an email, or kept for it. */
  accountHasBlob(account: number, row: BlobRow): boolean;
  /** Emails of the account that have it, ascending, `limit` at most. */
  emailsOfBlob(account: number, row: BlobRow, limit: number): readonly number[];
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
