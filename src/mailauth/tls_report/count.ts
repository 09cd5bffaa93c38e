/** Counting sessions for a report (RFC 8460 section 4.3), with an end to how many kinds of failure are told apart. */

/** What was asked of a session. */
export interface TlsPolicy {
  readonly type: "tlsa" | "sts" | "no-policy-found";
  /** The lines of an STS policy, or the TLSA records, as text. */
  readonly strings: readonly string[];
  readonly domain: string;
  /** Patterns of an STS policy. */
  readonly mxHosts: readonly string[];
}

/** Section 4.3: the words for what failed. */
export type TlsFailureType =
  | "starttls-not-supported"
  | "certificate-host-mismatch"
  | "certificate-expired"
  | "certificate-not-trusted"
  | "validation-failure"
  | "tlsa-invalid"
  | "dnssec-invalid"
  | "dane-required"
  | "sts-policy-fetch-error"
  | "sts-policy-invalid"
  | "sts-webpki-invalid";

/** A session that failed; what is not known is null. */
export interface TlsFailure {
  readonly type: TlsFailureType;
  readonly sendingIp: string | null;
  readonly receivingHost: string | null;
  readonly receivingHelo: string | null;
  readonly receivingIp: string | null;
  /** A code or a few words. */
  readonly reasonCode: string | null;
}

/** The sessions under one policy. */
export interface TlsPolicyCount {
  readonly policy: TlsPolicy;
  readonly succeeded: number;
  readonly failed: number;
  /** Failures that are alike; their sum is less than `failed` where there were too many kinds. */
  readonly details: readonly { readonly failure: TlsFailure; readonly count: number }[];
}

/** Policies of one domain in a day, and kinds of failure under one policy. */
const POLICIES_LIMIT = 50;
const DETAILS_LIMIT = 500;

/**
 * Counts the sessions of one recipient domain in one day. A policy beyond the limit is not counted: a domain that changes
 * its policy with each session learns about the first ones.
 */
export class TlsSessionCounter {
  readonly #policies = new Map<string, { policy: TlsPolicy; succeeded: number; failed: number; details: Details }>();

  /** Goes on from what others counted, of the same policy added up. */
  constructor(counts: readonly TlsPolicyCount[] = []) {
    for (const { policy, succeeded, failed, details } of counts) {
      const counted = this.#of(policy);
      if (!counted) continue;
      counted.succeeded += succeeded;
      counted.failed += failed;
      for (const detail of details.slice(0, DETAILS_LIMIT)) {
        const key = JSON.stringify(detail.failure);
        const known = counted.details.get(key);
        if (known) known.count += detail.count;
        else if (counted.details.size < DETAILS_LIMIT) counted.details.set(key, { ...detail });
      }
    }
  }

  success(policy: TlsPolicy): void {
    const counted = this.#of(policy);
    if (counted) counted.succeeded++;
  }

  failure(policy: TlsPolicy, failure: TlsFailure): void {
    const counted = this.#of(policy);
    if (!counted) return;
    counted.failed++;
    const key = JSON.stringify(failure);
    const known = counted.details.get(key);
    if (known) known.count++;
    else if (counted.details.size < DETAILS_LIMIT) counted.details.set(key, { failure, count: 1 });
  }

  /** What was counted, in the order in which policies were met first. */
  counts(): TlsPolicyCount[] {
    return [...this.#policies.values()].map(({ details, ...rest }) => ({
      ...rest,
      details: [...details.values()].map((detail) => ({ ...detail })),
    }));
  }

  #of(policy: TlsPolicy): { succeeded: number; failed: number; details: Details } | undefined {
    const key = JSON.stringify(policy);
    const known = this.#policies.get(key);
    if (known || this.#policies.size >= POLICIES_LIMIT) return known;
    const fresh = { policy, succeeded: 0, failed: 0, details: new Map() };
    this.#policies.set(key, fresh);
    return fresh;
  }
}

type Details = Map<string, { failure: TlsFailure; count: number }>;
