/** Counts how TLS with other servers goes, and reports each day to the domains that want to hear (RFC 8460). */
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import { logEvent } from "../../contract/mod.ts";
import type { TlsFailure, TlsPolicy } from "../../mailauth/tls_report/mod.ts";
import type { Clock } from "../clock.ts";
import { type ReportParts, sendReport } from "./send_report.ts";
import { DAY_MS, dayOf, SessionCounts } from "./session_counts.ts";

const SAVE_EVERY_MS = 600_000;
/** Section 4.1: not all servers of the world at midnight. */
const SPREAD_MS = 4 * 3600_000;

export class TlsReporter {
  readonly #parts: ReportParts;
  readonly #clock: Clock;
  readonly #counts: SessionCounts;
  /** How long after midnight this server reports. */
  readonly #delay: number;
  #nextAt = Infinity;
  #unhook: (() => void) | null = null;
  #working: Promise<void> = Promise.resolve();
  #busy = false;
  #stopped = false;

  constructor(parts: ReportParts, clock: Clock) {
    this.#parts = parts;
    this.#clock = clock;
    this.#counts = new SessionCounts(parts.storage, () => clock.wall(), parts.log);
    const [high = 0, low = 0] = digest("sha256", utf8Bytes(parts.hostname));
    this.#delay = Math.floor((high * 256 + low) / 65_536 * SPREAD_MS);
  }

  count(policy: TlsPolicy, failure: TlsFailure | null): void {
    this.#counts.count(policy, failure);
  }

  start(): void {
    this.#nextAt = this.#clock.monotonic() + SAVE_EVERY_MS;
    const hook = this.#clock.alarm?.({ next: () => this.#nextAt, tick: () => this.#tick() });
    if (hook) this.#unhook = hook;
    else {
      const timer = setInterval(() => this.#tick(), SAVE_EVERY_MS);
      Deno.unrefTimer(timer as unknown as number);
      this.#unhook = () => clearInterval(timer);
    }
    this.#work(() => this.#counts.load());
  }

  /** Writes what was counted. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unhook?.();
    this.#unhook = null;
    this.#work(() => this.#counts.save());
    await this.#working;
  }

  #tick(): void {
    this.#nextAt = this.#clock.monotonic() + SAVE_EVERY_MS;
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    this.#work(async () => {
      try {
        await this.#report();
        await this.#counts.save();
      } finally {
        this.#busy = false;
      }
    });
  }

  async #report(): Promise<void> {
    const now = this.#clock.wall();
    for (const day of this.#counts.finished()) {
      // A server that was away in the night reports when it is back.
      if (now < day + DAY_MS + this.#delay && dayOf(now) - day <= DAY_MS) continue;
      while (!this.#stopped) {
        const counts = this.#counts.take(day);
        if (counts === null) break;
        try {
          await sendReport(counts, this.#parts);
        } catch (error) {
          this.#parts.log(logEvent("warn", "tls.report.failed", { domain: counts.domain, error: String(error) }));
        }
      }
    }
  }

  #work(task: () => Promise<void>): void {
    this.#working = this.#working.then(task).catch((error) => {
      this.#parts.log(logEvent("warn", "tls.report.trouble", { error: String(error) }));
    });
  }
}
