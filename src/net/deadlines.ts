/**
 * The timers of all connections, as one: a binary heap of who wants to be woken when, and a single system timer for
 * the earliest. An idle connection costs no timer, and a busy one no heap work: a deadline that moves to a later time
 * leaves its place in the heap as it is and is put right when that place comes up.
 */

/** Whoever wants to be woken. The fields belong to `Deadlines`. */
export interface Sleeper {
  /** When to wake, by the clock of `Deadlines`; `Infinity` is never. Written by `Deadlines.set` only. */
  wakeAt: number;
  /** Place in the heap, -1 outside. */
  wakeSlot: number;
  /** The time under which the heap holds it: never later than `wakeAt`. */
  wakeKey: number;
  /** The time has come. Not called again until the next `set`. */
  wake(): void;
}

/** Below this many milliseconds deadlines are not told apart: they are minutes, not instants. */
const COARSE_MS = 10;
/** The longest delay of a system timer that is exact everywhere. */
const LONGEST_MS = 2 ** 30;

/** Wakes sleepers at their times by `now`, a monotonic clock in milliseconds. */
export class Deadlines {
  readonly #now: () => number;
  readonly #timers: boolean;
  readonly #heap: Sleeper[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerAt = Infinity;

  /** Without `timers` nothing but `tick` wakes anybody: for a clock that is moved by hand. */
  constructor(now: () => number, { timers = true }: { readonly timers?: boolean } = {}) {
    this.#now = now;
    this.#timers = timers;
  }

  /** No sleeper is to be woken before this time; `Infinity` where nobody waits. */
  get next(): number {
    return this.#heap[0]?.wakeKey ?? Infinity;
  }

  /** How many sleepers wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** Sets, moves or (with null) clears the time of a sleeper. */
  set(sleeper: Sleeper, at: number | null): void {
    if (at === null || at === Infinity) return this.#remove(sleeper);
    sleeper.wakeAt = at;
    if (sleeper.wakeSlot >= 0) {
      if (at >= sleeper.wakeKey) return; // it is looked at again when its old time comes
      sleeper.wakeKey = at;
      this.#up(sleeper.wakeSlot);
    } else {
      sleeper.wakeKey = at;
      sleeper.wakeSlot = this.#heap.length;
      this.#heap.push(sleeper);
      this.#up(sleeper.wakeSlot);
    }
    this.#arm();
  }

  /** Wakes all whose time has come. The system timer calls it; tests with a clock of their own may too. */
  tick(): void {
    const now = this.#now();
    const due: Sleeper[] = [];
    for (let first = this.#heap[0]; first !== undefined && first.wakeKey <= now; first = this.#heap[0]) {
      if (first.wakeAt <= now) {
        this.#remove(first);
        due.push(first);
      } else {
        first.wakeKey = first.wakeAt;
        this.#down(0);
      }
    }
    // Outside the loop: a sleeper that sets a time in the past is woken at the next tick, not for ever in this one.
    for (const sleeper of due) sleeper.wake();
    this.#arm();
  }

  #arm(): void {
    if (!this.#timers) return;
    const first = this.#heap[0];
    if (first === undefined) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      this.#timerAt = Infinity;
      return;
    }
    if (this.#timerAt <= first.wakeKey) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delay = Math.min(LONGEST_MS, Math.max(COARSE_MS, Math.ceil(first.wakeKey - this.#now())));
    this.#timerAt = first.wakeKey;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#timerAt = Infinity;
      this.tick();
    }, delay);
  }

  #remove(sleeper: Sleeper): void {
    const slot = sleeper.wakeSlot;
    sleeper.wakeAt = Infinity;
    if (slot < 0) return;
    sleeper.wakeSlot = -1;
    const last = this.#heap.pop()!;
    if (last !== sleeper) {
      this.#place(last, slot);
      this.#down(slot);
      this.#up(last.wakeSlot);
    }
    if (this.#heap.length === 0) this.#arm();
  }

  #up(slot: number): void {
    const sleeper = this.#heap[slot]!;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      const above = this.#heap[parent]!;
      if (above.wakeKey <= sleeper.wakeKey) break;
      this.#place(above, slot);
      slot = parent;
    }
    this.#place(sleeper, slot);
  }

  #down(slot: number): void {
    const sleeper = this.#heap[slot]!;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && this.#heap[child + 1]!.wakeKey < this.#heap[child]!.wakeKey) child++;
      if (this.#heap[child]!.wakeKey >= sleeper.wakeKey) break;
      this.#place(this.#heap[child]!, slot);
      slot = child;
    }
    this.#place(sleeper, slot);
  }

  #place(sleeper: Sleeper, slot: number): void {
    this.#heap[slot] = sleeper;
    sleeper.wakeSlot = slot;
  }
}

/** Milliseconds of a clock that never jumps. */
export function monotonicNow(): number {
  return performance.now();
}

/** The deadlines of this process, by `monotonicNow`. */
export const processDeadlines: Deadlines = new Deadlines(monotonicNow);
