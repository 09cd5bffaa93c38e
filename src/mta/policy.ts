import type { FilterPolicy, ForwardPolicy } from "../mda/mod.ts";
import type { OrganizationMethod } from "../mailauth/mod.ts";

/** What is done about mail that does not show who it is from. */
export interface AuthenticationPolicy {
  /**
   * `enforce` does what a domain asks for: it refuses, or puts aside. `quarantine` puts aside what would be refused.
   * `mark` only writes down what was found.
   */
  readonly dmarc: "enforce" | "quarantine" | "mark";
  /** `reject` refuses what fails SPF, unless DMARC passes; `mark` writes it down. */
  readonly spf: "reject" | "mark";
  readonly organization: OrganizationMethod;
  /** Domains whose ARC seals are believed, lower case A-labels. */
  readonly trustedForwarders: readonly string[];
  /** Whether what was found is counted, for reports to the domains (`dmarc.count`). */
  readonly report?: boolean;
  /** Whether failures are told of singly (`dmarc.failed`): the secret by which names in them are hidden. */
  readonly failureKey?: Uint8Array;
  /** Whose mail is not checked: this machine, and networks of one's own. */
  readonly isTrusted: (address: string) => boolean;
}

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
  /** Left out: the senders of what is forwarded are rewritten. */
  readonly forwarding?: ForwardPolicy;
  /** The filters of accounts. Left out: all mail goes to INBOX. */
  readonly filter?: FilterPolicy;
  /** Left out: nothing is checked. */
  readonly authentication?: AuthenticationPolicy;
  /** Whether reports about our domains are read (`report.receive`), and have addresses that belong to nobody. */
  readonly readReports?: boolean;
}
