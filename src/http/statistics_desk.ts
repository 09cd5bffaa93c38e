/** What happened in an hour or a day, at all servers on the store. */
export interface StatisticsPeriod {
  /** When it began, as RFC 3339 has it. */
  readonly from: string;
  /** Messages from other servers and programs; from people. */
  readonly received: number;
  readonly submitted: number;
  /** Messages, and commands (of which recipients are most). */
  readonly refused: number;
  readonly commandsRefused: number;
  /** Recipients elsewhere: delivered, given up, to be tried again. */
  readonly sent: number;
  readonly bounced: number;
  readonly deferred: number;
  readonly logins: number;
  readonly loginsRefused: number;
  /** Why, the most frequent first. */
  readonly refusals: readonly { readonly reason: string; readonly times: number }[];
}

export interface StatisticsDesk {
  /** From the hour of `since` on, before that of `until`; milliseconds since 1970. Periods without anything are left out. */
  read(by: "hour" | "day", since: number, until: number): Promise<readonly StatisticsPeriod[]>;
}
