import type { AccountId, MailboxId, Modseq, Uid, UidValidity } from "../ids.ts";

/** RFC 6154 special-use, lower case without backslash; `inbox` is RFC 8621's name for INBOX. */
export type MailboxRole = "inbox" | "drafts" | "sent" | "trash" | "junk" | "archive";

/** A mailbox as LIST and STATUS tell it. */
export interface Mailbox {
  readonly mailboxId: MailboxId;
  /** Whose it is: modseqs, quota and news are those of the owner. */
  readonly ownerId: AccountId;
  /** What the asker may do (RFC 4314 section 2.1), of `lrswipkxtea` in this order. Without `r` all counts are 0. */
  readonly rights: string;
  /**
   * Names from the root joined with `/`; UTF-8, NFC. INBOX is always `INBOX`. Mailboxes of others are at
   * `Other Users/<address>/…`, those of shared accounts at `Shared/<address>/…`.
   */
  readonly path: string;
  readonly role: MailboxRole | null;
  readonly subscribed: boolean;
  readonly uidValidity: UidValidity;
  readonly uidNext: Uid;
  readonly highestModseq: Modseq;
  readonly messages: number;
  readonly unseen: number;
  /** Octets. */
  readonly size: number;
  /** How many messages bear this mailbox's `\Deleted`. */
  readonly deleted: number;
}

/** What SELECT needs, in one transaction. */
export interface MailboxSnapshot {
  readonly mailbox: Mailbox;
  /** All UIDs, ascending. Shared with others: not to be changed. */
  readonly uids: Uint32Array;
  /** The lowest UID without \Seen, or null. */
  readonly firstUnseen: Uid | null;
  /** Keywords that are in use in this mailbox, as FLAGS announces them. */
  readonly keywords: readonly string[];
}

/** The flags of one message after a change. */
export interface FlagChange {
  readonly uid: Uid;
  readonly modseq: Modseq;
  readonly flags: readonly string[];
}

/** All that happened in a mailbox since a modseq. */
export interface MailboxChanges {
  readonly mailboxId: MailboxId;
  /** Up to which modseq this speaks. */
  readonly modseq: Modseq;
  /** New messages and changed flags, ascending by UID; a UID above all known ones is new. */
  readonly changed: readonly FlagChange[];
  /** Removed UIDs, ascending. May hold UIDs the asker never saw. */
  readonly vanished: readonly Uid[];
  /** The mailbox itself is gone, or the right to read it. */
  readonly deleted: boolean;
  /** What the asker may do by now, where the mailbox is another's. */
  readonly rights?: string;
}

/** What commits touched in the mailboxes that a session listens to. */
export interface Heard {
  /** Mailboxes whose messages or flags changed. */
  readonly mailboxIds: readonly MailboxId[];
  /** A mailbox was made, removed, renamed, (un)subscribed, or given other rights. */
  readonly mailboxList: boolean;
  /** Annotations that were set or removed; `mailboxId` null: of the server. */
  readonly annotations: readonly AnnotationTouched[];
}

/** An annotation that was set or removed (RFC 5464). */
export interface AnnotationTouched {
  readonly mailboxId: MailboxId | null;
  readonly entry: string;
}

/** Why a mailbox was not made, changed or removed. */
export type MailboxRefused = {
  readonly refused: "notFound" | "exists" | "invalidName" | "hasChildren" | "isInbox" | "tooDeep" | "noPermission";
};

/** Questions about mailboxes, and news of the one that is looked at. */
export interface MailboxOps {
  /** All mailboxes of the account and those of others that it may see (right `l`), sorted by path. */
  "mailbox.list": { args: { accountId: AccountId }; answer: readonly Mailbox[] };
  "mailbox.get": { args: { accountId: AccountId; path: string }; answer: Mailbox | null };
  /** Null too where the right `r` is missing: `mailbox.get` tells whether the mailbox may be seen. */
  "mailbox.open": { args: { accountId: AccountId; path: string }; answer: MailboxSnapshot | null };
  /** `since` 0 gives everything that is there and no vanished ones. */
  "mailbox.changes": { args: { accountId: AccountId; mailboxId: MailboxId; since: Modseq }; answer: MailboxChanges };
  /** Makes missing parents too. `role` sets the special use (CREATE-SPECIAL-USE). */
  "mailbox.create": {
    args: { accountId: AccountId; path: string; role: MailboxRole | null };
    answer: Mailbox | MailboxRefused;
  };
  /** RFC 9051 section 6.3.5. Children stay: a mailbox with children is refused with `hasChildren`. */
  "mailbox.delete": { args: { accountId: AccountId; path: string }; answer: { deleted: MailboxId } | MailboxRefused };
  /** RFC 9051 section 6.3.6: children move along; renaming INBOX moves its messages into the new mailbox. */
  "mailbox.rename": { args: { accountId: AccountId; path: string; newPath: string }; answer: Mailbox | MailboxRefused };
  "mailbox.subscribe": {
    args: { accountId: AccountId; path: string; subscribed: boolean };
    answer: { done: true } | MailboxRefused;
  };
  /** Names in the subscription list, those of mailboxes that are gone included (RFC 9051 section 6.3.7). */
  "mailbox.subscriptions": { args: { accountId: AccountId }; answer: readonly string[] };
  /** UIDs with a \Deleted of this mailbox. */
  "mailbox.deletedUids": { args: { accountId: AccountId; mailboxId: MailboxId }; answer: readonly Uid[] };

  /**
   * Of the session, not of the store: from now on `changes` inputs tell what happens in this mailbox after `since`.
   * One mailbox at a time (`ownerId` says whose, where it is another's); `mailbox.unwatch` ends it, and so does the end of the session.
   */
  "mailbox.watch": {
    args: { accountId: AccountId; ownerId?: AccountId; mailboxId: MailboxId; since: Modseq };
    answer: true;
  };
  "mailbox.unwatch": { args: Record<never, never>; answer: true };

  /**
   * Of the session too: from now on a `heard` input says that something happened in mailboxes of these owners, once
   * until `mailbox.heard` asks what. It takes the place of the one before; no owners end it.
   */
  "mailbox.listen": { args: { accountId: AccountId; ownerIds: readonly AccountId[] }; answer: true };
  /** What was touched since the question before. A hint: the mailboxes themselves say what happened. */
  "mailbox.heard": { args: Record<never, never>; answer: Heard };
}
