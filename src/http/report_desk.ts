/** What other servers reported about a domain of ours, as the API shows it. Days are `2026-01-31`, UTC. */

/** An address that sent in a domain's name (RFC 9990). */
export interface DmarcSource {
  /** An IP address, or `others` for what did not fit. */
  readonly source: string;
  readonly messages: number;
  /** Of these: what passed DMARC, what DKIM or SPF showed to be the domain's own, what was put aside or refused. */
  readonly passed: number;
  readonly dkim: number;
  readonly spf: number;
  readonly quarantined: number;
  readonly rejected: number;
  /** Domains: in From; of signatures; of envelope senders. Up to ten each. */
  readonly from: readonly string[];
  readonly signedBy: readonly string[];
  readonly envelopeFrom: readonly string[];
  /** Who saw it: domains that were shown to be the reports' own. */
  readonly reporters: readonly string[];
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** Single messages that failed, of which somebody told (RFC 9991). */
export interface DmarcFailure {
  readonly source: string | null;
  readonly from: string | null;
  /** `dmarc`, `dkim`, `spf` … */
  readonly failure: string;
  readonly messages: number;
  readonly reporters: readonly string[];
  readonly lastSeen: string;
}

/** Whose reports were read. */
export interface ReporterSeen {
  readonly reporter: string;
  /** As they call themselves. */
  readonly organization: string;
  readonly reports: number;
  readonly lastReport: string;
}

export interface DmarcSummary {
  readonly messages: number;
  readonly passed: number;
  /** Those with most failures first. */
  readonly sources: readonly DmarcSource[];
  readonly failures: readonly DmarcFailure[];
  readonly reporters: readonly ReporterSeen[];
}

/** Sessions with our hosts that failed alike (RFC 8460). */
export interface TlsTrouble {
  /** As section 4.3 has them, or `unspecified`. */
  readonly failure: string;
  readonly policy: TlsPolicyType;
  /** The host of ours. */
  readonly host: string | null;
  readonly sessions: number;
  /** Up to ten each: whose they were, from where, and why. */
  readonly reporters: readonly string[];
  readonly sendingIps: readonly string[];
  readonly reasons: readonly string[];
  readonly firstSeen: string;
  readonly lastSeen: string;
}

export type TlsPolicyType = "tlsa" | "sts" | "no-policy-found";

export interface TlsSummary {
  readonly succeeded: number;
  readonly failed: number;
  readonly policies: readonly { readonly policy: TlsPolicyType; readonly succeeded: number; readonly failed: number }[];
  /** The most frequent first. */
  readonly failures: readonly TlsTrouble[];
  readonly reporters: readonly ReporterSeen[];
}

/** Reports about our domains, for whoever administers them. `days`: so many, today with them. */
export interface ReportDesk {
  dmarc(domain: string, days: number): Promise<DmarcSummary>;
  tls(domain: string, days: number): Promise<TlsSummary>;
  /** The domain is gone: so is what is known of it. */
  forget(domain: string): Promise<void>;
}

/** How long it is kept, in days. */
export const REPORT_DAYS = 90;
