/** Octets that bodies on their way may take together. */
export class MemoryBudget {
  #left: number;

  constructor(octets: number) {
    this.#left = octets;
  }

  /** Takes so many more; false where there are no more. */
  take(octets: number): boolean {
    if (octets > this.#left) return false;
    this.#left -= octets;
    return true;
  }

  giveBack(octets: number): void {
    this.#left += octets;
  }
}
