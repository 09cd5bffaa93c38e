import type { Envelope, MessageIndex, Part } from "../../message/model.ts";
import type { ThreadAlgorithm, ThreadNode } from "../../message/thread_tree.ts";
import type { AccountId, BlobId, EmailId, MailboxId, Modseq, ThreadId, Uid, UidRange, UidValidity } from "../ids.ts";

/** What of an email a reader asks for besides what is always there. */
export type EmailField = "envelope" | "structure" | "header" | "imapEnvelope" | "imapStructure";

/**
 * ENVELOPE and BODYSTRUCTURE as IMAP prints them, made once with the blob so that FETCH of a large mailbox parses and
 * prints nothing. Latin1, an octet a character.
 */
export interface ImapText {
  /** As IMAP4rev1 has it. */
  readonly envelope: string;
  /** As IMAP4rev1 has it. */
  readonly structure: string;
  /** With UTF-8 instead of encoded-words, where that is another text. */
  readonly envelopeUtf8: string | null;
  /** With UTF-8 instead of encoded-words, where that is another text. */
  readonly structureUtf8: string | null;
}

/** One membership of an email in a mailbox. A client sees `prefix` followed by the blob. */
export interface EmailRow {
  readonly uid: Uid;
  readonly modseq: Modseq;
  readonly emailId: EmailId;
  readonly threadId: ThreadId;
  /** System flags with their backslash, the membership's \Deleted among them, then keywords. */
  readonly flags: readonly string[];
  /** Milliseconds since 1970 (RFC 9051 INTERNALDATE). */
  readonly internalDate: number;
  /** When it came into this mailbox (RFC 8514), milliseconds since 1970. */
  readonly saveDate: number;
  /** The `Date` field in milliseconds since 1970, or null where no sense can be made of it. */
  readonly sentAt?: number | null;
  /** Octets a client sees: prefix and blob (RFC822.SIZE). */
  readonly size: number;
  readonly blobId: BlobId;
  /** Octets of the blob alone. */
  readonly blobSize: number;
  /** Header fields that delivery put before the blob; whole lines with CRLF, or empty. */
  readonly prefix: Uint8Array;
  /** With field `envelope`. */
  readonly envelope?: Envelope;
  /** With field `structure`: the MIME tree. Offsets are those of the blob. */
  readonly structure?: Part;
  /** With field `imapEnvelope`, where it is prepared; else `envelope` is there in its place. */
  readonly imapEnvelope?: string;
  /** With field `imapStructure`, where it is prepared; else `structure` is there in its place. */
  readonly imapStructure?: string;
  /** With field `header`: prefix and the blob's header with its blank line, cut at 256 KiB. */
  readonly header?: Uint8Array;
}

/** How flags change (RFC 9051 section 6.4.6). */
export type FlagMode = "add" | "remove" | "replace";

/** A search in one mailbox (RFC 9051 section 6.4.4) with sequence numbers already turned into UIDs. */
export type SearchKey =
  | { readonly key: "all" }
  | { readonly key: "and" | "or"; readonly keys: readonly SearchKey[] }
  | { readonly key: "not"; readonly of: SearchKey }
  | { readonly key: "uid"; readonly ranges: readonly UidRange[] }
  | { readonly key: "flag"; readonly flag: string }
  | { readonly key: "larger" | "smaller"; readonly octets: number }
  /** `from` inclusive, `before` exclusive, milliseconds since 1970; days are UTC days of the stored date. */
  | {
    readonly key: "internalDate" | "sentDate" | "saveDate";
    readonly from: number | null;
    readonly before: number | null;
  }
  /** A header field contains the text after decoding; an empty text: the field exists. `name` in lower case. */
  | { readonly key: "header"; readonly name: string; readonly text: string }
  | { readonly key: "body"; readonly text: string }
  /** Header or body. */
  | { readonly key: "text"; readonly text: string }
  | { readonly key: "modseq"; readonly since: Modseq }
  | { readonly key: "emailId"; readonly emailId: string }
  | { readonly key: "threadId"; readonly threadId: string };

/** By what SORT orders (RFC 5256 section 3, RFC 5957), the first criterion first; equal ones stay in UID order. */
export interface SortCriterion {
  readonly key: SortKey;
  readonly reverse: boolean;
}

/** What of a message: dates, size, addr-mailbox or display name of the first address, base subject. */
export type SortKey =
  | "arrival"
  | "cc"
  | "date"
  | "from"
  | "size"
  | "subject"
  | "to"
  | "displayFrom"
  | "displayTo";

/** The account has no room for it. */
export type QuotaRefused = { readonly refused: "overQuota" };

/** The mailbox is not there for the asker, or there without the right that is needed. */
export type MailboxDenied = { readonly refused: "notFound" | "noPermission" };

