/**
 * The shape of a SASL exchange (RFC 4422) on the server's side, as SMTP, IMAP, POP3 and ManageSieve run it: each
 * frames challenges and responses in its own way, the exchange itself is the same program.
 */
import type { Call, Login, LoginRefused } from "../contract/mod.ts";

/** What an exchange yields: a challenge for the client, or a question to the world. */
export type SaslRequest = { readonly type: "challenge"; readonly data: Uint8Array } | Call;

/** Who it is, or why nobody was let in. */
export type SaslOutcome =
  | { readonly login: Login }
  | LoginRefused
  /** The client's response breaks the mechanism's grammar, or it gave up with `*`. */
  | { readonly refused: "malformed" | "cancelled" };

/**
 * Resumed with `SaslResponse` after a challenge, with the answer's value after a call. An exchange that succeeds has
 * already sent its last challenge (SCRAM's server-final-message) and had its empty response.
 */
export type SaslExchange = Generator<SaslRequest, SaslOutcome, unknown>;

/** The client's decoded response, or null when it cancelled. */
export type SaslResponse = Uint8Array | null;

/** The mechanisms that the server knows. */
export type SaslMechanism =
  | "PLAIN"
  | "LOGIN"
  | "SCRAM-SHA-256"
  | "SCRAM-SHA-1"
  | "OAUTHBEARER"
  | "XOAUTH2"
  | "EXTERNAL";
