import type { AccountId, BlobId, EmailId, Uid } from "../ids.ts";
import type { MailboxDenied, QuotaRefused } from "./email.ts";
import type { MailboxRefused } from "./mailbox.ts";

/** A message that was taken out of a mailbox, and can be brought back for a time (`retention.undelete`). */
export interface RemovedEmail {
  readonly removedId: string;
  readonly emailId: EmailId;
  /** The mailbox as it is called now, or was called when it went. */
  readonly path: string;
  /** The UID it had there. */
  readonly uid: Uid;
  /** When it was taken out, milliseconds since 1970. */
  readonly removedAt: number;
  readonly internalDate: number;
  /** Octets. */
  readonly size: number;
  /** It was moved, or is in another mailbox too: it is not gone. */
  readonly isElsewhere: boolean;
  /** Of the message, decoded. */
  readonly subject: string | null;
  readonly author: string | null;
}

/** How far a page of work came. */
export interface BroughtBack {
  /** Messages that are there again. */
  readonly restored: number;
  /** Where to go on, or null: it is done. */
  readonly next: string | null;
  /** There was no room for a message, and it ended there. */
  readonly overQuota: boolean;
}

/** Questions about what was removed. What is kept does not count against the quota, and is no more than that. */
export interface RemovedOps {
  /** What was taken out of the mailbox (null: of all) since then, the oldest first, beyond `after`. */
  "removed.list": {
    args: { accountId: AccountId; path: string | null; since: number; after: string | null; limit: number };
    answer: { rows: readonly RemovedEmail[]; next: string | null };
  };
  /**
   * Brings back what is in no mailbox any more, into the mailbox it was in or into `into`, which are made where they
   * are not there; with `ids` only those. `limit` rows are looked at.
   */
  "removed.restore": {
    args: {
      accountId: AccountId;
      path: string | null;
      since: number;
      ids?: readonly string[];
      into: string | null;
      after: string | null;
      limit: number;
      now: number;
    };
    answer: BroughtBack | MailboxRefused;
  };
  /**
   * Brings back into a mailbox what was in it at a moment and is not any more, wherever it is now; `exact` takes out
   * what came since. Flags are those of now, or of when it was taken out.
   */
  "mailbox.rewind": {
    args: {
      accountId: AccountId;
      path: string;
      to: number;
      exact: boolean;
      after: string | null;
      limit: number;
      now: number;
    };
    answer: (BroughtBack & { readonly removed: number }) | MailboxDenied;
  };
  /**
   * A message from a backup into an own mailbox, which is made where it is not there; `prefix` is what delivery had put
   * before it. `uid` null: the mailbox has it.
   */
  "email.putBack": {
    args: {
      accountId: AccountId;
      path: string;
      message: { blobId: BlobId; prefix: Uint8Array; flags: readonly string[]; internalDate: number };
      now: number;
    };
    answer: { uid: Uid | null } | QuotaRefused | MailboxRefused;
  };
  /** Takes out of an own mailbox what came into it before a moment, at most `limit`: a policy, not a person. */
  "email.expire": {
    args: { accountId: AccountId; path: string; before: number; limit: number };
    answer: { removed: number };
  };
}
