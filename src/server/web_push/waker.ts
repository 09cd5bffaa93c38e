import type { Clock } from "../clock.ts";

/** Calls `tick` when the time has come that `next` says, milliseconds of the monotonic clock; `Infinity` is never. */
export class Waker {
  readonly #clock: Clock;
  readonly #next: () => number;
  readonly #tick: () => void;
  readonly #unhook: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(clock: Clock, next: () => number, tick: () => void) {
    this.#clock = clock;
    this.#next = next;
    this.#tick = tick;
    this.#unhook = clock.alarm?.({ next, tick });
  }

  /** What `next` says may be another time now. */
  changed(): void {
    if (this.#unhook || this.#isStopped) return;
    clearTimeout(this.#timer);
    const next = this.#next();
    if (next === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#tick();
      this.changed();
    }, Math.max(0, next - this.#clock.monotonic()));
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  stop(): void {
    this.#isStopped = true;
    this.#unhook?.();
    clearTimeout(this.#timer);
  }
}
