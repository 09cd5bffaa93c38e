import type { AccountId, BlobId, EmailId, MailboxId, Modseq, ThreadId, TraceId } from "../ids.ts";
import type { Refusal } from "../session.ts";
import type { EnvelopeRecipient, EnvelopeSender } from "./transport.ts";

/**
 * What queries look at of all emails of an account, in columns: a row an email, in no order; rows may be free. It is one
 * object that grows with the account: whoever asks for it reads what he needs before his next question.
 */
export interface EmailColumns {
  readonly state: Modseq;
  /** Rows, free ones included. */
  readonly length: number;
  /** Null: the row is free. */
  readonly emailIds: readonly (EmailId | null)[];
  readonly rowOf: ReadonlyMap<EmailId, number>;
  /** Milliseconds since 1970; `sentAt` NaN where there is no date. */
  readonly receivedAt: Float64Array;
  readonly sentAt: Float64Array;
  /** Octets. */
  readonly sizes: Float64Array;
  /** 1 \Seen, 2 \Answered, 4 \Flagged, 8 \Draft. */
  readonly flags: Uint8Array;
  /** 0: not known; 1: none; 2: some. Known where it was asked for. */
  readonly attachments: Uint8Array;
  /** Keywords in lower case with a space between, or empty. */
  readonly keywords: readonly string[];
  /** Those that the asker may read. Equal lists are the same list. */
  readonly mailboxIds: readonly (readonly MailboxId[])[];
  /** Places in `threadIds`. */
  readonly threads: Uint32Array;
  readonly threadIds: readonly ThreadId[];
  /** Rows of a thread (a place in `threadIds`), the oldest first. */
  threadRows(thread: number): readonly number[];
  /** The place of a thread, or -1. */
  threadOf(threadId: ThreadId): number;
  /** Rows in use, the newest first; of equal times the higher id first. */
  readonly newest: Uint32Array;
  /** What was read of emails to sort them by, kept for the next time: it never changes. */
  readonly sortTexts: Map<EmailId, SortText>;
}

/** What an email is sorted by (RFC 8621 section 4.4.2): whom it is from and to, and its base subject. */
export interface SortText {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
}

/** Counts of one mailbox (RFC 8621 section 2). */
export interface MailboxCounts {
  readonly totalEmails: number;
  readonly unreadEmails: number;
  readonly totalThreads: number;
  readonly unreadThreads: number;
}

/** Questions of JMAP that the server answers beside its store. */
export interface ViewOps {
  /** `attachments`: that column too. */
  "email.columns": {
    args: { accountId: AccountId; ownerId?: AccountId; attachments?: boolean };
    answer: EmailColumns;
  };
  "mailbox.counts": {
    args: { accountId: AccountId; ownerId?: AccountId };
    answer: { state: Modseq; counts: ReadonlyMap<MailboxId, MailboxCounts> };
  };
  /** Letters and digits that nobody can guess, fresh each time. */
  "text.random": { args: Record<never, never>; answer: string };
  /**
   * Takes a sealed or stored message of the account for sending, as submission does. `holdUntil`: not before this
   * time (milliseconds since 1970). When it answers `accepted`, the message is on disk.
   */
  "mail.submit": {
    args: {
      accountId: AccountId;
      sender: EnvelopeSender;
      recipients: readonly EnvelopeRecipient[];
      blobId: BlobId;
      holdUntil: number | null;
    };
    /** `recipients`: those that are refused, where it is for them. */
    answer: { accepted: TraceId } | { refused: Refusal; recipients?: readonly string[] };
  };
}
