/** Makes what the files of this folder work with, of what the server has. */
import type { AnswerOf, Args, DnsAnswer, DnsType, LogEvent } from "../../contract/mod.ts";
import { openSocket } from "../../net/connect.ts";
import { Deadlines, processDeadlines } from "../../net/deadlines.ts";
import type { FilterPolicy, ForwardPolicy } from "../../mda/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { OutboundConfig } from "../config/config.ts";
import type { DeliveryConfig } from "../config/delivery.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type Perform, runProgram } from "../run_program.ts";
import { targetsOf } from "../targets/targets.ts";
import { NO_FILTERS, type RunFilter } from "../typed_filters/mod.ts";
import { type FetchPolicy, policyFetcher } from "../tls_policy/fetch_policy.ts";
import { TlsReporter } from "../tls_policy/reporter.ts";
import { type OutwardRequest, outwardRequest } from "../tls_policy/outward_request.ts";
import type { ReportParts } from "../tls_policy/send_report.ts";
import { TlsPolicies } from "../tls_policy/tls_policies.ts";
import { ConnectionPool } from "./connection_pool.ts";
import { expandEndpoints } from "./own_endpoints.ts";
import type { OutboundParts } from "./parts.ts";
import type { HttpTransportOptions } from "./transports/http_transport.ts";
import { type Transports, transportsOf } from "./transports/transports.ts";
import { UnreachableHosts } from "./unreachable_hosts.ts";
import { pause } from "./waiting.ts";

export interface OutboundOptions {
  /** Told of what was settled. */
  readonly settled?: OutboundParts["settled"];
  readonly storage: Storage;
  readonly resolve: (name: string, type: DnsType) => Promise<DnsAnswer>;
  /** Our name in EHLO, reports and for `postmaster`. */
  readonly hostname: string;
  /** A report with DKIM signatures before it. Left out: reports go unsigned. */
  readonly signReport?: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** The answer to `message.sign`. Left out: what is encoded anew goes unsigned. */
  readonly sign?: (args: Args<"message.sign">) => Promise<AnswerOf<"message.sign">>;
  readonly policy: OutboundConfig;
  /** Left out: the senders of what is forwarded are rewritten. */
  readonly forwarding?: ForwardPolicy;
  /** The filters of accounts. Left out: all mail goes to INBOX. */
  readonly filter?: FilterPolicy;
  /** Left out: no filters in TypeScript run. */
  readonly runFilter?: RunFilter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** `address:port` of every listener that takes mail; `0.0.0.0:25` and `:::25` stand for every address of the machine. */
  readonly ownEndpoints: () => ReadonlySet<string>;
  /** In place of HTTPS: the MTA-STS policy of a domain. */
  readonly fetchPolicy?: FetchPolicy;
  /** True: domains that want to hear how TLS with them went are told daily. */
  readonly tlsReports?: boolean;
  /** In place of HTTPS: asks for policies and brings reports. */
  readonly request?: OutwardRequest;
  /** PEM certificates that MX hosts' may lead to, in place of the system's. */
  readonly ca?: string;
  /** In place of sockets of the system, and of its timers between two attempts. */
  readonly dial?: OutboundParts["dial"];
  readonly pause?: OutboundParts["pause"];
  /** Ways out that the configuration may name. */
  readonly transports?: Transports;
  /** Programs and places that mail of accounts may go to. Left out: none. */
  readonly delivery?: DeliveryConfig;
  /** In place of the network, for relays that are spoken to by HTTP. */
  readonly http?: Pick<HttpTransportOptions, "fetch" | "timeoutMs">;
}

export function partsOf(options: OutboundOptions): OutboundParts {
  const { storage, resolve, clock, logger } = options;
  const log = (event: LogEvent): void => logger.log(event.level, event.event, event.fields);
  const perform = ((op: string, args: never) => {
    if (op === "dns.resolve") {
      const { name, type } = args as { name: string; type: DnsType };
      return resolve(name, type);
    }
    return op === "clock.now" ? clock.wall() : storage.perform(op as never, args);
  }) as Perform;
  const sign = options.sign ?? (() => Promise.resolve({ unsigned: "noKeys" as const }));
  const runMaking: OutboundParts["runMaking"] = (program, sinks) => {
    const making = ((op: string, args: never) => {
      if (op === "body.make") return sinks.make((args as Args<"body.make">).parts);
      if (op === "filter.run") return options.runFilter?.(args) ?? NO_FILTERS;
      return op === "message.sign" ? sign(args) : perform(op as never, args);
    }) as Perform;
    return runProgram(program, making, log);
  };
  const run: OutboundParts["run"] = (program) => runProgram(program, perform, log);
  const signReport = options.signReport ?? ((bytes: Uint8Array) => Promise.resolve(bytes));
  const { hostname, policy, metrics } = options;
  const ca = options.ca === undefined ? {} : { ca: options.ca };
  const request = options.request ?? outwardRequest({ resolve, privateAddresses: policy.privateExchanges, ...ca });
  const report: ReportParts = {
    storage,
    hostname,
    run,
    log,
    facts: () => ({ hostname, localAddress: null, now: clock.wall(), giveUpMs: policy.retry.giveUp }),
    sign: signReport,
    request,
  };
  const reporter = options.tlsReports ? new TlsReporter(report, clock) : null;
  const sessions = metrics?.counter(
    "palomar_tls_sessions_total",
    "TLS sessions with other servers, by policy and result in the words of RFC 8460.",
    ["policy", "result"],
  );
  const tls = new TlsPolicies({
    storage,
    run,
    now: () => clock.wall(),
    log,
    fetchPolicy: options.fetchPolicy ?? policyFetcher({ request }),
    ...ca,
    count(policy, failure) {
      sessions?.add([policy.type, failure?.type ?? "success"]);
      reporter?.count(policy, failure);
    },
  });
  return {
    storage,
    tls,
    reporter,
    hostname,
    signReport,
    sign,
    runMaking,
    policy,
    ...(options.forwarding && { forwarding: options.forwarding }),
    ...(options.filter && { filter: options.filter }),
    clock,
    connections: new ConnectionPool(options.policy.connectionsPerDomain, options.policy.connections),
    unreachable: new UnreachableHosts(),
    dial: options.dial ?? openSocket,
    pause: options.pause ?? pause,
    transportOf: transportsOf(options.transports ?? {}, { now: () => clock.wall(), ...options.http }),
    targetOf: options.delivery === undefined
      ? () => null
      : targetsOf(options.delivery, { hostname, now: () => clock.wall() }),
    deadlines: clock === systemClock
      ? processDeadlines
      : new Deadlines(() => clock.monotonic(), { timers: clock.alarm === undefined }),
    log,
    settled: options.settled,
    run,
    ownEndpoints: () => expandEndpoints(options.ownEndpoints()),
  };
}
