/** How each host is to be spoken to: what the pure parts decide, with their questions asked. */
import type { LogEvent, Program, QueueJob } from "../../contract/mod.ts";
import { latin1String } from "../../base/bytes.ts";
import type { StsPolicy } from "../../mailauth/mta_sts/mod.ts";
import type { TlsFailure, TlsPolicy } from "../../mailauth/tls_report/mod.ts";
import {
  decideTls,
  demandKey,
  lookupHostDane,
  relaxedTls,
  stsReportPolicy,
  type TlsDecision,
} from "../../mta/tls_policy.ts";
import type { Storage } from "../../storage/storage.ts";
import type { FetchPolicy } from "./fetch_policy.ts";
import { StsPolicies } from "./sts_policies.ts";

export interface TlsPolicyParts {
  readonly storage: Storage;
  readonly run: <R>(program: Program<R>) => Promise<R>;
  readonly now: () => number;
  readonly log: (event: LogEvent) => void;
  readonly fetchPolicy: FetchPolicy;
  /** PEM certificates that MX hosts' may lead to, in place of the system's. */
  readonly ca?: string;
  /** Counts a session, null for one that went well. Absent: nobody wants to know. */
  readonly count?: (policy: TlsPolicy, failure: TlsFailure | null) => void;
}

/** A host as routing found it, of the domain's own exchangers. */
export interface Exchanger {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** Octets of a header that are searched for `TLS-Required`. */
const HEADER_LIMIT = 256 * 1024;

export class TlsPolicies {
  /** See `TlsPolicyParts.ca`. */
  readonly ca: string | undefined;
  readonly #parts: TlsPolicyParts;
  readonly #sts: StsPolicies;

  constructor(parts: TlsPolicyParts) {
    this.#parts = parts;
    this.ca = parts.ca;
    const failed = (domain: string, type: TlsFailure["type"]) =>
      parts.count?.(stsReportPolicy(domain, null), { ...UNKNOWN, type });
    this.#sts = new StsPolicies({ ...parts, failed });
  }

  /** The MTA-STS policy of a domain, or null. */
  async stsOf(domain: string): Promise<StsPolicy | null> {
    return domain.startsWith("[") ? null : await this.#sts.policyOf(domain);
  }

  /** Decides for one host of the job's domain. Rejects where the store fails. */
  async decide(job: QueueJob, domain: string, host: Exchanger): Promise<TlsDecision> {
    const { requireTls } = job.sender;
    if (domain.startsWith("[")) return relaxedTls(domain);
    const dane = await this.#parts.run(lookupHostDane(domain, host));
    const sts = dane.plan.kind === "none" ? await this.stsOf(domain) : null;
    const decision = decideTls({ domain, host: host.name, dane, sts, requireTls });
    const free = decision.kind === "go" && decision.tls.demand.kind === "opportunistic";
    // RFC 8689 section 5: REQUIRETLS goes before the field.
    return free || requireTls || !await this.#isRelaxed(job) ? decision : relaxedTls(domain);
  }

  /** Jobs of one message with the same keys may share a connection. */
  async key(job: QueueJob, domain: string, host: Exchanger): Promise<string> {
    const decision = await this.decide(job, domain, host);
    if (decision.kind === "skip") return decision.text;
    return `${demandKey(decision.tls.demand)} ${decision.tls.testing}`;
  }

  /** Counts what came of a session with a host. What carries reports is not counted: it would report on itself. */
  count(job: QueueJob, policy: TlsPolicy, failure: Partial<TlsFailure> & Pick<TlsFailure, "type"> | null): void {
    if (job.traceId.startsWith(REPORT_TRACE)) return;
    this.#parts.count?.(policy, failure === null ? null : { ...UNKNOWN, ...failure });
  }

  /** Resolves when nothing is being fetched or written any more. */
  settled(): Promise<void> {
    return this.#sts.settled();
  }

  /** RFC 8689 section 3: `TLS-Required: No`. Anything else in the field says nothing. */
  async #isRelaxed({ blobId, size }: QueueJob): Promise<boolean> {
    const { storage } = this.#parts;
    const index = await storage.perform("blob.index", { blobId });
    const end = Math.min(index?.root.bodyStart ?? 0, size, HEADER_LIMIT);
    const header = end === 0 ? "" : latin1String(await storage.readBlob(blobId, 0, end));
    const values = [...header.matchAll(/^TLS-Required[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)/gim)];
    return values.length === 1 && values[0]![1]!.trim().toLowerCase() === "no";
  }
}

/** Begins the trace id of a report about TLS. */
export const REPORT_TRACE = "tlsrpt";

/** In the order of a report that was read, so that alike ones are found alike. */
const UNKNOWN: TlsFailure = {
  type: "validation-failure",
  sendingIp: null,
  receivingHost: null,
  receivingHelo: null,
  receivingIp: null,
  reasonCode: null,
};
