import type { Clock } from "./clock.ts";

/** Calls `work` once when so many milliseconds of the clock have passed, unless the answer is called before. Keeps no process alive. */
export function later(clock: Clock, ms: number, work: () => void): () => void {
  if (clock.alarm) {
    const due = clock.monotonic() + ms;
    const cancel = clock.alarm({
      next: () => due,
      tick() {
        cancel();
        work();
      },
    });
    return cancel;
  }
  const timer = setTimeout(work, ms);
  Deno.unrefTimer(timer as unknown as number);
  return () => clearTimeout(timer);
}
