/** What the files of this folder work with: made once by `createOutbound`. */
import type { LogEvent, Program, QueueJob } from "../../contract/mod.ts";
import type { LocalFacts } from "../../mta/queue/mod.ts";
import type { Deadlines } from "../../net/deadlines.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Clock } from "../clock.ts";
import type { OutboundConfig, RelayConfig } from "../config/config.ts";
import type { ConnectionPool } from "./connection_pool.ts";
import type { Experience } from "./destinations.ts";

export interface OutboundParts {
  readonly storage: Storage;
  readonly hostname: string;
  readonly policy: OutboundConfig;
  readonly clock: Clock;
  /** Those that are open, busy or waiting for their next message. */
  readonly connections: ConnectionPool;
  /** Who wakes client sessions. */
  readonly deadlines: Deadlines;
  readonly log: (event: LogEvent) => void;
  /** Runs a program with the store, the resolver and the clock. */
  readonly run: <R>(program: Program<R>) => Promise<R>;
  /** Every `address:port` that is this server. */
  readonly ownEndpoints: () => ReadonlySet<string>;
}

/**
 * A job with the name it was claimed under. Each claim has its own: a job whose lease ran out may be claimed again by
 * this very worker, and only one of the two may send.
 */
export interface Claimed {
  readonly job: QueueJob;
  readonly owner: string;
  /** Whose connections it uses: a relay's, or its domain's; null: none. */
  readonly key: string | null;
}

/** One job under way, and how it is ended. */
export interface Attempt extends Claimed {
  /** Begin nothing new: no lookup, no connection, no message. What is being sent may be finished. */
  readonly stop: AbortController;
  /** End at once. */
  readonly cut: AbortController;
  /** Connections that say QUIT after their result is known. */
  readonly goodbyes: Set<Promise<void>>;
  /** The destination is left alone: nothing is tried, all is put off. `until` by the wall clock. */
  readonly suspended: { readonly until: number; readonly why: string } | null;
  /** Tells what the attempt showed of its destination; answers until when that is left alone now, or 0. */
  readonly learn: (experience: Experience) => number;
}

/** The relay that the operator chose for a domain, or null: its own exchangers. */
export function relayOf(domain: string, policy: OutboundConfig): RelayConfig | null {
  return policy.routes.get(domain) ?? policy.relay;
}

/** Whose connections a job uses. */
export function destinationOf({ domain }: QueueJob, policy: OutboundConfig): string | null {
  if (domain === null) return null;
  const relay = relayOf(domain, policy);
  return relay === null ? domain : `${relay.host}:${relay.port}`;
}

/** What routing within this server needs. */
export function localFacts(parts: OutboundParts): LocalFacts {
  return {
    hostname: parts.hostname,
    localAddress: null, // no connection, so no address that it came to
    now: parts.clock.wall(),
    giveUpMs: parts.policy.retry.giveUp,
  };
}
