import type { AccountId } from "../ids.ts";

/** Who has which rights in a mailbox: one line of its access control list (RFC 4314 section 2). */
export interface AclEntry {
  /** The address of an account, or `anyone`: every account of the owner's domain. `-` before it: rights taken away. */
  readonly identifier: string;
  /** Of `lrswipkxtea`, in this order. */
  readonly rights: string;
}

/** Why a list was not told or changed. */
export type AclRefused = {
  /** `isOwner`: the owner's rights are all of them, always. */
  readonly refused: "notFound" | "noPermission" | "noIdentifier" | "badRights" | "isOwner" | "tooMany";
};

/** Questions about access control lists. All but `acl.mine` need the right `a`. */
export interface AclOps {
  /** The owner's entry first. `path` is the name as the asker knows it. */
  "acl.get": {
    args: { accountId: AccountId; path: string };
    answer: { path: string; entries: readonly AclEntry[] } | AclRefused;
  };
  /** SETACL; replaced by none is DELETEACL. `rights` may hold the obsolete `c` and `d` (RFC 4314 section 2.1.1). */
  "acl.set": {
    args: {
      accountId: AccountId;
      path: string;
      identifier: string;
      mode: "add" | "remove" | "replace";
      rights: string;
    };
    answer: { done: true } | AclRefused;
  };
  /** LISTRIGHTS: what an identifier always has, and what it may be given. */
  "acl.grantable": {
    args: { accountId: AccountId; path: string; identifier: string };
    answer: { path: string; required: string; optional: string } | AclRefused;
  };
  /** Accounts of others with mailboxes that the account may see, with its rights in all of these together. */
  "acl.owners": {
    args: { accountId: AccountId };
    answer: readonly { readonly accountId: AccountId; readonly address: string; readonly rights: string }[];
  };
  /** MYRIGHTS: needs any of the rights `lrikxa`. */
  "acl.mine": { args: { accountId: AccountId; path: string }; answer: { path: string; rights: string } | AclRefused };
}
