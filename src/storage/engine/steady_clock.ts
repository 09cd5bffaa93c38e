/**
 * Whether the clock can be believed before something goes for good because of its age. A machine whose battery is
 * empty, or whose time is set by hand, may find itself a year ahead: what is kept for a week would be gone at once,
 * and nothing brings it back when the time is put right.
 *
 * So after a leap forward nothing expires for a day. A server that was off for long keeps things a day longer.
 */
import type { Transaction } from "./tables.ts";

/** More than this between two looks is a leap, or a server that was off. Milliseconds. */
const LEAP = 2 * 86_400_000;
/** How long nothing expires then. */
const GRACE = 86_400_000;
/** What is written down need not be newer. */
const EXACT = 60_000;
const SETTING = "clock.seen";

/** What was seen of the clock. */
export interface ClockSeen {
  /** The time at the last look. */
  readonly last: number;
  /** The time right after a leap that is not believed yet, or null. */
  readonly leap: number | null;
}

/** What is known after another look at the clock. */
export function seeClock(before: ClockSeen | null, now: number): ClockSeen {
  if (!before) return { last: now, leap: null };
  if (now - before.last > LEAP) return { last: now, leap: now };
  // Put back to before the leap: it is undone.
  if (before.leap === null || now < before.leap || now - before.leap >= GRACE) return { last: now, leap: null };
  return { last: now, leap: before.leap };
}

/** Looks at the clock; false: what would expire waits. */
export function isSteady(tx: Transaction): boolean {
  const before = parse(tx.setting(SETTING));
  const after = seeClock(before, tx.wall());
  if (!before || before.leap !== after.leap || Math.abs(after.last - before.last) > EXACT) {
    tx.putSetting(SETTING, JSON.stringify(after));
  }
  return after.leap === null;
}

function parse(text: string | null): ClockSeen | null {
  return text === null ? null : JSON.parse(text) as ClockSeen;
}
