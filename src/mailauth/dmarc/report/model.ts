/** An aggregate report (RFC 9990 section 3.1, RFC 7489 appendix C) as records. */
import type { DmarcResult, OrganizationMethod, PolicyOverride } from "../model.ts";
import type { DmarcPolicy } from "../record.ts";

/** What a receiver saw of one domain's mail in a period. */
export interface AggregateReport {
  readonly metadata: ReportMetadata;
  readonly policy: PublishedPolicy;
  readonly rows: readonly ReportRow[];
}

/** Who reports, and about when. */
export interface ReportMetadata {
  readonly orgName: string;
  readonly email: string;
  readonly extraContact: string | null;
  readonly reportId: string;
  /** Seconds since 1970, UTC. */
  readonly begin: number;
  readonly end: number;
  readonly errors: readonly string[];
  readonly generator: string | null;
}

/** The policy that was found; what the report does not say is null. */
export interface PublishedPolicy {
  readonly domain: string;
  readonly p: DmarcPolicy | null;
  readonly sp: DmarcPolicy | null;
  readonly np: DmarcPolicy | null;
  readonly adkim: "r" | "s" | null;
  readonly aspf: "r" | "s" | null;
  readonly fo: string | null;
  readonly testing: boolean | null;
  readonly discovery: OrganizationMethod | null;
  /** RFC 7489 only: percentage. */
  readonly pct: number | null;
}

/** Messages that were alike. */
export interface ReportRow {
  readonly sourceIp: string;
  readonly count: number;
  /** What was done; `pass` where DMARC passed (RFC 7489 has `none` for it). */
  readonly disposition: DmarcPolicy | "pass";
  /** Whether DKIM or SPF passed and aligned. */
  readonly dkim: "pass" | "fail";
  readonly spf: "pass" | "fail";
  readonly reasons: readonly PolicyOverride[];
  readonly headerFrom: string;
  /** Domains of the envelope. */
  readonly envelopeFrom: string | null;
  readonly envelopeTo: string | null;
  readonly dkimResults: readonly DkimRowResult[];
  readonly spfResults: readonly SpfRowResult[];
}

/** One signature, whether it aligns or not. */
export interface DkimRowResult {
  readonly domain: string;
  readonly selector: string | null;
  readonly result: string;
  readonly humanResult: string | null;
}

/** SPF for MAIL FROM; old reports have HELO too. */
export interface SpfRowResult {
  readonly domain: string;
  readonly scope: "mfrom" | "helo" | null;
  readonly result: string;
  readonly humanResult: string | null;
}

/** Words for `result` of a signature. */
export const DKIM_RESULTS: ReadonlySet<string> = new Set(
  ["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"],
);
/** Words for `result` of SPF. */
export const SPF_RESULTS: ReadonlySet<string> = new Set(
  ["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"],
);

/** The policy of a result as a report has it; null for a result without a record, about which nobody wants to hear. */
export function publishedPolicy(result: DmarcResult): PublishedPolicy | null {
  const { record, policyDomain } = result;
  if (record === null || policyDomain === null) return null;
  return {
    domain: policyDomain,
    p: record.p,
    sp: record.sp,
    np: record.np,
    adkim: record.adkim,
    aspf: record.aspf,
    fo: record.fo.join(":"),
    testing: record.t,
    discovery: result.organization,
    pct: null,
  };
}
