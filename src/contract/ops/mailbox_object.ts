import type { AccountId, MailboxId, Modseq } from "../ids.ts";
import type { Mailbox, MailboxRole } from "./mailbox.ts";

/** A mailbox as RFC 8621 section 2 has it: named below its parent. */
export interface MailboxObject extends Mailbox {
  readonly parentId: MailboxId | null;
  /** The last part of its path. */
  readonly name: string;
  /** Where it stands among others of its parent: lower first. */
  readonly sortOrder: number;
  /** The modseq it came with; that of the last change of anything but its emails. */
  readonly created: Modseq;
  readonly changed: Modseq;
}

/** What is to become of a mailbox; what is left out stays. */
export interface MailboxPatch {
  readonly name?: string;
  readonly parentId?: MailboxId | null;
  readonly role?: MailboxRole | null;
  readonly sortOrder?: number;
  readonly isSubscribed?: boolean;
}

/** Why a mailbox was not made, changed or destroyed. */
export type MailboxSetRefused = {
  readonly refused:
    | "notFound"
    | "noPermission"
    | "exists"
    | "invalidName"
    | "tooDeep"
    | "badParent"
    | "roleTaken"
    | "isInbox"
    | "hasChildren"
    | "hasEmails";
};

/** Questions about mailboxes by their ids. `ownerId`: whose they are, where not the asker's. */
export interface MailboxObjectOps {
  /** Those that the asker may see, sorted by path; of another's with his path in the owner's own tree. */
  "mailbox.objects": {
    args: { accountId: AccountId; ownerId?: AccountId };
    answer: { state: Modseq; mailboxes: readonly MailboxObject[] };
  };
  /**
   * What happened since a modseq. `counted`: only their emails changed. To somebody else than the owner nothing is told
   * of a time before the rights last changed.
   */
  "mailbox.objectChanges": {
    args: { accountId: AccountId; ownerId?: AccountId; since: Modseq };
    answer:
      | {
        state: Modseq;
        created: readonly MailboxId[];
        updated: readonly MailboxId[];
        counted: readonly MailboxId[];
        destroyed: readonly MailboxId[];
        /** When each changed last. */
        at: Readonly<Record<string, Modseq>>;
      }
      | { refused: "tooOld" };
  };
  "mailbox.make": {
    args: {
      accountId: AccountId;
      ownerId?: AccountId;
      name: string;
      parentId: MailboxId | null;
      role: MailboxRole | null;
      sortOrder: number;
      isSubscribed: boolean;
    };
    answer: MailboxObject | MailboxSetRefused;
  };
  "mailbox.update": {
    args: { accountId: AccountId; ownerId?: AccountId; mailboxId: MailboxId; patch: MailboxPatch };
    answer: { done: true } | MailboxSetRefused;
  };
  /** `emails`: what is in it goes too, out of this mailbox; else one that is not empty is refused. */
  "mailbox.destroy": {
    args: { accountId: AccountId; ownerId?: AccountId; mailboxId: MailboxId; emails: boolean };
    answer: { done: true } | MailboxSetRefused;
  };
}
