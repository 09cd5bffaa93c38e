import type { Clock } from "./clock.ts";

/** Calls `work` every `ms` milliseconds of the clock until the answer is called; keeps no process alive. */
export function every(clock: Clock, ms: number, work: () => void): () => void {
  if (clock.alarm) {
    let due = clock.monotonic() + ms;
    return clock.alarm({
      next: () => due,
      tick() {
        due = clock.monotonic() + ms;
        work();
      },
    });
  }
  const timer = setInterval(work, ms);
  Deno.unrefTimer(timer as unknown as number);
  return () => clearInterval(timer);
}
