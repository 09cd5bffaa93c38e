/** A session of a mail protocol, as the API shows it. */
export interface SessionRow {
  readonly id: string;
  readonly protocol: string;
  /** Who has logged in; null: nobody yet, or another server. */
  readonly account: string | null;
  readonly address: string;
  readonly port: number;
  /** The version of TLS; null: in the clear. */
  readonly tls: string | null;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** The sessions of this server. */
export interface SessionDesk {
  list(): readonly SessionRow[];
  /** Asks it to say goodbye; false: there is none of this id. */
  end(id: string): boolean;
}
