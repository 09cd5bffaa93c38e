/** Addresses that messages by `POST /send` are not sent to, as the API shows them. */

/** An address that a domain leaves alone. */
export interface Suppression {
  /** The domain that sends, lower case A-labels. */
  readonly domain: string;
  /** In lower case. */
  readonly address: string;
  readonly reason: "bounced" | "complained" | "asked";
  /** For a person: what was said. */
  readonly detail: string;
  /** The message that brought it here. */
  readonly id: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The lists of all domains. */
export interface SuppressionDesk {
  /** By address; `after` is not among them. */
  list(domain: string, after: string | null, limit: number): Promise<readonly Suppression[]>;
  get(domain: string, address: string): Promise<Suppression | null>;
  /** Adds it, or answers the one that is there. */
  add(one: Omit<Suppression, "at">): Promise<Suppression>;
  /** Whether it was there. */
  remove(domain: string, address: string): Promise<boolean>;
  /** The domain is gone. */
  forget(domain: string): Promise<void>;
}
