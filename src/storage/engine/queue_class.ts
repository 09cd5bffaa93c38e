import type { QueueClass, QueuePriority } from "../../contract/mod.ts";

/** In the order in which they go where nothing else is said. */
export const CLASSES: readonly QueueClass[] = ["urgent", "normal", "bulk", "again"];

/** Attempts that a row has with its like: a greylist is passed at the second or third. */
const FIRST_ATTEMPTS = 2;

/**
 * What was put off again and again is mostly for places that are out of order. It takes turns with its like, so that
 * a hundred thousand such rows stand in the way of none that is fresh.
 */
export function classOf(priority: QueuePriority, attempts: number): QueueClass {
  return attempts < FIRST_ATTEMPTS || priority === "urgent" ? priority : "again";
}
