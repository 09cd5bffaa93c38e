/** Time, as the edge asks for it: replaced by a clock that a test moves. */
export interface Clock {
  /** Wall clock, milliseconds since 1970: for dates. It may jump. */
  wall(): number;
  /** Milliseconds since some moment: for deadlines and delays. It never jumps. */
  monotonic(): number;
  /** Resolves when so many milliseconds of `monotonic` have passed. */
  sleep(ms: number): Promise<void>;
  /**
   * Of a clock that is moved by hand only: it wakes the alarm when its time has come. The answer ends it. A clock
   * without this runs by itself, and whoever waits on it sets timers of the system.
   */
  alarm?(alarm: Alarm): () => void;
}

/** Somebody with deadlines of their own, for a clock that is moved by hand. */
export interface Alarm {
  /** The earliest deadline in `monotonic` milliseconds; `Infinity` is none. */
  next(): number;
  /** The clock has reached it. */
  tick(): void;
}

/** The machine's own. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
