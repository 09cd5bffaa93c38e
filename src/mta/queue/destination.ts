/**
 * How a destination is faring, and what that allows: more connections at once while it takes them, fewer when it does
 * not, none for a while when it cannot be reached at all. Pure: the time is an argument, chance a hash.
 */
import { chance } from "./retry.ts";

/** What one operator wants, and the times between. Times in milliseconds. */
export interface DestinationPolicy {
  /** Connections at once at first, and at most. */
  readonly start: number;
  readonly most: number;
  /** How long it is left alone after it was found out of reach, and how long at most: each time is twice the last. */
  readonly first: number;
  readonly longest: number;
}

/** One destination's health. Changed in place. */
export interface Destination {
  /** How many connections it may have now; it grows in fractions. */
  limit: number;
  /** Attempts in a row that found no host that would talk. */
  failures: number;
  /** Nothing is tried before this time. */
  deadUntil: number;
  /** What the last failure said, for people. */
  why: string;
}

/** So many failures in a row, or as many as it may ever have under way at once, and the destination is left alone. */
const FAILURES = 3;
const SPREAD = 0.2;

export function newDestination(policy: DestinationPolicy): Destination {
  return { limit: Math.min(policy.start, policy.most), failures: 0, deadUntil: 0, why: "" };
}

/** A host took part in a transaction, whatever it said about the message. */
export function reached(destination: Destination, policy: DestinationPolicy): void {
  destination.failures = 0;
  destination.deadUntil = 0;
  // Fast to the start, then one more for every round of all of them.
  const step = destination.limit < policy.start ? 1 : 1 / destination.limit;
  destination.limit = Math.min(policy.most, destination.limit + step);
}

/** No host could be reached, or none would talk. */
export function unreached(
  destination: Destination,
  policy: DestinationPolicy,
  facts: { readonly now: number; readonly why: string; readonly seed: string },
): void {
  // Those that were under way when the first one failed say nothing new.
  if (destination.deadUntil > facts.now) return;
  destination.failures++;
  destination.limit = Math.max(1, Math.floor(destination.limit / 2));
  destination.why = facts.why;
  if (destination.failures < Math.min(FAILURES, policy.most)) return;
  const times = Math.min(30, Math.max(0, destination.failures - FAILURES));
  const wait = Math.min(policy.longest, policy.first * 2 ** times);
  const jittered = wait * (1 + SPREAD * chance(`${facts.seed} ${destination.failures}`));
  destination.deadUntil = facts.now + Math.round(jittered);
  destination.limit = 1; // what comes next is a question, not a crowd
}

/** How many may be under way at `now`; 0 while it is left alone. */
export function allowed(destination: Destination, now: number): number {
  return destination.deadUntil > now ? 0 : Math.floor(destination.limit);
}
