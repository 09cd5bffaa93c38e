import type { UpkeepParts } from "./parts.ts";

/** They stay a day longer, in case that it was the clock which was wrong. */
const GRACE_MS = 86_400_000;
const PAGE = 500;

/** Forgets records that have expired. */
export async function forgetRecords({ storage, clock }: UpkeepParts, isStopped: () => boolean): Promise<void> {
  const now = clock.wall() - GRACE_MS;
  while (!isStopped() && await storage.perform("record.prune", { now, limit: PAGE }) === PAGE);
}
