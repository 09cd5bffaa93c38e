import type { AccountId } from "../ids.ts";
import type { Scope } from "./auth.ts";
import type { DirectoryRefused } from "./directory.ts";

/**
 * A secret that the server made for one account, beside its password: an app password, and a bearer token of OAuth 2
 * (RFC 6750). Of the secret only its hash is kept.
 */
export interface Token {
  /** Names it in listings; says nothing of the secret. */
  readonly tokenId: string;
  /** What its owner calls it: "phone", "backup" … */
  readonly name: string;
  readonly createdAt: number;
  /** Milliseconds since 1970 from which it is worth nothing, or null: never. */
  readonly expiresAt: number | null;
  /** What it may be used for; null: everything that the password may. */
  readonly scopes: readonly Scope[] | null;
  /** When and from which address it was last used, to about an hour; null: never. */
  readonly lastUsedAt: number | null;
  readonly lastUsedFrom: string | null;
}

/** Questions about tokens. `hash` is the SHA-256 of the secret in hexadecimal. */
export interface TokenOps {
  /** In the order they were made. */
  "token.list": { args: { address: string }; answer: readonly Token[] | DirectoryRefused };
  "token.add": {
    args: {
      address: string;
      name: string;
      hash: string;
      expiresAt: number | null;
      /** Left out or null: everything. */
      scopes?: readonly Scope[] | null;
      now: number;
    };
    answer: Token | DirectoryRefused;
  };
  "token.remove": { args: { address: string; tokenId: string }; answer: { removed: true } | DirectoryRefused };
  /** Whose token it is, unless it has expired. */
  "token.find": {
    args: { hash: string; now: number };
    answer:
      | {
        accountId: AccountId;
        address: string;
        disabled: boolean;
        scopes: readonly Scope[] | null;
        lastUsedAt: number | null;
      }
      | null;
  };
  /** It was used; false: there is none. Not at each login: a write for each would be too many. */
  "token.used": { args: { hash: string; from: string; now: number }; answer: boolean };
}
