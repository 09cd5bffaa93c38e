/** Which classes of rows get the next places. Pure: what is under way goes in, a claim's shares come out. */
import type { QueueClass, QueueShare } from "../../contract/mod.ts";

export interface Places {
  /** All there are. */
  readonly all: number;
  /** Those in use, by class. */
  readonly busy: Readonly<Partial<Record<QueueClass, number>>>;
  /** How many jobs to claim. */
  readonly limit: number;
  /** How many have been claimed so far. */
  readonly turn: number;
}

/** Of so many jobs that are claimed one is bulk, and one was put off before: none of them waits for ever. */
const BULK_EVERY = 8;
const AGAIN_EVERY = 4;

/**
 * Urgent mail first, then normal. What can wait has a share of the turns in any case, and never all places: a fresh
 * message finds one at once, also where a mailing, or a thousand places that do not answer, hold all they may.
 */
export function sharesOf({ all, busy, limit, turn }: Places): readonly QueueShare[] {
  const kept = all === 1 ? 0 : Math.max(1, Math.floor(all / 8));
  const { bulk = 0, again = 0 } = busy;
  const patient = Math.max(0, all - kept - bulk - again);
  const mostAgain = Math.max(0, Math.min(patient, Math.max(1, Math.floor(all / 2)) - again));
  const turns = (every: number) => Math.floor((turn + limit) / every) - Math.floor(turn / every);
  const firstBulk = Math.min(patient, turns(BULK_EVERY));
  const firstAgain = Math.min(mostAgain, patient - firstBulk, turns(AGAIN_EVERY));
  const left = patient - firstBulk - firstAgain;
  const shares: readonly QueueShare[] = [
    { class: "bulk", most: firstBulk },
    { class: "again", most: firstAgain },
    { class: "urgent", most: limit },
    { class: "normal", most: limit },
    // One at least, where the other class has none to take its turn.
    { class: "bulk", most: Math.max(left, firstBulk === 0 ? Math.min(1, patient) : 0) },
    { class: "again", most: firstAgain === 0 ? Math.min(1, mostAgain) : 0 },
  ];
  return shares.filter(({ most }) => most > 0);
}
