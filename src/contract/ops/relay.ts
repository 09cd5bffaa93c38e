import type { Secret } from "../../base/secret.ts";
import type { BlobId } from "../ids.ts";
import type { EnvelopeRecipient, EnvelopeSender } from "./transport.ts";

/** A message on its way to another server, as the client machine sends it. */
export interface OutgoingMail {
  readonly sender: EnvelopeSender;
  /** At least one. */
  readonly recipients: readonly EnvelopeRecipient[];
  readonly blobId: BlobId;
  /** Octets of the blob. */
  readonly size: number;
  /** Whole header fields to send before the blob. */
  readonly prefix: Uint8Array;
  /** Whether header fields hold octets above 127. */
  readonly utf8Headers: boolean;
}

/** What a connection to another server asks. */
export interface RelayOps {
  /**
   * What goes next over a connection that is done with its message and may take another. Out as long as the connection
   * is idle, and cancelled when it ends by itself; null: nothing any more, say QUIT.
   */
  "relay.next": { args: { sent: number }; answer: OutgoingMail | null };
  /** The slow part of SCRAM-SHA-256 (RFC 5802 section 2.2, `Hi`): the salted password. */
  "relay.derive": {
    args: { password: Secret; salt: Uint8Array; iterations: number };
    answer: Uint8Array;
  };
}
