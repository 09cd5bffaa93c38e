/**
 * Who may go now: at most so many attempts to one domain at once. What is claimed beyond waits here, and beyond that it
 * is given back to the queue for about the time until there is room, so that one slow domain holds up no other.
 */
import type { Claimed } from "./parts.ts";

/** `begin` now; `wait` here; or give it back for so many milliseconds. */
export type Admission = { readonly kind: "begin" } | { readonly kind: "wait" } | {
  readonly kind: "park";
  readonly ms: number;
};

interface Lane {
  busy: number;
  readonly waiting: Claimed[];
  /** How long an attempt took lately, milliseconds: a moving average. */
  usualMs: number;
}

const MOST_WAITING = 200; // of one domain
/** A lease should not run out by waiting. */
const LONGEST_WAIT_MS = 60_000;
const FIRST_GUESS_MS = 100;
const SHORTEST_PARK_MS = 500;
const LONGEST_PARK_MS = 60_000;

export class DomainSlots {
  readonly #perDomain: number;
  readonly #lanes = new Map<string | null, Lane>();

  constructor(perDomain: number) {
    this.#perDomain = Math.max(1, perDomain);
  }

  /** Asked once for every claimed job. `begin` takes the place. */
  admit(claimed: Claimed): Admission {
    let lane = this.#lanes.get(claimed.job.domain);
    if (!lane) this.#lanes.set(claimed.job.domain, lane = { busy: 0, waiting: [], usualMs: FIRST_GUESS_MS });
    if (lane.busy < this.#perDomain) {
      lane.busy++;
      return { kind: "begin" };
    }
    const ms = (lane.waiting.length + 1) * lane.usualMs / this.#perDomain;
    if (lane.waiting.length < MOST_WAITING && ms < LONGEST_WAIT_MS) {
      lane.waiting.push(claimed);
      return { kind: "wait" };
    }
    return { kind: "park", ms: Math.round(Math.min(LONGEST_PARK_MS, Math.max(SHORTEST_PARK_MS, ms))) };
  }

  /** An attempt ended after `tookMs`: its place goes to the one that is answered, or is free. */
  next(domain: string | null, tookMs: number): Claimed | null {
    const lane = this.#lanes.get(domain);
    if (!lane) return null;
    lane.usualMs += (tookMs - lane.usualMs) / 4;
    const claimed = lane.waiting.shift();
    if (claimed) return claimed;
    if (--lane.busy <= 0) this.#lanes.delete(domain);
    return null;
  }

  /** Takes out all that wait. */
  drain(): readonly Claimed[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.waiting.splice(0));
  }
}
