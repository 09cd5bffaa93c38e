/**
 * Ways out beside SMTP and LMTP: whoever takes a message and says what became of it. The queue, its retries, limits and
 * reports are the same; only the handing over differs.
 */
import type { EnvelopeRecipient, EnvelopeSender } from "../../../contract/mod.ts";

/** A message as a transport gets it. */
export interface TransportMessage {
  readonly traceId: string;
  /**
   * The same whenever this message is tried for the same recipients, else another: for a service that takes a key to
   * know what it has already. Letters and digits.
   */
  readonly key: string;
  readonly sender: EnvelopeSender;
  /** At least one. */
  readonly recipients: readonly EnvelopeRecipient[];
  /** Octets of the whole message. */
  readonly size: number;
  /** The message, with our trace fields and signatures, in pieces. Rejects where it cannot be read. */
  octets(): AsyncIterable<Uint8Array>;
}

/** What the other side said. */
export interface TransportResult {
  /** `temporary` is tried again, `permanent` goes back to the sender. */
  readonly kind: "delivered" | "temporary" | "permanent";
  /** SMTP reply code (RFC 5321 section 4.2); where it does not fit the kind, or is left out: 250, 451 or 554. */
  readonly code?: number;
  /** RFC 3463. */
  readonly enhanced?: string;
  /** For people, in the journal and in reports: what was said, and under which name the message is known there. */
  readonly text: string;
}

/** How handing over one message ended. */
export interface TransportAnswer {
  /** One a recipient in their order, or a single one for all. */
  readonly results: readonly TransportResult[];
  /** Nothing is to be tried before so many milliseconds have passed. */
  readonly retryAfterMs?: number;
  /** The other side is down or wants less: fewer messages go there at once, and after some of these none for a while. */
  readonly busy?: boolean;
}

/** Hands messages over. Called for several at once, for each destination as often as its limits allow. */
export interface MailTransport {
  /** Recipients of one call at most; left out: 50. */
  readonly recipients?: number;
  /**
   * Hands the message over. Rejecting is a temporary failure, of which nobody knows whether the message was taken; so is
   * an answer that does not come before the signal.
   */
  send(message: TransportMessage, signal: AbortSignal): Promise<TransportAnswer>;
}
