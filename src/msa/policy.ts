import type { FilterPolicy, ForwardPolicy } from "../mda/mod.ts";

/** What a site decides about submitted mail. */
export interface SubmitPolicy {
  readonly hostname: string;
  readonly messageSize: number;
  /** Octets of the largest header; left out, what is looked at at all (1 MB). */
  readonly headerSize?: number;
  readonly maxHops: number;
  readonly maxRecipients: number;
  readonly giveUpMs: number;
  /** For how long a submitter may have a message held (RFC 4865); left out, not at all. */
  readonly futureReleaseMs?: number;
  /** Left out: the senders of what is forwarded are rewritten. */
  readonly forwarding?: ForwardPolicy;
  /** The filters of accounts. Left out: all mail goes to INBOX. */
  readonly filter?: FilterPolicy;
  /** Whether Received names the client and its address. */
  readonly discloseClient: boolean;
}
