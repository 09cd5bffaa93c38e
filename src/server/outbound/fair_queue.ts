/** A queue in which everybody has a line of their own, and the lines take turns. Every step costs the same. */

interface Line<T> {
  /** In order, from `head` on. */
  items: T[];
  head: number;
}

export class FairQueue<T> {
  /** Whose turn it is comes first. */
  readonly #lines = new Map<string, Line<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many wait in this line. */
  of(name: string): number {
    const line = this.#lines.get(name);
    return line === undefined ? 0 : line.items.length - line.head;
  }

  push(name: string, item: T): void {
    this.#size++;
    const line = this.#lines.get(name);
    if (line) line.items.push(item);
    else this.#lines.set(name, { items: [item], head: 0 });
  }

  /** The first of the line whose turn it is; that line is last then. */
  shift(): T | null {
    for (const [name, line] of this.#lines) {
      const item = line.items[line.head++]!;
      this.#size--;
      this.#lines.delete(name);
      if (line.head < line.items.length) this.#lines.set(name, shortened(line));
      return item;
    }
    return null;
  }

  /** Takes out all. */
  drain(): T[] {
    const all: T[] = [];
    for (let item = this.shift(); item !== null; item = this.shift()) all.push(item);
    return all;
  }
}

/** What has gone is let go when it is half of all. */
function shortened<T>(line: Line<T>): Line<T> {
  return line.head < 64 || line.head * 2 < line.items.length ? line : { items: line.items.slice(line.head), head: 0 };
}
