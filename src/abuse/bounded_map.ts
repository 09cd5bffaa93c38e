/** A map of at most so many keys: when there are more, the one untouched for longest goes. */
export class BoundedMap<V> {
  readonly #most: number;
  readonly #rows = new Map<string, V>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Looks without touching. */
  get(key: string): V | undefined {
    return this.#rows.get(short(key));
  }

  /** Sets and touches. */
  set(key: string, value: V): void {
    const name = short(key);
    this.#rows.delete(name);
    this.#rows.set(name, value);
    if (this.#rows.size > this.#most) this.#rows.delete(this.#rows.keys().next().value!);
  }

  delete(key: string): boolean {
    return this.#rows.delete(short(key));
  }

  /** From the one untouched for longest on. */
  entries(): IterableIterator<[string, V]> {
    return this.#rows.entries();
  }
}

/** What a hostile key may cost. Two that differ behind it count as one. */
const LONGEST_KEY = 400;

function short(key: string): string {
  return key.length > LONGEST_KEY ? key.slice(0, LONGEST_KEY) : key;
}
