/** What the files of this folder work with: made once by `createOutbound`. */
import { domainToAscii, parseDomain } from "../../base/address.ts";
import type { AcceptArgs, AnswerOf, Args, LogEvent, Program, QueueJob, QueueOutcome } from "../../contract/mod.ts";
import { type FilterPolicy, type ForwardPolicy, parseTargetWay, targetKey, type TargetWay } from "../../mda/mod.ts";
import { type Attempted, type LocalFacts, parseWay, type Relay } from "../../mta/queue/mod.ts";
import type { openSocket } from "../../net/connect.ts";
import type { Deadlines } from "../../net/deadlines.ts";
import type { Storage } from "../../storage/storage.ts";
import type { BodySinks } from "../body_sinks.ts";
import type { Clock } from "../clock.ts";
import type { OutboundConfig, RelayConfig } from "../config/config.ts";
import type { TlsReporter } from "../tls_policy/reporter.ts";
import type { TlsPolicies } from "../tls_policy/tls_policies.ts";
import type { ConnectionPool } from "./connection_pool.ts";
import type { MailTransport } from "./transports/transport.ts";
import type { UnreachableHosts } from "./unreachable_hosts.ts";

export interface OutboundParts {
  readonly storage: Storage;
  readonly hostname: string;
  readonly signReport: (bytes: Uint8Array) => Promise<Uint8Array>;
  readonly sign: (args: Args<"message.sign">) => Promise<AnswerOf<"message.sign">>;
  readonly policy: OutboundConfig;
  readonly forwarding?: ForwardPolicy;
  readonly filter?: FilterPolicy;
  readonly clock: Clock;
  /** Those that are open, busy or waiting for their next message. */
  readonly connections: ConnectionPool;
  /** How the hosts of each domain are to be spoken to. */
  readonly tls: TlsPolicies;
  readonly unreachable: UnreachableHosts;
  /** Opens connections. */
  readonly dial: typeof openSocket;
  /** The relay's way out, where that is neither SMTP nor LMTP; else null. */
  readonly transportOf: (relay: RelayConfig) => MailTransport | null;
  /** How mail gets to a program or place of the configuration; null: it has none of this name. */
  readonly targetOf: (way: TargetWay) => MailTransport | null;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Who tells them how it went; null: nobody. */
  readonly reporter: TlsReporter | null;
  /** Who wakes client sessions. */
  readonly deadlines: Deadlines;
  readonly log: (event: LogEvent) => void;
  /** Told what an attempt came to, when that is in the store. */
  readonly settled?:
    | ((attempted: readonly Attempted[], outcomes: readonly QueueOutcome[], notices: readonly AcceptArgs[]) => void)
    | undefined;
  /** Runs a program with the store, the resolver and the clock. */
  readonly run: <R>(program: Program<R>) => Promise<R>;
  /** The same for programs that make bodies: these are in `sinks`, which whoever calls closes. */
  readonly runMaking: <R>(program: Program<R>, sinks: BodySinks) => Promise<R>;
  /** Every `address:port` that is this server. */
  readonly ownEndpoints: () => ReadonlySet<string>;
}

/** Whose mail exchangers a job is for, or which host a person chose for it. */
export interface JobWay {
  /** Decides routes, MX and TLS policy: the recipients', the one a person chose, or that of the chosen host. */
  readonly domain: string;
  readonly chosen: Relay | null;
}

/** `domain` is the job's own. */
export function wayOf({ route }: QueueJob, domain: string): JobWay {
  const way = route === null ? null : parseWay(route);
  if (way === null) return { domain, chosen: null };
  if (way.kind === "domain") return { domain: way.domain, chosen: null };
  const { host } = way.host;
  // An address has no name that DNS could say anything about.
  return {
    domain: host.includes(":") ? `[IPv6:${host}]` : /^[\d.]+$/.test(host) ? `[${host}]` : host,
    chosen: way.host,
  };
}

/** The relay that the operator chose for a job, or null: its domain's own exchangers. */
export function relayOf({ domain, sender, route }: QueueJob, policy: OutboundConfig): RelayConfig | null {
  if (route !== null) {
    const way = parseWay(route);
    return way?.kind === "domain" ? policy.routes.get(way.domain) ?? null : null;
  }
  const { routes, senderRoutes, relay } = policy;
  const { reversePath } = sender;
  const written = parseDomain(reversePath.slice(reversePath.lastIndexOf("@") + 1));
  const from = written === null ? null : domainToAscii(written);
  return (domain === null ? null : routes.get(domain)) ?? (from === null ? null : senderRoutes.get(from)) ?? relay;
}

/** Whose connections a job uses. */
export function destinationOf(job: QueueJob, policy: OutboundConfig): string | null {
  const way = parseTargetWay(job.route);
  if (job.domain === null) return way && targetKey(way);
  const relay = relayOf(job, policy);
  return relay === null ? job.route ?? job.domain : relayKey(relay);
}

/** Relays of one key share their connections' limit. */
export function relayKey({ host, port }: RelayConfig): string {
  return `${host}:${port}`;
}

/** Destinations with a limit of their own: connections at once, by the key of `destinationOf`. */
export function ownLimits(policy: OutboundConfig): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const [domain, { connections }] of policy.destinations) limits.set(domain, connections);
  for (const relay of [policy.relay, ...policy.routes.values(), ...policy.senderRoutes.values()]) {
    if (relay !== null && relay.connections !== null) limits.set(relayKey(relay), relay.connections);
  }
  return limits;
}

/** What routing within this server needs. */
export function localFacts(parts: OutboundParts): LocalFacts {
  return {
    hostname: parts.hostname,
    localAddress: null, // no connection, so no address that it came to
    now: parts.clock.wall(),
    giveUpMs: parts.policy.retry.giveUp,
    ...(parts.forwarding && { forwarding: parts.forwarding }),
    ...(parts.filter && { filter: parts.filter }),
  };
}
