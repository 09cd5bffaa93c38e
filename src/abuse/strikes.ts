/** Misdeeds of a network, by kind: too many of one kind within a time are worth a ban. */
import { RateTable } from "./rate_table.ts";

/** Wrong passwords; recipients nobody has heard of; what no mail program does. */
export type StrikeKind = "failedLogins" | "unknownRecipients" | "protocolErrors";

/** How many of each kind within `withinMs`; null: that kind never bans. */
export interface StrikeRules extends Readonly<Record<StrikeKind, number | null>> {
  readonly withinMs: number;
}

/** Counts misdeeds. */
export class Strikes {
  readonly #tables = new Map<StrikeKind, RateTable>();
  readonly #rules: StrikeRules;

  constructor(rules: StrikeRules, remember?: number) {
    this.#rules = rules;
    for (const kind of ["failedLogins", "unknownRecipients", "protocolErrors"] as const) {
      const most = rules[kind];
      if (most !== null) {
        this.#tables.set(kind, new RateTable([{ most: most - 1, windowMs: rules.withinMs }], remember));
      }
    }
  }

  /** Counts one. The answer is the number of strikes that is now too many, or null. After it the count begins anew. */
  add(kind: StrikeKind, network: string, now: number): number | null {
    const table = this.#tables.get(kind);
    if (!table || table.take(network, 1, now) === null) return null;
    table.forget(network);
    return this.#rules[kind];
  }
}
