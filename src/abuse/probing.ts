/** Slowing down those who try names until one exists (RFC 5321 section 7.3 speaks of VRFY; RCPT tells the same). */

/** How long whoever tries names waits. */
export interface ProbingRules {
  /** So many cost nothing: mailing lists have members who left. */
  readonly free: number;
  /** The first wait; each further one is twice as long. Milliseconds. */
  readonly delay: number;
  readonly longestDelay: number;
}

/** How long the answer to an unknown recipient waits, where it is the `count`th of its network. */
export function probingDelay(count: number, { free, delay, longestDelay }: ProbingRules): number {
  const over = Math.floor(count) - free;
  return over <= 0 ? 0 : Math.min(longestDelay, delay * 2 ** Math.min(40, over - 1));
}
