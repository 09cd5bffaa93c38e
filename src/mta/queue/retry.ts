/** When a deferred row is tried again (RFC 5321 section 4.5.4.1). */
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";

/** Milliseconds. */
export interface RetryPolicy {
  /** Before the second attempt; each later wait is twice the one before. */
  readonly first: number;
  readonly longest: number;
}

/** How much of a wait is left to chance: rows that failed together should not come back together. */
const JITTER = 0.2;

/**
 * When the row is due again after its attempt number `attempts` (1 is the first) failed at `now`; null: it has expired
 * and is given up. Never later than `expiresAt`, so that the last attempt is made at the end of its time.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { retryAt } from "./retry.ts";
 * const due = retryAt({ first: 30_000, longest: 14_400_000 }, { queueId: "q1", attempts: 1, expiresAt: 1e9 }, 0);
 * assert(due !== null && due >= 24_000 && due <= 36_000);
 * ```
 */
export function retryAt(
  policy: RetryPolicy,
  row: { readonly queueId: string; readonly attempts: number; readonly expiresAt: number },
  now: number,
): number | null {
  if (now >= row.expiresAt) return null;
  // 2^30 times any first wait is beyond any longest one, and still a number to reckon with.
  const wait = Math.min(policy.longest, policy.first * 2 ** Math.min(30, Math.max(0, row.attempts - 1)));
  const jittered = wait * (1 + JITTER * (2 * chance(`${row.queueId} ${row.attempts}`) - 1));
  return Math.min(row.expiresAt, now + Math.max(1, Math.round(jittered)));
}

/** 0 … 1, the same for the same text: the cores know no randomness. */
function chance(text: string): number {
  const hash = digest("sha256", utf8Bytes(text));
  return ((hash[0]! << 8) | hash[1]!) / 65535;
}
