/**
 * SASL (RFC 4422), the client's side in `client.ts`; the server's: PLAIN (RFC 4616), LOGIN (the old one that clients still use),
 * SCRAM-SHA-256 and SCRAM-SHA-1 (RFC 5802, RFC 7677), OAUTHBEARER (RFC 7628), XOAUTH2 and EXTERNAL. SMTP, IMAP, POP3 and ManageSieve run the same exchanges; each frames the
 * challenges and responses in its own way.
 *
 * Rules:
 * - An exchange is a generator: it yields challenges and questions and returns an outcome. `advanceExchange` runs it.
 * - It never sees a frame: Base64, `*`, `=` and continuation lines are the protocol's business.
 * - Credentials are strict UTF-8 without NUL, prepared by SASLprep (RFC 4013), and bounded before anything is hashed.
 * - Whoever authenticates acts as himself: an authorization identity that differs is refused.
 * - Nothing is decided here about passwords, delays or unknown users; that is the world's answer.
 */
import type { SaslExchange, SaslMechanism } from "./exchange.ts";
import { upperAscii } from "../base/ascii.ts";
import type { TlsInfo } from "../contract/mod.ts";
import { oauthBearerExchange, xoauth2Exchange } from "./bearer.ts";
import { externalExchange } from "./external.ts";
import { loginExchange } from "./login.ts";
import { plainExchange } from "./plain.ts";
import { scramExchange } from "./scram.ts";

export { advanceExchange, type SaslInput, type SaslProgress } from "./advance.ts";
export type { SaslExchange, SaslMechanism, SaslOutcome, SaslRequest, SaslResponse } from "./exchange.ts";
export {
  chooseMechanism,
  CLIENT_MECHANISMS,
  type ClientCredentials,
  type ClientExchange,
  type ClientMechanism,
  type ClientRequest,
  saysFirst,
  startClientExchange,
} from "./client.ts";
export { saslPrep } from "./saslprep.ts";

/** The mechanisms of every connection, the strongest first. EXTERNAL comes before them where a certificate allows it. */
export const MECHANISMS: readonly SaslMechanism[] = [
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "PLAIN",
  "LOGIN",
  "OAUTHBEARER",
  "XOAUTH2",
];

/** What a server offers on a connection: EXTERNAL only to a client whose certificate says who it is. */
export function offeredMechanisms(configured: readonly SaslMechanism[], tls: TlsInfo | null): readonly SaslMechanism[] {
  return configured.length > 0 && (tls?.clientAddresses?.length ?? 0) > 0 ? ["EXTERNAL", ...configured] : configured;
}

/** The mechanism of this name in any case (RFC 4422 section 3.1), or null where it is none of the offered ones. */
export function parseMechanism(name: string, offered: readonly SaslMechanism[]): SaslMechanism | null {
  const upper = upperAscii(name);
  return offered.find((mechanism) => mechanism === upper) ?? null;
}

/**
 * Begins an exchange. `initial` is the decoded initial response, empty for `=`, or null where there was none; `tls` is
 * how the connection is protected.
 */
export function startExchange(
  mechanism: SaslMechanism,
  initial: Uint8Array | null,
  tls: TlsInfo | null = null,
): SaslExchange {
  switch (mechanism) {
    case "EXTERNAL":
      return externalExchange(initial, tls?.clientAddresses ?? []);
    case "PLAIN":
      return plainExchange(initial);
    case "LOGIN":
      return loginExchange(initial);
    case "SCRAM-SHA-256":
      return scramExchange("sha256", initial);
    case "SCRAM-SHA-1":
      return scramExchange("sha1", initial);
    case "OAUTHBEARER":
      return oauthBearerExchange(initial);
    case "XOAUTH2":
      return xoauth2Exchange(initial);
  }
}
