/** What went wrong at the edge, as a core and the log may know it. */
import type { FailureReason } from "../contract/mod.ts";

/** The reason of a rejection (`bug` where it names none) and a text for the log. Never throws. */
export function describeFailure(error: unknown): { reason: FailureReason; text: string } {
  try {
    const named = (error as { reason?: unknown } | null)?.reason;
    if (named === "full" || named === "unavailable") return { reason: named, text: String(error) };
    return { reason: "bug", text: error instanceof Error ? error.stack ?? String(error) : String(error) };
  } catch {
    return { reason: "bug", text: "an error that cannot be printed" };
  }
}
