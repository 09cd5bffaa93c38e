import type { FailureReason } from "../contract/mod.ts";

const REASONS: ReadonlySet<unknown> = new Set<FailureReason>(["full", "unavailable", "bug"]);

/** Why something threw: the error's own `reason` where it has one, else our bug. */
export function failureReason(error: unknown): FailureReason {
  const reason = (error as { reason?: unknown } | null)?.reason;
  return REASONS.has(reason) ? reason as FailureReason : "bug";
}
