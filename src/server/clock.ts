/** Time, as the edge asks for it: replaced by a clock that a test moves. */
export interface Clock {
  /** Wall clock, milliseconds since 1970: for dates. It may jump. */
  wall(): number;
  /** Milliseconds since some moment: for deadlines and delays. It never jumps. */
  monotonic(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
