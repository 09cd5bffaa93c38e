/**
 * The MTA-STS policies of the domains that mail goes to: looked up, fetched, and remembered, those that enforce also in the
 * store. Whoever can make the DNS or HTTPS fail takes nothing away before it expires (RFC 8461 section 10.2).
 */
import { type LogEvent, logEvent, type Program } from "../../contract/mod.ts";
import {
  afterStsFetch,
  decideSts,
  lookupSts,
  NO_STS_MEMORY,
  type StsFetchFailure,
  type StsMemory,
  type StsPolicy,
} from "../../mailauth/mta_sts/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import type { FetchPolicy } from "./fetch_policy.ts";
import { readStored, StoredPolicies, writeStored } from "./stored_policies.ts";

export interface StsParts {
  readonly storage: Storage;
  readonly run: <R>(program: Program<R>) => Promise<R>;
  readonly now: () => number;
  readonly log: (event: LogEvent) => void;
  readonly fetchPolicy: FetchPolicy;
  /** Told of each fetch that failed. */
  readonly failed: (domain: string, type: StsFetchFailure) => void;
}

/** Domains in memory, and the octets of their policies; those that were asked for last stay. */
const MOST = 2000;
const MOST_OCTETS = 8 * 1024 * 1024;
/** A domain that changes its id with every answer is not fetched more often. */
const FETCH_EVERY_MS = 60_000;

interface Remembered {
  memory: StsMemory;
  /** When the last fetch began, or -Infinity. */
  fetchedAt: number;
  octets: number;
}

export class StsPolicies {
  readonly #parts: StsParts;
  readonly #stored: StoredPolicies;
  /** The longest unasked first. */
  readonly #domains = new Map<string, Remembered>();
  #octets = 0;
  readonly #fetching = new Map<string, Promise<StsPolicy | null>>();

  constructor(parts: StsParts) {
    this.#parts = parts;
    this.#stored = new StoredPolicies(parts.storage, (error) => {
      parts.log(logEvent("warn", "tls.policy.notStored", { error: String(error) }));
    });
  }

  /** The policy that holds for a domain (A-labels) now, or null. Rejects where neither DNS nor store can be asked. */
  async policyOf(domain: string): Promise<StsPolicy | null> {
    const remembered = await this.#recall(domain);
    const record = await this.#parts.run(lookupSts(domain));
    const now = this.#parts.now();
    const decision = decideSts(remembered.memory, record, now);
    if (decision.kind === "use") {
      if (decision.refresh && record.kind === "record") void this.#fetch(domain, record.id, remembered);
      return decision.policy;
    }
    return await this.#fetch(domain, decision.id, remembered);
  }

  /** Resolves when nothing is being fetched or written any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#fetching.values());
    await this.#stored.settled();
  }

  async #recall(domain: string): Promise<Remembered> {
    const known = this.#domains.get(domain) ?? this.#remember(domain, {
      memory: { ...NO_STS_MEMORY, known: readStored(await this.#stored.read(domain)) },
      fetchedAt: -Infinity,
      octets: 0,
    });
    this.#domains.delete(domain);
    this.#domains.set(domain, known); // the last one to go
    return known;
  }

  /** Several may ask at once: the first one's entry is everybody's. */
  #remember(domain: string, fresh: Remembered): Remembered {
    const there = this.#domains.get(domain);
    if (there) return there;
    this.#domains.set(domain, fresh);
    this.#weigh(fresh);
    return fresh;
  }

  #weigh(remembered: Remembered): void {
    const mx = remembered.memory.known?.policy.mx ?? [];
    const octets = 200 + mx.reduce((sum, name) => sum + name.length + 16, 0);
    this.#octets += octets - remembered.octets;
    remembered.octets = octets;
    for (const [domain, eldest] of this.#domains) {
      if ((this.#domains.size <= MOST && this.#octets <= MOST_OCTETS) || eldest === remembered) break;
      this.#domains.delete(domain);
      this.#octets -= eldest.octets;
      eldest.octets = 0;
    }
  }

  #fetch(domain: string, id: string, remembered: Remembered): Promise<StsPolicy | null> {
    const under = this.#fetching.get(domain);
    if (under) return under;
    const now = this.#parts.now();
    const since = now - remembered.fetchedAt;
    if (since >= 0 && since < FETCH_EVERY_MS) return Promise.resolve(this.#unexpired(remembered, now));
    remembered.fetchedAt = now;
    const fetching = this.#fetched(domain, id, remembered).finally(() => this.#fetching.delete(domain));
    this.#fetching.set(domain, fetching);
    return fetching;
  }

  #unexpired({ memory }: Remembered, now: number): StsPolicy | null {
    const decision = decideSts(memory, { kind: "none" }, now);
    return decision.kind === "use" ? decision.policy : null;
  }

  async #fetched(domain: string, id: string, remembered: Remembered): Promise<StsPolicy | null> {
    const { fetchPolicy, now, log, failed } = this.#parts;
    const fetched = await fetchPolicy(domain).catch(() => ({ failed: "sts-policy-fetch-error" }) as const);
    const { policy, memory } = afterStsFetch(remembered.memory, id, fetched, now());
    remembered.memory = memory;
    if (this.#domains.get(domain) === remembered) this.#weigh(remembered);
    if ("failed" in fetched) {
      log(logEvent("info", "tls.policy.notFetched", { domain, why: fetched.failed, kept: policy?.mode ?? null }));
      failed(domain, fetched.failed);
    } else {
      log(logEvent("debug", "tls.policy.fetched", { domain, mode: fetched.mode, maxAge: fetched.maxAge }));
      this.#stored.write(domain, fetched.mode === "enforce" ? writeStored(memory.known!) : null);
    }
    return policy;
  }
}
