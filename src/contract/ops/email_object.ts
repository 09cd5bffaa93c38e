import type { Envelope, Part } from "../../message/model.ts";
import type { AccountId, BlobId, EmailId, MailboxId, Modseq, ThreadId } from "../ids.ts";
import type { EmailField } from "./email.ts";

/**
 * An email as RFC 8621 section 4 has it: one, whatever mailboxes it is in. What bears \Deleted in a mailbox is not in
 * it here (section 4.1.1). A client sees `prefix` followed by the blob.
 */
export interface EmailObject {
  readonly emailId: EmailId;
  readonly threadId: ThreadId;
  readonly blobId: BlobId;
  /** Octets of the blob alone. */
  readonly blobSize: number;
  /** Octets of prefix and blob. */
  readonly size: number;
  readonly prefix: Uint8Array;
  /** Milliseconds since 1970: JMAP's receivedAt. */
  readonly internalDate: number;
  /** The `Date` field in milliseconds since 1970, or null where no sense can be made of it. */
  readonly sentAt: number | null;
  /** The modseq it came with, and that of its last change. */
  readonly created: Modseq;
  readonly changed: Modseq;
  /** Those that the asker may read, ascending. */
  readonly mailboxIds: readonly MailboxId[];
  /** System flags with their backslash, then keywords. */
  readonly flags: readonly string[];
  /** With field `envelope`. */
  readonly envelope?: Envelope;
  /** With field `structure`: offsets are those of the blob. */
  readonly structure?: Part;
  /** With field `header`: prefix and the blob's header with its blank line, cut at 256 KiB. */
  readonly header?: Uint8Array;
}

/** What became of an email since a state. */
export interface EmailChange {
  readonly emailId: EmailId;
  readonly threadId: ThreadId;
  readonly kind: "created" | "updated" | "destroyed";
}

/** Up to where a list of changes speaks: all of the modseqs below, and of this one the emails up to this (null: all). */
export interface ChangesPoint {
  readonly modseq: Modseq;
  readonly emailId: EmailId | null;
  /** Where whoever follows the changes in parts came from: what came since is new. Left out: `modseq`. */
  readonly base?: Modseq;
}

/** How a set of keywords or mailboxes changes: to something else, or by something. */
export interface SetPatch<T> {
  readonly replace?: readonly T[];
  readonly add?: readonly T[];
  readonly remove?: readonly T[];
}

/** What is to become of an email. */
export interface EmailUpdate {
  readonly emailId: EmailId;
  /** System flags with their backslash, and keywords; never \Deleted. */
  readonly flags?: SetPatch<string>;
  readonly mailboxIds?: SetPatch<MailboxId>;
}

/** A new email from a body that is sealed by this session, uploaded, or in an email that the asker may read. */
export interface NewEmail {
  readonly blobId: BlobId;
  /** At least one. */
  readonly mailboxIds: readonly MailboxId[];
  readonly flags: readonly string[];
  readonly internalDate: number;
  /** What stands before the body: of an email that is copied. Left out: nothing. */
  readonly prefix?: Uint8Array;
}

/**
 * Why an email was not made or changed: it is not there for the asker, or the right is missing; a mailbox is not there;
 * it would be in no mailbox; there is no room; the blob is not there; it would have too many keywords.
 */
export type EmailSetRefused = {
  readonly refused:
    | "notFound"
    | "noPermission"
    | "badMailbox"
    | "noMailbox"
    | "overQuota"
    | "blobNotFound"
    | "tooManyKeywords";
};

/** Keywords of one email, where they are set by its id. */
export const EMAIL_KEYWORDS = 100;

/** Questions about emails by their ids, whatever mailboxes they are in. `ownerId`: whose they are, where not the asker's. */
export interface EmailObjectOps {
  /** The highest modseq of the account. */
  "account.state": { args: { accountId: AccountId; ownerId?: AccountId }; answer: Modseq };
  /** Those that are there, in the order in which they were asked for. */
  "email.objects": {
    args: {
      accountId: AccountId;
      ownerId?: AccountId;
      emailIds: readonly EmailId[];
      fields: readonly EmailField[];
    };
    answer: readonly EmailObject[];
  };
  /**
   * What happened since a point, in the order in which it did, at most `limit`; an email stands there once. `upTo` is where
   * to go on. Refused where the account no longer knows what happened so long ago; to somebody else than the owner, where
   * rights changed since.
   */
  "email.changes": {
    args: { accountId: AccountId; ownerId?: AccountId; since: ChangesPoint; limit: number };
    answer: { changes: readonly EmailChange[]; upTo: ChangesPoint; hasMore: boolean } | { refused: "tooOld" };
  };
  /** Makes, changes and destroys emails in one transaction; each by itself is done or refused, in the order of the lists. */
  "email.set": {
    args: {
      accountId: AccountId;
      ownerId?: AccountId;
      /** Refused as a whole where the account's state is another. */
      ifState?: Modseq | null;
      create?: readonly NewEmail[];
      update?: readonly EmailUpdate[];
      destroy?: readonly EmailId[];
      now: number;
    };
    answer:
      | {
        oldState: Modseq;
        newState: Modseq;
        created: readonly (
          | { readonly emailId: EmailId; readonly threadId: ThreadId; readonly size: number }
          | EmailSetRefused
        )[];
        updated: readonly ({ readonly done: true } | EmailSetRefused)[];
        destroyed: readonly ({ readonly done: true } | EmailSetRefused)[];
      }
      | { refused: "stateMismatch" };
  };
  /**
   * Keeps a sealed body for the account until then (milliseconds since 1970), though no email has it. Of too many the
   * oldest go first (RFC 8620 section 6).
   */
  "blob.keep": {
    args: { accountId: AccountId; blobId: BlobId; until: number; now: number };
    answer: { kept: true };
  };
  /** Emails that have the body, oldest first, a thousand at most: those that the asker may read. */
  "blob.emails": {
    args: { accountId: AccountId; ownerId?: AccountId; blobId: BlobId };
    answer: readonly EmailId[];
  };
}
