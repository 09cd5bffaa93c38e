import type { AccountId, BlobId, EmailId, Uid, UidValidity } from "../ids.ts";
import type { MailboxDenied, QuotaRefused } from "./email.ts";

/** Where an imported message came from: what it takes to know it again, and to give it back as it was. */
export interface Origin {
  /** Names the message in its source; an account takes each key once. At most 64 octets. */
  readonly key: string;
  /** What it was called there: the name of its file, or the line that was before it. */
  readonly name: string;
  /** How its lines ended, as `archive/line_ends.ts` writes it; empty: in LF. */
  readonly lineEnds: string;
}

/** Bounds of what is kept of an origin, in octets. */
export const ORIGIN_LIMITS = { key: 64, name: 1024, lineEnds: 65_536 } as const;

/** A message that is imported, with its body sealed. */
export interface ImportedMessage {
  readonly blobId: BlobId;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  /** The UID it had. It keeps it where no UID as high was given in the mailbox yet; else it gets the next one. */
  readonly uid: Uid | null;
  readonly origin: Origin | null;
}

/** Questions of import and export. All are about the account's own mailboxes. */
export interface ArchiveOps {
  /** Stores all messages or none; null in the place of a UID: a message of this origin is there already. */
  "email.import": {
    args: { accountId: AccountId; path: string; messages: readonly ImportedMessage[]; now: number };
    answer: { uidValidity: UidValidity; uids: readonly (Uid | null)[] } | QuotaRefused | MailboxDenied;
  };
  /** Of each key, whether the account has a message of that origin. */
  "email.known": { args: { accountId: AccountId; keys: readonly string[] }; answer: readonly boolean[] };
  /** Where each email came from; null: it was not imported, or is not this account's. */
  "email.origins": {
    args: { accountId: AccountId; emailIds: readonly EmailId[] };
    answer: readonly (Origin | null)[];
  };
  /**
   * Gives a mailbox the UIDVALIDITY that it had elsewhere, and a UIDNEXT that is no lower than there. The former only
   * where the mailbox never had a message, and no name of the account can have meant another message by it
   * (RFC 9051 section 2.3.1.1); `adopted` says whether it has it now.
   */
  "mailbox.adopt": {
    args: { accountId: AccountId; path: string; uidValidity: number | null; uidNext: number | null };
    answer: { uidValidity: UidValidity; uidNext: Uid; adopted: boolean } | MailboxDenied;
  };
}
