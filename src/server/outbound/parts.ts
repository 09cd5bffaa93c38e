/** What the files of this folder work with: made once by `createOutbound`. */
import type { LogEvent, Program, QueueJob } from "../../contract/mod.ts";
import type { LocalFacts } from "../../mta/queue/mod.ts";
import type { Deadlines } from "../../net/deadlines.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Clock } from "../clock.ts";
import type { OutboundConfig } from "../config/config.ts";
import type { ConnectionPool } from "./connection_pool.ts";

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
}

/** One job under way, and how it is ended. */
export interface Attempt extends Claimed {
  /** Begin nothing new: no lookup, no connection, no message. What is being sent may be finished. */
  readonly stop: AbortController;
  /** End at once. */
  readonly cut: AbortController;
  /** Connections that say QUIT after their result is known. */
  readonly goodbyes: Set<Promise<void>>;
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
