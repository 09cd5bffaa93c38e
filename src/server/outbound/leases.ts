/** Leases of claimed rows: they end by themselves, and so nothing here rejects where the store fails. */
import { type LogEvent, logEvent, type QueueId } from "../../contract/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Clock } from "../clock.ts";
import type { Claimed } from "./attempt.ts";

/** After a crash the rows that were under way wait so long. */
export const LEASE_MS = 2 * 60_000;
/** How often the lease of an attempt is renewed. */
export const RENEW_MS = 40_000;

export interface LeaseParts {
  readonly storage: Pick<Storage, "perform">;
  readonly clock: Clock;
  readonly log: (event: LogEvent) => void;
}

export class Leases {
  readonly #parts: LeaseParts;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  /** Nothing was attempted, so nothing is settled: they are due `ms` from now. */
  async putBack(back: readonly { readonly claimed: Claimed; readonly ms: number }[]): Promise<void> {
    const { storage, clock } = this.#parts;
    const now = clock.wall();
    for (const [owner, all] of Map.groupBy(back, ({ claimed }) => claimed.owner)) {
      const rows = all.flatMap(({ claimed, ms }) => queueIds(claimed).map((queueId) => ({ queueId, dueAt: now + ms })));
      try {
        await storage.perform("queue.putBack", { owner, rows });
      } catch (error) {
        this.#warn("queue.putBack.failed", error);
      }
    }
  }

  /** Whether it is ours yet: a job that waited long may have lost its lease. */
  async isOurs(claimed: Claimed): Promise<boolean> {
    if (claimed.job.leaseUntil - this.#parts.clock.wall() > LEASE_MS / 2) return true;
    return await this.#renewed(claimed, queueIds(claimed));
  }

  /** How many rows are ours yet. One by one: a row that somebody removed must not end the attempt for the others. */
  async renew(claimed: Claimed): Promise<number> {
    let ours = 0;
    for (const queueId of queueIds(claimed)) if (await this.#renewed(claimed, [queueId])) ours++;
    return ours;
  }

  /** Parked rows are due now. */
  async recall(ids: readonly QueueId[]): Promise<void> {
    const { storage, clock } = this.#parts;
    try {
      await storage.perform("queue.change", { ids, change: "retry", now: clock.wall() });
    } catch (error) {
      this.#warn("queue.recall.failed", error); // they come at their times
    }
  }

  async #renewed({ owner }: Claimed, queueIds: readonly QueueId[]): Promise<boolean> {
    const { storage, clock } = this.#parts;
    try {
      return await storage.perform("queue.renew", { owner, queueIds, leaseUntil: clock.wall() + LEASE_MS });
    } catch (error) {
      this.#warn("queue.renew.failed", error);
      return true;
    }
  }

  #warn(event: string, error: unknown): void {
    this.#parts.log(logEvent("warn", event, { error: String(error) }));
  }
}

function queueIds({ job }: Claimed): readonly QueueId[] {
  return job.recipients.map((row) => row.queueId);
}
