import { setImmediate } from "node:timers";
import type { Alarm, Clock } from "./clock.ts";

/** A clock that stands still until somebody moves it: hours of protocol in milliseconds of test. */
export interface TestClock extends Clock {
  /**
   * Moves both times on, from one thing that waits to the next, and lets what each of them causes happen before the
   * next one comes: a retry that sleeps again within the time is woken again within the time.
   */
  advance(ms: number): Promise<void>;
  /** How many sleep. */
  readonly sleeping: number;
}

interface Sleep {
  readonly at: number;
  readonly wake: () => void;
}

/** Whoever wakes more often than this within one `advance` goes round in circles. */
const MOST_STEPS = 100_000;

/** A clock for tests. `wall` is what it shows at first, milliseconds since 1970; by default 2026-01-01T12:00:00Z. */
export function createTestClock(wall: number = Date.UTC(2026, 0, 1, 12)): TestClock {
  let now = 0;
  let sleeps: Sleep[] = [];
  const alarms = new Set<Alarm>();

  const earliest = (): number => {
    let at = Infinity;
    for (const sleep of sleeps) at = Math.min(at, sleep.at);
    for (const alarm of alarms) at = Math.min(at, alarm.next());
    return at;
  };
  const wakeAll = (): void => {
    const due = sleeps.filter((sleep) => sleep.at <= now).sort((a, b) => a.at - b.at);
    sleeps = sleeps.filter((sleep) => sleep.at > now);
    for (const sleep of due) sleep.wake();
    for (const alarm of alarms) if (alarm.next() <= now) alarm.tick();
  };

  return {
    wall: () => wall + now,
    monotonic: () => now,
    sleep: (ms) => ms <= 0 ? Promise.resolve() : new Promise((wake) => void sleeps.push({ at: now + ms, wake })),
    alarm(alarm) {
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
    get sleeping() {
      return sleeps.length;
    },
    async advance(ms) {
      if (!(ms >= 0)) throw new RangeError("a clock goes forward only");
      const target = now + ms;
      await turns();
      for (let step = 0; step < MOST_STEPS; step++) {
        const next = earliest();
        if (next > target) {
          now = target;
          return;
        }
        now = Math.max(now, next);
        wakeAll();
        await turns();
      }
      throw new Error(`more than ${MOST_STEPS} wakings within ${ms} ms`);
    },
  };
}

/** Lets happen what can happen without waiting: promises, and the queue of the event loop some times round. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => void setImmediate(() => resolve()));
}
