/**
 * DMARC reports on the mail of others: aggregate ones (RFC 9990), and on single failures (RFC 9991).
 *
 * - `counts.ts` counts what was checked; `send_reports.ts` sends it when the day is over (`report_message.ts`).
 * - `failure_reports.ts` tells of single messages, a few an hour. `mail_report.ts` sends both.
 *
 * Why it is so: [adr/0025](../../adr/0025-reports-that-we-send.md).
 */
import type { LogEvent } from "../../contract/mod.ts";
import type { Resolver } from "../../dns/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/mod.ts";
import type { Signer } from "../dkim/sign_message.ts";
import { every } from "../every.ts";
import type { Logger } from "../log.ts";
import { programRunner } from "../run_program.ts";
import { DmarcCounts } from "./counts.ts";
import { type FailureParts, FailureReports } from "./failure_reports.ts";
import { type SenderParts, sendReports } from "./send_reports.ts";

export interface DmarcReportsParts {
  readonly config: Config;
  readonly storage: Storage;
  readonly resolver: Pick<Resolver, "resolve">;
  readonly signer: Pick<Signer, "sign">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readOwn: SenderParts["readOwn"];
}

/** What is lost by a crash at most. */
const SAVE_MS = 10_000;
const SEND_MS = 5 * 60_000;

export class DmarcReports {
  readonly counts: DmarcCounts;
  readonly failures: FailureReports;
  readonly #parts: DmarcReportsParts;
  #ends: (() => void)[] = [];
  #stopped = false;
  #sending: Promise<void> | null = null;

  constructor(parts: DmarcReportsParts) {
    this.#parts = parts;
    const failed = (error: unknown) => parts.logger.log("error", "dmarcReport.notStored", { error: String(error) });
    this.counts = new DmarcCounts({ storage: parts.storage, failed });
    this.failures = new FailureReports(() => this.#sender());
  }

  start(): void {
    const { clock, config } = this.#parts;
    if (!config.dmarcReports.send) return;
    this.#ends.push(every(clock, SAVE_MS, () => void this.counts.save()));
    this.#ends.push(every(clock, SEND_MS, () => void this.send()));
  }

  /** Sends what is due, unless that is under way. */
  send(): Promise<void> {
    return this.#sending ??= this.#send().finally(() => this.#sending = null);
  }

  /** Ends what runs and stores what was counted. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#ends) end();
    await this.#sending;
    await this.failures.stop();
    if (this.#parts.config.dmarcReports.send) await this.counts.save();
  }

  #send(): Promise<void> {
    return sendReports({
      ...this.#sender(),
      counts: this.counts,
      stopped: () => this.#stopped,
      readOwn: this.#parts.readOwn,
    });
  }

  #sender(): FailureParts {
    const { config, storage, resolver, signer, clock, logger } = this.#parts;
    const { from, organization, ownDomains } = config.dmarcReports;
    const log = ({ level, event, fields }: LogEvent) => logger.log(level, event, fields);
    return {
      storage,
      signer,
      run: programRunner({ storage, resolver, clock, log }),
      now: () => clock.wall(),
      log,
      hostname: config.hostname,
      giveUpMs: config.outbound.retry.giveUp,
      method: config.authentication.organization,
      from,
      organization,
      ownDomains,
    };
  }
}
