/** The work of a run, counted: time in a program that knows no clock. */

/** Thrown inside a run: it ends, and the mail is kept. Its message is for the owner of the script. */
export class SieveFault extends Error {
  override readonly name = "SieveFault";
}

/** What is left of the steps of a run. */
export class Budget {
  #left: number;
  readonly #limit: number;

  constructor(limit: number) {
    this.#left = limit;
    this.#limit = limit;
  }

  /** Steps that were used. */
  get used(): number {
    return this.#limit - this.#left;
  }

  /** Uses steps, fractions too. @throws SieveFault where none are left */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new SieveFault(`the script took more than ${this.#limit} steps`);
  }

  /** Uses steps for a text that is looked at. */
  look(characters: number): void {
    this.spend(0.2 + characters / 64);
  }
}
