/** Bounds of a script and of its run. Each one that is exceeded is an error for the owner, and the mail is kept. */
export interface SieveLimits {
  /** Characters of a script. */
  readonly scriptSize: number;
  readonly commands: number;
  /** Blocks in one another, and tests in one another. */
  readonly nesting: number;
  /** Errors that are reported at once. */
  readonly errors: number;
  /**
   * Work of a whole run: one for a command or a test, a fifth for a key that is compared,
   * one for 64 characters, 100 for a question to the world.
   */
  readonly steps: number;
  readonly actions: number;
  readonly redirects: number;
  readonly notifications: number;
  /** Programs and places that `pipe` hands the message to. */
  readonly pipes: number;
  /** Scripts included in one another. */
  readonly includeDepth: number;
  /** Scripts that are included in one run, one that is included twice counts twice. */
  readonly includes: number;
  /** Characters of a variable; RFC 5229 section 6 asks for at least 4000, and for cutting what is longer. */
  readonly variableSize: number;
  /** Distinct variables; RFC 5229 section 6 asks for at least 128. */
  readonly variables: number;
  /** Characters of a string with its variables put in. */
  readonly stringSize: number;
  /** Octets of bodies that are read for tests. */
  readonly bodyOctets: number;
  /** Octets that header edits may add in all. */
  readonly headerEdits: number;
  /** How often `replace` and `enclose` change the message. */
  readonly bodyChanges: number;
  /** Keys that are remembered for `duplicate` and `vacation`. */
  readonly remembered: number;
  /** Instructions of one regular expression, with its bounds written out. */
  readonly regexSize: number;
  /** Lines of the log. */
  readonly logLines: number;
  /** Days of `vacation` (RFC 5230 section 4.1), and seconds (RFC 6131 section 2). */
  readonly vacationDays: { readonly min: number; readonly max: number; readonly default: number };
  readonly vacationSeconds: { readonly min: number; readonly max: number };
  /** Seconds that `duplicate` remembers (RFC 7352 section 3.3). */
  readonly duplicateSeconds: { readonly max: number; readonly default: number };
}

/** What a server for people wants. */
export const SIEVE_LIMITS: SieveLimits = {
  scriptSize: 1 << 20,
  commands: 10_000,
  nesting: 32,
  errors: 100,
  steps: 200_000,
  actions: 64,
  redirects: 5,
  notifications: 5,
  pipes: 5,
  includeDepth: 10,
  includes: 64,
  variableSize: 16_384,
  variables: 256,
  stringSize: 262_144,
  bodyOctets: 10 << 20,
  headerEdits: 65_536,
  bodyChanges: 100,
  remembered: 64,
  regexSize: 2_000,
  logLines: 1_000,
  vacationDays: { min: 1, max: 90, default: 7 },
  vacationSeconds: { min: 60, max: 90 * 86_400 },
  duplicateSeconds: { max: 90 * 86_400, default: 7 * 86_400 },
};
