/** What a site decides about mail from outside. */
export interface ReceivePolicy {
  /** Our name in Received and for `postmaster`. */
  readonly hostname: string;
  /** Octets of the largest message. */
  readonly messageSize: number;
  /** Octets of the largest header; left out, what is looked at at all (1 MB). */
  readonly headerSize?: number;
  /** RFC 5321 section 6.3: at least 100 Received fields are normal. */
  readonly maxHops: number;
  /** How long the queue tries to forward, milliseconds. */
  readonly giveUpMs: number;
}
