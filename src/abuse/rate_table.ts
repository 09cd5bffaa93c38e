/**
 * How much of something each key did within a time: a sliding window, made of the count of this window and a share of
 * the one before. One row of three numbers a rule and key, however busy the key is.
 */
import { BoundedMap } from "./bounded_map.ts";

/** At most so much within so long. */
export interface RateRule {
  readonly most: number;
  /** Milliseconds. */
  readonly windowMs: number;
}

/** Which rule a key has reached, and when it may try again. */
export interface RateRefused {
  readonly rule: RateRule;
  readonly retryMs: number;
}

interface Window {
  readonly start: number;
  readonly current: number;
  readonly previous: number;
}

/** Keys remembered by one table: some megabytes. Who is busy is touched, and never the one that goes. */
const REMEMBER = 20_000;

/** Counts by key, of at most so many keys. */
export class RateTable {
  readonly #rules: readonly RateRule[];
  readonly #rows: BoundedMap<Window[]>;

  constructor(rules: readonly RateRule[], remember: number = REMEMBER) {
    this.#rules = rules;
    this.#rows = new BoundedMap(remember);
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Whether `amount` more would be within every rule; nothing is counted. `now` in milliseconds of one clock. */
  check(key: string, amount: number, now: number): RateRefused | null {
    const row = this.#rows.get(key);
    for (const [i, rule] of this.#rules.entries()) {
      const window = rolled(row?.[i] ?? { start: now, current: 0, previous: 0 }, rule.windowMs, now);
      if (countOf(window, rule.windowMs, now) + amount > rule.most) {
        return { rule, retryMs: waitOf(window, rule, amount, now) };
      }
    }
    return null;
  }

  /** Counts `amount`, whether it was allowed or not. */
  add(key: string, amount: number, now: number): void {
    if (this.#rules.length === 0) return;
    const row = this.#rows.get(key) ?? this.#rules.map(() => ({ start: now, current: 0, previous: 0 }));
    this.#rows.set(
      key,
      row.map((window, i) => {
        const { start, current, previous } = rolled(window, this.#rules[i]!.windowMs, now);
        return { start, current: current + amount, previous };
      }),
    );
  }

  /** Counts `amount` where it is within every rule. */
  take(key: string, amount: number, now: number): RateRefused | null {
    const refused = this.check(key, amount, now);
    if (refused === null) this.add(key, amount, now);
    return refused;
  }

  /** What a key has done within the window of the first rule, about. */
  count(key: string, now: number): number {
    const window = this.#rows.get(key)?.[0];
    const rule = this.#rules[0];
    if (window === undefined || rule === undefined) return 0;
    return countOf(rolled(window, rule.windowMs, now), rule.windowMs, now);
  }

  forget(key: string): void {
    this.#rows.delete(key);
  }
}

/** The window as it is now, moved on by whole lengths. */
function rolled(window: Window, windowMs: number, now: number): Window {
  const passed = Math.floor((now - window.start) / windowMs);
  if (passed < 1) return window;
  return { start: window.start + passed * windowMs, current: 0, previous: passed === 1 ? window.current : 0 };
}

function countOf({ start, current, previous }: Window, windowMs: number, now: number): number {
  return current + previous * (1 - Math.max(0, now - start) / windowMs);
}

/** When there is room again, if nothing more comes: within this window as the one before fades, or in the next. */
function waitOf({ start, current, previous }: Window, { most, windowMs }: RateRule, amount: number, now: number) {
  const room = most - amount;
  const fades = (count: number, above: number) => count <= 0 ? 0 : windowMs * Math.max(0, 1 - above / count);
  const at = current <= room
    ? start + fades(previous, room - current)
    : start + windowMs + fades(current, Math.max(0, room));
  return Math.max(0, Math.ceil(at - now));
}
