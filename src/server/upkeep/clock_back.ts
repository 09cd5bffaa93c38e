/** A clock that was ahead and was put right: what the queue was told meanwhile lies in the time to come. */
import type { QueueId } from "../../contract/mod.ts";
import type { UpkeepParts } from "./parts.ts";

/** When a server last looked at its clock, milliseconds since 1970. */
const SETTING = "clock.noted";
/** How often that is written. */
const NOTE_MS = 3_600_000;
const LEASE_MS = 600_000;

/**
 * Whether a server on this store has seen a time more than `leapMs` beyond now, before this one started. Keeps the time
 * of now, once an hour.
 */
export async function isAhead({ storage, clock }: UpkeepParts, leapMs: number, isFirst: boolean): Promise<boolean> {
  const now = clock.wall();
  const before = await storage.perform("setting.get", { name: SETTING });
  const seen = Number(before ?? 0);
  if (Math.abs(now - seen) < NOTE_MS) return false;
  // Of several servers one is first, and that is enough.
  await storage.perform("setting.change", { name: SETTING, before, value: String(now) });
  return isFirst && seen > now + leapMs;
}

/** Makes due what waits for a time that it would not wait for now. */
export async function putQueueRight(
  { storage, clock, logger, config }: UpkeepParts,
  isStopped: () => boolean,
): Promise<void> {
  let changed = 0;
  for (let after: QueueId | null = null; !isStopped();) {
    const page: { changed: number; next: QueueId | null } = await storage.perform("queue.putRight", {
      now: clock.wall(),
      longestMs: config.outbound.retry.longest,
      leaseMs: LEASE_MS,
      after,
    });
    changed += page.changed;
    after = page.next;
    if (after === null) break;
  }
  if (changed > 0) logger.log("warn", "queue.putRight", { recipients: changed });
}
