import type { AccountId } from "../ids.ts";
import type { MailboxDenied } from "./email.ts";
import type { MailboxRole } from "./mailbox.ts";

/** One annotation (RFC 5464 section 3): `/shared/…` or `/private/…` in lower case, and octets. */
export interface MetadataEntry {
  readonly entry: string;
  readonly value: Uint8Array;
}

/** Bounds of annotations; RFC 5464 section 4.1 wants at least 1024 octets and 10 entries. */
export const METADATA_LIMITS = {
  /** Octets of a value. */
  value: 32_768,
  /** Octets of an entry's name. */
  name: 256,
  /** Entries of one account on one mailbox, or on the server. */
  entries: 100,
  /** Octets of names and values of one account, on all mailboxes. */
  octets: 4_194_304,
} as const;

/** How many levels below an entry are asked for with it (RFC 5464 section 4.2.2). */
export type MetadataDepth = 0 | 1 | "infinity";

/** Whether who asks for `asked` asks for `entry`. */
export function isEntryAsked(entry: string, asked: readonly string[], depth: MetadataDepth): boolean {
  return asked.some((name) => {
    if (entry === name) return true;
    if (depth === 0 || !entry.startsWith(name + "/")) return false;
    return depth === "infinity" || !entry.includes("/", name.length + 1);
  });
}

/** Questions about annotations of mailboxes, and of the server where `path` is null. */
export interface MetadataOps {
  /** Those entries that are there, ascending; with `depth` also those so many levels below each of them. */
  "metadata.get": {
    args: { accountId: AccountId; path: string | null; entries: readonly string[]; depth: MetadataDepth };
    answer: readonly MetadataEntry[] | MailboxDenied;
  };
  /**
   * Sets all entries or none; a null value removes. `role`, where it is given, becomes the use of the mailbox, and
   * whichever had it before loses it (RFC 6154 section 4).
   */
  "metadata.set": {
    args: {
      accountId: AccountId;
      path: string | null;
      values: readonly { entry: string; value: Uint8Array | null }[];
      role?: MailboxRole | null;
    };
    answer: { done: true } | {
      /** `readOnly`: what all share of the server is the operator's, in the configuration. `isInbox`: INBOX has no other use. */
      refused: MailboxDenied["refused"] | "tooMany" | "tooLarge" | "readOnly" | "isInbox";
    };
  };
}
