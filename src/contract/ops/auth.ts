import type { Secret } from "../../base/secret.ts";
import type { AccountId } from "../ids.ts";

/** Words for the doors of the server, which a token may be limited to. */
export const SCOPES = ["imap", "pop3", "submission", "sieve", "jmap", "admin"] as const;

/** A door: `submission` is sending mail, `sieve` is ManageSieve, `jmap` is HTTP for mail, `admin` the HTTP API. */
export type Scope = typeof SCOPES[number];

/** Who is logged in. */
export interface Login {
  readonly accountId: AccountId;
  /** The account's own address, as a person knows it. */
  readonly login: string;
  /** What the token that was shown may be used for; null: everything, as with the password. */
  readonly scopes: readonly Scope[] | null;
}

/**
 * Why nobody was logged in. `credentials` covers unknown users too: no difference in words or time.
 * `tooMany`: the delay for this address and account has grown past what a connection should wait.
 */
export type LoginRefused = { readonly refused: "credentials" | "tooMany" | "disabled" };

/** SCRAM keys of an account (RFC 5802 section 3), or made up (and stable) ones for a user who does not exist. */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Secret<Uint8Array>;
  readonly serverKey: Secret<Uint8Array>;
  /** Fresh, printable, without commas. */
  readonly nonce: string;
}

/** Questions about who somebody is. Growing delays for failures are inside the answer's time. */
export interface AuthOps {
  "auth.password": { args: { login: string; password: Secret }; answer: Login | LoginRefused };
  "auth.scram": { args: { mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-1"; login: string }; answer: ScramKeys };
  /** A token that this server made (RFC 6750); `login` is whom the client asks to be, or null: whose token it is. */
  "auth.bearer": { args: { login: string | null; token: Secret }; answer: Login | LoginRefused };
  /**
   * A client that TLS has shown to be one of these addresses (RFC 4422 appendix A); `login` is whom it asks to be, or
   * null: the first that has an account.
   */
  "auth.external": {
    args: { addresses: readonly string[]; login: string | null };
    answer: Login | LoginRefused;
  };
  /** Of the session: nobody is logged in any more. */
  "auth.forget": { args: Record<never, never>; answer: true };
  /** Reports how a SCRAM exchange ended; the world counts failures and names the account. */
  "auth.scramDone": { args: { login: string; proven: boolean }; answer: Login | LoginRefused };
}
