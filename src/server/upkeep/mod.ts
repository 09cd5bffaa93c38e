/**
 * What a server does by itself with what it keeps: mailboxes with an age limit are tidied, records that have expired
 * forgotten, and people whose mailboxes fill up are told. Each is a round that can be broken off anywhere and is done again at the next.
 */
import { every } from "../every.ts";
import { isAhead, putQueueRight } from "./clock_back.ts";
import { expireMailboxes } from "./expire_mailboxes.ts";
import { forgetRecords } from "./forget_records.ts";
import type { UpkeepParts } from "./parts.ts";
import { QuotaWarnings } from "./quota_warnings.ts";

const EVERY_MS = 600_000;
/** A wall clock that is set by more is told of. */
const LEAP_MS = 3_600_000;

/** Rounds every ten minutes. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #warnings: QuotaWarnings;
  #round: Promise<void> = Promise.resolve();
  #offset: number | null = null;
  #isBusy = false;
  #isStopped = false;
  #cancel = () => {};

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#warnings = new QuotaWarnings(parts);
  }

  start(): void {
    this.#cancel = every(this.#parts.clock, EVERY_MS, () => void this.round());
  }

  /** One round now, or the one under way. Never rejects. */
  round(): Promise<void> {
    if (!this.#isBusy) {
      this.#isBusy = true;
      this.#round = this.#work().finally(() => this.#isBusy = false);
    }
    return this.#round;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#round;
  }

  /**
   * A wall clock that leaps is worth a person's look; what is kept waits a day then (`storage/engine/steady_clock.ts`).
   * One that goes back leaves a queue that waits for times which are still to come.
   */
  async #watchClock(isStopped: () => boolean): Promise<void> {
    const { clock, logger } = this.#parts;
    const isFirst = this.#offset === null;
    const offset = clock.wall() - clock.monotonic();
    const leap = offset - (this.#offset ?? offset);
    this.#offset = offset;
    if (Math.abs(leap) > LEAP_MS) logger.log("warn", "clock.leapt", { seconds: Math.round(leap / 1000) });
    try {
      // At the first round it is not known what the clock was like before: the store may.
      if (await isAhead(this.#parts, LEAP_MS, isFirst) || leap < -LEAP_MS) await putQueueRight(this.#parts, isStopped);
    } catch (error) {
      logger.log("error", "queue.putRightFailed", { error: String(error) });
    }
  }

  async #work(): Promise<void> {
    const { logger } = this.#parts;
    const isStopped = () => this.#isStopped;
    await this.#watchClock(isStopped);
    try {
      await expireMailboxes(this.#parts, isStopped);
    } catch (error) {
      logger.log("error", "retention.failed", { error: String(error) });
    }
    try {
      await forgetRecords(this.#parts, isStopped);
    } catch (error) {
      logger.log("error", "records.pruneFailed", { error: String(error) });
    }
    try {
      await this.#warnings.round(isStopped);
    } catch (error) {
      logger.log("error", "quota.warningsFailed", { error: String(error) });
    }
  }
}
