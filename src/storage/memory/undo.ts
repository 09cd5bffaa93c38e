/** How a transaction over maps is taken back: the inverse of each step, in reverse. */

/** Steps of the operation that is under way. Outside of one it only gathers until `forget`. */
export class UndoLog {
  #steps: (() => void)[] = [];
  readonly #remembered = new Set<object>();

  did(inverse: () => void): void {
    this.#steps.push(inverse);
  }

  /** Keeps what a row is now, because its owner changes it in place; answers the row, or null for none. */
  remember<R extends object>(row: R | undefined): R | null {
    if (row === undefined) return null;
    if (this.#remembered.has(row)) return row;
    this.#remembered.add(row);
    const before = { ...row };
    this.did(() => Object.assign(row, before));
    return row;
  }

  assign<R extends object>(row: R, change: Partial<R>): void {
    const before = { ...row };
    this.did(() => Object.assign(row, before));
    Object.assign(row, change);
  }

  /** What is taken back stands at the end of a map's order. */
  set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const had = map.has(key);
    const before = map.get(key);
    this.did(() => had ? map.set(key, before!) : map.delete(key));
    map.set(key, value);
  }

  delete<K, V>(map: Map<K, V>, key: K): void {
    const before = map.get(key);
    if (map.delete(key)) this.did(() => map.set(key, before!));
  }

  /** The operation stands. */
  forget(): void {
    this.#steps = [];
    this.#remembered.clear();
  }

  rollBack(): void {
    const steps = this.#steps;
    this.forget();
    for (let step = steps.pop(); step; step = steps.pop()) step();
  }
}
