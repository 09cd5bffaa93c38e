import type { Secret } from "../../base/secret.ts";
import type { AccountId } from "../ids.ts";

/** How much an account may keep. */
export interface Quota {
  /** Octets; null is no limit. */
  readonly bytes: number | null;
  readonly messages: number | null;
}

/** How much an account keeps: what its members count together. */
export interface Usage {
  readonly bytes: number;
  readonly messages: number;
}

/** A domain whose mail is ours. */
export interface Domain {
  readonly name: string;
  /** Where mail for unknown local parts goes, or null: refuse it. An address of ours. */
  readonly catchAll: string | null;
  readonly createdAt: number;
}

/** Somebody with mailboxes. */
export interface Account {
  readonly accountId: AccountId;
  /** `local@domain`, lower case, unique over accounts and aliases. */
  readonly address: string;
  readonly name: string;
  readonly quota: Quota;
  readonly usage: Usage;
  readonly disabled: boolean;
  /** Nobody logs in to it; its mailboxes are for those who have rights in them, and `Shared/<address>/…` to these. */
  readonly shared: boolean;
  readonly createdAt: number;
}

/** What a password became: a scrypt hash and SCRAM keys. Never leaves the server. */
export interface Credentials {
  /** `$scrypt$ln=15,r=8,p=1$<salt>$<hash>` */
  readonly password: Secret;
  readonly scramSha256: StoredScramKeys;
  /** Missing where the password was set before there was SCRAM-SHA-1 here. */
  readonly scramSha1?: StoredScramKeys;
}

/** RFC 5802 section 3. */
export interface StoredScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Secret<Uint8Array>;
  readonly serverKey: Secret<Uint8Array>;
}

/** An address that leads to others. */
export interface Alias {
  /** `local@domain` of ours, or `@domain` (never: that is the domain's catch-all). */
  readonly address: string;
  /** Addresses, ours or outside, at least one. */
  readonly targets: readonly string[];
  readonly createdAt: number;
}

/** Where an address of ours leads, one step. `local` is `user` of `user+detail@domain`. */
export type Destination =
  | {
    readonly kind: "account";
    readonly accountId: AccountId;
    readonly address: string;
    readonly detail: string | null;
    readonly disabled: boolean;
    readonly quota: Quota;
    readonly usage: Usage;
  }
  | { readonly kind: "alias"; readonly address: string; readonly targets: readonly string[] }
  /** The domain is ours and nobody there has this name. */
  | { readonly kind: "unknown" }
  /** The domain is not ours. */
  | { readonly kind: "remote" };

/** Refused changes of the directory, with what a person needs to mend it. */
export type DirectoryRefused = {
  readonly refused: "exists" | "notFound" | "noDomain" | "inUse" | "invalid" | "changed";
  readonly text: string;
};

/** Questions about domains, accounts and addresses. */
export interface DirectoryOps {
  /** In the order they were added; with a `limit`, those behind `after` by name. */
  "domain.list": { args: { after?: string; limit?: number }; answer: readonly Domain[] };
  "domain.get": { args: { name: string }; answer: Domain | null };
  "domain.add": { args: { name: string; now: number }; answer: Domain | DirectoryRefused };
  "domain.change": { args: { name: string; catchAll: string | null }; answer: Domain | DirectoryRefused };
  /** Refused with `inUse` while accounts or aliases are in it. */
  "domain.remove": { args: { name: string }; answer: { removed: true } | DirectoryRefused };

  /** By address: all, or `limit` behind `after`. */
  "account.list": { args: { domain?: string; after?: string; limit?: number }; answer: readonly Account[] };
  "account.get": { args: { address: string }; answer: Account | null };
  /** Makes the account with its INBOX, Drafts, Sent, Trash, Junk and Archive. */
  "account.add": {
    args: {
      address: string;
      name: string;
      quota: Quota;
      credentials: Credentials;
      shared?: boolean;
      now: number;
    };
    answer: Account | DirectoryRefused;
  };
  "account.change": {
    args: { address: string; name?: string; quota?: Quota; disabled?: boolean; credentials?: Credentials };
    answer: Account | DirectoryRefused;
  };
  "account.remove": { args: { address: string }; answer: { removed: true } | DirectoryRefused };
  /** For authentication only. `login` is an address or an alias of the account. */
  "account.credentials": {
    args: { login: string };
    answer: { accountId: AccountId; address: string; disabled: boolean; credentials: Credentials } | null;
  };

  /** By address: all, or `limit` behind `after`. */
  "alias.list": { args: { domain?: string; after?: string; limit?: number }; answer: readonly Alias[] };
  "alias.get": { args: { address: string }; answer: Alias | null };
  /** Gives it other targets. */
  "alias.change": { args: { address: string; targets: readonly string[] }; answer: Alias | DirectoryRefused };
  "alias.add": { args: { address: string; targets: readonly string[]; now: number }; answer: Alias | DirectoryRefused };
  "alias.remove": { args: { address: string }; answer: { removed: true } | DirectoryRefused };

  /** One step of routing: exact address, then `user` of `user+detail`, then the domain's catch-all. */
  "address.resolve": { args: { address: string }; answer: Destination };
  /** Every address the account may send as: its own, and aliases whose only or one target it is. */
  "address.owned": { args: { accountId: AccountId; address: string }; answer: boolean };

  /** A small value of the server itself (admin token, ids, secrets), by name. */
  "setting.get": { args: { name: string }; answer: string | null };
  /** Sets the value where there is none yet, and answers what is stored. */
  "setting.init": { args: { name: string; value: string }; answer: string };
  /** Sets (null: removes) the value where it still is `before` (null: there is none), and answers whether it was. */
  "setting.change": {
    args: { name: string; before: string | null; value: string | null };
    answer: { changed: boolean };
  };
}
