import type { AccountId, MailboxId } from "../ids.ts";
import type { DirectoryRefused } from "./directory.ts";

/** An answer to whoever writes, without a script (RFC 8621 section 8 has the same members). */
export interface VacationSettings {
  readonly enabled: boolean;
  /** Nobody is answered before, milliseconds since 1970; null: from now on. */
  readonly from: number | null;
  /** Nor at or after; null: until it is turned off. */
  readonly to: number | null;
  /** Null: `Auto:` and the subject of what is answered. */
  readonly subject: string | null;
  readonly text: string;
  /** The same as HTML; null or left out: the text alone. */
  readonly html?: string | null;
}

/** How an account wants its mail delivered, besides its script. */
export interface DeliverySettings {
  readonly vacation: VacationSettings | null;
  /** `user+detail` goes into the mailbox `detail`, where there is one (RFC 5233). */
  readonly subaddressFolders: boolean;
  /** Addresses by the names under which scripts ask for them (RFC 6134): URIs, or short names behind a colon. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  /** Addresses that all its mail goes on to, by the rules of forwarding. */
  readonly forward: readonly string[];
  /** Where else all its mail goes: names of the configuration (`delivery`), as `maildir:home`; a program's alone. */
  readonly targets: readonly string[];
  /** Whether what goes there is kept in the store, too. What the account's script files is kept in any case. */
  readonly keep: boolean;
  /** A message whose Message-ID came within so many seconds before is left out; null: none is. */
  readonly duplicates: number | null;
}

/** Bounds of what is kept for the deliveries of an account. */
export const DELIVERY_LIMITS = {
  /** Octets of the text of an answer, and of its HTML. */
  vacationText: 65_536,
  /** Characters of its subject. */
  vacationSubject: 500,
  lists: 50,
  /** Addresses of all lists together. */
  listMembers: 5_000,
  /** Characters of the name of a list, and of an address in it. */
  listName: 256,
  /** Addresses that all mail goes on to, and places. */
  forward: 50,
  targets: 10,
  /** Characters of the name of a place. */
  targetName: 80,
  /** Seconds for which Message-IDs are remembered. */
  duplicates: 90 * 86_400,
  /** Keys that are remembered; those whose time is over first make room. */
  remembered: 10_000,
} as const;

/** A key that an account's deliveries remember: who was answered, which message was seen. */
export interface Remembered {
  readonly accountId: AccountId;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  /** For the first time: where it is remembered already, all that the message brings for the account is left out. */
  readonly once?: true;
}

/** The annotation of a mailbox that names a script of its owner. */
export const MAILBOX_SCRIPT_ENTRY = "/shared/imapsieve/script";

/** Questions of delivery about one account. */
export interface DeliveryOps {
  /** What decides where its mail goes: the active script, and its settings. */
  "delivery.read": {
    args: { accountId: AccountId };
    answer: {
      /** The account's own. */
      readonly address: string;
      readonly script: { readonly name: string; readonly content: string } | null;
      readonly settings: DeliverySettings;
    };
  };
  "delivery.settings": { args: { address: string }; answer: DeliverySettings | DirectoryRefused };
  /** Changes what is given and leaves the rest. */
  "delivery.change": {
    args: { address: string; change: Partial<DeliverySettings> };
    answer: DeliverySettings | DirectoryRefused;
  };
  /**
   * The script that a mailbox's annotation names (RFC 6785 section 2.3), for whoever reaches the mailbox; null: there is
   * none, or no such mailbox. The answer is of the owner's: its name, and what the owner calls the mailbox.
   */
  "delivery.mailboxScript": {
    args: { accountId: AccountId; mailbox: { readonly path: string } | { readonly mailboxId: MailboxId } };
    answer: {
      readonly ownerId: AccountId;
      readonly mailboxId: MailboxId;
      readonly path: string;
      readonly script: string;
    } | null;
  };
  /** Whether a key was remembered (`mail.accept`) and its time is not over. */
  "delivery.seen": { args: { accountId: AccountId; key: string; now: number }; answer: boolean };
}
