/** What a client may ask at once (RFC 8620 section 2, `urn:ietf:params:jmap:core`): told in the session, and obeyed. */

import { SIEVE_EXTENSIONS, SIEVE_LIMITS } from "../sieve/mod.ts";

/** Octets, requests and objects. */
export interface JmapLimits {
  readonly maxSizeUpload: number;
  readonly maxConcurrentUpload: number;
  readonly maxSizeRequest: number;
  readonly maxConcurrentRequests: number;
  readonly maxCallsInRequest: number;
  readonly maxObjectsInGet: number;
  readonly maxObjectsInSet: number;
  /** Seconds that a message can be held back (RFC 8621 section 1.3.2). */
  readonly maxDelayedSend: number;
  /** Octets of a message that is sent, and its recipients (RFC 8621 section 7.5). */
  readonly maxSizeMessage: number;
  readonly maxRecipients: number;
  /** What scripts may be (RFC 9661 section 1.3). */
  readonly sieve: JmapSieve;
}

/** What is said of Sieve. */
export interface JmapSieve {
  /** Name and version of the server. */
  readonly implementation: string;
  /** Names that `require` takes. */
  readonly extensions: readonly string[];
  /** How often one message can be redirected. */
  readonly redirects: number;
}

/** What a server allows where it does not say otherwise. */
export const JMAP_LIMITS: JmapLimits = {
  maxSizeUpload: 50_000_000,
  maxConcurrentUpload: 4,
  maxSizeRequest: 10_000_000,
  maxConcurrentRequests: 8,
  maxCallsInRequest: 64,
  maxObjectsInGet: 1000,
  maxObjectsInSet: 1000,
  maxDelayedSend: 0,
  maxSizeMessage: 50_000_000,
  maxRecipients: 1000,
  sieve: { implementation: "Palomar", extensions: SIEVE_EXTENSIONS, redirects: SIEVE_LIMITS.redirects },
};
