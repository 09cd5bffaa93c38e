/** Counts how TLS with other servers goes, and reports each day to the domains that want to hear (RFC 8460). */
import { logEvent } from "../../contract/mod.ts";
import type { TlsFailure, TlsPolicy } from "../../mailauth/tls_report/mod.ts";
import type { Clock } from "../clock.ts";
import { DAY_MS, share } from "../day_counts.ts";
import { every } from "../every.ts";
import { type ReportParts, sendReport } from "./send_report.ts";
import { SessionCounts } from "./session_counts.ts";

/** What is lost by a crash at most. */
const SAVE_MS = 60_000;
const SEND_MS = 600_000;
/** Section 4.1: not all servers of the world at midnight. */
const SPREAD_MS = 4 * 3600_000;
/** How often a report is tried, how long after, and how old a day may be. */
const TRIES = 5;
const FIRST_RETRY_MS = 3600_000;
const OLDEST_DAYS = 3;
const TOGETHER = 200;

export class TlsReporter {
  readonly #parts: ReportParts;
  readonly #clock: Clock;
  readonly #counts: SessionCounts;
  #ends: (() => void)[] = [];
  #sending: Promise<void> | null = null;
  #stopped = false;

  constructor(parts: ReportParts, clock: Clock) {
    this.#parts = parts;
    this.#clock = clock;
    const failed = (error: unknown) => parts.log(logEvent("warn", "tls.report.trouble", { error: String(error) }));
    const delay = Math.floor(share(parts.hostname) * SPREAD_MS);
    this.#counts = new SessionCounts({ storage: parts.storage, failed }, delay);
  }

  count(policy: TlsPolicy, failure: TlsFailure | null): void {
    this.#counts.count(policy, failure, this.#clock.wall());
  }

  start(): void {
    this.#ends = [
      every(this.#clock, SAVE_MS, () => void this.#counts.save()),
      every(this.#clock, SEND_MS, () => void this.#send()),
    ];
  }

  /** Ends what runs and stores what was counted. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#ends) end();
    await this.#sending;
    await this.#counts.save();
  }

  #send(): Promise<void> {
    return this.#sending ??= this.#report()
      .catch((error) => this.#parts.log(logEvent("warn", "tls.report.trouble", { error: String(error) })))
      .finally(() => this.#sending = null);
  }

  async #report(): Promise<void> {
    const now = this.#clock.wall();
    for (const sessions of (await this.#counts.due(now)).slice(0, TOGETHER)) {
      if (this.#stopped) return;
      // Taken out first: another node, or this one after a crash, does not send it again.
      if (!await this.#counts.take(sessions)) continue;
      const { domain, day, tries, counter } = sessions;
      if (day < Math.floor(now / DAY_MS) - OLDEST_DAYS) continue;
      try {
        await sendReport({ domain, begin: day * DAY_MS, policies: counter.counts() }, this.#parts);
      } catch (error) {
        this.#parts.log(logEvent("warn", "tls.report.failed", { domain, tries: tries + 1, error: String(error) }));
        if (tries + 1 < TRIES) await this.#counts.putBack(sessions, now + FIRST_RETRY_MS * 2 ** tries);
      }
    }
  }
}