/** Questions about emails and their bodies. */
export interface EmailOps {
  /** Rows of the ranges, ascending, at most `limit`; `next` is where to go on, or null at the end. */
  "email.read": {
    args: {
      accountId: AccountId;
      mailboxId: MailboxId;
      ranges: readonly UidRange[];
      fields: readonly EmailField[];
      /** `imapEnvelope` and `imapStructure` with UTF-8. */
      utf8?: boolean;
      limit: number;
    };
    answer: { rows: readonly EmailRow[]; next: Uid | null };
  };
  /**
   * UID, modseq and flags of the ranges in columns, ascending, at most `limit`; equal flags are the same array.
   * `changedSince`: only those with a higher modseq. `next` is where to go on, or null at the end.
   */
  "email.marks": {
    args: {
      accountId: AccountId;
      mailboxId: MailboxId;
      ranges: readonly UidRange[];
      changedSince?: Modseq;
      limit: number;
    };
    answer: {
      uids: Uint32Array;
      modseqs: Float64Array;
      flags: readonly (readonly string[])[];
      next: Uid | null;
    };
  };
  /** Octets `[start, end)` of a blob, at most 256 KiB at a time. `accountId` null is the server itself. */
  "blob.read": {
    args: { accountId: AccountId | null; blobId: BlobId; start: number; end: number };
    answer: Uint8Array;
  };
  /** The MIME index of a blob that is sealed in this process or stored. Null: there is no such blob. */
  "blob.index": { args: { blobId: BlobId }; answer: MessageIndex | null };
  /**
   * Changes flags; rows whose flags do not change keep their modseq and are left out of `changed`.
   * With `unchangedSince`, rows with a higher modseq are left alone and named in `modified` (RFC 7162).
   */
  "email.flags": {
    args: {
      accountId: AccountId;
      mailboxId: MailboxId;
      ranges: readonly UidRange[];
      mode: FlagMode;
      flags: readonly string[];
      unchangedSince?: Modseq;
    };
    answer: {
      changed: readonly { uid: Uid; modseq: Modseq; flags: readonly string[] }[];
      modified: readonly Uid[];
      modseq: Modseq;
      /** Not one of the flags may be changed (RFC 4314 section 4); those that may not be are left alone. */
      refused?: "noPermission";
    };
  };
  "email.append": {
    args: {
      accountId: AccountId;
      path: string;
      /** All are stored or none (RFC 3502). Sealed by this session or readable by this account. */
      messages: readonly { blobId: BlobId; flags: readonly string[]; internalDate: number | null }[];
      now: number;
    };
    answer: { uidValidity: UidValidity; uids: readonly Uid[] } | QuotaRefused | MailboxDenied;
  };
  /**
   * REPLACE (RFC 8508): appends the message and takes `uid` out of the mailbox, both or nothing. `gone`: it is not
   * there any more. `modseq` is that of the mailbox it was in.
   */
  "email.replace": {
    args: {
      accountId: AccountId;
      mailboxId: MailboxId;
      uid: Uid;
      path: string;
      message: { blobId: BlobId; flags: readonly string[]; internalDate: number | null };
      now: number;
    };
    answer: { uidValidity: UidValidity; uid: Uid; modseq: Modseq } | QuotaRefused | MailboxDenied | { refused: "gone" };
  };
  /** COPY: adds memberships; where the email is in the target already, a new email on the same blob. */
  "email.copy": {
    args: { accountId: AccountId; mailboxId: MailboxId; ranges: readonly UidRange[]; path: string; now: number };
    answer: { uidValidity: UidValidity; pairs: readonly { from: Uid; to: Uid }[] } | QuotaRefused | MailboxDenied;
  };
  /** MOVE: as COPY and removal in one transaction. */
  "email.move": {
    args: { accountId: AccountId; mailboxId: MailboxId; ranges: readonly UidRange[]; path: string; now: number };
    answer:
      | { uidValidity: UidValidity; pairs: readonly { from: Uid; to: Uid }[]; modseq: Modseq }
      | QuotaRefused
      | MailboxDenied;
  };
  /**
   * Removes those of the ranges (null: all) that have \Deleted; `always` removes them whether they have it or not.
   * With `limit`, the lowest so many: where as many vanished, there may be more.
   */
  "email.expunge": {
    args: {
      accountId: AccountId;
      mailboxId: MailboxId;
      ranges: readonly UidRange[] | null;
      always?: boolean;
      limit?: number;
    };
    answer: { vanished: readonly Uid[]; modseq: Modseq; refused?: "noPermission" };
  };
  /** UIDs that match, ascending. Complete, whatever state an index is in. `ids`: with the ids of the emails. */
  "email.search": {
    args: { accountId: AccountId; mailboxId: MailboxId; search: SearchKey; ids?: boolean };
    answer: { uids: readonly Uid[]; modseq: Modseq; emailIds?: readonly EmailId[] };
  };
  /** What `email.search` finds, in another order. */
  "email.sort": {
    args: { accountId: AccountId; mailboxId: MailboxId; search: SearchKey; order: readonly SortCriterion[] };
    answer: { uids: readonly Uid[]; modseq: Modseq };
  };
  /** What `email.search` finds, in threads (RFC 5256 section 3); the numbers in the tree are UIDs. */
  "email.thread": {
    args: { accountId: AccountId; mailboxId: MailboxId; search: SearchKey; algorithm: ThreadAlgorithm };
    answer: { threads: readonly ThreadNode[]; modseq: Modseq };
  };
}
