/** When a deferred row is tried again (RFC 5321 section 4.5.4.1). */
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import type { RecipientResult } from "../../smtp/client/mod.ts";

/** Milliseconds. */
export interface RetryPolicy {
  /** Before the second attempt; each later wait is twice the one before. */
  readonly first: number;
  readonly longest: number;
}

/**
 * Why a row waits: the server wants to see us again (greylisting, RFC 6647), no server could be reached, or the server
 * said "later" for a reason of its own.
 */
export type WaitKind = "greylisted" | "unreachable" | "later";

/** How much of a wait is left to chance: rows that failed together should not come back together. */
const JITTER = 0.2;
/** RFC 6647 section 5: waits of a few minutes are usual, and whoever comes too early waits again. */
const GREYLIST_MS = 5 * 60_000;

/** How the reason begins where a destination is left alone. */
export const NOT_TRIED = "Not tried now: ";

/** What kind of wait a temporary result asks for. */
export function waitKind({ remote, code, enhanced, text }: RecipientResult): WaitKind {
  if (!remote) return enhanced === "4.4.1" ? "unreachable" : "later";
  if (code !== 450 && code !== 451) return "later";
  const named = /gr[ea]y/i.test(text);
  return named || (enhanced === "4.7.1" && /later|again|come back/i.test(text)) ? "greylisted" : "later";
}

/** What is known of a row when its time is chosen. */
export interface RetryFacts {
  /** Decides the part of the wait that is left to chance: what should go together has the same. */
  readonly seed: string;
  /** Attempts made, 1 is the first. */
  readonly attempts: number;
  readonly expiresAt: number;
  /** Default `later`. */
  readonly kind?: WaitKind;
  /** The destination is left alone until then. */
  readonly notBefore?: number;
}

/**
 * When the row is due again after its attempt number `attempts` failed at `now`; null: it has expired and is given up.
 * Never later than `expiresAt`, so that the last attempt is made at the end of its time.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { retryAt } from "./retry.ts";
 * const due = retryAt({ first: 30_000, longest: 14_400_000 }, { seed: "s1.1", attempts: 1, expiresAt: 1e9 }, 0);
 * assert(due !== null && due >= 24_000 && due <= 36_000);
 * ```
 */
export function retryAt(policy: RetryPolicy, row: RetryFacts, now: number): number | null {
  if (now >= row.expiresAt) return null;
  const kind = row.kind ?? "later";
  const first = kind === "greylisted" ? Math.max(policy.first, GREYLIST_MS) : policy.first;
  // 2^30 times any first wait is beyond any longest one, and still a number to reckon with.
  const wait = Math.min(Math.max(first, policy.longest), first * 2 ** Math.min(30, Math.max(0, row.attempts - 1)));
  const lot = chance(`${row.seed} ${row.attempts}`);
  // A greylist counts from the first attempt: never a moment too early.
  const jittered = wait * (1 + JITTER * (kind === "greylisted" ? lot : 2 * lot - 1));
  const early = (row.notBefore ?? 0) + Math.round(lot * JITTER * policy.first);
  return Math.min(row.expiresAt, Math.max(now + Math.max(1, Math.round(jittered)), early));
}

/** 0 … 1, the same for the same text: the cores know no randomness. */
export function chance(text: string): number {
  const hash = digest("sha256", utf8Bytes(text));
  return ((hash[0]! << 8) | hash[1]!) / 65535;
}
