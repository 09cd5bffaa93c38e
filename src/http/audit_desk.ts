/** The audit log: every change that somebody made by the API, the command line or the pages for people. */

/** A JSON value without secrets, its long parts shortened. */
export type Shown = null | boolean | number | string | readonly Shown[] | { readonly [name: string]: Shown };

/** One change. */
export interface AuditEntry {
  /** Who: an account's address, "the admin token" or "the command line". */
  readonly by: string;
  /** From which address; empty: on this machine, or not known. */
  readonly from: string;
  /** The request's id, which the log has too; null: it had none. */
  readonly request: string | null;
  /** What: `PATCH /accounts/{address}`, or an event of a page, as `totp.on`. */
  readonly action: string;
  /** Of which thing: `/accounts/alice@example.org`. */
  readonly resource: string;
  /** What was asked for. */
  readonly given: Shown;
  /** The thing before and after, where it can be read; null: it was not there, or cannot be. */
  readonly before: Shown;
  readonly after: Shown;
}

/** As it is kept. */
export interface AuditRow extends AuditEntry {
  /** Later ones are greater, as texts. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What to look for; what is left out does not matter. */
export interface AuditFilter {
  readonly by?: string;
  /** Begins the resource. */
  readonly resource?: string;
  readonly action?: string;
  readonly request?: string;
  /** Milliseconds since 1970: not before, and before. */
  readonly since?: number;
  readonly until?: number;
}

export interface AuditDesk {
  /** Never rejects: what was done is done; a log that cannot be written is told in the server's own. */
  add(entry: AuditEntry): Promise<void>;
  /** The newest first. `next` is `after` of the page behind; null: that was all. Pages may be short. */
  list(
    filter: AuditFilter,
    after: string | null,
    limit: number,
  ): Promise<{ readonly rows: readonly AuditRow[]; readonly next: string | null }>;
}
