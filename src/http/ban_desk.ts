/** One ban, as the API shows it. Times are milliseconds since 1970. */
export interface BanRow {
  readonly network: string;
  readonly reason: string;
  readonly by: "rule" | "operator";
  readonly since: number;
  /** Null: until it is lifted. */
  readonly until: number | null;
  readonly times: number;
}

/** The bans, for whoever administers them. */
export interface BanDesk {
  /** Those that hold now. */
  list(): readonly BanRow[];
  /** `forMs` null: until it is lifted. */
  add(
    network: string,
    reason: string,
    forMs: number | null,
  ): Promise<BanRow | { readonly refused: "invalid" | "full" }>;
  /** False: this network is not banned. */
  remove(network: string): Promise<boolean>;
}
