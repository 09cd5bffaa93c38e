/** How much work reports may make: octets that were unpacked, by whose they are and in all, in the hour. */

/** Octets an hour: of one author's domain, and of all. Authors that are told apart. */
export const BUDGET = { author: 200 * 1024 * 1024, all: 2 * 1024 * 1024 * 1024, authors: 10_000 } as const;
const HOUR_MS = 3600_000;

export class ReportBudget {
  readonly #spent = new Map<string, number>();
  #all = 0;
  #hour = 0;

  /** Whether there is any left. `now` in milliseconds since 1970. */
  allows(author: string, now: number): boolean {
    const hour = Math.floor(now / HOUR_MS);
    if (hour !== this.#hour) {
      this.#spent.clear();
      this.#all = 0;
      this.#hour = hour;
    }
    const known = this.#spent.get(author);
    if (known === undefined && this.#spent.size >= BUDGET.authors) return false;
    return this.#all < BUDGET.all && (known ?? 0) < BUDGET.author;
  }

  spend(author: string, octets: number): void {
    this.#all += octets;
    this.#spent.set(author, (this.#spent.get(author) ?? 0) + octets);
  }
}
