/** What DMARC is told and what it says (RFC 9989, and RFC 7489 where it is older). */
import type { DmarcPolicy, DmarcRecord } from "./record.ts";

/**
 * What SPF found for MAIL FROM, which for the null sender is `postmaster` at HELO (RFC 7208 section 2.4). What it found
 * for HELO itself does not count (RFC 9989 section 4.4.2). Only `pass` counts.
 */
export interface SpfFact {
  readonly method: "spf";
  readonly result: string;
  /** The domain that was checked, A- or U-labels. */
  readonly domain: string;
}

/** What DKIM found for one signature. Only `pass` counts. */
export interface DkimFact {
  readonly method: "dkim";
  readonly result: string;
  /** The signing domain, `d=`. */
  readonly domain: string;
  readonly selector: string | null;
  /** `i=`, which DMARC does not look at. */
  readonly identity: string | null;
}

/** Why the result is what it is. */
export type DmarcReason =
  | "aligned" // SPF or DKIM passed for a name of the author's domain
  | "notAligned" // neither did
  | "noRecord" // the domain publishes no policy
  | "unusableRecord" // what it publishes says nothing that can be obeyed
  | "dnsFailed" // a name server did not answer
  | "noFrom" // the message has no From field
  | "severalFrom" // it has more than one
  | "noAuthorDomain" // From names nobody
  | "unusableFrom" // From can be read in several ways, or its domain cannot be one
  | "tooManyAuthors"; // From names more domains than are looked at

/** Why something else is done than the policy asks (RFC 9990 section 3.1.6, RFC 7489 appendix C). */
export interface PolicyOverride {
  readonly type:
    | "local_policy"
    | "mailing_list"
    | "other"
    | "policy_test_mode"
    | "trusted_forwarder"
    | "forwarded" // RFC 7489 only
    | "sampled_out"; // RFC 7489 only
  readonly comment: string | null;
}

/** How organizational domains are found: RFC 9989 section 4.10, or the public suffix list of RFC 7489. */
export type OrganizationMethod = "treewalk" | "psl";

/** The result for one message. */
export interface DmarcResult {
  readonly result: "pass" | "fail" | "none" | "temperror" | "permerror";
  /** What is to be done; `none` for everything that did not fail. */
  readonly disposition: DmarcPolicy;
  readonly reason: DmarcReason;
  /** Why, for people. It names domains of strangers. */
  readonly sentence: string;
  /** The author's domain in A-labels, null where there is not one. */
  readonly domain: string | null;
  /** The organizational domain of the author, null where it is not known. */
  readonly organizationalDomain: string | null;
  /** Where the record that applies was found, without `_dmarc`. */
  readonly policyDomain: string | null;
  readonly record: DmarcRecord | null;
  /** What the record asks for this domain, `p`, `sp` or `np`, before `t` and `pct`; null without a usable record. */
  readonly policy: DmarcPolicy | null;
  readonly organization: OrganizationMethod;
  readonly spfAligned: boolean;
  readonly dkimAligned: boolean;
  /** The signatures that passed and align, in order. */
  readonly alignedDkim: readonly DkimFact[];
  /** Why `disposition` is milder than `policy`. */
  readonly overrides: readonly PolicyOverride[];
}
