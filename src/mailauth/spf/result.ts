/** The seven results of SPF (RFC 7208 section 2.6). */
export type SpfResultName = "none" | "neutral" | "pass" | "fail" | "softfail" | "temperror" | "permerror";

/** What `check_host()` is asked (RFC 7208 section 4.1). */
export interface SpfQuery {
  /** The client's address as text. */
  readonly address: string;
  /** Whose record is asked; U-labels are allowed. */
  readonly domain: string;
  /** The identity, `local@domain`; without a local part it is `postmaster` (RFC 7208 section 4.3). */
  readonly sender: string;
  /** What the client said in HELO or EHLO. */
  readonly helo: string;
  /** The name of this server, for explanations; null becomes `unknown`. */
  readonly receiver: string | null;
}

/** The mechanism that decided. */
export interface SpfMatch {
  /** As the record has it: `-all`, `include:_spf.example.org` … Written by a stranger. */
  readonly term: string;
  /** Whose record it stands in: the asked domain, or where `redirect` led. */
  readonly domain: string;
}

/** What a check has cost. */
export interface SpfLookups {
  /** Terms that ask the DNS; the limit is 10. */
  readonly terms: number;
  /** Terms for which the DNS had nothing; the limit is 2. */
  readonly voids: number;
  /** All questions, those for the records themselves included. */
  readonly questions: number;
}

/** What `check_host()` says. */
export interface SpfResult {
  readonly result: SpfResultName;
  /** The asked domain as A-labels, or as it was given where it is no domain. */
  readonly domain: string;
  /** Null where no mechanism matched: `neutral` by default, and errors. */
  readonly matched: SpfMatch | null;
  /** What the domain itself says of a `fail`: ASCII, at most 400 characters, written by a stranger. */
  readonly explanation: string | null;
  /** A sentence for people: printable ASCII. */
  readonly why: string;
  readonly lookups: SpfLookups;
  /** Whether the records asked for the local part: then it is what was authenticated, too (RFC 8601 section 2.7.2). */
  readonly usesLocalPart: boolean;
}
